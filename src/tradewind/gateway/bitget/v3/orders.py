"""Placing, changing and cancelling orders of both categories."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tradewind.exchange import (
    Exit,
    Listing,
    Order,
    OrderRequest,
    OrderType,
    PositionSide,
    Refused,
    SelfTrade,
    TimeInForce,
    TriggerBy,
)
from tradewind.gateway.bitget.failure import Failure, known, missing, wrong
from tradewind.gateway.bitget.formats import FORCES, SIDES
from tradewind.gateway.bitget.lookup import check_new_name, named, pair
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.requests import (
    SELF_TRADES,
    Exits,
    check_exits,
    choose_margin_mode,
    closing_order,
    is_limit,
    margin_mode,
    reduces,
)
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security, check_permission
from tradewind.gateway.bitget.v3.category import asked_kind, listing, maybe_listing
from tradewind.gateway.bitget.v3.words import NAME_TAKEN, NO_ORDER, NO_POSITION, order_worded, worded
from tradewind.gateway.bitget.words import check_scale
from tradewind.market import Kind, Side

routes = Routes("/api/v3/trade")
MOST = 20
POSITION_SIDES = {"long": PositionSide.LONG, "short": PositionSide.SHORT}
TRIGGERS = {"market": TriggerBy.LAST, "mark": TriggerBy.MARK}
EXIT_TYPES = {"limit": True, "market": False}
# parameters that ccxt sends here for orders that should wait, and that place-order does not have
WAITING = ("triggerPrice", "stopPrice", "trailingPercent", "callbackRatio", "trailingTriggerPrice")
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,32}")


def client_id(params: Params) -> str:
    """`clientOid`: at most 32 letters, digits and .:/_- ; empty when none was given."""
    name = params.client_id()
    if name and not _CLIENT_ID.fullmatch(name):
        raise wrong("clientOid")
    return name


def permit(call: Call, m: Listing) -> None:
    """`Failure` 40014 when the key may not trade there."""
    assert call.key is not None
    check_permission(call.key, Security.SPOT if m.is_spot else Security.FUTURES)


def direction(params: Params, hedge: bool) -> tuple[Side, PositionSide]:
    """What is traded in which position. 40774 when the order is for the other position mode."""
    side, position = params.choice("side", SIDES), params.maybe_choice("posSide", POSITION_SIDES)
    if (position is not None) is not hedge:
        raise known("40774")
    return side, position or PositionSide.BOTH


def exits(params: Params, m: Listing) -> Exits:
    """The take profit and stop loss that a request names."""
    return _exit(params, m, "takeProfit", "tp"), _exit(params, m, "stopLoss", "sl")


def _exit(params: Params, m: Listing, name: str, short: str) -> Exit | None:
    trigger = params.maybe_positive(name)
    if trigger is None:
        return None
    limit = params.maybe_choice(f"{short}OrderType", EXIT_TYPES) or False
    price = params.maybe_positive(f"{short}LimitPrice") if limit else None
    if limit and price is None:
        raise missing(f"{short}LimitPrice")
    check_scale(name, trigger, m.filters.tick)
    check_scale(f"{short}LimitPrice", price, m.filters.tick)
    return Exit(trigger, price, params.maybe_choice(f"{short}TriggerBy", TRIGGERS) or TriggerBy.LAST)


def order_request(call: Call, params: Params, m: Listing) -> OrderRequest:
    """A new order. `qty` is in base, of a market buy on spot in quote."""
    for name in WAITING:
        if params.has(name):
            raise wrong(name)
    limit, quantity = is_limit(params), params.decimal("qty")
    price = params.maybe_positive("price") if limit else None
    if limit and price is None:
        raise missing("price")
    force = params.maybe_choice("timeInForce", FORCES) or TimeInForce.GTC
    side, position, reducing = params.choice("side", SIDES), PositionSide.BOTH, False
    if not m.is_spot:
        hedge = call.exchange.account(call.account).hedge
        side, position = direction(params, hedge)
        reducing = reduces(params) and not hedge
    by_worth = m.is_spot and not limit and side is Side.BUY
    check_scale("price", price, m.filters.tick)
    if not by_worth:
        check_scale("qty", quantity, m.filters.step)
    return OrderRequest(
        symbol=m.symbol,
        side=side,
        type=OrderType.LIMIT if limit else OrderType.MARKET,
        quantity=None if by_worth else quantity,
        quote_quantity=quantity if by_worth else None,
        price=price,
        time_in_force=force if limit else TimeInForce.GTC,
        client_id=client_id(params),
        position_side=position,
        reduce_only=reducing,
        self_trade=params.maybe_choice("stpMode", SELF_TRADES) or SelfTrade.EXPIRE_MAKER,
    )


def place(call: Call, params: Params) -> Order:
    """A spot order, or a contract order with its margin mode and exits."""
    m = listing(call, params)
    permit(call, m)
    request = order_request(call, params, m)
    check_new_name(call, m.symbol, request.client_id, NAME_TAKEN)
    try:
        if m.is_spot:
            return _placed(call, request)
        found = exits(params, m)
        if any(found):
            reference = request.price or call.exchange.tape.mark(m.symbol)
            check_exits(found, request.side is Side.BUY, reference)
            request = replace(request, take_profit=found[0], stop_loss=found[1])
        with margin_mode(call.exchange, call.account, m, choose_margin_mode(params, False)):
            return _placed(call, request)
    except Refused as refused:
        raise order_worded(refused, m) from None


def _placed(call: Call, request: OrderRequest) -> Order:
    placed: Order = call.desk.pool.place(call.account, request)
    return placed


@routes.post("/place-order", 10, Security.TRADE)
def place_order(call: Call) -> object:
    """A new order. Of a spot market buy `qty` is what is spent, in quote."""
    return pair(place(call, call.params))


@routes.post("/place-batch", 5, Security.TRADE)
def place_batch(call: Call) -> object:
    """A list of at most 20 orders; each succeeds or fails alone."""
    return _each(call, lambda row: pair(place(call, row)))


def _each(call: Call, act: Callable[[Params], dict[str, str]]) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    for row in call.params.rows("", MOST):
        try:
            done.append(act(row))
        except Refused as refused:
            done.append(_failed(row, worded(refused)))
        except Failure as failure:
            done.append(_failed(row, failure))
    return done


def _failed(row: Params, failure: Failure) -> dict[str, str]:
    names = {name: row.maybe(name) if row.is_scalar(name) else None for name in ("orderId", "clientOid")}
    return {**{k: v or "" for k, v in names.items()}, "code": failure.code, "msg": failure.msg}


def find(call: Call, params: Params) -> Order:
    """An order of the account by `orderId`, which wins, or `clientOid`; 25204 when there is none."""
    order_id, name = named(params)
    records = call.exchange.records
    try:
        if order_id is not None:
            return records.by_id(call.account, order_id)
        return records.by_client_id(call.account, name)
    except Refused:
        raise NO_ORDER.anew() from None


def _find_open(call: Call, params: Params) -> Order:
    order = find(call, params)
    if not order.status.is_open:
        raise NO_ORDER.anew()
    permit(call, call.exchange.listings[order.symbol])
    return order


def cancel(call: Call, params: Params) -> Order:
    order = _find_open(call, params)
    return call.exchange.cancel(call.account, order.symbol, order.id)


@routes.post("/cancel-order", 10, Security.TRADE)
def cancel_order(call: Call) -> object:
    """Cancel by `orderId` or `clientOid`."""
    return pair(cancel(call, call.params))


@routes.post("/cancel-batch", 5, Security.TRADE)
def cancel_batch(call: Call) -> object:
    """A list of at most 20 orders; each succeeds or fails alone."""
    return _each(call, lambda row: pair(cancel(call, row)))


@routes.post("/cancel-symbol-order", 5, Security.TRADE)
def cancel_symbol_order(call: Call) -> object:
    """All open orders of a market or of a category; strategy orders stay."""
    m, kind, exchange = maybe_listing(call), asked_kind(call.params), call.exchange
    done = []
    for order in exchange.open_orders(call.account, m.symbol if m else None):
        where = exchange.listings[order.symbol]
        if where.kind is kind and order.status.is_open:
            permit(call, where)
            done.append(pair(exchange.cancel(call.account, order.symbol, order.id)))
    return {"list": done}


@routes.post("/modify-order", 10, Security.TRADE)
def modify_order(call: Call) -> object:
    """Another size or price for an open limit order, whose id stays. `autoCancel` yes cancels it on failure."""
    return pair(_modified(call, call.params))


@routes.post("/batch-modify-order", 10, Security.TRADE)
def batch_modify(call: Call) -> object:
    """A list of at most 20 orders; each succeeds or fails alone."""
    return _each(call, lambda row: pair(_modified(call, row)))


def _modified(call: Call, params: Params) -> Order:
    order = _find_open(call, params)
    m = call.exchange.listings[order.symbol]
    gives_up = params.maybe_choice("autoCancel", {"yes": True, "no": False}) or False
    quantity, price = params.maybe_positive("qty"), params.maybe_positive("price")
    if quantity is None and price is None:
        raise missing("qty")
    check_scale("price", price, m.filters.tick)
    check_scale("qty", quantity, m.filters.step)
    try:
        changed: Order = call.desk.pool.amend(call.account, order, quantity, price)
        return changed
    except Refused as refused:
        if gives_up and order.status.is_open:
            call.exchange.cancel(call.account, order.symbol, order.id)
        raise order_worded(refused, m) from None


@routes.post("/close-positions", 5, Security.FUTURES)
def close_positions(call: Call) -> object:
    """Positions of a contract or of all, of one side or both, at the market."""
    m, kind, exchange = maybe_listing(call), asked_kind(call.params), call.exchange
    if kind is Kind.SPOT:
        raise wrong("category")
    side = call.params.maybe_choice("posSide", POSITION_SIDES)
    done: list[dict[str, str]] = []
    found = exchange.positions.all(call.account, m.symbol if m else None) if kind else []
    for state in found:
        held = PositionSide.LONG if state.quantity > 0 else PositionSide.SHORT
        if side in (None, held):
            try:
                done.append(pair(exchange.place(call.account, closing_order(state))))
            except Refused as refused:
                failure = order_worded(refused, exchange.listings[state.symbol])
                done.append({"orderId": "", "clientOid": "", "code": failure.code, "msg": failure.msg})
    if not done:
        raise NO_POSITION.anew()
    return {"list": done}
