"""The stops that rest at the venue: which they are, what became of them, and how they are ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tradewind.market import Clock, OrderId
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import is_clear
from tradewind.trading.terms.order_states import Alarm, OrderState, Status

BUDGET_SECONDS = 3.0  # in which a stop is replaced where it locks the coins
CHECK_SECONDS = 10.0  # between questions whether a stop still rests
KEPT_SECONDS = 2.0  # before an order is cancelled again whose cancellation was refused
WORKING = (Status.OPEN, Status.PARTIAL)
_LOST = (Status.CANCELED, Status.EXPIRED)  # others never rested, or did what they are for


class RestingStops:
    """Knows which stops of ours must be there, so that one that is gone is noticed."""

    def __init__(self, manager: OrderManager, clock: Clock) -> None:
        self._manager, self._ledger, self._watch, self._clock = manager, manager.ledger, manager.watch, clock
        self._resting: dict[OrderId, str] = {}  # to their symbols
        self._kept_until: dict[OrderId, int] = {}  # cancellations that were refused, UTC ms
        self._asked_at: dict[OrderId, int] = {}
        self.vanished: set[OrderId] = set()  # that the venue does not know any more

    def expect(self, state: OrderState) -> None:
        """It must rest from now on, or is being asked about."""
        self._resting[state.intent.client_id] = state.intent.symbol

    def working(self, symbol: str) -> list[OrderState]:
        """Stops that rest at the venue, as far as is known."""
        live = [s for s in self._ledger.live_in(symbol) if s.protects and s.status in WORKING]
        return [s for s in live if s.intent.client_id not in self.vanished]

    def miss(self, symbol: str, *, needed: bool) -> None:
        """Alarm for each stop that rested and ended without filling, and not by us, while it was `needed`.

        Where the position is gone or going, the venue ends its stops by itself.
        """
        ended = [n for n, where in self._resting.items() if where == symbol and self._ledger.orders[n].done]
        for name in ended:
            del self._resting[name]
            self._asked_at.pop(name, None)
            self.vanished.discard(name)
            state = self._ledger.orders[name]
            if needed and not state.let_go and state.status in _LOST:
                text = f"stop {name} of {symbol} is {state.status.value}, and not by us: it is placed again"
                self._manager.warn(Alarm.STOP_LOST, symbol, text, client_id=name)

    def check(self, state: OrderState) -> None:
        """Ask now and then what became of it: the stream may be silent."""
        name, now = state.intent.client_id, self._clock.now_ms()
        if now - self._asked_at.setdefault(name, now) >= CHECK_SECONDS * 1000:
            self._asked_at[name] = now
            self._manager.clarify(name)

    async def cancel(self, states: Sequence[OrderState]) -> None:
        """Ask once for each that works, and wait until it is clear, within the budget; a refused one, later again.

        Any order may be among them.
        """
        working = [s.intent.client_id for s in states if s.status in WORKING]
        names = [n for n in working if self._clock.now_ms() >= self._kept_until.get(n, 0)]
        if not names:
            return
        await asyncio.gather(*map(self._manager.cancel, names))
        waits = [self._watch.until(n, is_clear, BUDGET_SECONDS) for n in names]
        for state in await asyncio.gather(*waits):
            self._kept_until.pop(state.intent.client_id, None)
            if state.status in WORKING:  # refused: not again at once, its change has woken us already
                self._kept_until[state.intent.client_id] = self._clock.now_ms() + round(KEPT_SECONDS * 1000)
