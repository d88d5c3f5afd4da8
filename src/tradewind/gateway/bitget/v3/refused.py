"""What ccxt cannot do with a unified account, and why. The paths behind it answer with an error."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.v2 import refused as v2
from tradewind.gateway.wire import Reply, Request

_CLASSIC = "ccxt asks v2, which sends unified accounts away (40085), as Bitget does"
_TRIGGER = "ccxt sends it to place-order, which has no trigger: refused, lest it trades at once (40017)"
_ONE_POOL = "spot and futures have one pool of money: there is nothing to transfer between"

REFUSED = {
    **v2.REFUSED,
    "addMargin": f"{_CLASSIC}; v3's own path set-margin does it",
    "reduceMargin": f"{_CLASSIC}; v3's own path set-margin does it",
    "fetchLeverage": f"{_CLASSIC}; v3's account/settings tells it",
    "fetchMarginMode": f"{_CLASSIC}; v3's account/settings tells it",
    "setMarginMode": f"{_CLASSIC}; on v3 each order says its own marginMode",
    "fetchTransfers": _CLASSIC,
    "transfer": _ONE_POOL,
    "createStopOrder": _TRIGGER,
    "createStopLimitOrder": _TRIGGER,
    "createStopMarketOrder": _TRIGGER,
    "createTriggerOrder": _TRIGGER,
    "createTrailingPercentOrder": _TRIGGER,
}

_PATHS = {
    "/api/v3/account/transfer",
    "/api/v3/account/sub-transfer",
    "/api/v3/account/withdrawal",
    "/api/v3/account/deposit-address",
    "/api/v3/account/repay",
    "/api/v3/account/switch",
    "/api/v3/account/adjust-account-mode",
    "/api/v3/market/margin-loans",
    "/api/v3/trade/place-reality-order",
    "/api/v3/trade/cancel-reality-order",
}
_PREFIXES = ("/api/v3/ins-loan/", "/api/v3/loan/", "/api/v3/user/", "/api/v3/account/reality-")


def refuses(path: str) -> bool:
    """Whether the path belongs to a product that is not simulated."""
    return path in _PATHS or path.startswith(_PREFIXES)


def refuse(request: Request) -> Reply:
    return known("40301").reply(request.received_ms)
