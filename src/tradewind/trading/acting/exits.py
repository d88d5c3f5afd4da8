"""Closing a position at the market: one order at a time, and none larger than the venue takes."""

from __future__ import annotations

from collections.abc import Callable

from tradewind.market import FillReason, Order, OrderType
from tradewind.trading.acting.patience import Patience
from tradewind.trading.acting.resting_stops import BUDGET_SECONDS, RestingStops
from tradewind.trading.engine.standing import Standing
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.order_watch import is_over
from tradewind.trading.terms.order_names import OrderNames
from tradewind.trading.terms.order_states import Intent, OrderState, Status

EXIT, FLATTEN, SHRINK = "exit", "flatten", "shrink"  # the legs of client ids


class Exits:
    """All of it under the lock of the symbol, so that there are never two.

    `largest` says how many lots the venue takes in one order, `is_dust` whether so few can be traded at all.
    """

    def __init__(
        self,
        manager: OrderManager,
        standing: Standing,
        names: OrderNames,
        stops: RestingStops,
        patience: Patience,
        is_dust: Callable[[str, int], bool],
        largest: Callable[[str], int | None],
    ) -> None:
        self._manager, self._ledger, self._watch = manager, manager.ledger, manager.watch
        self._standing, self._names, self._stops, self._patience = standing, names, stops, patience
        self._is_dust, self._largest = is_dust, largest

    def on_its_way(self, symbol: str) -> bool:
        """Is a market order that closes on its way?"""
        return any(self._closes(s) for s in self._ledger.live_in(symbol))

    async def close(
        self, symbol: str, leg: str, reason: FillReason = FillReason.ORDER, most: int | None = None
    ) -> None:
        """One market order for all of it, or for `most` lots; nothing while another exit is on its way."""
        if not self._patience.over(symbol, EXIT):
            return
        for exit_order in filter(self._closes, self._ledger.live_in(symbol)):
            self._stops.check(exit_order)
            return
        await self._stops.cancel(self._ledger.live_in(symbol))
        lots = self.part(symbol, -self._standing.position_lots()[symbol], most)
        if not lots or self._is_dust(symbol, lots):
            return
        name = self._names.fresh(symbol, leg)
        order = Order(name, symbol, lots, True, self._names.bar_close, reason=reason)
        if await self._manager.submit([order], f"protect {name}"):
            await self._patience.refused(symbol, EXIT, None)
            return
        sent = await self._watch.until(name, is_over, BUDGET_SECONDS)
        if sent.status is Status.REJECTED:
            await self._patience.refused(symbol, EXIT, sent)
            return
        if not is_over(sent):
            self._manager.clarify(name)
        self._patience.wait(symbol, EXIT, 1.0)  # what it leaves is sold next, but not in a rush

    def part(self, symbol: str, lots: int, most: int | None = None) -> int:
        """What of it one order may have; the rest follows when that is over."""
        limits = [limit for limit in (most, self._largest(symbol)) if limit is not None]
        size = min(abs(lots), *limits) if limits else abs(lots)
        return size if lots > 0 else -size

    def is_part(self, intent: Intent) -> bool:
        """Did it close as much as the venue takes in one order?"""
        return intent.reduce_only and abs(intent.lots) == self._largest(intent.symbol)

    def _closes(self, state: OrderState) -> bool:
        held = self._standing.position_lots()[state.intent.symbol]
        return state.intent.type is OrderType.MARKET and state.remaining * held < 0
