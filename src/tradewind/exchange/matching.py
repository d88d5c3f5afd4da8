"""The life of an order: accepted, matched by price and time, filled by the tape, amended, cancelled.

Orders meet the crowd's book and each other; at one price the crowd that stood there first goes first. A
resting order fills when the tape trades through its price, or at it after the queue before it is eaten, by no
more than the volume that traded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange.accounts import Account, Treasury
from tradewind.exchange.clock import Times
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import Execution
from tradewind.exchange.feed import Point
from tradewind.exchange.futures import FuturesSettlement, reduces, reducible
from tradewind.exchange.listing import Listing, Listings
from tradewind.exchange.money import LARGEST, ZERO, floor
from tradewind.exchange.orders import Cause, Order, OrderRequest, OrderStatus, OrderType, TimeInForce, Trade
from tradewind.exchange.plan import Plan, plan_order
from tradewind.exchange.records import Records
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.reporting import Reporting
from tradewind.exchange.rules import (
    check_hedge,
    check_not_triggered,
    check_request,
    check_status,
    is_triggered,
    none_to_zero,
)
from tradewind.exchange.spot import SpotSettlement


@dataclass(slots=True)
class Numbers:
    """The next ids."""

    order: int = 1
    trade: int = 1
    algo: int = 1


class Matching:
    """Accepts, fills and ends orders. All methods raise `Refused` before anything has changed."""

    def __init__(
        self,
        desks: dict[str, Desk],
        listings: Listings,
        treasury: Treasury,
        records: Records,
        reporting: Reporting,
        spot: SpotSettlement,
        futures: FuturesSettlement,
        times: Times,
        numbers: Numbers,
    ) -> None:
        self.desks = desks
        self.listings = listings
        self.treasury = treasury
        self.records = records
        self.reporting = reporting
        self.spot = spot
        self.futures = futures
        self.times = times
        self.numbers = numbers
        self.on_closed: Callable[[Order], None] = _nothing  # an order of a conditional one is done
        self.on_position: Callable[[Desk], None] = _nothing  # positions of a market may be gone

    # --- accepting

    def place(
        self, account_id: str, request: OrderRequest, cause: Cause = Cause.CLIENT, algo_id: int = 0
    ) -> Order:
        """An accepted order, as far as it could trade at once. Its fills are in `order.trades`."""
        account, listing, desk = self._check(account_id, request)
        order = self._order(account, request, cause, algo_id)
        if order.type.is_conditional:
            self._accept_stop(order, account, listing, desk)
        else:
            plan = self._plan(desk, order, listing)
            self._reserve(order, account, listing, plan)
            self._register(order, account)
            self._enter(order, account, listing, desk, plan)
        return order

    def check(self, account_id: str, request: OrderRequest) -> None:
        """`Refused` when `place` would refuse; nothing changes."""
        account, listing, desk = self._check(account_id, request)
        order = self._order(account, request, Cause.CLIENT, 0)
        if not order.type.is_conditional:
            plan = self._plan(desk, order, listing)
            self._reserve(order, account, listing, plan)
        elif listing.is_spot:
            self._hold_stop(order, account, listing)
        if listing.is_spot:
            order.status = OrderStatus.CANCELED
            self.spot.hold(order, account, listing)

    def _check(self, account_id: str, request: OrderRequest) -> tuple[Account, Listing, Desk]:
        account = self.treasury.account(account_id)
        listing = self.listings[request.symbol]
        desk = self.desks[request.symbol]
        desk.sync(self.times.now)
        check_request(request, listing, desk.last(self.times.now))
        self._check_account(account, request, listing)
        if request.type.is_conditional:
            if request.type is OrderType.TRAILING_STOP or not listing.is_spot:
                raise Refused(
                    Refusal.UNSUPPORTED_TYPE, f"{request.type} orders belong on the conditional list"
                )
            if (
                len([s for s in desk.stops.values() if s.account == account_id])
                >= listing.filters.max_algo_orders
            ):
                raise Refused(Refusal.MAX_ALGO_ORDERS, "too many stop orders are open")
            check_not_triggered(request, desk.last(self.times.now))
        return account, listing, desk

    def _check_account(self, account: Account, request: OrderRequest, listing: Listing) -> None:
        if not account.can_trade:
            raise Refused(Refusal.NOT_TRADING, "the account may not trade")
        if not listing.is_spot:
            check_hedge(request, account.hedge)
        open_orders = account.open_orders.get(request.symbol)
        if not open_orders:
            return
        if len(open_orders) >= listing.filters.max_orders:
            raise Refused(Refusal.MAX_ORDERS, f"{len(open_orders)} orders are open, no more are allowed")
        if request.client_id:
            for order in open_orders.values():
                if order.client_id == request.client_id:
                    raise Refused(Refusal.DUPLICATE_CLIENT_ID, "an open order has this client id")

    def _order(self, account: Account, request: OrderRequest, cause: Cause, algo_id: int) -> Order:
        order_id = self.numbers.order  # used up only when the order is registered
        now, wire = self.times.now, self.times.wire_ms()
        post_only = request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.GTX
        kind = OrderType.LIMIT_MAKER if post_only else request.type
        return Order(
            id=order_id,
            account=account.id,
            client_id=request.client_id or f"auto-{order_id}",
            symbol=request.symbol,
            side=request.side,
            type=kind,
            time_in_force=request.time_in_force,
            quantity=none_to_zero(request.quantity),
            quote_quantity=none_to_zero(request.quote_quantity),
            price=none_to_zero(request.price),
            stop_price=none_to_zero(request.stop_price),
            position_side=request.position_side,
            reduce_only=request.reduce_only,
            close_position=request.close_position,
            trigger_by=request.trigger_by,
            self_trade=request.self_trade,
            created_ms=now,
            created_wire_ms=wire,
            updated_ms=now,
            updated_wire_ms=wire,
            original_type=request.type,
            cause=cause,
            algo_id=algo_id,
        )

    def _plan(self, desk: Desk, order: Order, listing: Listing) -> Plan:
        quantity = order.remaining
        if order.quote_quantity and not order.quantity:
            quantity = LARGEST
        if not listing.is_spot and reduces(order):
            room = reducible(order, self.treasury.accounts[order.account])
            if not room:
                raise Refused(Refusal.REDUCE_ONLY, "there is no position that this order could reduce")
            quantity = min(quantity, room)
        plan = plan_order(desk, order, quantity, listing.filters.step, self._fillable)
        if order.type is OrderType.LIMIT_MAKER and (plan.fills or plan.prevented):
            raise Refused(Refusal.WOULD_TAKE, "the order would trade at once as taker")
        if order.time_in_force is TimeInForce.FOK and not listing.is_spot and plan.quantity < quantity:
            raise Refused(Refusal.NOT_FILLABLE, "the order cannot be filled whole at once")
        if order.quote_quantity and not order.quantity:
            order.quantity = plan.quantity
        return plan

    def _fillable(self, order: Order) -> Decimal | None:
        if self.listings[order.symbol].is_spot or not reduces(order):
            return None
        return reducible(order, self.treasury.accounts[order.account])

    def _reserve(self, order: Order, account: Account, listing: Listing, plan: Plan) -> None:
        if listing.is_spot:
            self.spot.admit(order, account, listing)
            if order.price:
                self.spot.hold(order, account, listing)
            else:
                self.spot.afford(order, account, listing, plan.cost)
        else:
            value = order.price * order.remaining if order.price and order.is_buy else plan.cost
            if order.price and not order.is_buy:  # what rests of a sell may be worth more than its price
                value += order.price * (order.remaining - plan.quantity)
            self.futures.afford(order, account, listing, value)

    def _register(self, order: Order, account: Account) -> None:
        self.numbers.order += 1
        account.open_in(order.symbol)[order.id] = order
        self.records.add(order)

    def _enter(self, order: Order, account: Account, listing: Listing, desk: Desk, plan: Plan) -> None:
        """Into the book, through the market: NEW, then its trades, then it rests or expires."""
        order.working_ms = self.times.now
        self.reporting.order(order, Execution.NEW)
        if order.price and listing.is_spot:
            self.reporting.balances_of(account, listing, order)
        self._execute(order, account, listing, desk, plan)

    def _execute(self, order: Order, account: Account, listing: Listing, desk: Desk, plan: Plan) -> None:
        short = order.time_in_force is TimeInForce.FOK and plan.quantity < order.remaining
        if not short:
            for own in plan.expiring:
                if own.status.is_open:
                    own.prevented += min(own.remaining, plan.prevented)
                    self._end(own, OrderStatus.EXPIRED_IN_MATCH, Execution.TRADE_PREVENTION)
            for price, quantity, maker in plan.fills:
                self._trade(order, account, listing, desk, price, quantity, maker)
        order.prevented += plan.prevented
        if not listing.is_spot and plan.fills:
            self._sweep(listing, desk, {order.account} | {m.account for _, _, m in plan.fills if m})
        if not order.status.is_open:
            return
        if plan.stopped:
            self._end(order, OrderStatus.EXPIRED_IN_MATCH, Execution.TRADE_PREVENTION)
        elif not self._may_rest(order):
            self._end(order, OrderStatus.EXPIRED, Execution.EXPIRED)
        elif desk.book.crosses(order):  # a reducing order met itself, or one that could give no more
            again = self._plan(desk, order, listing)
            if again.fills:
                self._execute(order, account, listing, desk, again)
            else:
                self._end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason="reduce_only")
        else:
            self._rest(order, account, listing, desk)

    def _may_rest(self, order: Order) -> bool:
        limit = order.type in (OrderType.LIMIT, OrderType.LIMIT_MAKER)
        return limit and order.time_in_force in (TimeInForce.GTC, TimeInForce.GTX)

    def _rest(self, order: Order, account: Account, listing: Listing, desk: Desk) -> None:
        order.working = True
        order.queue_ahead = desk.crowd_at(order.price, order.is_buy)
        desk.book.add(order)
        self._settlement(listing).hold(order, account, listing)

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
            bound = self._fillable(maker)
            quantity = quantity if bound is None else min(quantity, bound)
            if quantity <= 0:
                return
        else:
            desk.depth.take(price, quantity)
            self._advance_queue(desk, price, quantity, not order.is_buy)
        number = self.numbers.trade
        self.numbers.trade += 1
        self.fill(order, account, listing, desk, price, quantity, False, number)
        if maker is not None:
            owner = self.treasury.accounts[maker.account]
            self.fill(maker, owner, listing, desk, price, quantity, True, number)

    def fill(
        self,
        order: Order,
        account: Account,
        listing: Listing,
        desk: Desk,
        price: Decimal,
        quantity: Decimal,
        maker: bool,
        number: int,
        execution: Execution = Execution.TRADE,
        forced_fee: Decimal | None = None,
    ) -> Trade:
        """Book one fill of one order: status, money, position, records, events.

        `forced_fee` is the rate of a liquidation, which goes to the insurance fund.
        """
        order.filled += quantity
        quote = price * quantity
        order.quote_filled += quote
        done = order.filled == order.quantity
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        realised = ZERO
        if listing.is_spot:
            fee, fee_asset = self.spot.settle(order, account, listing, price, quantity, maker, number)
        else:
            fee, fee_asset, realised = self.futures.settle(
                order, account, listing, price, quantity, maker, number, forced_fee
            )
            self.note_holder(account, listing, desk)
        trade = Trade(
            number,
            order.symbol,
            order.account,
            order.id,
            order.client_id,
            order.side,
            price,
            quantity,
            floor(quote),
            fee,
            fee_asset,
            maker,
            realised,
            order.position_side,
            self.times.now,
            self.times.wire_ms(),
        )
        order.trades.append(trade)
        self.records.add_trade(trade)
        self.reporting.fill(trade)
        if done:
            self._forget(order, account, desk)
        self.reporting.order(order, execution, trade)
        self.reporting.balances_of(account, listing, order, fee_asset)
        return trade

    def force(
        self,
        account: Account,
        request: OrderRequest,
        cause: Cause,
        fee_rate: Decimal,
        execution: Execution,
    ) -> Order:
        """An order of the venue's own, filled whole at its price against nobody's book."""
        listing, desk = self.listings[request.symbol], self.desks[request.symbol]
        order = self._order(account, request, cause, 0)
        self._register(order, account)
        self.reporting.order(order, Execution.NEW)
        number = self.numbers.trade
        self.numbers.trade += 1
        self.fill(
            order, account, listing, desk, order.price, order.quantity, False, number, execution, fee_rate
        )
        self._sweep(listing, desk, {account.id})
        return order

    def note_holder(self, account: Account, listing: Listing, desk: Desk) -> None:
        """Remember who has a position in the market."""
        if account.held(listing.symbol):
            desk.holders.add(account.id)
        else:
            desk.holders.discard(account.id)

    def _advance_queue(self, desk: Desk, price: Decimal, quantity: Decimal, bids: bool) -> None:
        """Crowd that stood before resting orders at a price is gone."""
        for order in desk.book.at(price, bids):
            order.queue_ahead = max(ZERO, order.queue_ahead - quantity)

    def on_point(self, desk: Desk, point: Point) -> None:
        """The tape moved: resting orders fill by its volume, then stops trigger."""
        desk.stand(point)
        if desk.book and point.lots:
            self._fill_by_tape(desk, point)
        if desk.stops:
            self._trigger_stops(desk)

    def _fill_by_tape(self, desk: Desk, point: Point) -> None:
        price = desk.feed.price(point.price)
        left = desk.feed.quantity(point.lots)
        listing = self.listings[desk.symbol]
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
            self._sweep(listing, desk, touched)

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
            bound = self._fillable(order)
            quantity = min(order.remaining, left if bound is None else min(left, bound))
            if quantity > 0 and order.queue_ahead == 0:
                number = self.numbers.trade
                self.numbers.trade += 1
                account = self.treasury.accounts[order.account]
                self.fill(order, account, listing, desk, price, quantity, True, number)
                touched.add(order.account)
                left -= quantity
        return left

    # --- stops

    def _accept_stop(self, order: Order, account: Account, listing: Listing, desk: Desk) -> None:
        self._hold_stop(order, account, listing)
        self._register(order, account)
        desk.stops[order.id] = order
        self.reporting.order(order, Execution.NEW)
        self.reporting.balances_of(account, listing, order)

    def _hold_stop(self, order: Order, account: Account, listing: Listing) -> None:
        self.spot.admit(order, account, listing)
        self.spot.hold(order, account, listing)

    def _trigger_stops(self, desk: Desk) -> None:
        price = desk.last(self.times.now)
        due = [o for o in desk.stops.values() if is_triggered(o.type, o.side, o.stop_price, price)]
        for order in due:
            if order.id in desk.stops:
                self._trigger(order, desk)

    def _trigger(self, order: Order, desk: Desk) -> None:
        account, listing = self.treasury.accounts[order.account], self.listings[order.symbol]
        del desk.stops[order.id]
        order.type = order.type.once_triggered
        order.working_ms = self.times.now
        try:
            check_status(listing)
            plan = self._plan(desk, order, listing)
            if not order.price:
                self.spot.afford(order, account, listing, plan.cost)
        except Refused as refused:
            self._end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason=refused.reason.value)
            return
        self.reporting.order(order, Execution.TRIGGERED)
        if not order.price:  # a market order holds nothing: what it held pays it
            self._unlock(order, account, listing)
        self._execute(order, account, listing, desk, plan)

    def _unlock(self, order: Order, account: Account, listing: Listing) -> None:
        balance = account.balance(listing.quote if order.is_buy else listing.base)
        balance.free += order.locked
        balance.locked -= order.locked
        order.locked = ZERO

    # --- ending and changing

    def cancel(
        self,
        account_id: str,
        symbol: str,
        order_id: int | None = None,
        client_id: str = "",
        cancel_client_id: str = "",
    ) -> Order:
        """The order, cancelled; `Refused` UNKNOWN_ORDER when it is not open."""
        order = self.find_open(account_id, symbol, order_id, client_id)
        self._end(
            order,
            OrderStatus.CANCELED,
            Execution.CANCELED,
            original_client_id=order.client_id,
            client_id=cancel_client_id,
        )
        return order

    def find_open(self, account_id: str, symbol: str, order_id: int | None, client_id: str) -> Order:
        """An open order by id or client id; `Refused` UNKNOWN_ORDER."""
        account = self.treasury.account(account_id)
        self.listings[symbol]
        open_orders = account.open_orders.get(symbol, {})
        if order_id is not None:
            order = open_orders.get(order_id)
            if order is not None and (not client_id or order.client_id == client_id):
                return order
        else:
            for order in open_orders.values():
                if order.client_id == client_id:
                    return order
        raise Refused(Refusal.UNKNOWN_ORDER, "no such order is open")

    def amend(
        self,
        account_id: str,
        symbol: str,
        order_id: int | None = None,
        client_id: str = "",
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        new_client_id: str = "",
    ) -> Order:
        """Another quantity or price for a resting limit order, whose id stays.

        It keeps its place in the queue only if the price stays and the quantity shrinks.
        """
        order = self.find_open(account_id, symbol, order_id, client_id)
        account, listing, desk = self.treasury.accounts[account_id], self.listings[symbol], self.desks[symbol]
        desk.sync(self.times.now)
        old = (order.quantity, order.price)
        new = (old[0] if quantity is None else quantity, old[1] if price is None else price)
        self._check_amendment(order, listing, desk, new, old)
        plan = self._change(order, account, listing, desk, new)
        if new_client_id:
            order.client_id = new_client_id
            self.records.name(order)
        self.reporting.order(order, Execution.AMENDED)
        self.reporting.balances_of(account, listing, order)
        if plan is not None:
            self._execute(order, account, listing, desk, plan)
        return order

    def _change(
        self, order: Order, account: Account, listing: Listing, desk: Desk, new: tuple[Decimal, Decimal]
    ) -> Plan | None:
        """Give an order new quantity and price; None when it stays in its place, else what it now meets."""
        old, plan = (order.quantity, order.price), None
        place = desk.book.remove(order)
        order.working = False
        order.quantity, order.price = new
        stays = new[1] == old[1] and new[0] <= old[0]
        try:
            if not stays:
                plan = self._plan(desk, order, listing)
            self._rehold(order, account, listing)
        except Refused:
            order.quantity, order.price = old
            raise
        finally:
            if plan is None or (order.quantity, order.price) == old:
                desk.book.add(order, place)
                order.working = True
                self._settlement(listing).hold(order, account, listing)
        return plan

    def _check_amendment(
        self,
        order: Order,
        listing: Listing,
        desk: Desk,
        new: tuple[Decimal, Decimal],
        old: tuple[Decimal, Decimal],
    ) -> None:
        if not order.working:
            raise Refused(Refusal.UNSUPPORTED_TYPE, "only resting limit orders can be amended")
        if new == old:
            raise Refused(Refusal.NOTHING_TO_AMEND, "the order has that quantity and price already")
        if new[0] <= order.filled:
            raise Refused(Refusal.BAD_QUANTITY, f"{order.filled} is filled already")
        request = OrderRequest(
            symbol=order.symbol,
            side=order.side,
            type=OrderType.LIMIT,
            quantity=new[0],
            price=new[1],
            reduce_only=order.reduce_only,
            position_side=order.position_side,
        )
        check_request(request, listing, desk.last(self.times.now))

    def _rehold(self, order: Order, account: Account, listing: Listing) -> None:
        self._settlement(listing).hold(order, account, listing)
        if not listing.is_spot:  # it counts for nothing now: it is judged as if it were new
            self.futures.afford(order, account, listing, order.price * order.remaining)

    def end(self, order: Order, execution: Execution, reason: str) -> None:
        """The venue takes an open order away."""
        status = OrderStatus.CANCELED if execution is Execution.CANCELED else OrderStatus.EXPIRED
        self._end(order, status, execution, reason=reason)

    def _end(
        self,
        order: Order,
        status: OrderStatus,
        execution: Execution,
        reason: str = "",
        original_client_id: str = "",
        client_id: str = "",
    ) -> None:
        account, listing = self.treasury.accounts[order.account], self.listings[order.symbol]
        order.status = status
        self._forget(order, account, self.desks[order.symbol])
        self._settlement(listing).hold(order, account, listing)
        self.reporting.order(
            order, execution, reason=reason, original_client_id=original_client_id, client_id=client_id
        )
        if listing.is_spot:
            self.reporting.balances_of(account, listing, order)

    def _forget(self, order: Order, account: Account, desk: Desk) -> None:
        """The order is final: out of book and lists, into the records."""
        if order.working:
            desk.book.remove(order)
            order.working = False
        desk.stops.pop(order.id, None)
        if account.open_in(order.symbol).pop(order.id, None) is not None:
            self.records.close(order)
            if order.algo_id:
                self.on_closed(order)

    def _settlement(self, listing: Listing) -> SpotSettlement | FuturesSettlement:
        return self.spot if listing.is_spot else self.futures

    def _sweep(self, listing: Listing, desk: Desk, accounts: set[str]) -> None:
        """Reducing orders end when there is nothing left to reduce."""
        for name in sorted(accounts):
            account = self.treasury.accounts[name]
            for order in list(account.open_in(listing.symbol).values()):
                if reduces(order) and not reducible(order, account):
                    self._end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason="reduce_only")
        if desk.algos:
            self.on_position(desk)


def _nothing(_: object) -> None:
    """Until somebody is to be told."""
