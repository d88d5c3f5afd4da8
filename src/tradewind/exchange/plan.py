"""What an order would meet now, without changing anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tradewind.exchange.desk import Desk
from tradewind.exchange.money import ZERO, on_grid
from tradewind.exchange.orders import Order, PositionSide, SelfTrade

Fillable = Callable[[Order], Decimal | None]  # how much of a resting order may trade; None: all of it


@dataclass(slots=True)
class Plan:
    """Fills in order: price, quantity, and the account's order that rests there (None: the crowd)."""

    fills: list[tuple[Decimal, Decimal, Order | None]] = field(default_factory=list)
    quantity: Decimal = ZERO
    cost: Decimal = ZERO  # quote
    expiring: list[Order] = field(default_factory=list)  # resting orders of the same account
    prevented: Decimal = ZERO  # what the order would have traded with them
    stopped: bool = False  # the order itself expires there

    def add(self, price: Decimal, quantity: Decimal, maker: Order | None) -> None:
        self.fills.append((price, quantity, maker))
        self.quantity += quantity
        self.cost += price * quantity


@dataclass(slots=True)
class _Walk:
    order: Order
    plan: Plan
    left: Decimal
    quote_left: Decimal | None
    step: Decimal
    fillable: Fillable
    planned: dict[tuple[str, PositionSide], Decimal] = field(default_factory=dict)

    def room(self, price: Decimal) -> Decimal:
        """How much more may be taken at a price."""
        if self.quote_left is None:
            return self.left
        return min(self.left, on_grid(self.quote_left / price, self.step))

    def take(self, price: Decimal, quantity: Decimal, maker: Order | None) -> None:
        self.plan.add(price, quantity, maker)
        self.left -= quantity
        if self.quote_left is not None:
            self.quote_left -= quantity * price

    def meet(self, price: Decimal, crowd: Decimal, orders: list[Order]) -> bool:
        """Trade through one level; False when the order is done."""
        eaten = ZERO
        for maker in orders:
            ahead = min(maker.queue_ahead - eaten, crowd)
            if ahead > 0:
                part = min(ahead, self.room(price))
                if part > 0:
                    self.take(price, part, None)
                    crowd, eaten = crowd - part, eaten + part
                if part < ahead:
                    return False
            if not self._meet_own(price, maker):
                return False
        if crowd > 0:
            room = self.room(price)
            if room > 0:
                self.take(price, min(crowd, room), None)
            return room > crowd
        return True

    def _meet_own(self, price: Decimal, maker: Order) -> bool:
        key = (maker.account, maker.position_side)
        can, bound = maker.remaining, self.fillable(maker)
        if bound is not None:
            can = min(can, bound - self.planned.get(key, ZERO))
        room = self.room(price)
        if room <= 0 or can <= 0:
            return room > 0
        if maker.account == self.order.account and self.order.self_trade is not SelfTrade.NONE:
            return self._prevent(maker, min(can, room))
        part = min(can, room)
        if part > 0:
            self.take(price, part, maker)
            self.planned[key] = self.planned.get(key, ZERO) + part
        return room > can

    def _prevent(self, maker: Order, quantity: Decimal) -> bool:
        mode, plan = self.order.self_trade, self.plan
        plan.prevented += quantity
        if mode is not SelfTrade.EXPIRE_TAKER:
            plan.expiring.append(maker)
        if mode is not SelfTrade.EXPIRE_MAKER:
            plan.stopped = True
            return False
        return True


def plan_order(desk: Desk, order: Order, quantity: Decimal, step: Decimal, fillable: Fillable) -> Plan:
    """What at most `quantity` of an order trades with at the present book; it may be bound by quote too."""
    plan = Plan()
    quote = order.quote_quantity if order.quote_quantity and not order.quantity else None
    walk = _Walk(order, plan, quantity, quote, step, fillable)
    limit, buy = order.price, order.is_buy
    for price, crowd, orders in desk.levels(buy):
        if limit and (price > limit if buy else price < limit):
            break
        if not walk.meet(price, crowd, orders):
            break
    return plan
