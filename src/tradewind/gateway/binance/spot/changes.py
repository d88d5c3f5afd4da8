"""Cancelling, replacing and amending orders of Binance Spot."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from tradewind.exchange import Order, OrderRequest, Refusal, Refused
from tradewind.gateway.binance.failure import Failure, invalid, malformed, one_of
from tradewind.gateway.binance.params import CLIENT_ID, Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.markets import listing_of
from tradewind.gateway.binance.spot.shown import cancelled, order_list, placed, queried
from tradewind.gateway.binance.spot.trade import (
    ORDER,
    amount,
    check_may_trade,
    order_request,
    strategy,
    style,
)
from tradewind.gateway.binance.spot.words import cancel_failure, place_failure

_RESTRICTIONS = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
_MODES = {"STOP_ON_FAILURE": True, "ALLOW_FAILURE": False}
_LIMIT_MODES = ("DO_NOTHING", "CANCEL_ONLY")

routes = Routes("/api/v3")


def order_named(params: Params, id_name: str, client_name: str) -> tuple[int | None, str]:
    """Which order is meant, by id or client id; `Failure` when the request says neither."""
    order_id, client_id = params.maybe_integer(id_name), params.maybe(client_name)
    if order_id is None and client_id is None:
        raise one_of(client_name, id_name)
    return order_id, client_id or ""


@routes.on(
    "DELETE",
    "/order",
    security=Security.TRADE,
    takes="symbol orderId origClientOrderId newClientOrderId cancelRestrictions",
)
def cancel_order(call: Call) -> Any:
    """Cancel one order, which a market that is cancel-only still does."""
    listing, params = listing_of(call), call.params
    order_id, client_id = order_named(params, "orderId", "origClientOrderId")
    return _cancel(call, listing.symbol, order_id, client_id, cancel_name(params, "newClientOrderId"))


def cancel_name(params: Params, name: str) -> str:
    """The client id of a cancel: the one that was sent, or a new one."""
    return params.maybe_matching(name, CLIENT_ID) or token_hex(11)


def _cancel(call: Call, symbol: str, order_id: int | None, client_id: str, name: str) -> dict[str, Any]:
    order = _restricted(call, symbol, order_id, client_id)
    original = order.client_id
    call.exchange.cancel(call.account, symbol, order.id, cancel_client_id=name)
    return cancelled(order, original, name)


def _restricted(call: Call, symbol: str, order_id: int | None, client_id: str) -> Order:
    """The open order that is meant, if it is in the state that `cancelRestrictions` asks for."""
    wanted = call.params.maybe("cancelRestrictions")
    if wanted is not None and wanted not in _RESTRICTIONS:
        raise Failure(-1145, "Invalid cancelRestrictions")
    order = call.exchange.changes.find_open(call.account, symbol, order_id, client_id)
    if wanted is not None and order.status.name != _RESTRICTIONS[wanted]:
        raise Failure(-2011, "Order was not canceled due to cancel restrictions.")
    return order


@routes.on("DELETE", "/openOrders", security=Security.TRADE, takes="symbol")
def cancel_all(call: Call) -> Any:
    """Cancel all open orders of a market."""
    symbol = listing_of(call).symbol
    if not call.exchange.open_orders(call.account, symbol):
        raise Refused(Refusal.UNKNOWN_ORDER, "nothing is open")
    return _all_cancelled(call, call.exchange.cancel_all(call.account, symbol))


def _all_cancelled(call: Call, orders: list[Order]) -> list[dict[str, Any]]:
    """Order by order, but those of a list together."""
    rows: list[dict[str, Any]] = []
    lists: dict[int, dict[str, Any]] = {}
    for order in orders:
        row = cancelled(order, order.client_id, token_hex(11))
        if not order.list_id:
            rows.append(row)
            continue
        found = lists.get(order.list_id)
        if found is None:
            whole = call.exchange.lists.find(call.account, order.list_id)
            found = lists[order.list_id] = order_list(whole, call.exchange.lists.orders(whole))
            found["orderReports"] = []
            rows.append(found)
        found["orderReports"].append(row)
    return rows


@routes.on(
    "POST",
    "/order/cancelReplace",
    security=Security.TRADE,
    orders=1,
    takes=f"{ORDER} cancelReplaceMode cancelNewClientOrderId cancelOrigClientOrderId cancelOrderId "
    "cancelRestrictions orderRateLimitExceededMode",
)
def cancel_replace(call: Call) -> Any:
    """Cancel an order and place another, as `cancelReplaceMode` says when the first half fails."""
    params = call.params
    request, told = order_request(call), style(params)
    mode = params.text("cancelReplaceMode")
    if mode not in _MODES:
        raise invalid("cancelReplaceMode")
    if params.maybe("orderRateLimitExceededMode") not in (None, *_LIMIT_MODES):
        raise invalid("orderRateLimitExceededMode")
    order_id, client_id = order_named(params, "cancelOrderId", "cancelOrigClientOrderId")
    name = cancel_name(params, "cancelNewClientOrderId")
    check_may_trade(call)
    cancel: tuple[str, Any] = ("SUCCESS", None)
    try:
        cancel = ("SUCCESS", _cancel(call, request.symbol, order_id, client_id, name))
    except (Refused, Failure) as error:
        if isinstance(error, Failure) and error.code == -1145:
            raise
        cancel = ("FAILURE", cancel_failure(error).body())
        if _MODES[mode]:
            raise _half_done(cancel, ("NOT_ATTEMPTED", None)) from None
    new = _place(call, request, told)
    if cancel[0] == new[0] == "SUCCESS":
        return _both(cancel, new)
    raise _half_done(cancel, new)


def _place(call: Call, request: OrderRequest, told: str | None) -> tuple[str, Any]:
    try:
        order = call.exchange.place(call.account, request)
    except Refused as refused:
        return "FAILURE", place_failure(refused).body()
    return "SUCCESS", placed(order, told) | strategy(call.params)


def _both(cancel: tuple[str, Any], new: tuple[str, Any]) -> dict[str, Any]:
    return {
        "cancelResult": cancel[0],
        "newOrderResult": new[0],
        "cancelResponse": cancel[1],
        "newOrderResponse": new[1],
    }


def _half_done(cancel: tuple[str, Any], new: tuple[str, Any]) -> Failure:
    data = _both(cancel, new)
    if "SUCCESS" in (cancel[0], new[0]):
        return Failure(-2021, "Order cancel-replace partially failed.", 409, data=data)
    return Failure(-2022, "Order cancel-replace failed.", 400, data=data)


@routes.on(
    "PUT",
    "/order/amend/keepPriority",
    weight=4,
    security=Security.TRADE,
    takes="symbol orderId origClientOrderId newClientOrderId newQty",
)
def amend(call: Call) -> Any:
    """A smaller quantity for a resting order, which keeps its place."""
    listing, params = listing_of(call), call.params
    order_id, client_id = order_named(params, "orderId", "origClientOrderId")
    quantity = amount(params, "newQty")
    if quantity is None:
        raise malformed("newQty")
    name = cancel_name(params, "newClientOrderId")
    order = call.exchange.changes.find_open(call.account, listing.symbol, order_id, client_id)
    if quantity > order.quantity:
        raise Failure(-2038, "Order amend (quantity increase) is not supported.")
    original = order.client_id
    call.exchange.amend(call.account, listing.symbol, order.id, quantity=quantity, new_client_id=name)
    return {
        "transactTime": order.updated_ms,
        "executionId": len(call.exchange.ledger),
        "amendedOrder": _amended(order, original),
    }


def _amended(order: Order, original: str) -> dict[str, Any]:
    shown = queried(order)
    return {
        "symbol": shown["symbol"],
        "orderId": order.id,
        "orderListId": shown["orderListId"],
        "origClientOrderId": original,
        "clientOrderId": order.client_id,
        "price": shown["price"],
        "qty": shown["origQty"],
        "executedQty": shown["executedQty"],
        "preventedQty": f"{order.prevented:.8f}",
        "quoteOrderQty": shown["origQuoteOrderQty"],
        "cumulativeQuoteQty": shown["cummulativeQuoteQty"],
        "status": shown["status"],
        "timeInForce": shown["timeInForce"],
        "type": shown["type"],
        "side": shown["side"],
        "workingTime": shown["workingTime"],
        "selfTradePreventionMode": shown["selfTradePreventionMode"],
    }
