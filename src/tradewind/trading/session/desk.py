"""What a session trades through: it books what happened, keeps what was decided, and acts on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from tradewind.market import (
    CashFlow,
    Clock,
    Command,
    CommandKind,
    Decision,
    Fill,
    Inconsistent,
    Reason,
    Snapshot,
    Venue,
    VenueUnavailable,
)
from tradewind.trading.acting.by_hand import ByHand
from tradewind.trading.acting.execution import Execution
from tradewind.trading.acting.hand_orders import Reply
from tradewind.trading.acting.protection import Protection
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import is_clear
from tradewind.trading.risk.guards import Guards
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Alarm

WARMING_BATCH = 500  # records to a transaction while nothing trades
DRAIN_SECONDS = 10.0  # at the end, for what is on its way

BY_HAND = (CommandKind.ORDER, CommandKind.CANCEL)

Item = Snapshot | Command


class Desk(Protocol):
    """Nothing is sent that is not on disk, and the engine hears of nothing that is not."""

    def at_once(self, command: Command) -> None:
        """A HALT or PANIC is here: from now on it counts, whatever its turn among the items is."""

    async def before(self, item: Item) -> None:
        """What happened before the item is on disk, and the engine has heard of it."""

    async def after(self, item: Item, decision: Decision | None) -> None:
        """Keep the item and what was decided on it, then act."""

    async def revised(self, revision: Revision) -> None:
        """A bar is told otherwise now: keep it before anything follows from it."""

    async def end(self) -> bool:
        """Nothing comes any more; False when positions are left that were to be closed."""

    async def abandon(self) -> None:
        """An error ends the session: nothing may stay that needs it."""


def no_number(decision: Decision) -> str:
    """What to tell of a decision whose answer was refused; empty for any other."""
    if not any(Reason.NO_NUMBER in reason for reason in decision.review.reasons):
        return ""
    if any(Reason.KILL_SWITCH in reason for reason in decision.review.reasons):
        return "the policy answered with no number again: everything is closed until a person re-arms it"
    return "the policy answered with no number: every position is held"


class BarDesk:
    """Over a venue that answers bar by bar, as that of paper does.

    `ahead`: events that stand in the journal after its last bar. The venue tells them again, and must say the same.
    `objection`: why the orders decided on a bar must not be sent, such as that it closed long ago; empty if they may.
    """

    def __init__(
        self,
        engine: Engine,
        venue: Venue,
        journal: Journal,
        ahead: Sequence[Fill | CashFlow] = (),
        objection: Callable[[Snapshot], str] | None = None,
        on_denied: Callable[[Denied], None] = lambda denied: None,
        on_alarm: Callable[[OrderAlarm], None] = lambda alarm: None,
    ) -> None:
        self._engine, self._venue, self._journal, self._on_alarm = engine, venue, journal, on_alarm
        self._objection, self._on_denied = objection or (lambda snapshot: ""), on_denied
        self._ahead = list(ahead)
        self._pending: list[Record] = []  # bars that only warm up: nothing depends on them yet

    def at_once(self, command: Command) -> None:
        pass  # nothing is on its way between bars

    async def before(self, item: Item) -> None:
        events = list(await self._venue.events_before(item))
        if self._ahead and (events or isinstance(item, Snapshot)):
            if events[: len(self._ahead)] != self._ahead:
                raise Inconsistent(
                    "the bar that was cut off came again with other prices: what the journal says of it cannot "
                    "be repeated; begin a new run"
                )
            events, self._ahead = events[len(self._ahead) :], []
        if events:
            self._journal.append([*self._pending, *events])
            self._pending = []
        for event in events:
            self._engine.process(event)

    async def after(self, item: Item, decision: Decision | None) -> None:
        if not isinstance(item, Snapshot) or decision is None:
            self._pending.append(item)
            if len(self._pending) >= WARMING_BATCH or isinstance(item, Command):
                self._write()
            return
        text = self._objection(item) if decision.orders else ""
        denied = [Denied(item.at, o.id, o.symbol, o.lots, text) for o in decision.orders if text]
        alarms = (
            [OrderAlarm(item.at, "", "", Alarm.ACTION_REFUSED, why)] if (why := no_number(decision)) else []
        )
        self._pending += [item, decision, *denied, *alarms]
        self._write()
        for alarm in alarms:
            self._on_alarm(alarm)
        await self._venue.submit(() if denied else decision.orders)
        for one in denied:
            self._on_denied(one)

    async def revised(self, revision: Revision) -> None:
        self._pending.append(revision)
        self._write()
        await self._venue.revise(revision.symbol, revision.open_time, revision.after)

    async def end(self) -> bool:
        self._write()
        return True

    async def abandon(self) -> None:
        pass  # paper has nothing elsewhere

    def _write(self) -> None:
        self._journal.append(self._pending)
        self._pending = []


class OrderDesk:
    """Over an order manager, which hands each fill to the engine as soon as it is on disk."""

    def __init__(
        self,
        manager: OrderManager,
        guards: Guards,
        protection: Protection,
        execution: Execution,
        by_hand: ByHand,
        clock: Clock,
        *,
        flattens: bool = False,
        last_look: Callable[[], Coroutine[Any, Any, None]] | None = None,
        on_denied: Callable[[Denied], None] = lambda denied: None,
    ) -> None:
        """`flattens`: at the end every position is closed; else it stays, with its stop at the venue. `last_look`
        compares the books with the venue then.
        """
        self._manager, self._guards, self._protection = manager, guards, protection
        self._execution, self._clock = execution, clock
        self._flattens, self._on_denied, self._last_look = flattens, on_denied, last_look
        self._symbols = tuple(protection.locks)
        self._by_hand, self._heard = by_hand, list[Command]()

    def at_once(self, command: Command) -> None:
        self._heard.append(command)
        self._obey(command)

    async def before(self, item: Item) -> None:
        pass

    async def after(self, item: Item, decision: Decision | None) -> None:
        if isinstance(item, Snapshot):
            self._guards.note_snapshot(self._symbols, item)
        if isinstance(item, Command):
            if item in self._heard:
                self._heard.remove(item)
            else:
                self._obey(item)
            return
        if decision is None:
            self._manager.write(item)
            return
        records: list[Record] = [item, decision]
        for denied in await self._execution.carry_out(
            decision.orders, str(decision.at), item.close_time, records
        ):
            self._on_denied(denied)
        if why := no_number(decision):
            self._manager.warn(Alarm.ACTION_REFUSED, "", why)
        for symbol in self._protection.locks:
            self._protection.wake(symbol)

    async def alone(self, command: Command) -> Reply:
        """Carry out a command by hand without a session, and leave what is held protected."""
        self._manager.write(command)
        reply = await self._by_hand.carry_out(command)
        for symbol in self._symbols:
            await self._protection.tend(symbol)
        return reply

    async def leave(self) -> None:
        """End all waiting, and touch nothing."""
        await self._close()

    def _obey(self, command: Command) -> None:
        self._manager.write(command)
        self._guards.latch.apply(command)
        if command.kind in BY_HAND:
            self._by_hand.take(command)

    async def revised(self, revision: Revision) -> None:
        self._manager.write(revision)

    async def end(self) -> bool:
        """Cancel entries and wait for what is on its way or in doubt; close positions too where that was asked for."""
        await self._by_hand.end()
        done = True
        if not self._guards.latch.silent:
            await self._execution.end(DRAIN_SECONDS)
            if self._flattens and not await self._protection.flatten(DRAIN_SECONDS):
                self._manager.warn(Alarm.NOT_FLAT, "", "positions were left open at the stop: see the status")
                done = False
            await self._in_time(self._settle())
            self._tell_unprotected("the run ends")
        if self._last_look is not None:
            with suppress(VenueUnavailable):  # then it was not measured
                await self._in_time(self._last_look())
        await self._close()
        return done

    async def abandon(self) -> None:
        """Entries that rest are cancelled and positions get their stops, as far as the venue answers in time."""
        try:
            if not self._guards.latch.silent:
                await self._in_time(self._leave())
                self._tell_unprotected("an error ends the run")
        finally:
            await self._close()

    async def _leave(self) -> None:
        await self._execution.end(DRAIN_SECONDS)
        await self._settle()

    async def _settle(self) -> None:
        """Every position has its stop, also where one is just being replaced, and no order is in doubt."""
        ledger = self._manager.ledger
        while True:
            for symbol in self._protection.locks:
                await self._protection.tend(symbol)
            unclear = [name for name in ledger.live if not is_clear(ledger.orders[name])]
            if not unclear:
                return
            for name in unclear:
                await self._manager.watch.until(name, is_clear, DRAIN_SECONDS)

    def _tell_unprotected(self, why: str) -> None:
        for symbol in self._protection.locks:
            if not self._protection.protected(symbol):
                text = f"{why}, and no stop at the venue protects this position"
                self._manager.warn(Alarm.UNPROTECTED, symbol, text)

    async def _in_time(self, work: Coroutine[Any, Any, None]) -> None:
        """As far as the time to drain goes."""
        limit = asyncio.ensure_future(self._clock.sleep(DRAIN_SECONDS))
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[None]] = {limit, task}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            limit.cancel()
            task.cancel()

    async def _close(self) -> None:
        await self._execution.close()
        await self._manager.close()
