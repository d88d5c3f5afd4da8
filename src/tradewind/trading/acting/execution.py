"""From the orders of a decision to their end at the venue: at the market, or as a maker first.

Each order of a decision is an aim: signed lots, of which what has filled is known. Nothing is sent in place of an
order that is not surely over, and a new decision ends what is left of the aims before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from tradewind.market import Clock, Instrument, Kind, Order, OrderType
from tradewind.trading.acting.aims import Aim, Remedies
from tradewind.trading.acting.protection import Protection
from tradewind.trading.acting.pursuit import PATIENCE_SECONDS, Pursuit
from tradewind.trading.acting.settings import ExecutionSettings
from tradewind.trading.journal.records import Record
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import within
from tradewind.trading.risk.guards import Guards
from tradewind.trading.terms.order_records import Denied
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.quotes import Quotes

ANSWER_SECONDS = 0.5  # in which a session waits for the venue's answers; a STOP or the next bar waits as long


class Execution:
    """`start` after the manager, `carry_out` the orders of each decision, `end` before the run does.

    `protection` says when coins are free, and keeps what is left protected.
    """

    def __init__(
        self,
        settings: ExecutionSettings,
        manager: OrderManager,
        guards: Guards,
        protection: Protection,
        quotes: Quotes,
        clock: Clock,
        remedies: Remedies,
    ) -> None:
        self._pursuit = Pursuit(settings, manager, guards, protection, quotes, clock, remedies)
        self._manager, self._ledger, self._watch = manager, manager.ledger, manager.watch
        self._guards, self._protection, self._clock = guards, protection, clock
        self._aims: dict[str, list[Aim]] = {}  # that are not over, of each symbol, oldest first
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._broke = asyncio.Event()

    async def carry_out(
        self, orders: Sequence[Order], decision_id: str, bar_close: int, records: Sequence[Record] = ()
    ) -> list[Denied]:
        """Commit `records` and the orders that may go at once, and send these; the rest follows by itself.

        Returns what was denied here, within `ANSWER_SECONDS`: an answer that takes longer comes when it comes.
        `Inconsistent` as `OrderManager.submit`.
        """
        if self._failure is not None:
            raise self._failure
        self._protection.names.bar_close = bar_close
        older = {s: [(aim, self._pursuit.filled(aim)) for aim in aims] for s, aims in self._aims.items()}
        self._supersede_all()
        aims = [self._aim(order, decision_id) for order in orders]
        dressed = [self._pursuit.dressed(aim, aim.order) for aim in aims]
        passed, denied = self._guards.review(dressed, bar_close)
        aims = [aim for aim in aims if aim.order.id in {order.id for order in passed}]
        orders = [order for order in passed if self._may_go_at_once(order, older)]
        intents, refused = self._manager.commit(orders, decision_id, [*records, *denied])
        denied += refused
        going = {intent.client_id: intent for intent in intents}
        for order in orders:
            if order.id in going:
                self._guards.note_sent(order)
        answers: list[asyncio.Task[None]] = []
        for aim in aims:
            name = aim.order.id
            if name in {one.client_id for one in denied}:
                continue
            if name in self._ledger.orders:
                aim.names.append(name)
            self._aims.setdefault(aim.order.symbol, []).append(aim)
            answer = None
            if name in going:
                answer = self._start(self._send_now(going[name]))
                answers.append(answer)
            self._start(self._work(aim, name in self._ledger.orders, older.get(aim.order.symbol, ()), answer))
        await self._hear(answers)
        return denied

    async def broken(self) -> None:
        """Until it cannot go on; then it raises why."""
        await self._broke.wait()
        assert self._failure is not None
        raise self._failure

    def start(self) -> None:
        """Call it once the manager has started: a limit order that outlived its process is ended first."""
        for state in [self._ledger.orders[name] for name in self._ledger.live]:
            if state.intent.type is OrderType.POST_ONLY:
                intent = state.intent
                order = Order(intent.client_id, intent.symbol, intent.lots, intent.reduce_only)
                aim = Aim(order, intent.decision_id, names=[intent.client_id], superseded=True)
                self._aims.setdefault(intent.symbol, []).append(aim)
                self._start(self._work(aim, sent=True, older=()))

    async def end(self, seconds: float = 10.0) -> bool:
        """Cancel what rests and wait for the end of all aims; False when some did not end in time."""
        waits = [within(self._clock, aim.over, seconds) for aim in self._supersede_all()]
        return all(await asyncio.gather(*waits))

    async def close(self) -> None:
        """End all waiting, as the manager's `close`: what rests at the venue stays there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one decision

    def _aim(self, order: Order, decision_id: str) -> Aim:
        """A position is turned over in two steps: closed, then, when that is sure, opened."""
        held = self._ledger.positions[order.symbol]
        if held * order.lots >= 0 or abs(order.lots) <= abs(held):
            return Aim(order, decision_id)
        name = self._protection.names.fresh(order.symbol, "close")
        closing = replace(order, id=name, lots=-held, reduce_only=True)
        return Aim(closing, decision_id, then=replace(order, lots=order.lots + held, reduce_only=False))

    def _may_go_at_once(self, order: Order, older: Container[str]) -> bool:
        symbol = order.symbol
        if (
            self._protection.locks[symbol].locked()
            or symbol in older
            or self._protection.exits.on_its_way(symbol)
        ):
            return False
        locked = any(s.is_stop for s in self._ledger.live_in(symbol)) and order.lots < 0
        return not (locked and self._instrument(symbol).kind is Kind.SPOT)

    async def _hear(self, answers: Sequence[asyncio.Task[None]]) -> None:
        if answers:
            limit = asyncio.ensure_future(self._clock.sleep(ANSWER_SECONDS))
            either: set[asyncio.Future[Any]] = {limit, asyncio.gather(*answers, return_exceptions=True)}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            limit.cancel()

    async def _send_now(self, intent: Intent) -> None:
        """Who tends the symbol meanwhile sees by the intent that an exit is on its way."""
        await self._manager.send(intent)
        self._pursuit.note_answer(intent.client_id)

    # -- one aim

    async def _work(
        self, aim: Aim, sent: bool, older: Sequence[tuple[Aim, int]], answer: asyncio.Task[None] | None = None
    ) -> None:
        try:
            if answer is not None:
                await answer
            if older:
                await self._wait_for(older, aim)
            if aim.order.lots:
                await self._pursuit.pursue(aim, sent)
            if aim.then is not None and not aim.superseded:
                await self._turn_over(aim)
        finally:
            aim.over.set()
            self._aims[aim.order.symbol].remove(aim)
            if not self._aims[aim.order.symbol]:
                del self._aims[aim.order.symbol]
            self._protection.wake(aim.order.symbol)

    async def _wait_for(self, older: Sequence[tuple[Aim, int]], aim: Aim) -> None:
        """What older aims still got after the decision counts for this one: of them all, not of the last alone."""
        waits = [within(self._clock, one.over, PATIENCE_SECONDS) for one, _ in older]
        if not all(await asyncio.gather(*waits)) and not aim.order.reduce_only:
            self._pursuit.deny(aim.order, f"what was decided before in {aim.order.symbol} is not over yet")
            aim.superseded = True
        wanted = aim.order.lots - sum(self._pursuit.filled(one) - filled for one, filled in older)
        if wanted * aim.order.lots <= 0 and aim.then is None:
            aim.superseded = True  # there is nothing left to do
        elif wanted * aim.order.lots <= 0:
            aim.order = replace(aim.order, lots=0)  # it is closed already, and can be turned over
        elif abs(wanted) < abs(aim.order.lots):
            aim.order = replace(aim.order, lots=wanted)

    async def _turn_over(self, aim: Aim) -> None:
        order, symbol = aim.then, aim.order.symbol
        assert order is not None
        await self._protection.tend(symbol)  # the stop of the old position goes
        if aim.superseded:
            return
        if self._ledger.positions[symbol]:
            self._pursuit.deny(order, f"{symbol} was not closed: it is not opened on the other side")
            return
        aim.order, aim.then = order, None
        aim.remedies.clear()
        aim.names.clear()
        await self._pursuit.pursue(aim, sent=False)

    # -- small things

    def _supersede_all(self) -> list[Aim]:
        aims = [aim for aims in self._aims.values() for aim in aims]
        for aim in aims:
            aim.superseded = True
            for name in aim.names[-1:]:
                self._watch.changed(name)
        return aims

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
            self._broke.set()

    def _instrument(self, symbol: str) -> Instrument:
        return self._guards.instruments[symbol]
