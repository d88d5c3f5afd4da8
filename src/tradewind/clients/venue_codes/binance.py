"""What the codes of Binance Spot and Binance USD-M say about an order request.

Sources: the error lists of Binance's documentation for spot and for USD-M futures.
"""

from __future__ import annotations

from tradewind.clients.venue_codes.rows import Row, rows, table_of
from tradewind.market.outcome import RejectKind

_UNKNOWN = rows(
    None,
    {
        "-1000": "An unknown error occurred while processing the request",
        "-1001": "Internal error; unable to process your request",
        "-1004": "Server is busy",
        "-1006": "An unexpected response was received from the message bus",
        "-1007": "Timeout waiting for response from backend server",
        "-1008": "Server is currently overloaded",
        "-1010": "ERROR_MSG_RECEIVED",
    },
)
_ACCESS = [
    *rows(
        RejectKind.AUTH,
        {
            "-1002": "You are not authorized to execute this request",
            "-1022": "Signature for this request is not valid",
            "-1099": "Not found, authenticated, or authorized",
            "-2008": "Invalid Api-Key ID",
            "-2014": "API-key format invalid",
            "-2015": "Invalid API-key, IP, or permissions for action",
            "-2017": "API Keys are locked on this account",
        },
    ),
    *rows(RejectKind.CLOCK, {"-1021": "Timestamp for this request is outside of the recvWindow"}),
    *rows(
        RejectKind.LIMIT,
        {
            "-1003": "Too much request weight used; or the IP is banned",
            "-1015": "Too many new orders",
            "-1034": "Too many concurrent connections",
        },
    ),
    *rows(RejectKind.MAINTENANCE, {"-1016": "This service is no longer available"}),
]
_WRONG = rows(
    RejectKind.OTHER,
    {
        "-1014": "Unsupported order combination",
        "-1020": "This operation is not supported",
        "-1100": "Illegal characters found in a parameter",
        "-1101": "Too many or duplicate parameters",
        "-1102": "Mandatory parameter was not sent or malformed",
        "-1103": "An unknown parameter was sent",
        "-1104": "Not all sent parameters were read",
        "-1105": "A parameter was empty",
        "-1106": "A parameter was sent when not required",
        "-1108": "Invalid asset, or a value is too large",
        "-1114": "TimeInForce sent when not required",
        "-1115": "Invalid timeInForce",
        "-1116": "Invalid orderType",
        "-1117": "Invalid side",
        "-1118": "New client order ID was empty",
        "-1119": "Original client order ID was empty",
        "-1128": "Combination of optional parameters invalid",
        "-1130": "Data sent for a parameter is not valid",
        "-1131": "recvWindow must be less than 60000",
        "-1136": "Invalid newOrderRespType",
    },
)
_MARKET = [
    *rows(RejectKind.FILTER, {"-1111": "A parameter has too much precision"}),
    *rows(
        RejectKind.NOT_TRADING,
        {"-1121": "Invalid symbol", "-2016": "No trading window could be found for the symbol"},
    ),
]
_NOT_FOUND = rows(
    RejectKind.NOT_FOUND, {"-2011": "Unknown order sent, on cancel", "-2013": "Order does not exist"}
)

SPOT = table_of(
    _UNKNOWN,
    _ACCESS,
    _WRONG,
    _MARKET,
    _NOT_FOUND,
    rows(RejectKind.NOT_TRADING, {"-1013 market is closed": "Market is closed"}),
    rows(
        RejectKind.LIMIT,
        {"-1013 max_num": "Filter failure: MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS"},
        "as many orders as are allowed are open",
    ),
    rows(RejectKind.FILTER, {"-1013": "Filter failure, invalid quantity or price"}),
    rows(
        RejectKind.BALANCE,
        {"-2010 insufficient balance": "Account has insufficient balance for requested action"},
    ),
    rows(RejectKind.DUPLICATE, {"-2010 duplicate order": "Duplicate order sent: the first is still open"}),
    rows(
        RejectKind.WOULD_TAKE,
        {"-2010 immediately match and take": "Order would immediately match and take"},
    ),
    rows(RejectKind.WOULD_TRIGGER, {"-2010 trigger immediately": "Stop price would trigger immediately"}),
    rows(RejectKind.NOT_TRADING, {"-2010 market is closed": "Market is closed"}),
    rows(RejectKind.FILTER, {"-2010 filter failure": "Filter failure of the account"}),
    rows(
        RejectKind.AUTH,
        {
            "-2010 action is disabled": "This action is disabled on this account",
            "-2010 may not place": "This account may not place or cancel orders",
        },
    ),
    rows(RejectKind.OTHER, {"-2010": "New order rejected"}, "the book says that it refused the order"),
    rows(
        RejectKind.OTHER,
        {"-2011 cancel restrictions": "Order was not canceled due to cancel restrictions"},
        "the order is as it was",
    ),
    rows(
        None,
        {
            "-2021": "Order cancel-replace partially failed",
            "-2022": "Order cancel-replace failed",
        },
        "which half was done stands in its data: ask",
    ),
    rows(
        RejectKind.OTHER,
        {"-2026": "Order was canceled or expired over 90 days ago and has been archived"},
        "it is known, and over",
    ),
    rows(
        RejectKind.OTHER,
        {
            "-1135": "Invalid JSON request",
            "-1145": "Invalid cancelRestrictions",
            "-2038": "Order amend rejected",
            "-2039": "Client order ID is not correct for this order ID",
        },
    ),
)

USDM = table_of(
    _UNKNOWN,
    _ACCESS,
    _WRONG,
    _MARKET,
    _NOT_FOUND,
    [Row("-5041", None, "Time out for too many requests from this account queueing at the same time")],
    rows(
        RejectKind.LIMIT,
        {"-2025": "Reach max open order limit", "-4045": "Reach max stop order limit"},
        "as many orders as are allowed are open",
    ),
    rows(RejectKind.CLOCK, {"-5028": "Timestamp for this request is outside of the ME recvWindow"}),
    rows(
        RejectKind.AUTH,
        {
            "-1005": "No such IP has been white listed",
            "-1011": "This IP cannot access this route",
            "-1109": "Invalid account",
            "-4056": "HMAC_SHA256 API key is not supported",
            "-4057": "Invalid api public key",
            "-4088": "User can not place order currently",
            "-4192": "Trade forbidden due to Cooling-off Period",
            "-4401": "Compliance restricted account: only reduce-only orders",
            "-4402": "Not available by local regulations",
        },
    ),
    rows(
        RejectKind.BALANCE,
        {
            "-2018": "Balance is insufficient",
            "-2019": "Margin is insufficient",
            "-4050": "Cross balance insufficient",
            "-4051": "Isolated balance insufficient",
        },
    ),
    rows(RejectKind.DUPLICATE, {"-4116": "ClientOrderId is duplicated"}),
    rows(RejectKind.WOULD_TAKE, {"-5022": "Post Only order could not be executed as maker"}),
    rows(
        RejectKind.WOULD_TRIGGER,
        {"-2021": "Order would immediately trigger", "-4142": "Stop order will be triggered immediately"},
    ),
    rows(
        RejectKind.REDUCE_ONLY,
        {
            "-2022": "ReduceOnly Order is rejected",
            "-2024": "Position is not sufficient",
            "-4118": "ReduceOnly Order Failed: check position and open orders",
            "-4509": "TIF GTE can only be used with open positions",
        },
    ),
    rows(
        RejectKind.POSITION_MODE,
        {
            "-2027": "Exceeded the maximum allowable position at current leverage",
            "-2028": "Leverage is smaller than permitted",
            "-4060": "Invalid position side",
            "-4061": "Order's position side does not match user's setting",
            "-4067": "Position side cannot be changed: open orders",
            "-4068": "Position side cannot be changed: position",
            "-4531": "Position mode change requires syncing UM and CM",
        },
    ),
    rows(
        RejectKind.NOT_TRADING,
        {
            "-4108": "This symbol is currently in closing status",
            "-4140": "Invalid symbol status for opening position",
            "-4141": "Symbol is closed",
            "-4144": "Invalid pair",
            "-5024": "Symbol is not in trading status",
        },
    ),
    rows(
        RejectKind.FILTER,
        {
            "-1013": "Invalid message: outside a filter",
            "-2007": "Invalid callBack rate",
            "-4001": "Price less than 0",
            "-4002": "Price greater than max price",
            "-4003": "Quantity less than or equal to zero",
            "-4004": "Quantity less than min quantity",
            "-4005": "Quantity greater than max quantity",
            "-4006": "Stop price less than zero",
            "-4007": "Stop price greater than max price",
            "-4013": "Price less than min price",
            "-4014": "Price not increased by tick size",
            "-4016": "Limit price can't be higher than the cap",
            "-4023": "Qty not increased by step size",
            "-4024": "Limit price can't be lower than the floor",
            "-4131": "The counterparty's best price does not meet the PERCENT_PRICE filter limit",
            "-4135": "Invalid activation price",
            "-4164": "Order's notional must be no smaller than the minimum",
            "-4183": "Price is higher than stop price multiplier cap",
            "-4184": "Price is lower than stop price multiplier floor",
        },
    ),
    rows(
        RejectKind.OTHER,
        {
            "-2020": "Unable to fill",
            "-2023": "User in liquidation mode now",
            "-2026": "This OrderType is not supported when reduceOnly",
            "-4015": "Client order id is not valid",
            "-4031": "Invalid working type",
            "-4120": "Order type not supported here: use the Algo Order endpoints",
            "-4136": "Target strategy invalid for this orderType with closePosition",
            "-4137": "Quantity must be zero with closePosition",
            "-4138": "Reduce only must be true with closePosition",
            "-4139": "Order type can not be market if it's unable to cancel",
            "-4400": "Quantitative rules violated: only reduce-only orders",
            "-5000": "Path or method is invalid",
            "-5021": "The FOK order could not be filled immediately",
            "-5025": "Only limit order is supported",
            "-5026": "Exceed maximum modify order limit",
            "-5027": "No need to modify the order",
            "-5037": "Invalid price match",
            "-5038": "Price match only supports limit orders",
            "-5039": "Invalid self trade prevention mode",
            "-5040": "goodTillDate is not in its range",
        },
    ),
)
