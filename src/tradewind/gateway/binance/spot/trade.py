"""New orders of Binance Spot."""

from __future__ import annotations

from decimal import Decimal
from secrets import token_hex
from typing import Any

from tradewind.exchange import OrderRequest, OrderType, SelfTrade, TimeInForce
from tradewind.gateway.binance.failure import (
    Failure,
    invalid,
    malformed,
    not_required,
    not_together,
    too_precise,
)
from tradewind.gateway.binance.params import CLIENT_ID, Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.commission import order_commission
from tradewind.gateway.binance.spot.markets import listing_of
from tradewind.gateway.binance.spot.shown import placed
from tradewind.gateway.binance.spot.words import SELF_TRADES, SIDES, TIMES_IN_FORCE, TYPES

ORDER = (
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType stopPrice "
    "trailingDelta icebergQty newOrderRespType selfTradePreventionMode pegPriceType pegOffsetValue pegOffsetType"
)
PLACES = 8  # of every amount
STYLES = ("ACK", "RESULT", "FULL")
_STRATEGIES_FROM = 1_000_000
_SIDE = Failure(-1117, "Invalid side.")
_TYPE = Failure(-1116, "Invalid orderType.")
_FORCE = Failure(-1115, "Invalid timeInForce.")
_SELF_TRADE = invalid("selfTradePreventionMode")
_UNSUPPORTED = {
    "icebergQty": "Iceberg orders are not supported for this symbol.",
    "trailingDelta": "Trailing stop orders are not supported for this symbol.",
    "pegPriceType": "Pegged orders are not supported for this symbol.",
    "pegOffsetValue": "Pegged orders are not supported for this symbol.",
    "pegOffsetType": "Pegged orders are not supported for this symbol.",
}

routes = Routes("/api/v3")


@routes.on("POST", "/order", security=Security.TRADE, orders=1, takes=ORDER)
def new_order(call: Call) -> Any:
    """Place an order; `newOrderRespType` chooses how much the reply tells."""
    request, told = order_request(call), style(call.params)
    return place(call, request, told)


def place(call: Call, request: OrderRequest, told: str | None) -> dict[str, Any]:
    """The reply to an accepted order."""
    check_may_trade(call)
    order = call.exchange.place(call.account, request)
    return placed(order, told) | strategy(call.params)


def check_may_trade(call: Call) -> None:
    if not call.exchange.account(call.account).can_trade:
        raise Failure(-2010, "This action is disabled on this account.")


def _test_weight(params: Params) -> int:
    return 20 if params.values().get("computeCommissionRates", "").lower() == "true" else 1


@routes.on(
    "POST",
    "/order/test",
    weight=_test_weight,
    security=Security.TRADE,
    takes=f"{ORDER} computeCommissionRates",
)
def test_order(call: Call) -> Any:
    """Whether an order would be accepted; `computeCommissionRates` answers with what it would pay."""
    request = order_request(call)
    style(call.params)
    compute = call.params.flag("computeCommissionRates")
    check_may_trade(call)
    call.exchange.check(call.account, request)
    return order_commission(call, request.symbol) if compute else {}


def style(params: Params) -> str | None:
    found = params.maybe("newOrderRespType")
    if found not in (None, *STYLES):
        raise invalid("newOrderRespType")
    return found


def strategy(params: Params) -> dict[str, int]:
    """The caller's own numbers, told back."""
    if not (params.has("strategyId") or params.has("strategyType")):
        return {}
    kind = params.maybe_integer("strategyType")
    if kind is not None and kind < _STRATEGIES_FROM:
        raise invalid("strategyType")
    number = params.maybe_integer("strategyId")
    found = {"strategyId": number, "strategyType": kind}
    return {name: value for name, value in found.items() if value is not None}


def order_request(call: Call) -> OrderRequest:
    """The request as the exchange takes it; `Failure` when parameters are missing or do not go together."""
    params = call.params
    listing = listing_of(call)
    side = params.choice("side", SIDES, _SIDE)
    kind = params.choice("type", TYPES, _TYPE)
    quantity, quote = amount(params, "quantity"), amount(params, "quoteOrderQty")
    price, stop = amount(params, "price"), amount(params, "stopPrice")
    force = params.maybe_choice("timeInForce", TIMES_IN_FORCE, _FORCE)
    for name in _UNSUPPORTED.keys() & params.values().keys():
        raise Failure(-2010, _UNSUPPORTED[name])
    strategy(params)
    _check_fit(kind, quantity, quote, price, stop, force)
    return OrderRequest(
        symbol=listing.symbol,
        side=side,
        type=kind,
        quantity=quantity,
        quote_quantity=quote,
        price=price,
        stop_price=stop,
        time_in_force=force or TimeInForce.GTC,
        client_id=params.maybe_matching("newClientOrderId", CLIENT_ID) or token_hex(11),
        self_trade=params.maybe_choice("selfTradePreventionMode", SELF_TRADES, _SELF_TRADE)
        or SelfTrade.EXPIRE_MAKER,
    )


def amount(params: Params, name: str) -> Decimal | None:
    """A quantity or price: positive, with at most eight places."""
    value = params.maybe_decimal(name)
    if value is None:
        return None
    if -int(value.as_tuple().exponent) > PLACES:
        raise too_precise(name)
    if not value:
        raise Failure(-1013, f"Invalid {'price' if 'rice' in name else 'quantity'}.")
    return value


def _check_fit(
    kind: OrderType,
    quantity: Decimal | None,
    quote: Decimal | None,
    price: Decimal | None,
    stop: Decimal | None,
    force: TimeInForce | None,
) -> None:
    if kind.has_price and price is None:
        raise malformed("price")
    if not kind.has_price and price is not None:
        raise not_required("price")
    if kind.is_conditional and stop is None:
        raise malformed("stopPrice")
    if not kind.is_conditional and stop is not None:
        raise not_required("stopPrice")
    timed = kind.has_price and kind is not OrderType.LIMIT_MAKER
    if timed and force is None:
        raise malformed("timeInForce")
    if not timed and force is not None:
        raise not_required("timeInForce")
    if quote is not None and (kind is not OrderType.MARKET or quantity is not None):
        raise not_together()
    if quantity is None and quote is None:
        raise malformed("quantity")
