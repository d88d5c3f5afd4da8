"""What of ccxt's unified calls is not served here, and why."""

REFUSED: dict[str, str] = {
    "fetchOpenInterestHistory": "no history of open interest is kept",
    "fetchLongShortRatioHistory": "the crowd of the tape holds no positions",
    "fetchConvertCurrencies": "coins are not converted",
    "fetchConvertQuote": "coins are not converted",
    "createConvertTrade": "coins are not converted",
    "fetchConvertTrade": "coins are not converted",
    "fetchConvertTradeHistory": "coins are not converted",
    "fetchOption": "no options are listed",
    "fetchGreeks": "no options are listed",
    "fetchAllGreeks": "no options are listed",
    "fetchSettlementHistory": "perpetuals are not settled",
    "fetchMySettlementHistory": "perpetuals are not settled",
}
