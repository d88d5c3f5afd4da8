"""Cancelling and amending open orders."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.accounts import Account
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import Execution
from tradewind.exchange.history import average
from tradewind.exchange.listing import Listing
from tradewind.exchange.matching import Matching
from tradewind.exchange.orders import Exit, Order, OrderRequest, OrderStatus, OrderType
from tradewind.exchange.plan import Plan
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.rules import check_request


class Changes:
    """What an account may do to its open orders. `Refused` changes nothing."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._office = matching.office

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
        self._office.end(
            order,
            OrderStatus.CANCELED,
            Execution.CANCELED,
            original_client_id=order.client_id,
            client_id=cancel_client_id,
        )
        return order

    def find_open(self, account_id: str, symbol: str, order_id: int | None, client_id: str) -> Order:
        """An open order by id or client id; `Refused` UNKNOWN_ORDER."""
        account = self._office.treasury.account(account_id)
        self._office.listings[symbol]
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
        account, listing, desk = (
            self._office.treasury.accounts[account_id],
            self._office.listings[symbol],
            self._office.desks[symbol],
        )
        desk.sync(self._office.times.now)
        old = (order.quantity, order.price)
        new = (old[0] if quantity is None else quantity, old[1] if price is None else price)
        self._check_amendment(order, listing, desk, new, old)
        plan = self._change(order, account, listing, desk, new)
        if new_client_id:
            self._office.records.rename(order, new_client_id)
        self._office.reporting.order(order, Execution.AMENDED)
        self._office.reporting.balances_of(account, listing, order)
        if plan is not None:
            self._matching.execute(order, account, listing, desk, plan)
        return order

    def change_exits(
        self,
        account_id: str,
        symbol: str,
        order_id: int,
        take_profit: Exit | None = None,
        stop_loss: Exit | None = None,
    ) -> Order:
        """Another take profit or stop loss for an open order, from its next fill on; None leaves the old."""
        order = self.find_open(account_id, symbol, order_id, "")
        order.take_profit = take_profit or order.take_profit
        order.stop_loss = stop_loss or order.stop_loss
        self._office.reporting.order(order, Execution.AMENDED)
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
                plan = self._matching.plan(desk, order, listing)
                self._rehold(order, account, listing)
        except Refused:
            order.quantity, order.price = old
            raise
        finally:
            if plan is None or (order.quantity, order.price) == old:
                desk.book.add(order, place)
                order.working = True
                self._office.settlement(listing).hold(order, account, listing)
        return plan

    def _check_amendment(
        self,
        order: Order,
        listing: Listing,
        desk: Desk,
        new: tuple[Decimal, Decimal],
        old: tuple[Decimal, Decimal],
    ) -> None:
        if order.list_id or order.iceberg:
            raise Refused(Refusal.UNSUPPORTED_TYPE, "orders of a list and icebergs cannot be amended")
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
        now = self._office.times.now
        check_request(request, listing, average(desk, now) if listing.is_spot else desk.mark(now))

    def _rehold(self, order: Order, account: Account, listing: Listing) -> None:
        self._office.settlement(listing).hold(order, account, listing)
        if not listing.is_spot:  # it counts for nothing now: it is judged as if it were new
            value = order.price * order.remaining
            self._office.futures.afford(order, account, listing, value, order.remaining)
