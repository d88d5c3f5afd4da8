"""Algo orders of Binance USD-M: stops, take profits and trailing stops on a list of their own."""

from __future__ import annotations

from decimal import Decimal
from secrets import token_hex
from typing import Any

from tradewind.exchange import (
    AlgoOrder,
    AlgoStatus,
    Exchange,
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
from tradewind.gateway.binance.failure import Failure, malformed, not_required
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm.market_data import one_or_all
from tradewind.gateway.binance.usdm.markets import listing_of, maybe_listing, span
from tradewind.gateway.binance.usdm.numbers import price, quantity, trimmed
from tradewind.gateway.binance.usdm.orders import (
    average,
    check_no_price_match,
    check_price,
    check_quantity,
    client_id,
    reduce_only,
    refused_order,
)
from tradewind.gateway.binance.usdm.words import (
    ALGO_STATUSES,
    ALGO_TIMES_IN_FORCE,
    ALGO_TYPES,
    POSITION_SIDES,
    SELF_TRADES,
    SIDES,
    TYPE_NAMES,
    WORKING_NAMES,
    WORKING_TYPES,
)
from tradewind.market import Kind

PERCENT = Decimal(100)

routes = Routes("/fapi/v1")


@routes.on("POST", "/algoOrder", weight=0, security=Security.TRADE, orders=1)
def new_algo_order(call: Call) -> Any:
    """Place a conditional order; nothing is held for it until its trigger."""
    exchange, account = call.exchange, call.exchange.account(call.account)
    if not account.can_trade:
        raise Failure(-2017, "API Keys are locked on this account.")
    request = algo_request(exchange, call.params, account.hedge)
    try:
        algo = exchange.place_conditional(account.id, request)
    except Refused as refused:
        raise refused_order(exchange, request, refused) from None
    return algo_row(exchange, algo)


def algo_request(exchange: Exchange, params: Params, hedge: bool) -> OrderRequest:
    """The conditional order that is asked for; `Failure` when parameters do not go together."""
    listing = exchange.listings.find(Kind.PERPETUAL, params.text("symbol"))
    if params.text("algoType") != "CONDITIONAL":
        raise Failure(-1130, "Data sent for parameter 'algoType' is not valid.")
    side = params.choice("side", SIDES, Failure(-1117, "Invalid side."))
    kind = params.choice("type", ALGO_TYPES, Failure(-1116, "Invalid orderType."))
    check_no_price_match(params)
    close = _closes(params, kind)
    amount, limit = params.maybe_decimal("quantity"), params.maybe_decimal("price")
    if amount is None and not close:
        raise malformed("quantity")
    if amount is not None:
        check_quantity(listing, amount)
    stop, activation, rate = _triggers(listing, params, kind)
    if kind.has_price and limit is None:
        raise malformed("price")
    if limit is not None:
        if not kind.has_price:
            raise not_required("price")
        check_price(listing, limit)
    force = params.maybe_choice("timeInForce", ALGO_TIMES_IN_FORCE, Failure(-1115, "Invalid timeInForce."))
    return OrderRequest(
        symbol=listing.symbol,
        side=side,
        type=kind,
        quantity=amount,
        price=limit,
        stop_price=stop,
        activation_price=activation,
        callback_rate=rate,
        time_in_force=(force or TimeInForce.GTC) if kind.has_price else TimeInForce.GTC,
        client_id=client_id(params, "clientAlgoId") or token_hex(11),
        position_side=params.maybe_choice(
            "positionSide", POSITION_SIDES, Failure(-4060, "Invalid position side.")
        )
        or PositionSide.BOTH,
        reduce_only=not close and reduce_only(params, hedge),
        close_position=close,
        trigger_by=params.maybe_choice("workingType", WORKING_TYPES, Failure(-4031, "Invalid working type."))
        or TriggerBy.LAST,
        self_trade=params.maybe_choice(
            "selfTradePreventionMode", SELF_TRADES, Failure(-5039, "Invalid self trade prevention mode")
        )
        or SelfTrade.EXPIRE_MAKER,
    )


def _closes(params: Params, kind: OrderType) -> bool:
    """Whether the order closes the whole position; `Failure` where that cannot be."""
    if not params.flag("closePosition"):
        return False
    if kind not in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET):
        raise Failure(-4136, f"Target strategy invalid for orderType {TYPE_NAMES[kind]},closePosition true")
    if params.has("quantity"):
        raise Failure(-4137, "Quantity must be zero with closePosition equals true.")
    if params.has("reduceOnly"):
        raise not_required("reduceonly")
    return True


def _triggers(
    listing: Listing, params: Params, kind: OrderType
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Trigger price, activation price and callback rate (a fraction)."""
    stop = params.maybe_decimal("triggerPrice")
    activation = params.maybe_decimal("activatePrice") or params.maybe_decimal("activationPrice")
    rate = params.maybe_decimal("callbackRate")
    for value in (stop, activation):
        if value is not None:
            check_price(listing, value)
    if kind is not OrderType.TRAILING_STOP:
        if stop is None:
            raise malformed("triggerPrice")
        return stop, None, None
    if stop is not None:
        raise not_required("triggerPrice")
    if rate is None:
        raise malformed("callbackRate")
    return None, activation, rate / PERCENT


@routes.on("GET", "/algoOrder", security=Security.READ)
def algo_order(call: Call) -> Any:
    """A conditional order, open or not."""
    algo_id, name = _named(call.params)
    return algo_row(call.exchange, call.exchange.records.find_algo(call.account, algo_id, name))


@routes.on("DELETE", "/algoOrder", security=Security.TRADE)
def cancel_algo_order(call: Call) -> Any:
    """Cancel an open conditional order."""
    algo_id, name = _named(call.params)
    listing = maybe_listing(call)
    symbol = None if listing is None else listing.symbol
    algo = call.exchange.cancel_conditional(call.account, algo_id, name, symbol)
    return {"algoId": algo.id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def _named(params: Params) -> tuple[int | None, str]:
    algo_id, name = params.maybe_integer("algoId"), params.maybe("clientAlgoId")
    if algo_id is None and name is None:
        raise Failure(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
    return algo_id, name or ""


@routes.on("GET", "/openAlgoOrders", weight=one_or_all(1, 40), security=Security.READ)
def open_algo_orders(call: Call) -> Any:
    """Open conditional orders of one market or all."""
    listing, wanted = maybe_listing(call), call.params.maybe_integer("algoId")
    symbol = None if listing is None else listing.symbol
    found = call.exchange.open_conditional(call.account, symbol)
    return [algo_row(call.exchange, algo) for algo in found if wanted in (None, algo.id)]


@routes.on("GET", "/allAlgoOrders", weight=5, security=Security.READ)
def all_algo_orders(call: Call) -> Any:
    """Conditional orders of a market, open or not: the newest, or the first from an id or a time."""
    listing, params = listing_of(call), call.params
    start, end = span(params)
    first, limit, page = (
        params.maybe_integer("algoId"),
        params.limit(500, 1000),
        params.limit(1, 10**6, "page"),
    )
    kept = [
        algo
        for algo in call.exchange.records.algos(call.account, listing.symbol, 1_000_000)
        if (first is None or algo.id >= first)
        and (start is None or algo.created_ms >= start)
        and (end is None or algo.created_ms <= end)
    ]
    if first is not None or start is not None:
        found = kept[(page - 1) * limit : page * limit]
    else:
        last = max(0, len(kept) - (page - 1) * limit)
        found = kept[max(0, last - limit) : last]
    return [algo_row(call.exchange, algo) for algo in found]


@routes.on("DELETE", "/algoOpenOrders", security=Security.TRADE)
def cancel_all_algo_orders(call: Call) -> Any:
    """Cancel all open conditional orders of a market."""
    listing = listing_of(call)
    call.exchange.cancel_all_conditional(call.account, listing.symbol)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def algo_row(exchange: Exchange, algo: AlgoOrder) -> dict[str, Any]:
    """A conditional order as replies show it."""
    request, listing = algo.request, exchange.listings[algo.request.symbol]
    placed = placed_order(exchange, algo)
    zero = Decimal(0)
    row: dict[str, Any] = {
        "algoId": algo.id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": TYPE_NAMES[request.type],
        "symbol": listing.id,
        "side": request.side.name,
        "positionSide": request.position_side.name,
        "timeInForce": request.time_in_force.name,
        "quantity": quantity(listing, request.quantity or zero),
        "algoStatus": ALGO_STATUSES[algo.status],
        "actualOrderId": str(algo.order_id) if algo.order_id else "",
        "actualPrice": average(listing, placed) if placed else "0.00000",
        "actualQty": quantity(listing, placed.filled if placed else zero),
        "triggerPrice": price(listing, request.stop_price or zero),
        "price": price(listing, request.price or zero),
        "icebergQuantity": None,
        "selfTradePreventionMode": request.self_trade.name,
        "workingType": WORKING_NAMES[request.trigger_by],
        "priceMatch": "NONE",
        "closePosition": request.close_position,
        "priceProtect": False,
        "reduceOnly": request.reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": 0,
    }
    if algo.status is AlgoStatus.REJECTED:
        row["failReason"] = algo.reason
    if request.type is OrderType.TRAILING_STOP:
        row["activatePrice"] = price(listing, request.activation_price or zero)
        row["callbackRate"] = trimmed((request.callback_rate or zero) * PERCENT)
    return row


def placed_order(exchange: Exchange, algo: AlgoOrder) -> Order | None:
    """The order that the trigger placed, while it is remembered."""
    if not algo.order_id:
        return None
    try:
        return exchange.records.by_id(algo.account, algo.order_id)
    except Refused:
        return None
