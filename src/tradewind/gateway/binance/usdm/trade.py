"""Placing, modifying and cancelling orders of Binance USD-M."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from tradewind.exchange import Listing, Order, Refusal, Refused
from tradewind.gateway.binance.failure import Failure, malformed
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm.markets import listing_of
from tradewind.gateway.binance.usdm.orders import (
    acknowledged_row,
    changed_row,
    check_no_price_match,
    check_price,
    check_quantity,
    order_request,
    refused_order,
)
from tradewind.gateway.binance.usdm.words import SIDES, too_little, unknown_order, worded
from tradewind.market import Kind

MOST_PLACED, MOST_CANCELLED = 5, 10
Action = Callable[[Call, Params], dict[str, Any]]

routes = Routes("/fapi/v1")


@routes.on("POST", "/order", weight=0, security=Security.TRADE, orders=1)
def new_order(call: Call) -> Any:
    """Place a limit or market order; `newOrderRespType` ACK tells nothing of its fills."""
    return _place(call, call.params)


def _place(call: Call, params: Params) -> dict[str, Any]:
    exchange, account = call.exchange, call.exchange.account(call.account)
    if not account.can_trade:
        raise Failure(-2017, "API Keys are locked on this account.")
    kind = params.maybe("newOrderRespType") or "ACK"
    if kind not in ("ACK", "RESULT"):
        raise Failure(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    request = order_request(exchange, params, account.hedge)
    try:
        order = exchange.place(account.id, request)
    except Refused as refused:
        raise refused_order(exchange, request, refused) from None
    listing = exchange.listings[order.symbol]
    return changed_row(listing, order) if kind == "RESULT" else acknowledged_row(listing, order)


@routes.on("POST", "/order/test", weight=0, security=Security.TRADE)
def test_order(call: Call) -> Any:
    """Whether an order would be taken; nothing is placed."""
    exchange, account = call.exchange, call.exchange.account(call.account)
    request = order_request(exchange, call.params, account.hedge)
    try:
        exchange.check(account.id, request)
    except Refused as refused:
        raise refused_order(exchange, request, refused) from None
    return {}


@routes.on("PUT", "/order", security=Security.TRADE, orders=1)
def modify_order(call: Call) -> Any:
    """Another price and quantity for a resting limit order; both are to be given."""
    return _modify(call, call.params)


def _modify(call: Call, params: Params) -> dict[str, Any]:
    exchange, account = call.exchange, call.account
    listing = exchange.listings.find(Kind.PERPETUAL, params.text("symbol"))
    order_id, name = named_order(params)
    side = params.choice("side", SIDES, Failure(-1117, "Invalid side."))
    check_no_price_match(params)
    amount, limit = params.decimal("quantity"), params.decimal("price")
    check_quantity(listing, amount)
    check_price(listing, limit)
    order = exchange.changes.find_open(account, listing.symbol, order_id, name)
    if order.side is not side:
        raise Failure(-1130, "Data sent for parameter 'side' is not valid.")
    if order.filled and amount <= order.filled:  # as the venue does with what is filled already
        return changed_row(listing, exchange.cancel(account, listing.symbol, order.id))
    try:
        exchange.amend(account, listing.symbol, order.id, quantity=amount, price=limit)
    except Refused as refused:
        if refused.reason is Refusal.WOULD_TAKE:  # a post-only order that would trade is cancelled
            return changed_row(listing, exchange.cancel(account, listing.symbol, order.id))
        if refused.reason is Refusal.UNSUPPORTED_TYPE:
            raise Failure(-5025, "Only limit order is supported.") from None
        if refused.reason is Refusal.NOTIONAL:
            raise too_little(f"{listing.filters.min_notional.normalize():f}") from None
        raise
    return changed_row(listing, order)


def named_order(params: Params) -> tuple[int | None, str]:
    """Id and client id of the order that is meant; `Failure` when neither is sent."""
    order_id, name = params.maybe_integer("orderId"), params.maybe("origClientOrderId")
    if order_id is None and name is None:
        raise Failure(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return order_id, name or ""


@routes.on("DELETE", "/order", security=Security.TRADE)
def cancel_order(call: Call) -> Any:
    """Cancel an open order."""
    listing = listing_of(call)
    order_id, name = named_order(call.params)
    return _cancel(call, listing, order_id, name)


def _cancel(call: Call, listing: Listing, order_id: int | None, name: str) -> dict[str, Any]:
    order: Order = call.exchange.cancel(call.account, listing.symbol, order_id, name)
    return changed_row(listing, order)


@routes.on("DELETE", "/allOpenOrders", security=Security.TRADE)
def cancel_all(call: Call) -> Any:
    """Cancel all open orders of a market; algo orders stay."""
    listing = listing_of(call)
    call.exchange.cancel_all(call.account, listing.symbol)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


# --- several at once


@routes.on("POST", "/batchOrders", weight=5, security=Security.TRADE, orders=5)
def new_orders(call: Call) -> Any:
    """At most five orders, each placed or refused on its own."""
    return [_attempt(call, _place, params) for params in _batch(call)]


@routes.on("PUT", "/batchOrders", weight=5, security=Security.TRADE, orders=5)
def modify_orders(call: Call) -> Any:
    """At most five modifications, each done or refused on its own."""
    return [_attempt(call, _modify, params) for params in _batch(call)]


@routes.on("DELETE", "/batchOrders", security=Security.TRADE)
def cancel_orders(call: Call) -> Any:
    """Cancel at most ten orders by id or client id, each on its own."""
    listing = listing_of(call)
    ids, names = _listed(call.params, "orderIdList", int), _listed(call.params, "origClientOrderIdList", str)
    if not ids and not names:
        raise malformed("orderIdList")
    if ids and names:
        raise Failure(-1128, "Combination of optional parameters invalid.")
    if len(ids or names) > MOST_CANCELLED:
        raise Failure(-4032, f"Exceed maximum cancel order size of {MOST_CANCELLED}.")
    wanted: list[tuple[int | None, str]] = [(number, "") for number in ids]
    wanted += [(None, name) for name in names]
    found = []
    for order_id, name in wanted:
        try:
            found.append(_cancel(call, listing, order_id, name))
        except Refused:
            found.append(unknown_order(cancelling=True).body())
    return found


def _attempt(call: Call, action: Action, params: Params) -> dict[str, Any]:
    """The result of one of several, or its error in its place."""
    try:
        return action(call, params)
    except Failure as failure:
        return failure.body()
    except Refused as refused:
        return worded(refused, None).body()


def _batch(call: Call) -> list[Params]:
    rows = _json_list(call.params, "batchOrders")
    if rows is None:
        raise malformed("batchOrders")
    if not 0 < len(rows) <= MOST_PLACED:
        raise Failure(-4082, "Invalid number of batch place orders.")
    return [_row_params(row) for row in rows]


def _row_params(row: Any) -> Params:
    if not isinstance(row, dict):
        raise Failure(-1130, "Data sent for parameter 'batchOrders' is not valid.")
    values: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, bool):
            values[name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            values[name] = str(value)
        elif value is not None:
            raise Failure(-1130, f"Data sent for parameter '{name}' is not valid.")
    return Params(values)


def _listed(params: Params, name: str, kind: type) -> list[Any]:
    """A list by its name as documented, or in small letters as ccxt sends it."""
    rows = _json_list(params, name if params.has(name) else name.lower())
    if rows is None:
        return []
    if not all(type(row) is kind for row in rows):
        raise Failure(-1130, f"Data sent for parameter '{name}' is not valid.")
    return rows


def _json_list(params: Params, name: str) -> list[Any] | None:
    text = params.maybe(name)
    if text is None:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise Failure(-1130, f"Data sent for parameter '{name}' is not valid.")
    return found
