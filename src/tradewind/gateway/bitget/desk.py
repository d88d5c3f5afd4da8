"""What v2 remembers beside the exchange: of which kind a plan order is."""

from __future__ import annotations

from collections import OrderedDict

from tradewind.exchange import AlgoOrder, Exchange, OrderType, PositionSide
from tradewind.exchange.events import Event, FuturesUpdate
from tradewind.exchange.orders import TAKE_PROFITS

KEPT = 50_000
SIZED = ("profit_plan", "loss_plan", "moving_plan")  # they close a part of a position


class Desk:
    """Kinds of plan orders. What closes a part of a position ends with it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._kinds: OrderedDict[int, str] = OrderedDict()
        exchange.subscribe(self._hear)

    def note(self, plan: AlgoOrder, kind: str) -> None:
        """`kind` is Bitget's planType."""
        self._kinds[plan.id] = kind
        if len(self._kinds) > KEPT:
            self._kinds.popitem(last=False)

    def kind(self, plan: AlgoOrder) -> str:
        """Bitget's planType; that of plans which nobody noted follows from what they do."""
        found = self._kinds.get(plan.id)
        if found is not None:
            return found
        request, profit = plan.request, plan.request.type in TAKE_PROFITS
        if request.type is OrderType.TRAILING_STOP:
            return "track_plan"
        if request.close_position:
            return "pos_profit" if profit else "pos_loss"
        if plan.parent_id:
            return "profit_plan" if profit else "loss_plan"
        return "normal_plan"

    def _hear(self, event: Event) -> None:
        if isinstance(event, FuturesUpdate):
            for change in event.positions:
                if not change.quantity:
                    self._sweep(event.account, change.symbol, change.side)

    def _sweep(self, account: str, symbol: str, side: PositionSide) -> None:
        for plan in self._exchange.open_conditional(account, symbol):
            if plan.request.position_side is side and self.kind(plan) in SIZED:
                self._exchange.cancel_conditional(account, plan.id)
