"""Stop orders of spot markets: they hold their money from the start and wait outside the book."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.accounts import Account
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import Execution
from tradewind.exchange.listing import Listing
from tradewind.exchange.matching import Matching
from tradewind.exchange.money import ZERO
from tradewind.exchange.orders import Order, OrderRequest, OrderStatus, OrderType
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.rules import check_not_triggered, check_status, is_triggered, reverses


class Stops:
    """Accepts stops and take profits, and sends them into the market when the last price reaches them."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._office = matching.office

    def place(self, account_id: str, request: OrderRequest) -> Order:
        """An accepted stop, which waits; `Refused` before anything has changed."""
        account, listing, desk = self.admit(account_id, request)
        order = self.order(account, request, desk)
        self.hold(order, account, listing)
        self._office.register(order, account)
        self.wait(order, account, listing, desk)
        return order

    def order(self, account: Account, request: OrderRequest, desk: Desk, ahead: int = 0) -> Order:
        """The stop that the request asks for; nobody knows of it yet."""
        order = self._matching.admission.order(account, request, ahead=ahead)
        if order.trailing_delta:
            order.hold_price = desk.price
            order.activated = not order.stop_price
            order.extreme = desk.price if order.activated else ZERO
        return order

    def wait(self, order: Order, account: Account, listing: Listing, desk: Desk) -> None:
        """From now on the price is watched for it."""
        desk.stops[order.id] = order
        self._office.wake(desk)
        self._office.reporting.order(order, Execution.NEW)
        self._office.reporting.balances_of(account, listing, order)

    def check(self, account_id: str, request: OrderRequest) -> None:
        """`Refused` when `place` would refuse; nothing changes."""
        account, listing, desk = self.admit(account_id, request)
        order = self.order(account, request, desk)
        self.hold(order, account, listing)
        order.status = OrderStatus.CANCELED
        self._office.spot.hold(order, account, listing)

    def on_point(self, desk: Desk) -> None:
        """Send in all that are due at the present price, oldest first."""
        price = desk.last(self._office.times.now)
        due = [order for order in desk.stops.values() if _due(order, price)]
        for order in due:
            if order.id in desk.stops:
                self._trigger(order, desk)

    def admit(self, account_id: str, request: OrderRequest) -> tuple[Account, Listing, Desk]:
        """Whose stop, in which market; `Refused` with the first reason against it."""
        account, listing, desk = self._matching.admission.admit(account_id, request)
        if request.type is OrderType.TRAILING_STOP or not listing.is_spot:
            raise Refused(Refusal.UNSUPPORTED_TYPE, f"{request.type} orders belong on the conditional list")
        waiting = [order for order in desk.stops.values() if order.account == account_id]
        if len(waiting) >= listing.filters.max_algo_orders:
            raise Refused(Refusal.MAX_ALGO_ORDERS, "too many stop orders are open")
        if request.trailing_delta is None:
            check_not_triggered(request, desk.price)
        return account, listing, desk

    def hold(self, order: Order, account: Account, listing: Listing) -> None:
        """Lock what the order needs; `Refused` when that much is not free."""
        self._office.spot.admit(order, account, listing)
        self._office.spot.hold(order, account, listing)

    def _trigger(self, order: Order, desk: Desk) -> None:
        account, listing = self._office.treasury.accounts[order.account], self._office.listings[order.symbol]
        del desk.stops[order.id]
        if order.list_id:
            self._office.on_leading(order)
        order.type = order.type.once_triggered
        order.working_ms = self._office.times.now
        try:
            check_status(listing)
            plan = self._matching.plan(desk, order, listing)
            if not order.price:
                self._office.spot.afford(order, account, listing, plan.cost)
        except Refused as refused:
            self._office.end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason=refused.reason.value)
            return
        self._office.reporting.order(order, Execution.TRIGGERED)
        if not order.price:  # a market order holds nothing: what it held pays it
            self._unlock(order, account, listing)
        self._matching.execute(order, account, listing, desk, plan)

    def _unlock(self, order: Order, account: Account, listing: Listing) -> None:
        balance = account.balance(listing.quote if order.is_buy else listing.base)
        balance.free += order.locked
        balance.locked -= order.locked
        order.locked = ZERO


def _due(order: Order, price: Decimal) -> bool:
    """Whether a stop triggers; one that trails activates at its stop price and then follows the price."""
    if not order.trailing_delta:
        return is_triggered(order.type, order.side, order.stop_price, price)
    if not order.activated:
        if not is_triggered(order.type, order.side, order.stop_price, price):
            return False
        order.activated, order.extreme = True, price
    order.extreme = min(order.extreme, price) if order.is_buy else max(order.extreme, price)
    return reverses(not order.is_buy, price, order.extreme, Decimal(order.trailing_delta) / 10_000)
