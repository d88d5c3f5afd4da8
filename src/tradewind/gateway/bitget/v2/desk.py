"""What v2 remembers beside the exchange: kinds of plan orders, and stops that wait for their order to fill."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from tradewind.exchange import (
    AlgoOrder,
    Exchange,
    Order,
    OrderRequest,
    OrderType,
    PositionSide,
    Refused,
    TriggerBy,
)
from tradewind.exchange.events import AlgoUpdate, Event, FuturesUpdate, OrderUpdate
from tradewind.exchange.orders import TAKE_PROFITS, AlgoStatus
from tradewind.market import Side

KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop loss or take profit that comes with an order. `price` None: at the market."""

    trigger: Decimal
    price: Decimal | None = None
    by: TriggerBy = TriggerBy.MARK

    def request(self, order: Order, quantity: Decimal, profit: bool) -> OrderRequest:
        """What closes `quantity` of the position that the order opened."""
        limit = self.price is not None
        if profit:
            kind = OrderType.TAKE_PROFIT_LIMIT if limit else OrderType.TAKE_PROFIT_MARKET
        else:
            kind = OrderType.STOP_LIMIT if limit else OrderType.STOP_MARKET
        return OrderRequest(
            symbol=order.symbol,
            side=Side.SELL if order.is_buy else Side.BUY,
            type=kind,
            quantity=quantity,
            price=self.price,
            stop_price=self.trigger,
            position_side=order.position_side,
            reduce_only=order.position_side is PositionSide.BOTH,
            trigger_by=self.by,
        )


@dataclass(frozen=True, slots=True)
class Stops:
    """What comes with one order."""

    profit: Stop | None = None
    loss: Stop | None = None

    def __bool__(self) -> bool:
        return self.profit is not None or self.loss is not None


NO_STOPS = Stops()


class Desk:
    """Listens to the exchange: places attached stops when their order has filled, and ends those of a
    position that is gone."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._kinds: OrderedDict[int, str] = OrderedDict()
        self._of_orders: OrderedDict[int, Stops] = OrderedDict()
        self._of_plans: OrderedDict[int, Stops] = OrderedDict()
        exchange.subscribe(self._hear)

    # --- plan orders

    def note_plan(self, plan: AlgoOrder, kind: str, stops: Stops = NO_STOPS) -> None:
        """`kind` is Bitget's planType."""
        _keep(self._kinds, plan.id, kind)
        if stops:
            _keep(self._of_plans, plan.id, stops)

    def kind(self, plan: AlgoOrder) -> str:
        """Bitget's planType; guessed from the request for plans of another run."""
        found = self._kinds.get(plan.id)
        if found is not None:
            return found
        request = plan.request
        if request.type is OrderType.TRAILING_STOP:
            return "track_plan"
        profit = request.type in TAKE_PROFITS
        if request.close_position:
            return "pos_profit" if profit else "pos_loss"
        return "normal_plan"

    def stops_of_plan(self, plan: AlgoOrder) -> Stops:
        return self._of_plans.get(plan.id, NO_STOPS)

    # --- orders

    def attach(self, order: Order, stops: Stops) -> None:
        """Stops to place when the order is done, for what it filled."""
        if not stops:
            return
        _keep(self._of_orders, order.id, stops)
        if not order.status.is_open:
            self._place(order, stops)

    def stops_of(self, order: Order) -> Stops:
        return self._of_orders.get(order.id, NO_STOPS)

    def change(self, order: Order, stops: Stops) -> None:
        """Other stops for an order that is open: those that are given take the place of the old."""
        old = self.stops_of(order)
        _keep(self._of_orders, order.id, Stops(stops.profit or old.profit, stops.loss or old.loss))

    def _hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate):
            if not event.status.is_open and event.order.id in self._of_orders:
                self._place(event.order, self._of_orders[event.order.id])
        elif isinstance(event, AlgoUpdate):
            stops = self._of_plans.get(event.algo.id)
            if stops and event.order_id and event.status in (AlgoStatus.TRIGGERED, AlgoStatus.FINISHED):
                order = self._exchange.records.by_id(event.account, event.order_id)
                if order.id not in self._of_orders:
                    self.attach(order, stops)
        elif isinstance(event, FuturesUpdate):
            for change in event.positions:
                if not change.quantity:
                    self._sweep(event.account, change.symbol, change.side)

    def _place(self, order: Order, stops: Stops) -> None:
        """Each stop at most once: what was placed is forgotten."""
        self._of_orders[order.id] = replace(stops, profit=None, loss=None)
        if not order.filled:
            return
        for stop, profit in ((stops.profit, True), (stops.loss, False)):
            if stop is None:
                continue
            try:
                plan = self._exchange.place_conditional(
                    order.account, stop.request(order, order.filled, profit)
                )
            except Refused:
                continue  # the price is past it already: the venue drops such stops, too
            self.note_plan(plan, "profit_plan" if profit else "loss_plan")

    def _sweep(self, account: str, symbol: str, side: PositionSide) -> None:
        for plan in self._exchange.open_conditional(account, symbol):
            if plan.request.position_side is side and self.kind(plan) in ("profit_plan", "loss_plan"):
                self._exchange.cancel_conditional(account, plan.id)


V = TypeVar("V")


def _keep(kept: OrderedDict[int, V], key: int, value: V) -> None:
    kept[key] = value
    if len(kept) > KEPT:
        kept.popitem(last=False)
