"""What becomes an order, and what is refused before."""

from __future__ import annotations

from tradewind.exchange.accounts import Account
from tradewind.exchange.backoffice import BackOffice
from tradewind.exchange.desk import Desk
from tradewind.exchange.history import average
from tradewind.exchange.listing import Listing
from tradewind.exchange.orders import Cause, Order, OrderRequest, OrderType, TimeInForce
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.rules import check_good_till, check_hedge, check_request, none_to_zero
from tradewind.market import Side


class Admission:
    """Judges requests against the market's rules and the account's limits, but not against its money."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office

    def admit(self, account_id: str, request: OrderRequest) -> tuple[Account, Listing, Desk]:
        """Whose order, in which market; `Refused` with the first reason against it."""
        account = self._office.treasury.account(account_id)
        listing = self._office.listings[request.symbol]
        desk = self._office.desks[request.symbol]
        desk.sync(self._office.times.now)
        now = self._office.times.now
        check_request(request, listing, average(desk, now) if listing.is_spot else desk.mark(now))
        check_good_till(request, now)
        self._check_account(account, request, listing)
        return account, listing, desk

    def _check_account(self, account: Account, request: OrderRequest, listing: Listing) -> None:
        if not account.can_trade:
            raise Refused(Refusal.NOT_TRADING, "the account may not trade")
        if not listing.is_spot:
            check_hedge(request, account.hedge)
        open_orders = account.open_orders.get(request.symbol)
        if listing.filters.max_position and listing.is_spot and request.side is Side.BUY:
            self._check_position(account, request, listing)
        if not open_orders:
            return
        if len(open_orders) >= listing.filters.max_orders:
            raise Refused(Refusal.MAX_ORDERS, f"{len(open_orders)} orders are open, no more are allowed")
        if request.client_id:
            for order in open_orders.values():
                if order.client_id == request.client_id:
                    raise Refused(Refusal.DUPLICATE_CLIENT_ID, "an open order has this client id")

    def _check_position(self, account: Account, request: OrderRequest, listing: Listing) -> None:
        """What is held and what open buys may bring must not pass the limit."""
        balance = account.balance(listing.base)
        bids = (o.remaining for o in account.open_in(request.symbol).values() if o.is_buy)
        total = balance.free + balance.locked + sum(bids, none_to_zero(request.quantity))
        if total > listing.filters.max_position:
            raise Refused(
                Refusal.MAX_POSITION,
                f"the position would be {total} {listing.base}, at most {listing.filters.max_position} is allowed",
            )

    def order(
        self,
        account: Account,
        request: OrderRequest,
        cause: Cause = Cause.CLIENT,
        algo_id: int = 0,
        ahead: int = 0,
    ) -> Order:
        """The order that the request asks for; nobody knows of it yet. `ahead` others are registered before."""
        order_id = self._office.numbers.order + ahead  # used up only when the order is registered
        now, wire = self._office.times.now, self._office.times.wire_ms()
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
            trailing_delta=request.trailing_delta or 0,
            iceberg=none_to_zero(request.iceberg_quantity),
            take_profit=request.take_profit,
            stop_loss=request.stop_loss,
            good_till_ms=request.good_till_ms,
            price_match=request.price_match,
        )
