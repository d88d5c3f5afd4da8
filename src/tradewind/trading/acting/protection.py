"""One stop order at the venue for every position that has a level, and a local guard where none rests.

All that closes a position in a symbol is done under that symbol's lock, so that there are never two exits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from tradewind.market import (
    Clock,
    Instrument,
    Kind,
    Order,
    OrderType,
    RejectKind,
)
from tradewind.trading.acting.exits import EXIT, FLATTEN, SHRINK, Exits
from tradewind.trading.acting.patience import Patience
from tradewind.trading.acting.resting_stops import BUDGET_SECONDS, WORKING, RestingStops
from tradewind.trading.acting.settings import StopSettings
from tradewind.trading.acting.trigger import TriggerPrice
from tradewind.trading.engine.standing import Standing
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import is_clear, within
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.order_names import OrderNames
from tradewind.trading.terms.order_records import OrderAlarm, Risk
from tradewind.trading.terms.order_states import Alarm, OrderState, Status
from tradewind.trading.terms.quotes import Quotes

UNFILLED_SECONDS = 10.0  # after which a stop that was reached and did not fill gives way to an exit
SHRINK_MS = 10_000  # without progress, after which the rest of what was to be closed stays
STOP = "stop"  # a leg of client ids


class Protection:
    """Keeps positions protected. `run` beside the session, or `tend` a symbol whenever something changed.

    `instruments` is looked at anew each time; `reload` reads the venue's rules of a symbol into it,
    `largest` says how many lots the venue takes in one order.
    """

    def __init__(
        self,
        settings: StopSettings,
        manager: OrderManager,
        standing: Standing,
        instruments: Mapping[str, Instrument],
        quotes: Quotes,
        clock: Clock,
        latch: Latch,
        names: OrderNames,
        reload: Callable[[str], Awaitable[object]],
        largest: Callable[[str], int | None] = lambda symbol: None,
    ) -> None:
        self.settings, self.names = settings, names
        self.locks = {symbol: asyncio.Lock() for symbol in instruments}
        self._manager, self._ledger, self._watch = manager, manager.ledger, manager.watch
        self._standing, self._instruments = standing, instruments
        self._trigger = TriggerPrice(settings.trigger, quotes, clock)
        self._clock, self._latch = clock, latch
        self._stops = RestingStops(manager, clock)
        self._patience = Patience(manager, clock, latch, reload)
        self.exits = Exits(manager, standing, names, self._stops, self._patience, self._is_dust, largest)
        self._awake = {symbol: asyncio.Event() for symbol in instruments}
        self._reached_at: dict[str, int] = {}
        self._watch.listeners.append(self.wake)

    def wake(self, symbol: str) -> None:
        """Something happened: a quote or a close. What happens to orders wakes it by itself."""
        self._awake[symbol].set()

    def hear(self, alarm: OrderAlarm) -> None:
        """Every alarm of the manager: a stop that the venue does not know any more protects nothing."""
        if alarm.alarm is Alarm.VANISHED and alarm.client_id in self._ledger.live:
            self._stops.vanished.add(alarm.client_id)
            self.wake(alarm.symbol)

    async def run(self) -> None:
        """Tend each symbol whenever something happened, and every second."""
        tasks = [asyncio.create_task(self._run(symbol)) for symbol in self.locks]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _run(self, symbol: str) -> None:
        while True:
            self._awake[symbol].clear()
            await self.tend(symbol)
            await within(self._clock, self._awake[symbol], 1.0)

    async def tend(self, symbol: str) -> None:
        """Bring what rests at the venue in line with the position and its level."""
        async with self.locks[symbol]:
            if not self._latch.silent:
                await self._tend(symbol)
        if self._latch.state is Risk.FLATTENING and self._is_flat():
            self._latch.tighten(Risk.FLAT, f"every position is closed, because {self._latch.reason}")

    def protected(self, symbol: str) -> bool:
        """Does a stop for the whole position rest at the venue, as far as is known, or does it need none?"""
        lots = -self.held(symbol)
        if not lots or not self._standing.protective_level(symbol) or self._is_dust(symbol, lots):
            return True
        return any(s.remaining == lots for s in self._stops.working(symbol))

    def held(self, symbol: str) -> int:
        """Signed lots that can be closed."""
        return self._standing.position_lots()[symbol]

    async def make_room(self, symbol: str, *, by_hand: bool = False) -> bool:
        """Free what stops lock on spot, under the symbol's lock; False while it is not clear that it is free.

        `by_hand`: for an order by hand, which leaves stops by hand where they are.
        """
        if self._instruments[symbol].kind is Kind.PERPETUAL:
            return True

        def locking() -> list[OrderState]:
            return [s for s in self._live(symbol) if s.protects or (s.is_stop and not by_hand)]

        await self._stops.cancel(locking())
        return not locking()

    async def shrink(self, symbol: str, lots: int) -> bool:
        """Close that many lots of the position at the market, in parts, then protect the rest; False when some stay.

        It gives up when nothing has closed for a while.
        """
        kept = abs(self.held(symbol)) - lots

        def left() -> int:
            return max(abs(self.held(symbol)) - kept, 0)

        before, until = left(), self._now() + SHRINK_MS
        while left() and not self._is_dust(symbol, left()) and self._now() < until:
            async with self.locks[symbol]:
                await self.exits.close(symbol, SHRINK, most=left())
            await self._clock.sleep(0.1)
            if left() < before:
                before, until = left(), self._now() + SHRINK_MS
        await self.tend(symbol)
        return not left() or self._is_dust(symbol, left())

    async def flatten(self, seconds: float) -> bool:
        """Close every position at the market; False when some are left after that time."""
        until = self._now() + round(seconds * 1000)
        while not self._is_flat() and self._now() < until:
            for symbol, lock in self.locks.items():
                async with lock:
                    if self.held(symbol):
                        await self.exits.close(symbol, FLATTEN)
            await self._clock.sleep(0.1)
        return self._is_flat()

    async def _tend(self, symbol: str) -> None:
        self._stops.miss(symbol, needed=bool(self.held(symbol)) and not self.exits.on_its_way(symbol))
        if not self._latch.entries:
            await self._stops.cancel([s for s in self._live(symbol) if self._adds(s)])
        held, level = self.held(symbol), self._standing.protective_level(symbol)
        if held and self._latch.state in (Risk.FLATTENING, Risk.FLAT):
            await self.exits.close(symbol, FLATTEN)
        elif not held or not level or self._is_dust(symbol, held):
            self._reached_at.pop(symbol, None)
            stops = self._stops.working(symbol) if held else [s for s in self._live(symbol) if s.is_stop]
            await self._stops.cancel([s for s in stops if s.intent.client_id not in self._stops.vanished])
        elif self._must_exit(symbol, held, level):
            await self.exits.close(symbol, EXIT, self._standing.protective_reason(symbol))
        elif self.settings.resting:
            await self._keep_stop(symbol, held, level)
        else:
            text = f"no stop of {symbol} rests at the venue: this program alone watches it, and only while it runs"
            self._manager.warn_once(Alarm.GUARDED_HERE, symbol, text)

    def _must_exit(self, symbol: str, held: int, level: float) -> bool:
        """Without a stop at the venue: at once. With one: when it was reached and did not fill in time."""
        stops = self._stops.working(symbol)
        if not stops:
            return self._trigger.reached(symbol, long=held > 0, level=level)
        partly = any(s.status is Status.PARTIAL for s in stops)
        levels = [float(s.intent.trigger or 0) for s in stops]
        reached = any(self._trigger.reached(symbol, long=held > 0, level=at) for at in levels)
        if not partly and not reached:
            self._reached_at.pop(symbol, None)
            return False
        since = self._reached_at.setdefault(symbol, self._now())
        return self._now() - since >= UNFILLED_SECONDS * 1000

    async def _keep_stop(self, symbol: str, held: int, level: float) -> None:
        spot = self._instruments[symbol].kind is Kind.SPOT
        live = [s for s in self._live(symbol) if s.protects]
        waiting = [s for s in live if not is_clear(s) and (spot or s.status is not Status.CANCEL_SENT)]
        if waiting or (lots := self._unsold(symbol, held)) == 0:
            return
        lots = self.exits.part(symbol, lots)  # the local guard keeps what is more
        stops = self._stops.working(symbol)
        current = stops[-1] if stops else None
        trigger = self._next_trigger(symbol, lots, level, current)
        if current is not None and (current.remaining, current.intent.trigger) == (lots, trigger):
            await self._stops.cancel(stops[:-1])
            self._stops.expect(current)
            self._stops.check(current)
            return
        if not self._patience.over(symbol, STOP):
            return
        gone = [s for s in live if s.intent.client_id in self._stops.vanished]
        if spot:
            await self._stops.cancel([*stops, *gone])
            if any(s.protects for s in self._live(symbol)):
                return  # not clear yet, or it rests as before
        state = await self._place(symbol, lots, trigger)
        if state is not None and state.status in WORKING:
            self._patience.accepted(symbol)
            self._stops.expect(state)
            await self._stops.cancel([*stops, *gone])
        elif state is not None and not state.done:
            self._stops.expect(state)  # in doubt: it is being asked about
        elif spot and stops:
            await self._replacement_failed(symbol, state)
        elif state is not None and state.kind == RejectKind.WOULD_TRIGGER:
            await self.exits.close(symbol, EXIT, self._standing.protective_reason(symbol))
        else:
            await self._patience.refused(symbol, STOP, state)

    async def _replacement_failed(self, symbol: str, state: OrderState | None) -> None:
        """The old stop is gone, the new one was refused: out, once."""
        sent = state is not None and state.kind != RejectKind.BARRED
        why = f"the venue refused it ({state.kind})" if state and sent else "it was not sent"
        self._manager.warn(Alarm.UNPROTECTED, symbol, f"a stop could not be replaced, {why}: closing")
        await self.exits.close(symbol, EXIT, self._standing.protective_reason(symbol))

    async def _place(self, symbol: str, lots: int, trigger: Decimal) -> OrderState | None:
        order = Order(
            self.names.fresh(symbol, STOP),
            symbol,
            lots,
            True,
            self.names.bar_close,
            OrderType.STOP,
            trigger=trigger,
            reason=self._standing.protective_reason(symbol),
        )
        return await self._submit(order, is_clear)

    async def _submit(self, order: Order, until: Callable[[OrderState], bool]) -> OrderState | None:
        """What became of it within the budget; None when it was not sent."""
        if await self._manager.submit([order], f"protect {order.id}"):
            return None
        return await self._watch.until(order.id, until, BUDGET_SECONDS)

    def _next_trigger(self, symbol: str, lots: int, level: float, current: OrderState | None) -> Decimal:
        """The level on the tick grid, or what rests, when that is tighter or hardly looser.

        A position that grew has a new entry: its stop follows, also away from the price.
        """
        wanted = self._instruments[symbol].round_price(Decimal(repr(level)))
        resting = None if current is None else current.intent.trigger
        if current is None or resting is None or abs(lots) > abs(current.remaining):
            return wanted
        tighter = wanted - resting if lots < 0 else resting - wanted
        if current.remaining == lots:
            return (
                wanted
                if tighter > 0 and tighter >= resting * Decimal(self.settings.trailing_step)
                else resting
            )
        return wanted if tighter > 0 else resting

    def _unsold(self, symbol: str, held: int) -> int:
        """Signed lots that a stop is for: on spot without those that another sale has locked."""
        if self._instruments[symbol].kind is Kind.PERPETUAL:
            return -held
        selling = sum(s.remaining for s in self._live(symbol) if s.remaining < 0 and not s.protects)
        lots = min(-(held + selling), 0)
        return 0 if self._is_dust(symbol, lots) else lots

    def _is_dust(self, symbol: str, lots: int) -> bool:
        return self._trigger.is_dust(self._instruments[symbol], lots)

    def _is_flat(self) -> bool:
        """Is nothing held but dust, and nothing on its way?"""
        held = self._standing.position_lots()
        dust = all(not lots or self._is_dust(symbol, lots) for symbol, lots in held.items())
        return dust and not self._ledger.live

    def _live(self, symbol: str) -> list[OrderState]:
        return self._ledger.live_in(symbol)

    def _adds(self, state: OrderState) -> bool:
        held = self.held(state.intent.symbol)
        return not state.is_stop and not state.intent.reduce_only and state.remaining * held >= 0

    def _now(self) -> int:
        return self._clock.now_ms()
