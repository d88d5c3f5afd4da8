"""Why a request is refused, in words of no venue: protocol layers map them to their own codes and texts."""

from __future__ import annotations

from enum import StrEnum

from tradewind.market import OrderRejected


class Refusal(StrEnum):
    """One reason each; the comment names Binance's code for orientation."""

    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_SYMBOL = "unknown_symbol"  # -1121
    UNKNOWN_ASSET = "unknown_asset"
    BAD_REQUEST = "bad_request"  # -1102, -1106, -1128: parameters that do not go together
    UNSUPPORTED_TYPE = "unsupported_type"  # -1116, -4120
    NOT_TRADING = "not_trading"  # -1013 Market is closed
    DELISTED = "delisted"
    CANCEL_ONLY = "cancel_only"
    BAD_QUANTITY = "bad_quantity"  # -4003, -1013
    PRICE_FILTER = "price_filter"  # -1013, -4014
    LOT_SIZE = "lot_size"
    MARKET_LOT_SIZE = "market_lot_size"
    NOTIONAL = "notional"  # -1013 NOTIONAL, -4164
    PERCENT_PRICE = "percent_price"  # -1013 PERCENT_PRICE_BY_SIDE, -4131
    MAX_ORDERS = "max_orders"
    MAX_ALGO_ORDERS = "max_algo_orders"
    MAX_POSITION = "max_position"  # -2010, filter of spot markets
    ICEBERG_PARTS = "iceberg_parts"  # -1013
    TRAILING_RATE = "trailing_rate"  # -2007
    INSUFFICIENT_BALANCE = "insufficient_balance"  # -2010
    INSUFFICIENT_MARGIN = "insufficient_margin"  # -2019
    DUPLICATE_CLIENT_ID = "duplicate_client_id"  # -2010, -4116
    UNKNOWN_ORDER = "unknown_order"  # -2011 on cancel, -2013 on query
    WOULD_TRIGGER = "would_trigger"  # -2010, -2021
    WOULD_TAKE = "would_take"  # -2010, -5022
    NOT_FILLABLE = "not_fillable"  # -5021
    NO_LIQUIDITY = "no_liquidity"
    REDUCE_ONLY = "reduce_only"  # -2022
    POSITION_SIDE = "position_side"  # -4061
    LEVERAGE = "leverage"  # -4028
    POSITION_LIMIT = "position_limit"  # -2027
    MARGIN_MODE_SAME = "margin_mode_same"  # -4046
    POSITION_MODE_SAME = "position_mode_same"  # -4059
    OPEN_ORDERS = "open_orders"  # -4047, -4067
    OPEN_POSITION = "open_position"  # -4048, -4068
    NOT_ISOLATED = "not_isolated"  # -4046 family: margin can be moved on isolated positions only
    NOTHING_TO_AMEND = "nothing_to_amend"  # -5027
    NO_POSITION = "no_position"


class Refused(OrderRejected):
    """The exchange did not do it and nothing changed. `reason` is for programs, `detail` for people."""

    def __init__(self, reason: Refusal, detail: str = "") -> None:
        super().__init__(detail or reason.value.replace("_", " "))
        self.reason = reason
        self.detail = detail or reason.value.replace("_", " ")
