"""What of ccxt's unified calls for spot is not served here, and why. Derivatives are those of USD-M."""

from __future__ import annotations

_MARGIN = "nothing is borrowed on spot: there are two wallets, spot and USD-M"
_CONVERT = "coins are not converted: trade them on the spot market"
_OPTION = "no options are listed"
_CONTRACTS = "ccxt itself refuses it on spot: it has this call for contracts only"

REFUSED: dict[str, str] = {
    "borrowCrossMargin": _MARGIN,
    "borrowIsolatedMargin": _MARGIN,
    "repayCrossMargin": _MARGIN,
    "repayIsolatedMargin": _MARGIN,
    "fetchBorrowInterest": _MARGIN,
    "fetchBorrowRateHistory": _MARGIN,
    "fetchCrossBorrowRate": _MARGIN,
    "fetchIsolatedBorrowRate": _MARGIN,
    "fetchIsolatedBorrowRates": _MARGIN,
    "createConvertTrade": _CONVERT,
    "fetchConvertCurrencies": _CONVERT,
    "fetchConvertQuote": _CONVERT,
    "fetchConvertTrade": _CONVERT,
    "fetchConvertTradeHistory": _CONVERT,
    "fetchDepositAddress": "no coin arrives from outside: the control API deposits",
    "createOrders": _CONTRACTS,
    "editOrders": _CONTRACTS,
    "cancelOrders": _CONTRACTS,
    "fetchOpenOrder": _CONTRACTS,
    "fetchOrderBookWs": _CONTRACTS,
    "fetchTickerWs": _CONTRACTS,
    "fetchOption": _OPTION,
    "fetchGreeks": _OPTION,
    "fetchAllGreeks": _OPTION,
}
