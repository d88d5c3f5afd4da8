"""Order lists of Binance Spot: questions, cancels, and the kinds of orders that no market here allows."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import OrderList
from tradewind.gateway.binance.failure import Failure, not_together
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.changes import cancel_name, order_named
from tradewind.gateway.binance.spot.markets import day_span, listing_of
from tradewind.gateway.binance.spot.shown import cancelled, order_list

routes = Routes("/api/v3")


@routes.on("GET", "/orderList", weight=4, security=Security.READ, takes="orderListId origClientOrderId")
def one_list(call: Call) -> Any:
    """One order list, open or done."""
    list_id, name = order_named(call.params, "orderListId", "origClientOrderId")
    return _shown(call, call.exchange.lists.find(call.account, list_id, name))


@routes.on("GET", "/allOrderList", weight=20, security=Security.READ, takes="fromId startTime endTime limit")
def all_lists(call: Call) -> Any:
    """Order lists by id, from `fromId` or `startTime` on, else the newest."""
    start, end = day_span(call)
    first = call.params.maybe_integer("fromId")
    if first is not None and (start is not None or end is not None):
        raise not_together()
    limit = call.params.limit(500, 1000)
    found = call.exchange.lists.all(call.account, start_ms=start, end_ms=end, from_id=first, limit=limit)
    return [_shown(call, one) for one in found]


@routes.on("GET", "/openOrderList", weight=6, security=Security.READ, takes="")
def open_lists(call: Call) -> Any:
    """Order lists that are not done."""
    return [_shown(call, one) for one in call.exchange.lists.open(call.account)]


def _shown(call: Call, found: OrderList) -> dict[str, Any]:
    return order_list(found, call.exchange.lists.orders(found))


@routes.on(
    "DELETE",
    "/orderList",
    security=Security.TRADE,
    takes="symbol orderListId listClientOrderId newClientOrderId",
)
def cancel_list(call: Call) -> Any:
    """Cancel both orders of a list, as cancelling one of them does."""
    listing = listing_of(call)
    list_id, client_id = order_named(call.params, "orderListId", "listClientOrderId")
    name = cancel_name(call.params, "newClientOrderId")
    lists = call.exchange.lists
    found = lists.cancel(call.account, listing.symbol, list_id, client_id, cancel_client_id=name)
    orders = lists.orders(found)
    reports = [cancelled(order, order.client_id, name) for order in orders]
    return order_list(found, orders) | {"orderReports": reports}


@routes.on("POST", "/orderList/oto", security=Security.TRADE)
@routes.on("POST", "/orderList/otoco", security=Security.TRADE)
@routes.on("POST", "/orderList/opo", security=Security.TRADE)
@routes.on("POST", "/orderList/opoco", security=Security.TRADE)
def oto(call: Call) -> Any:
    """Refused."""
    listing_of(call)
    raise Failure(-2010, "OTO orders are not supported for this symbol")


@routes.on("POST", "/sor/order", security=Security.TRADE)
@routes.on("POST", "/sor/order/test", security=Security.TRADE)
def routed(call: Call) -> Any:
    """Refused."""
    listing_of(call)
    raise Failure(-2010, "SOR is not supported for this symbol.")
