"""Placing, changing and cancelling contract orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tradewind.exchange import (
    Listing,
    Order,
    Refused,
)
from tradewind.gateway.bitget.failure import Failure, known, missing, wrong
from tradewind.gateway.bitget.lookup import check_new_name, failed, find_order, named, pair
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.requests import check_exits, choose_margin_mode, closing_order, margin_mode
from tradewind.gateway.bitget.requests import place as accept
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_requests import exits, order_request
from tradewind.gateway.bitget.v2.products import is_served, maybe_perpetual, perpetual
from tradewind.gateway.bitget.words import NO_POSITION, check_scale, order_worded
from tradewind.market import Kind, Side

routes = Routes("/api/v2/mix/order")
MOST = 50
PRESETS = ("presetStopSurplus", "presetStopLoss")
NEW_PRESETS = ("newPresetStopSurplus", "newPresetStopLoss")


def place(call: Call, params: Params, m: Listing) -> Order:
    exchange = call.exchange
    request = order_request(call, params, m)
    found = exits(params, m, PRESETS)
    if any(found):
        check_exits(found, request.side is Side.BUY, request.price or exchange.tape.mark(m.symbol))
        request = replace(request, take_profit=found[0], stop_loss=found[1])
    check_new_name(call, m.symbol, request.client_id)
    isolated = choose_margin_mode(params, m.symbol in exchange.account(call.account).isolated)
    try:
        with margin_mode(exchange, call.account, m, isolated):
            return accept(exchange, call.account, request)
    except Refused as refused:
        raise order_worded(refused, m) from None


@routes.post("/place-order", 10, Security.FUTURES)
def place_order(call: Call) -> object:
    """A new order, with stop loss and take profit that wait until it fills."""
    return pair(place(call, call.params, perpetual(call)))


@routes.post("/batch-place-order", 5, Security.FUTURES)
def batch_place(call: Call) -> object:
    """At most 50 orders; each succeeds or fails alone."""
    m = perpetual(call)
    return batch(call, m, "orderList", lambda row: pair(place(call, row.over(call.params), m)))


def batch(call: Call, m: Listing, name: str, act: Callable[[Params], dict[str, str]]) -> dict[str, list[Any]]:
    """What succeeded and what failed of a list; `act` does one member."""
    done, refused = [], []
    for row in call.params.rows(name, MOST):
        try:
            done.append(act(row))
        except Failure as failure:
            refused.append(failed(row, failure))
        except Refused as error:
            refused.append(failed(row, order_worded(error, m)))
    return {"successList": done, "failureList": refused}


def cancel(call: Call, params: Params, m: Listing) -> Order:
    """40768 for an order that never was, 22001 for one that is done."""
    named(params)
    order = find_order(call, params, Kind.PERPETUAL, m.symbol)
    if order is None:
        raise known("40768")
    if not order.status.is_open:
        raise known("22001")
    return call.exchange.cancel(call.account, m.symbol, order.id)


@routes.post("/cancel-order", 10, Security.FUTURES)
def cancel_order(call: Call) -> object:
    """Cancel by `orderId` or `clientOid`."""
    return pair(cancel(call, call.params, perpetual(call)))


@routes.post("/batch-cancel-orders", 10, Security.FUTURES)
def batch_cancel(call: Call) -> object:
    """The orders of `orderIdList`, else all of the market or of the product type; plan orders stay."""
    if call.params.has("orderIdList"):
        m = perpetual(call)
        return batch(call, m, "orderIdList", lambda row: pair(cancel(call, row, m)))
    m_or_all = maybe_perpetual(call)
    found = _open(call, m_or_all)
    if not found:
        raise known("22001")
    return _cancelled(call, found)


@routes.post("/cancel-all-orders", 10, Security.FUTURES)
def cancel_all(call: Call) -> object:
    """All open orders of the product type; plan orders stay."""
    found = _open(call, maybe_perpetual(call))
    if not found:
        raise known("22001")
    return _cancelled(call, found)


def _open(call: Call, m: Listing | None) -> list[Order]:
    if not is_served(call):
        return []
    listings = call.exchange.listings
    found = call.exchange.open_orders(call.account, m.symbol if m else None)
    return [o for o in found if not listings[o.symbol].is_spot]


def _cancelled(call: Call, orders: list[Order]) -> object:
    done = [pair(call.exchange.cancel(call.account, o.symbol, o.id)) for o in orders]
    return {"successList": done, "failureList": []}


@routes.post("/modify-order", 10, Security.FUTURES)
def modify_order(call: Call) -> object:
    """Another size, price or stops for an open limit order, whose id stays."""
    params, m = call.params, perpetual(call)
    order = find_order(call, params, Kind.PERPETUAL, m.symbol)
    if order is None:
        raise known("40768")
    if not order.status.is_open:
        raise known("22001")
    size, price = params.maybe_positive("newSize"), params.maybe_positive("newPrice")
    found = exits(params, m, NEW_PRESETS)
    if size is None and price is None and not any(found):
        raise missing("newSize")
    check_scale("newPrice", price, m.filters.tick)
    check_scale("newSize", size, m.filters.step)
    check_exits(found, order.is_buy, price or order.price)
    name = params.client_id("newClientOid")
    check_new_name(call, m.symbol, name)
    if size is not None or price is not None:
        try:
            order = call.exchange.amend(
                call.account, m.symbol, order.id, quantity=size, price=price, new_client_id=name
            )
        except Refused as refused:
            raise order_worded(refused, m) from None
    if any(found):
        call.exchange.change_exits(call.account, m.symbol, order.id, *found)
    return pair(order)


@routes.post("/close-positions", 1, Security.FUTURES)
def close_positions(call: Call) -> object:
    """Positions of a market or of all, of one side or both, at the market."""
    if not is_served(call):
        raise NO_POSITION.anew()
    m, side = maybe_perpetual(call), call.params.maybe("holdSide")
    if side not in (None, "long", "short", "buy", "sell"):
        raise wrong("holdSide")
    done, refused = [], []
    for state in call.exchange.positions.all(call.account, m.symbol if m else None):
        long = state.quantity > 0
        if side is not None and (side in ("long", "buy")) is not long:
            continue
        try:
            done.append(pair(call.exchange.place(call.account, closing_order(state))))
        except Refused as error:
            refused.append(failed(Params({}), order_worded(error, call.exchange.listings[state.symbol])))
    if not done and not refused:
        raise NO_POSITION.anew()
    return {"successList": done, "failureList": refused, "result": False}
