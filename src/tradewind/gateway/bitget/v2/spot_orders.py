"""Placing, changing and cancelling spot orders."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Listing, Order, OrderRequest, OrderType, Refused, SelfTrade, TimeInForce
from tradewind.gateway.bitget.failure import Failure, known, missing
from tradewind.gateway.bitget.formats import FORCES, SIDES
from tradewind.gateway.bitget.lookup import check_new_name, failed, find_order, named, pair
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.requests import SELF_TRADES, is_limit
from tradewind.gateway.bitget.requests import place as accept
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.words import check_scale, order_worded
from tradewind.market import Kind, Side

routes = Routes("/api/v2/spot/trade")
MOST = 50


def order_request(params: Params, m: Listing) -> OrderRequest:
    """A new spot order. The size of a market buy is in quote, all others are in base."""
    side, limit = params.choice("side", SIDES), is_limit(params)
    size, price = params.decimal("size"), None
    force = params.maybe_choice("force", FORCES) or TimeInForce.GTC
    by_worth = side is Side.BUY and not limit
    if limit:
        price = params.maybe_positive("price")
        if price is None:
            raise missing("price")
        check_scale("price", price, m.filters.tick)
    if not by_worth:
        check_scale("size", size, m.filters.step)
    return OrderRequest(
        symbol=m.symbol,
        side=side,
        type=OrderType.LIMIT if limit else OrderType.MARKET,
        quantity=None if by_worth else size,
        quote_quantity=size if by_worth else None,
        price=price,
        time_in_force=force if limit else TimeInForce.GTC,
        client_id=params.client_id(),
        self_trade=params.maybe_choice("stpMode", SELF_TRADES) or SelfTrade.EXPIRE_MAKER,
    )


def place(call: Call, params: Params, m: Listing) -> Order:
    request = order_request(params, m)
    check_new_name(call, m.symbol, request.client_id)
    try:
        return accept(call.exchange, call.account, request)
    except Refused as refused:
        raise order_worded(refused, m) from None


@routes.post("/place-order", 10)
def place_order(call: Call) -> object:
    """A new order. Of a market buy `size` is what is spent, else what is traded."""
    return pair(place(call, call.params, call.listing(Kind.SPOT)))


@routes.post("/batch-orders", 5)
def batch_orders(call: Call) -> object:
    """At most 50 orders; each succeeds or fails alone."""
    return batch(call, lambda row: pair(place(call, row, _market(call, row))))


def _market(call: Call, row: Params) -> Listing:
    name = row.maybe("symbol") or call.params.text("symbol")
    return call.exchange.listings.find(Kind.SPOT, name)


def batch(call: Call, act: Any, name: str = "orderList") -> dict[str, list[Any]]:
    """What succeeded and what failed of a list; `act` does one member."""
    done, refused = [], []
    for row in call.params.rows(name, MOST):
        try:
            done.append(act(row))
        except Failure as failure:
            refused.append(failed(row, failure))
        except Refused as error:
            refused.append(failed(row, order_worded(error, _market(call, row))))
    return {"successList": done, "failureList": refused}


def cancel(call: Call, params: Params, m: Listing) -> Order:
    order_id, client_id = named(params)
    try:
        return call.exchange.cancel(
            call.account, m.symbol, order_id, "" if order_id is not None else client_id
        )
    except Refused as refused:
        raise order_worded(refused, m) from None


@routes.post("/cancel-order", 10)
def cancel_order(call: Call) -> object:
    """Cancel by `orderId` or `clientOid`."""
    return pair(cancel(call, call.params, call.listing(Kind.SPOT)))


@routes.post("/batch-cancel-order", 10)
def batch_cancel(call: Call) -> object:
    """At most 50 orders."""
    return batch(call, lambda row: pair(cancel(call, row, _market(call, row))))


@routes.post("/cancel-symbol-order", 5)
def cancel_symbol(call: Call) -> object:
    """All open orders of a market; plan orders stay."""
    m = call.listing(Kind.SPOT)
    call.exchange.cancel_all(call.account, m.symbol)
    return {"symbol": m.id}


def replace(call: Call, params: Params, m: Listing) -> dict[str, str | None]:
    """Cancel, then place another limit order; without the cancel there is no order."""
    order_id, client_id = named(params)
    old = find_order(call, params, Kind.SPOT, m.symbol)
    if old is None or not old.status.is_open:
        raise known("43001")
    price, size = params.decimal("price"), params.decimal("size")
    check_scale("price", price, m.filters.tick)
    check_scale("size", size, m.filters.step)
    name = params.client_id("newClientOid")
    check_new_name(call, m.symbol, name)
    request = OrderRequest(
        symbol=m.symbol,
        side=old.side,
        type=OrderType.LIMIT,
        quantity=size,
        price=price,
        time_in_force=old.time_in_force,
        client_id=name,
        self_trade=old.self_trade,
    )
    done = call.exchange.replace(
        call.account, request, order_id=order_id, client_id="" if order_id is not None else client_id
    )
    if done.placed is not None:
        return pair(done.placed) | {"success": "success", "msg": None}
    refused = done.refused_cancel or done.refused_place
    assert refused is not None
    return {
        "orderId": None,
        "clientOid": name or None,
        "success": "failure",
        "msg": order_worded(refused, m).msg,
    }


@routes.post("/cancel-replace-order", 5)
def cancel_replace(call: Call) -> object:
    """Cancel an order and place another; the reply tells when only the cancel went through."""
    return replace(call, call.params, call.listing(Kind.SPOT))


@routes.post("/batch-cancel-replace-order", 5)
def batch_cancel_replace(call: Call) -> object:
    """At most 50 replacements."""
    found = []
    for row in call.params.rows("orderList", MOST):
        try:
            found.append(replace(call, row, _market(call, row)))
        except Failure as failure:
            found.append(
                {
                    "orderId": None,
                    "clientOid": row.maybe("newClientOid"),
                    "success": "failure",
                    "msg": failure.msg,
                }
            )
    return found
