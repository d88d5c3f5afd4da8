"""Order lists: two spot orders of which one cancels the other (OCO)."""

from __future__ import annotations

from collections.abc import Iterator

from tradewind.exchange.accounts import Account
from tradewind.exchange.backoffice import BackOffice
from tradewind.exchange.changes import Changes
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import Execution, OrderListUpdate
from tradewind.exchange.listing import Listing
from tradewind.exchange.matching import Matching
from tradewind.exchange.money import ZERO
from tradewind.exchange.orders import (
    TAKE_PROFITS,
    ListStatus,
    Order,
    OrderList,
    OrderRequest,
    OrderStatus,
    OrderType,
)
from tradewind.exchange.plan import Plan
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.stops import Stops

_PROFITS = {OrderType.LIMIT_MAKER} | TAKE_PROFITS
_STOPS = {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}


class OrderLists:
    """Pairs of one limit maker or take profit and one stop, which hold together what the dearer of them needs.

    When one of them trades or triggers, the other expires; when one is cancelled, so is the other.
    """

    def __init__(self, matching: Matching, stops: Stops, changes: Changes, keep: int) -> None:
        self._matching = matching
        self._stops = stops
        self._changes = changes
        self._keep = keep
        self._office: BackOffice = matching.office
        self._lists: dict[int, OrderList] = {}

    # --- what accounts ask

    def place(
        self, account_id: str, first: OrderRequest, second: OrderRequest, client_id: str = ""
    ) -> OrderList:
        """Both orders, or `Refused` and neither. Same market, side and quantity; ids in the order given."""
        try:
            return self._place(account_id, (first, second), client_id)
        finally:
            self._office.reporting.stream.deliver()

    def cancel(
        self,
        account_id: str,
        symbol: str,
        list_id: int | None = None,
        client_id: str = "",
        cancel_client_id: str = "",
    ) -> OrderList:
        """The list, both orders cancelled; `Refused` UNKNOWN_ORDER when none of them is open."""
        found = self.find(account_id, list_id, client_id)
        if found.symbol != symbol or found.status is not ListStatus.EXECUTING:
            raise Refused(Refusal.UNKNOWN_ORDER, "no such order list is open")
        try:
            order = next(order for order in self.orders(found) if order.status.is_open)
            self._changes.cancel(account_id, symbol, order.id, cancel_client_id=cancel_client_id)
            return found
        finally:
            self._office.reporting.stream.deliver()

    def find(self, account_id: str, list_id: int | None = None, client_id: str = "") -> OrderList:
        """By id, or the newest of that name; `Refused` UNKNOWN_ORDER when the account has none such."""
        for found in self._newest(account_id):
            if found.id == list_id if list_id is not None else found.client_id == client_id:
                return found
        raise Refused(Refusal.UNKNOWN_ORDER, "the order list does not exist")

    def all(
        self,
        account_id: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> list[OrderList]:
        """Lists by id, ascending: with `from_id` or `start_ms` the first, else the newest."""
        kept = [
            found
            for found in self._newest(account_id)
            if (from_id is None or found.id >= from_id)
            and (start_ms is None or found.created_ms >= start_ms)
            and (end_ms is None or found.created_ms <= end_ms)
        ][::-1]
        return kept[:limit] if from_id is not None or start_ms is not None else kept[-limit:]

    def open(self, account_id: str) -> list[OrderList]:
        """Those that are not done, by id."""
        return [found for found in self._newest(account_id) if found.status is ListStatus.EXECUTING][::-1]

    def orders(self, found: OrderList) -> list[Order]:
        """Its two orders, as far as they are still on record."""
        records = self._office.records
        return [order for order in map(records.known, found.order_ids) if order is not None]

    # --- what happens to its orders

    def lead(self, order: Order) -> None:
        """One is about to trade or has triggered: the other expires, and this one holds its own money."""
        found = self._lists[order.list_id]
        if found.leading:
            return
        found.leading = order.id
        partner = self._open_partner(found, order)
        if partner is not None:
            self._office.end(partner, OrderStatus.EXPIRED, Execution.EXPIRED)
        order.covered = ZERO
        account, listing = self._office.treasury.accounts[order.account], self._office.listings[order.symbol]
        self._office.spot.hold(order, account, listing)

    def closed(self, order: Order, cancel_client_id: str) -> None:
        """One is done: so is the list, or the other goes the same way, by a cancel of the same name."""
        found = self._lists[order.list_id]
        partner = self._open_partner(found, order)
        if partner is None:
            if found.status is ListStatus.EXECUTING:
                self._tell(found, ListStatus.ALL_DONE)
                self._let_go()
        elif not found.leading:
            found.leading = order.id
            if order.status is not OrderStatus.CANCELED:
                self._office.end(partner, OrderStatus.EXPIRED, Execution.EXPIRED)
                return
            self._office.end(
                partner,
                OrderStatus.CANCELED,
                Execution.CANCELED,
                original_client_id=partner.client_id,
                client_id=cancel_client_id,
            )

    def forget(self, account_id: str) -> None:
        """An account was wiped."""
        self._lists = {k: found for k, found in self._lists.items() if found.account != account_id}

    def kept(self) -> list[OrderList]:
        return list(self._lists.values())

    def put(self, found: OrderList) -> None:
        """Restore a list as it was."""
        self._lists[found.id] = found

    # --- placing

    def _place(
        self, account_id: str, requests: tuple[OrderRequest, OrderRequest], client_id: str
    ) -> OrderList:
        self._check_pair(account_id, requests, client_id)
        admitted = [self._admit(account_id, request) for request in requests]
        account, listing, desk = admitted[0]
        self._check_room(account, listing, desk, requests)
        orders, plans = self._prepare(account, listing, desk, requests)
        now, wire = self._office.times.now, self._office.times.wire_ms()
        numbers = self._office.numbers
        found = OrderList(
            numbers.order_list,
            account_id,
            listing.symbol,
            client_id or f"list-{numbers.order_list}",
            (orders[0].id, orders[1].id),
            now,
            wire,
            now,
            wire,
        )
        numbers.order_list += 1
        self._lists[found.id] = found
        for order in orders:
            order.list_id = found.id
            self._office.register(order, account)
        self._tell(found, ListStatus.EXECUTING)
        for order, plan in zip(orders, plans, strict=True):
            if plan is None:
                self._stops.wait(order, account, listing, desk)
            else:
                self._matching.enter(order, account, listing, desk, plan)
        return found

    def _prepare(
        self, account: Account, listing: Listing, desk: Desk, requests: tuple[OrderRequest, OrderRequest]
    ) -> tuple[list[Order], list[Plan | None]]:
        """Both orders with their money held, the second holding what it needs beyond the first."""
        orders: list[Order] = []
        plans: list[Plan | None] = []
        for ahead, request in enumerate(requests):
            if request.type.is_conditional:
                orders.append(self._stops.order(account, request, desk, ahead))
                plans.append(None)
            else:
                orders.append(self._matching.admission.order(account, request, ahead=ahead))
                plans.append(self._matching.plan(desk, orders[-1], listing))
        first, second = orders
        spot, asset = self._office.spot, listing.quote if first.is_buy else listing.base
        for order in orders:
            spot.admit(order, account, listing)
            spot.require(account, asset, spot.need(order))
        spot.hold(first, account, listing)
        second.covered = first.locked
        spot.hold(second, account, listing)
        return orders, plans

    def _admit(self, account_id: str, request: OrderRequest) -> tuple[Account, Listing, Desk]:
        if request.type.is_conditional:
            return self._stops.admit(account_id, request)
        return self._matching.admission.admit(account_id, request)

    def _check_pair(
        self, account_id: str, requests: tuple[OrderRequest, OrderRequest], client_id: str
    ) -> None:
        first, second = requests
        same = (first.symbol, first.side, first.quantity) == (second.symbol, second.side, second.quantity)
        if not same or first.quantity is None:
            raise Refused(
                Refusal.BAD_REQUEST, "both orders of a list need the same market, side and quantity"
            )
        kinds = {first.type, second.type}
        if not (kinds & _PROFITS and kinds & _STOPS):
            raise Refused(
                Refusal.BAD_REQUEST, "a list takes one limit maker or take profit and one stop order"
            )
        if not self._office.listings[first.symbol].is_spot:
            raise Refused(Refusal.UNSUPPORTED_TYPE, "order lists are for spot markets")
        if first.client_id and first.client_id == second.client_id:
            raise Refused(Refusal.DUPLICATE_CLIENT_ID, "both orders of the list have the same client id")
        if client_id and any(found.client_id == client_id for found in self.open(account_id)):
            raise Refused(Refusal.DUPLICATE_CLIENT_ID, "an open order list has this client id")

    def _check_room(
        self, account: Account, listing: Listing, desk: Desk, requests: tuple[OrderRequest, OrderRequest]
    ) -> None:
        """Each order was admitted alone: there must be room for two, and for two that wait."""
        if len(account.open_in(listing.symbol)) + 2 > listing.filters.max_orders:
            raise Refused(Refusal.MAX_ORDERS, "there is no room for two more orders")
        waiting = sum(order.account == account.id for order in desk.stops.values())
        if waiting + sum(r.type.is_conditional for r in requests) > listing.filters.max_algo_orders:
            raise Refused(Refusal.MAX_ALGO_ORDERS, "too many stop orders are open")

    # --- keeping

    def _newest(self, account_id: str) -> Iterator[OrderList]:
        return (found for found in reversed(self._lists.values()) if found.account == account_id)

    def _open_partner(self, found: OrderList, order: Order) -> Order | None:
        partner = next((other for other in self.orders(found) if other is not order), None)
        return partner if partner is not None and partner.status.is_open else None

    def _tell(self, found: OrderList, status: ListStatus) -> None:
        times, stream = self._office.times, self._office.reporting.stream
        found.status, found.updated_ms, found.updated_wire_ms = status, times.now, times.wire_ms()
        if stream.heard:
            stream.emit(
                OrderListUpdate(found.account, found, status, found.updated_ms, found.updated_wire_ms)
            )

    def _let_go(self) -> None:
        """The oldest lists that are done are forgotten."""
        while len(self._lists) > self._keep:
            oldest = next(
                (n for n, found in self._lists.items() if found.status is ListStatus.ALL_DONE), None
            )
            if oldest is None:
                return
            del self._lists[oldest]
