"""Binance Futures' words for ours: types, statuses, refusals with their codes and texts."""

from __future__ import annotations

from tradewind.exchange import (
    AlgoStatus,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    SelfTrade,
    TimeInForce,
    TriggerBy,
)
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Route
from tradewind.market import Side

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
PLAIN_TYPES = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
ALGO_TYPES = {
    "STOP": OrderType.STOP_LIMIT,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT_MARKET,
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP,
}
TYPES = PLAIN_TYPES | ALGO_TYPES
TYPE_NAMES = {kind: name for name, kind in TYPES.items()} | {OrderType.LIMIT_MAKER: "LIMIT"}
TIMES_IN_FORCE = {mode.name: mode for mode in TimeInForce}
ALGO_TIMES_IN_FORCE = {name: mode for name, mode in TIMES_IN_FORCE.items() if mode is not TimeInForce.GTD}
POSITION_SIDES = {side.name: side for side in PositionSide}
SELF_TRADES = {mode.name: mode for mode in SelfTrade}
# priceMatch: whether the other side's book is meant, and which level
PRICE_MATCHES = {
    f"{name}{'' if level == 1 else f'_{level}'}": (name == "OPPONENT", level)
    for name in ("OPPONENT", "QUEUE")
    for level in (1, 5, 10, 20)
}
WORKING_TYPES = {"CONTRACT_PRICE": TriggerBy.LAST, "MARK_PRICE": TriggerBy.MARK}
WORKING_NAMES = {by: name for name, by in WORKING_TYPES.items()}
ALGO_STATUSES = {status: status.name for status in AlgoStatus}

_WORDS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Refusal.DELISTED: (-4141, "Symbol is closed."),
    Refusal.NOT_TRADING: (-4140, "Invalid symbol status for opening position."),
    Refusal.CANCEL_ONLY: (-4140, "Invalid symbol status for opening position."),
    Refusal.UNSUPPORTED_TYPE: (-1116, "Invalid orderType."),
    Refusal.BAD_QUANTITY: (-4003, "Quantity less than or equal to zero."),
    Refusal.PRICE_FILTER: (-4014, "Price not increased by tick size."),
    Refusal.LOT_SIZE: (-4023, "Qty not increased by step size."),
    Refusal.MARKET_LOT_SIZE: (-4005, "Quantity greater than max quantity."),
    Refusal.PERCENT_PRICE: (-4016, "Limit price can't be higher than the multiplier cap."),
    Refusal.MAX_ORDERS: (-2025, "Reach max open order limit."),
    Refusal.MAX_ALGO_ORDERS: (-4045, "Reach max stop order limit."),
    Refusal.TRAILING_RATE: (-2007, "Invalid callBack rate."),
    Refusal.INSUFFICIENT_BALANCE: (-2018, "Balance is insufficient."),
    Refusal.INSUFFICIENT_MARGIN: (-2019, "Margin is insufficient."),
    Refusal.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    Refusal.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Refusal.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history.",
    ),
    Refusal.NOT_FILLABLE: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history.",
    ),
    Refusal.NO_LIQUIDITY: (
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    ),
    Refusal.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Refusal.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
    Refusal.POSITION_LIMIT: (-2027, "Exceeded the maximum allowable position at current leverage."),
    Refusal.MARGIN_MODE_SAME: (-4046, "No need to change margin type."),
    Refusal.POSITION_MODE_SAME: (-4059, "No need to change position side."),
    Refusal.OPEN_ORDERS: (-4047, "Margin type cannot be changed if there exists open orders."),
    Refusal.OPEN_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
    Refusal.NOTHING_TO_AMEND: (-5027, "No need to modify the order."),
    Refusal.NOT_ISOLATED: (-4049, "Add margin only support for isolated position."),
    Refusal.NO_POSITION: (
        -4509,
        "Time in Force (TIF) GTE can only be used with open positions. "
        "Please ensure that positions are available.",
    ),
}
_ON_PATH: dict[tuple[str, Refusal], tuple[int, str]] = {
    ("/fapi/v1/leverage", Refusal.INSUFFICIENT_MARGIN): (
        -2028,
        "Leverage is smaller than permitted: insufficient margin balance.",
    ),
    ("/fapi/v1/leverage", Refusal.OPEN_POSITION): (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    ),
    ("/fapi/v1/positionSide/dual", Refusal.OPEN_ORDERS): (
        -4067,
        "Position side cannot be changed if there exists open orders.",
    ),
    ("/fapi/v1/positionSide/dual", Refusal.OPEN_POSITION): (
        -4068,
        "Position side cannot be changed if there exists position.",
    ),
    ("/fapi/v1/positionMargin", Refusal.NO_POSITION): (
        -4054,
        "Cannot add position margin: position is 0.",
    ),
    ("/fapi/v1/positionMargin", Refusal.BAD_QUANTITY): (-4055, "Amount must be positive."),
}


def unknown_order(cancelling: bool) -> Failure:
    return Failure(-2011, "Unknown order sent.") if cancelling else Failure(-2013, "Order does not exist.")


def too_little(least: str) -> Failure:
    """Of an order that is worth less than `least` in quote."""
    return Failure(
        -4164, f"Order's notional must be no smaller than {least} (unless you choose reduce only)."
    )


def worded(refused: Refused, route: Route | None) -> Failure:
    """What Binance Futures answers for a refusal of the exchange."""
    if refused.reason is Refusal.UNKNOWN_ORDER:
        return unknown_order(cancelling=route is not None and route.method == "DELETE")
    special = _ON_PATH.get((route.path, refused.reason)) if route is not None else None
    found = special or _WORDS.get(refused.reason)
    if found is None:
        return Failure(-1128, f"Combination of optional parameters invalid: {refused.detail}.")
    return Failure(*found)
