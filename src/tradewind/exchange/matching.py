"""The life of an order: accepted, matched by price and time, resting, filled by the tape.

Orders meet the crowd's book and each other; at one price the crowd that stood there first goes first. A
resting order fills when the tape trades through its price, or at it after the queue before it is eaten, by no
more than the volume that traded.
"""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.accounts import Account
from tradewind.exchange.admission import Admission
from tradewind.exchange.backoffice import BackOffice
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import Execution
from tradewind.exchange.feed import Point
from tradewind.exchange.listing import Listing
from tradewind.exchange.money import LARGEST, ZERO
from tradewind.exchange.orders import Cause, Order, OrderRequest, OrderStatus, OrderType, TimeInForce
from tradewind.exchange.plan import Plan, plan_order
from tradewind.exchange.refusal import Refusal, Refused


class Matching:
    """Accepts orders and makes them trade. `Refused` is raised before anything has changed."""

    def __init__(self, office: BackOffice, admission: Admission) -> None:
        self.office = office
        self.admission = admission

    # --- accepting

    def place(
        self, account_id: str, request: OrderRequest, cause: Cause = Cause.CLIENT, algo_id: int = 0
    ) -> Order:
        """An accepted order, as far as it could trade at once. Its fills are in `order.trades`."""
        account, listing, desk = self.admission.admit(account_id, request)
        order = self.admission.order(account, request, cause, algo_id)
        plan = self.plan(desk, order, listing)
        self.reserve(order, account, listing, plan)
        self.office.register(order, account)
        self.enter(order, account, listing, desk, plan)
        return order

    def turn_away(self, account_id: str, request: OrderRequest, reason: str) -> Order:
        """A limit order that is accepted and cancelled at once, whatever it would meet: NEW, then CANCELED."""
        account, listing, _ = self.admission.admit(account_id, request)
        order = self.admission.order(account, request)
        self.reserve(order, account, listing, Plan())
        self.office.register(order, account)
        order.working_ms = self.office.times.now
        self.office.reporting.order(order, Execution.NEW)
        self.office.end(order, OrderStatus.CANCELED, Execution.CANCELED, reason)
        return order

    def check(self, account_id: str, request: OrderRequest) -> None:
        """`Refused` when `place` would refuse; nothing changes."""
        account, listing, desk = self.admission.admit(account_id, request)
        order = self.admission.order(account, request)
        self.reserve(order, account, listing, self.plan(desk, order, listing))
        if listing.is_spot:
            order.status = OrderStatus.CANCELED
            self.office.spot.hold(order, account, listing)

    def plan(self, desk: Desk, order: Order, listing: Listing) -> Plan:
        """What an order would meet now; `Refused` when it must not."""
        quantity = order.remaining
        if order.quote_quantity and not order.quantity:
            quantity = LARGEST
        room = self.office.bound(order)
        if room is not None:
            if not room:
                raise Refused(Refusal.REDUCE_ONLY, "there is no position that this order could reduce")
            quantity = min(quantity, room)
        plan = plan_order(desk, order, quantity, listing.filters.step, self.office.bound)
        if order.type is OrderType.LIMIT_MAKER and (plan.fills or plan.prevented):
            raise Refused(Refusal.WOULD_TAKE, "the order would trade at once as taker")
        if order.type is OrderType.MARKET and not listing.is_spot:
            self._check_counterparty(desk, order, listing, plan)
        if order.time_in_force is TimeInForce.FOK and not listing.is_spot and plan.quantity < quantity:
            raise Refused(Refusal.NOT_FILLABLE, "the order cannot be filled whole at once")
        if order.quote_quantity and not order.quantity:
            order.quantity = plan.quantity
        return plan

    def _check_counterparty(self, desk: Desk, order: Order, listing: Listing, plan: Plan) -> None:
        """Futures: the best price that a market order meets must itself be within PERCENT_PRICE."""
        if not plan.fills:
            return
        best, filters, mark = plan.fills[0][0], listing.filters, desk.mark(self.office.times.now)
        low = mark * (filters.bid_multiplier_down if order.is_buy else filters.ask_multiplier_down)
        high = mark * (filters.bid_multiplier_up if order.is_buy else filters.ask_multiplier_up)
        if best < low or (high and best > high):
            raise Refused(Refusal.NO_LIQUIDITY, f"the best price is {best}, expected {low} to {high}")

    def reserve(self, order: Order, account: Account, listing: Listing, plan: Plan) -> None:
        """Hold what the order needs; `Refused` when that much is not there."""
        if listing.is_spot:
            self.office.spot.admit(order, account, listing)
            if order.price:
                self.office.spot.hold(order, account, listing)
            else:
                self.office.spot.afford(order, account, listing, plan.cost)
        else:
            quantity, value = plan.quantity, plan.cost
            if order.price and order.is_buy:
                quantity, value = order.remaining, order.price * order.remaining
            elif order.price:  # a sell may trade at more than its price
                value += order.price * (order.remaining - quantity)
                quantity = order.remaining
            self.office.futures.afford(order, account, listing, value, quantity)

    def enter(self, order: Order, account: Account, listing: Listing, desk: Desk, plan: Plan) -> None:
        """Into the book, through the market: NEW, then its trades, then it rests or expires."""
        order.working_ms = self.office.times.now
        self.office.reporting.order(order, Execution.NEW)
        if order.price and listing.is_spot:
            self.office.reporting.balances_of(account, listing, order)
        self.execute(order, account, listing, desk, plan)

    def execute(self, order: Order, account: Account, listing: Listing, desk: Desk, plan: Plan) -> None:
        """Trade as planned; what is left rests or ends."""
        short = order.time_in_force is TimeInForce.FOK and plan.quantity < order.remaining
        if not short:
            for own in plan.expiring:
                if own.status.is_open:
                    own.prevented += min(own.remaining, plan.prevented)
                    self.office.end(own, OrderStatus.EXPIRED_IN_MATCH, Execution.TRADE_PREVENTION)
            for price, quantity, maker in plan.fills:
                self._trade(order, account, listing, desk, price, quantity, maker)
        order.prevented += plan.prevented
        if not listing.is_spot and plan.fills:
            self.office.sweep(listing, desk, {order.account} | {m.account for _, _, m in plan.fills if m})
        if not order.status.is_open:
            return
        if plan.stopped:
            self.office.end(order, OrderStatus.EXPIRED_IN_MATCH, Execution.TRADE_PREVENTION)
        elif not self._may_rest(order):
            self.office.end(order, OrderStatus.EXPIRED, Execution.EXPIRED)
        elif desk.book.crosses(order):  # a reducing order met itself, or one that could give no more
            again = self.plan(desk, order, listing)
            if again.fills:
                self.execute(order, account, listing, desk, again)
            else:
                self.office.end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason="reduce_only")
        else:
            self._rest(order, account, listing, desk)

    def _may_rest(self, order: Order) -> bool:
        limit = order.type in (OrderType.LIMIT, OrderType.LIMIT_MAKER)
        return limit and order.time_in_force in (TimeInForce.GTC, TimeInForce.GTX, TimeInForce.GTD)

    def _rest(self, order: Order, account: Account, listing: Listing, desk: Desk) -> None:
        order.working = True
        order.queue_ahead = desk.crowd_at(order.price, order.is_buy)
        desk.book.add(order)
        if order.good_till_ms:
            desk.dated[order.id] = order
        self.office.wake(desk)
        self.office.settlement(listing).hold(order, account, listing)

    # --- trading

    def _trade(
        self,
        order: Order,
        account: Account,
        listing: Listing,
        desk: Desk,
        price: Decimal,
        quantity: Decimal,
        maker: Order | None,
    ) -> None:
        if maker is not None:
            if not maker.status.is_open:
                return
            bound = self.office.bound(maker)
            quantity = quantity if bound is None else min(quantity, bound)
            if quantity <= 0:
                return
        else:
            desk.depth.take(price, quantity)
            self._advance_queue(desk, price, quantity, not order.is_buy)
        number = self.office.trade_number()
        self.office.fill(order, account, listing, desk, price, quantity, False, number)
        if maker is not None:
            owner = self.office.treasury.accounts[maker.account]
            self.office.fill(maker, owner, listing, desk, price, quantity, True, number)

    def _advance_queue(self, desk: Desk, price: Decimal, quantity: Decimal, bids: bool) -> None:
        """Crowd that stood before resting orders at a price is gone."""
        for order in desk.book.at(price, bids):
            order.queue_ahead = max(ZERO, order.queue_ahead - quantity)

    def on_point(self, desk: Desk, point: Point) -> None:
        """The tape moved: resting orders fill by its volume."""
        desk.stand(point)
        if desk.book and point.lots:
            self._fill_by_tape(desk, point)

    def _fill_by_tape(self, desk: Desk, point: Point) -> None:
        price = desk.feed.price(point.price)
        left = desk.feed.quantity(point.lots)
        listing = self.office.listings[desk.symbol]
        touched: set[str] = set()
        bid, ask = desk.book.best_bid(), desk.book.best_ask()
        if bid is not None and bid >= price:
            levels, at_price = desk.book.bids(), point.buyer_is_maker
        elif ask is not None and ask <= price:
            levels, at_price = desk.book.asks(), not point.buyer_is_maker
        else:
            return
        for level, orders in [(lv, list(orders)) for lv, orders in levels]:
            through = level > price if orders[0].is_buy else level < price
            if left <= 0 or not (through or (level == price and at_price)):
                break
            left = self._fill_level(desk, listing, level, orders, left, through, touched)
        if touched and not listing.is_spot:
            self.office.sweep(listing, desk, touched)

    def _fill_level(
        self,
        desk: Desk,
        listing: Listing,
        price: Decimal,
        orders: list[Order],
        left: Decimal,
        through: bool,
        touched: set[str],
    ) -> Decimal:
        """Fill the orders of one level in order of time; returns the volume that is left."""
        eaten = ZERO  # of the crowd that stood between them
        for order in orders:
            ahead = ZERO if through else max(ZERO, order.queue_ahead - eaten)
            part = min(ahead, left)
            eaten, left = eaten + part, left - part
            order.queue_ahead = ZERO if through else max(ZERO, order.queue_ahead - eaten)
            bound = self.office.bound(order)
            quantity = min(order.remaining, left if bound is None else min(left, bound))
            if quantity > 0 and order.queue_ahead == 0:
                number = self.office.trade_number()
                account = self.office.treasury.accounts[order.account]
                self.office.fill(order, account, listing, desk, price, quantity, True, number)
                touched.add(order.account)
                left -= quantity
        return left
