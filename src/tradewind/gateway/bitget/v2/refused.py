"""What v2 offers and this exchange does not: the paths answer with an error, and why is told here."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.wire import Reply, Request

_MARGIN = "borrowing on spot is not simulated: there are two wallets, spot and USDT futures"
_CONVERT = "there is no convert desk: trade on the spot market"
_CHAIN = "coins do not leave for addresses: the control API deposits and withdraws"
_CROWD = "the crowd has no accounts: nobody is counted long or short"

REFUSED = {
    "borrowCrossMargin": _MARGIN,
    "borrowIsolatedMargin": _MARGIN,
    "repayCrossMargin": _MARGIN,
    "repayIsolatedMargin": _MARGIN,
    "fetchBorrowInterest": _MARGIN,
    "fetchCrossBorrowRate": _MARGIN,
    "fetchIsolatedBorrowRate": _MARGIN,
    "createConvertTrade": _CONVERT,
    "fetchConvertCurrencies": _CONVERT,
    "fetchConvertQuote": _CONVERT,
    "fetchConvertTradeHistory": _CONVERT,
    "fetchDepositAddress": _CHAIN,
    "withdraw": _CHAIN,
    "fetchMyLiquidations": "ccxt asks the margin API, which has no accounts here; forced orders of futures "
    "are among the closed orders",
    "fetchLongShortRatioHistory": _CROWD,
}

_PREFIXES = tuple(
    f"/api/v2/{part}/"
    for part in ("margin", "convert", "copy", "earn", "p2p", "broker", "tax", "user", "affiliate")
)
_PATHS = {
    "/api/v2/spot/wallet/deposit-address",
    "/api/v2/spot/wallet/withdrawal",
    "/api/v2/spot/wallet/subaccount-transfer",
    "/api/v2/mix/market/account-long-short",
    "/api/v2/mix/market/position-long-short",
    "/api/v2/mix/market/long-short",
    "/api/v2/mix/market/long-short-ratio",
}


def refuses(path: str) -> bool:
    """Whether the path belongs to a product that is not simulated."""
    return path in _PATHS or path.startswith(_PREFIXES)


def refuse(request: Request) -> Reply:
    return known("40301").reply(request.received_ms)
