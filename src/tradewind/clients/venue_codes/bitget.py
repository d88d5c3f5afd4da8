"""What Bitget's codes say about an order request, of classic accounts (v2) and of unified ones (v3).

Sources: the error lists of Bitget's documentation for both kinds of account. Both share one numbering.
"""

from __future__ import annotations

from tradewind.clients.venue_codes.rows import rows, table_of
from tradewind.market.outcome import RejectKind

_ACCESS = [
    *rows(
        RejectKind.AUTH,
        {
            "22004": "This symbol does not support API trade",
            "22010": "Please bind ip whitelist address",
            "40001": "ACCESS_KEY cannot be empty",
            "40002": "ACCESS_SIGN cannot be empty",
            "40003": "Signature cannot be empty",
            "40006": "Invalid ACCESS_KEY",
            "40009": "sign signature error",
            "40010 sign": "sign signature error",
            "40011": "ACCESS_PASSPHRASE cannot be empty",
            "40012": "apikey/password is incorrect",
            "40013": "User status is abnormal",
            "40014": "Incorrect permissions",
            "40016": "The user must bind the phone or Google",
            "40018": "Invalid IP",
            "40024": "A regional currency: the purchase conditions are not met",
            "40031": "The account has been cancelled",
            "40035": "Identity verification is required",
            "40037": "Apikey does not exist",
            "40084": "You are in Classic Account mode",
            "40085": "You are in Unified Account mode",
            "40099": "exchange environment is incorrect",
            "40301": "Permission has not been obtained yet",
        },
    ),
    *rows(
        RejectKind.CLOCK,
        {
            "40004": "Request timestamp expired",
            "40005": "Invalid ACCESS_TIMESTAMP",
            "40008": "Request timestamp expired",
        },
    ),
    *rows(
        RejectKind.LIMIT,
        {
            "429": "Too Many Requests",
            "1001": "The request is too frequent and has been throttled",
            "30001 frequent": "The request is too frequent and has been banned",
            "50009": "The operation is too frequent",
        },
    ),
]
_OPEN_ORDERS = rows(
    RejectKind.LIMIT,
    {"40889": "The number of orders has reached the upper limit"},
    "as many orders as are allowed are open",
)
_UNKNOWN = rows(
    None,
    {
        "40010": "Request timed out",
        "40015": "System is abnormal, please try again later",
        "40604": "Server is busy, please try again later",
        "40725": "service return an error",
        "45001": "Unknown error",
        "50008": "network timeout",
    },
)

ALL = table_of(
    _ACCESS,
    _OPEN_ORDERS,
    _UNKNOWN,
    rows(
        RejectKind.MAINTENANCE,
        {"40200": "Server upgrade, please try again later", "41114": "The service is under maintenance"},
    ),
    rows(
        RejectKind.NOT_TRADING,
        {
            "25100": "Trading pair does not exist (unified)",
            "25102": "Trading pair temporarily closed for maintenance (unified)",
            "25104": "Contract delisted (unified)",
            "40034 symbol": "Parameter symbol does not exist",
            "40308": "The contract is being temporarily maintained",
            "40309": "The contract has been removed",
            "41114 trading pair": "The current trading pair is under maintenance",
            "43115": "The current trading pair is opening soon",
            "50004": "The transaction pair is not supported or has been suspended",
        },
    ),
    rows(
        RejectKind.BALANCE,
        {
            "25202": "Insufficient balance (unified)",
            "25203": "Insufficient margin (unified)",
            "40711": "Insufficient contract account balance",
            "40712": "Insufficient margin",
            "40754": "balance not enough",
            "40762": "The order amount exceeds the balance",
            "43012": "Insufficient balance",
            "50020": "Insufficient balance",
        },
    ),
    rows(RejectKind.DUPLICATE, {"25212": "Duplicate clientOid (unified)", "40786": "Duplicate clientOid"}),
    rows(
        RejectKind.WOULD_TAKE,
        {"40401 post_only": "A post_only order would be matched at once"},
    ),
    rows(
        RejectKind.WOULD_TRIGGER,
        {
            "40915": "Long position take profit price please > mark price",
            "40916": "Short position take profit price please < mark price",
            "40917": "Stop price for long positions please < mark price",
            "43011 trigger": "The trigger price is past",
            "43011 the stop at": "The stop is past",
            "45122": "Short position stop loss price please > mark price",
        },
    ),
    rows(
        RejectKind.REDUCE_ONLY,
        {
            "22002": "No position to close",
            "25227": "No position to close (unified)",
            "40891": "Insufficient position for take profit and stop loss",
            "43023": "Insufficient position, can not set profit or stop loss",
        },
    ),
    rows(
        RejectKind.POSITION_MODE,
        {
            "25223": "Exceeds Max. leverage (unified)",
            "40731": "There is a position or order: the position mode cannot be adjusted",
            "40774": "The order type for unilateral position must also be the unilateral position type",
            "40797": "Exceeded the maximum settable leverage",
            "40920": "Position or order exists, the position mode cannot be switched",
            "45117": "Positions or orders are held, the margin mode cannot be adjusted",
        },
    ),
    rows(
        RejectKind.FILTER,
        {
            "40020": "Parameter size or callbackRatio error",
            "40108": "Wrong order quantity",
            "40706": "Wrong order price",
            "40808": "Parameter verification exception checkBDScale",
            "41103": "param price scale error",
            "41117": "The selling price cannot be lower than the floor",
            "43006": "The order quantity is less than the minimum transaction quantity",
            "43011": "The parameter does not meet the specification",
            "45110": "less than the minimum amount",
            "45111": "less than the minimum order quantity",
            "45113": "Maximum order value limit triggered",
        },
    ),
    rows(
        RejectKind.NOT_FOUND,
        {
            "22001": "No order to cancel",
            "25204": "Order does not exist (unified)",
            "40109": "The data of the order cannot be found",
            "40768": "Order does not exist",
            "43001": "The order does not exist",
            "43004": "There is no order to cancel",
            "43020": "The take profit or stop loss order does not exist",
            "43025": "Plan order does not exist",
        },
    ),
    rows(
        RejectKind.OTHER,
        {
            "25201": "Currency does not exist (unified)",
            "25209": "Insufficient market liquidity (unified)",
            "25271": "The modification is the same as the original value (unified)",
            "40007": "Invalid Content_Type",
            "40017": "Parameter verification failed",
            "40019": "A parameter cannot be empty",
            "40034": "A parameter does not exist",
            "40102": "Contract configuration does not exist",
            "40201": "Order number cannot be empty",
            "40302": "Parameter abnormality",
            "40305": "clientOid is too long or has wrong characters",
            "40306": "Too many orders in one batch",
            "40404": "Request URL NOT FOUND",
            "40923": "Order size and price have not changed",
            "400171": "Parameter verification failed",
            "400172": "Parameter verification failed (unified)",
        },
    ),
    rows(RejectKind.OTHER, {"40401": "The operation cannot be performed"}, "it says that it was not done"),
)
