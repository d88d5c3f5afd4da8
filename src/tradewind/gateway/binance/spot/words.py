"""Binance Spot's words for ours: order types, statuses, refusals."""

from __future__ import annotations

from tradewind.exchange import OrderStatus, OrderType, Refusal, Refused, SelfTrade, TimeInForce
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Route
from tradewind.market import Side

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
TYPES = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT_MAKER,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_LIMIT,
}
TYPE_NAMES = {kind: name for name, kind in TYPES.items()}
TIMES_IN_FORCE = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
SELF_TRADES = {mode.name: mode for mode in SelfTrade}
STATUS_NAMES = {status: status.name for status in OrderStatus}

_REJECTED = -2010
_WORDS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Refusal.DELISTED: (-1121, "Invalid symbol."),
    Refusal.NOT_TRADING: (-1013, "Market is closed."),
    Refusal.CANCEL_ONLY: (-2010, "Market is closed."),
    Refusal.UNSUPPORTED_TYPE: (-1116, "Invalid orderType."),
    Refusal.BAD_QUANTITY: (-1013, "Invalid quantity."),
    Refusal.PRICE_FILTER: (-1013, "Filter failure: PRICE_FILTER"),
    Refusal.LOT_SIZE: (-1013, "Filter failure: LOT_SIZE"),
    Refusal.MARKET_LOT_SIZE: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    Refusal.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    Refusal.PERCENT_PRICE: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Refusal.MAX_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Refusal.MAX_ALGO_ORDERS: (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    Refusal.MAX_POSITION: (_REJECTED, "Filter failure: MAX_POSITION"),
    Refusal.ICEBERG_PARTS: (-1013, "Filter failure: ICEBERG_PARTS"),
    Refusal.TRAILING_RATE: (-1013, "Filter failure: TRAILING_DELTA"),
    Refusal.INSUFFICIENT_BALANCE: (_REJECTED, "Account has insufficient balance for requested action."),
    Refusal.DUPLICATE_CLIENT_ID: (_REJECTED, "Duplicate order sent."),
    Refusal.WOULD_TRIGGER: (_REJECTED, "Order would trigger immediately."),
    Refusal.WOULD_TAKE: (_REJECTED, "Order would immediately match and take."),
    Refusal.NO_LIQUIDITY: (_REJECTED, "Order book liquidity is less than symbol minimum quantity."),
    Refusal.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Refusal.UNKNOWN_ACCOUNT: (-2015, "Invalid API-key, IP, or permissions for action."),
    Refusal.NOTHING_TO_AMEND: (-2038, "The requested action would change no state; rejecting."),
}


def worded(refused: Refused, route: Route | None) -> Failure:
    """What Binance answers for a refusal of the exchange."""
    if refused.reason is Refusal.UNKNOWN_ORDER and route is not None and route.path.endswith("/orderList"):
        if route.method == "GET":
            return Failure(-2018, "Order list does not exist.")
        return Failure(-2011, "Unknown order list sent.")
    if refused.reason is Refusal.UNKNOWN_ORDER and (route is None or route.method == "GET"):
        return Failure(-2013, "Order does not exist.")
    if route is not None and route.path.endswith("/amend/keepPriority"):
        if refused.reason is Refusal.UNSUPPORTED_TYPE:
            return Failure(-2038, "Order amend is not supported for this order.")
        if refused.reason is Refusal.UNKNOWN_ORDER:
            return Failure(-2013, "Order does not exist.")
    return place_failure(refused)


def place_failure(refused: Refused) -> Failure:
    """Of an order, or a change of one, that was not accepted."""
    code, msg = _WORDS.get(refused.reason, (-1013, refused.detail))
    return Failure(code, msg)


def cancel_failure(error: Refused | Failure) -> Failure:
    """Of a cancel that did not happen."""
    return error if isinstance(error, Failure) else place_failure(error)
