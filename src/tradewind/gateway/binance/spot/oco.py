"""New order lists of Binance Spot: two orders of which one cancels the other (OCO)."""

from __future__ import annotations

from decimal import Decimal
from secrets import token_hex
from typing import Any

from tradewind.exchange import Listing, OrderRequest, OrderType
from tradewind.exchange.orders import TAKE_PROFITS
from tradewind.gateway.binance.failure import Failure, malformed, not_required
from tradewind.gateway.binance.params import CLIENT_ID
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.markets import listing_of
from tradewind.gateway.binance.spot.shown import order_list, placed
from tradewind.gateway.binance.spot.trade import (
    TYPE,
    Names,
    amount,
    check_may_trade,
    one_order,
    side_of,
    strategy,
    style,
)
from tradewind.gateway.binance.spot.words import TYPES
from tradewind.market import Side

_STOPS = {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
_PROFITS = {OrderType.LIMIT_MAKER} | TAKE_PROFITS
_WRONG_SIDE = {
    (Side.BUY, OrderType.LIMIT_MAKER): (-1165, "A limit order in a buy OCO must be below."),
    (Side.SELL, OrderType.LIMIT_MAKER): (-1166, "A limit order in a sell OCO must be above."),
    (Side.BUY, OrderType.STOP_MARKET): (-1196, "A stop loss order in a buy OCO must be above."),
    (Side.SELL, OrderType.STOP_MARKET): (-1197, "A stop loss order in a sell OCO must be below."),
    (Side.BUY, OrderType.TAKE_PROFIT_MARKET): (-1198, "A take profit order in a buy OCO must be below."),
    (Side.SELL, OrderType.TAKE_PROFIT_MARKET): (-1199, "A take profit order in a sell OCO must be above."),
}
_KINDS = {
    OrderType.STOP_LIMIT: OrderType.STOP_MARKET,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT_MARKET,
}

_LIST = "symbol listClientOrderId side quantity newOrderRespType selfTradePreventionMode"
_LEG = (
    "{0}Type {0}ClientOrderId {0}IcebergQty {0}Price {0}StopPrice {0}TrailingDelta {0}TimeInForce {0}StrategyId "
    "{0}StrategyType {0}PegPriceType {0}PegOffsetType {0}PegOffsetValue"
)
_OLD = (
    "price limitClientOrderId limitIcebergQty limitStrategyId limitStrategyType stopPrice trailingDelta "
    "stopClientOrderId stopIcebergQty stopStrategyId stopStrategyType stopLimitPrice stopLimitTimeInForce"
)


def _names(leg: str) -> Names:
    return Names(
        price=f"{leg}Price",
        stop=f"{leg}StopPrice",
        force=f"{leg}TimeInForce",
        trailing=f"{leg}TrailingDelta",
        iceberg=f"{leg}IcebergQty",
        client=f"{leg}ClientOrderId",
        strategy=f"{leg}StrategyId",
        strategy_type=f"{leg}StrategyType",
        pegs=(f"{leg}PegPriceType", f"{leg}PegOffsetType", f"{leg}PegOffsetValue"),
        of_list=True,
    )


_ABOVE, _BELOW = _names("above"), _names("below")
_LIMIT_LEG = Names(
    stop="limitStopPrice",  # never read: the old form has no such parameters
    force="limitTimeInForce",
    trailing="limitTrailingDelta",
    iceberg="limitIcebergQty",
    client="limitClientOrderId",
    strategy="limitStrategyId",
    strategy_type="limitStrategyType",
    of_list=True,
)
_STOP_LEG = Names(
    price="stopLimitPrice",
    force="stopLimitTimeInForce",
    iceberg="stopIcebergQty",
    client="stopClientOrderId",
    strategy="stopStrategyId",
    strategy_type="stopStrategyType",
    of_list=True,
)
Leg = tuple[OrderRequest, Names]

routes = Routes("/api/v3")


@routes.on(
    "POST",
    "/orderList/oco",
    security=Security.TRADE,
    orders=2,
    takes=f"{_LIST} {_LEG.format('above')} {_LEG.format('below')}",
)
def above_and_below(call: Call) -> Any:
    """Place two orders, above and below the price; one of them cancels the other."""
    listing, side, quantity = _common(call)
    kinds = call.params.choice("aboveType", TYPES, TYPE), call.params.choice("belowType", TYPES, TYPE)
    _check_kinds(side, *kinds)
    legs = [
        (one_order(call.params, listing, side, kind, (quantity, None), names), names)
        for kind, names in zip(kinds, (_ABOVE, _BELOW), strict=True)
    ]
    return _place(call, listing, sorted(legs, key=lambda leg: leg[0].type not in _STOPS))


@routes.on("POST", "/order/oco", security=Security.TRADE, orders=2, takes=f"{_LIST} {_OLD}")
def limit_and_stop(call: Call) -> Any:
    """Place a limit maker and a stop, in the older words; one of them cancels the other."""
    params = call.params
    listing, side, quantity = _common(call)
    limited = params.has("stopLimitPrice")
    if limited and not params.has("stopLimitTimeInForce"):
        raise not_required("stopLimitPrice")
    stop = OrderType.STOP_LIMIT if limited else OrderType.STOP_MARKET
    kinds = ((stop, _STOP_LEG), (OrderType.LIMIT_MAKER, _LIMIT_LEG))
    legs = [(one_order(params, listing, side, kind, (quantity, None), names), names) for kind, names in kinds]
    return _place(call, listing, legs)


def _common(call: Call) -> tuple[Listing, Side, Decimal]:
    listing, side, quantity = listing_of(call), side_of(call.params), amount(call.params, "quantity")
    if quantity is None:
        raise malformed("quantity")
    return listing, side, quantity


def _check_kinds(side: Side, above: OrderType, below: OrderType) -> None:
    if not {above, below} <= _STOPS | _PROFITS:
        raise Failure(-1158, "Order type not supported in OCO.")
    if above is below is OrderType.LIMIT_MAKER:
        raise Failure(-1168, "At least one OCO order must be contingent.")
    higher, lower = (_STOPS, _PROFITS) if side is Side.BUY else (_PROFITS, _STOPS)
    for kind, allowed in ((above, higher), (below, lower)):
        if kind not in allowed:
            raise Failure(*_WRONG_SIDE[side, _KINDS.get(kind, kind)])


def _check_prices(call: Call, listing: Listing, legs: list[Leg]) -> None:
    """Each leg lies on its own side of the last price."""
    last = call.exchange.tape.last(listing.symbol)
    for request, _ in legs:
        level = request.stop_price if request.type.is_conditional else request.price
        rising = (request.side is Side.BUY) == (request.type in _STOPS)
        if level is not None and not (level > last if rising else level < last):
            raise Failure(-2010, "The relationship of the prices for the orders is not correct.")


def _place(call: Call, listing: Listing, legs: list[Leg]) -> dict[str, Any]:
    """The stop first, as on the venue."""
    params = call.params
    told = style(params) or "RESULT"
    name = params.maybe_matching("listClientOrderId", CLIENT_ID) or token_hex(11)
    check_may_trade(call)
    _check_prices(call, listing, legs)
    first, second = (request for request, _ in legs)
    found = call.exchange.lists.place(call.account, first, second, name)
    orders = call.exchange.lists.orders(found)
    reports = [
        placed(order, told) | strategy(params, names) for order, (_, names) in zip(orders, legs, strict=True)
    ]
    return order_list(found, orders) | {"orderReports": reports}
