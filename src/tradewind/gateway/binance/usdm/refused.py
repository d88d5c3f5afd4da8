"""What of ccxt's unified calls for USD-M is not answered here, and why."""

_CONVERT = "there is no convert desk: trade on the spot market"
_MARGIN = "borrowing on spot is not simulated: there are two wallets, spot and futures"
_CHAIN = "no coin comes from an address: the control API deposits"
_OPTIONS = "no options are listed"
_SPOT = "ccxt itself asks for it on spot markets alone"
_OPTION_CALL = "ccxt itself asks for it on options alone"
_NO_METHOD = "the venue's WebSocket API for futures has no such method: ask over REST"

REFUSED: dict[str, str] = {
    "fetchOpenInterestHistory": "no history of open interest is kept",
    "fetchLongShortRatioHistory": "the crowd of the tape holds no positions: nobody is counted long or short",
    "createConvertTrade": _CONVERT,
    "fetchConvertCurrencies": _CONVERT,
    "fetchConvertQuote": _CONVERT,
    "fetchConvertTrade": _CONVERT,
    "fetchConvertTradeHistory": _CONVERT,
    "borrowCrossMargin": _MARGIN,
    "borrowIsolatedMargin": _MARGIN,
    "repayCrossMargin": _MARGIN,
    "repayIsolatedMargin": _MARGIN,
    "fetchBorrowInterest": _MARGIN,
    "fetchBorrowRateHistory": _MARGIN,
    "fetchCrossBorrowRate": _MARGIN,
    "fetchIsolatedBorrowRate": _MARGIN,
    "fetchIsolatedBorrowRates": _MARGIN,
    "fetchDepositAddress": _CHAIN,
    "fetchAllGreeks": _OPTIONS,
    "fetchGreeks": _OPTIONS,
    "fetchOption": _OPTIONS,
    "fetchLedgerEntry": _OPTION_CALL,
    "fetchMySettlementHistory": _OPTION_CALL,
    "fetchPosition": _OPTION_CALL + "; fetchPositions answers",
    "fetchSettlementHistory": _OPTION_CALL,
    "cancelAllOrdersWs": _SPOT,
    "createMarketBuyOrderWithCost": _SPOT,
    "createMarketOrderWithCost": _SPOT,
    "createMarketSellOrderWithCost": _SPOT,
    "fetchOpenOrdersWs": _SPOT,
    "fetchOrderTrades": _SPOT + "; fetchMyTrades takes an order's id",
    "fetchOrdersWs": _SPOT,
    "fetchMyTradesWs": _NO_METHOD,
    "fetchOHLCVWs": _NO_METHOD,
    "fetchTradesWs": _NO_METHOD,
}
