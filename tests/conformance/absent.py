"""Why a field that ccxt's parsers read is not among the recorded ones."""

from __future__ import annotations

from tests.conformance.parsers import other_names

_BORROWED = "nothing is borrowed"
_OPTIONS = "no options are listed"
_STOCKS = "no stocks are listed"
_CONVERTED = "there is no convert desk"
_CHAIN = "no coin comes from an address"
_CROWD = "the crowd holds no positions"
_OWN = "ccxt's own structures"
_MERGED = "portfolio margin is not offered"
OTHERWISE = "another endpoint or product of that parser"

PARSERS = {
    "fetch_transaction_fees": "asked of spot",
    "handle_balance_ws": "account.balance, which ccxt asks for by an option",
    "handle_event_stream_terminated": "tests/gateway/binance/spot/test_ws_api.py",
    "handle_fetch_ohlcv": "spot only",
    "handle_order": _OWN,
    "handle_orders_ws": "spot only",
    "handle_ohlcv_un_subscription": "ccxt's table has no unWatch for Bitget",
    "handle_order_book_un_subscription": "ccxt's table has no unWatch for Bitget",
    "handle_options_account_update": _OPTIONS,
    "handle_options_order_update": _OPTIONS,
    "handle_stock_price": _STOCKS,
    "handle_stock_quote": _STOCKS,
    "handle_ticker_un_subscription": "ccxt's table has no unWatch for Bitget",
    "handle_trades_un_subscription": "ccxt's table has no unWatch for Bitget",
    "handle_trades_ws": "spot only",
    "handle_un_subscription_status": "ccxt's table has no unWatch for Bitget",
    "handle_user_data_stream_subscribe": "spot only: futures have a listen key",
    "handle_ws_error": "refusals: tests/gateway/binance/spot/test_ws_api.py",
    "parse_balance_helper": _BORROWED,
    "parse_borrow_interest": _BORROWED,
    "parse_borrow_rate": _BORROWED,
    "parse_conversion": _CONVERTED,
    "parse_currencies_custom": _BORROWED,
    "parse_deposit_address": _CHAIN,
    "parse_dust_trade": _CONVERTED,
    "parse_greeks": _OPTIONS,
    "parse_isolated_borrow_rate": _BORROWED,
    "parse_liquidation": _BORROWED,
    "parse_long_short_ratio": _CROWD,
    "parse_margin_loan": _BORROWED,
    "parse_ohlcv": "candles here are arrays, as for all but stocks and options",
    "parse_option": _OPTIONS,
    "parse_option_position": _OPTIONS,
    "parse_settlement": _OPTIONS,
    "parse_ws_options_position": _OPTIONS,
}

_FIELDS: dict[tuple[str, str], str] = {
    **{
        ("parse_balance_custom", key): _MERGED
        for key in (
            *("cmUnrealizedPNL", "cmWalletBalance", "umUnrealizedPNL", "umWalletBalance"),
            *("crossMarginAsset", "crossMarginBorrowed", "crossMarginFree", "crossMarginInterest"),
            *("crossMarginLocked", "totalWalletBalance"),
        )
    },
    **{
        ("parse_balance_custom", key): _BORROWED
        for key in ("borrowed", "interest", "baseAsset", "quoteAsset")
    },
    ("parse_balance_custom", "positionAmountVos"): "there is no savings wallet",
    ("parse_balance_custom", "amount"): "there is no savings wallet",
    ("parse_balance_custom", "freeze"): "there is no funding wallet",
    ("parse_balance_custom", "withdrawing"): "there is no funding wallet",
    ("parse_order", "newClientStrategyId"): _MERGED,
    ("parse_order", "strategyId"): _MERGED,
    ("parse_order", "strategyStatus"): _MERGED,
    ("parse_order", "cumBase"): "coin-margined futures are not listed",
    ("parse_liquidation", "cumBase"): "coin-margined futures are not listed",
    ("parse_ticker", "baseVolume"): "coin-margined futures are not listed",
    ("parse_trade", "baseQty"): "coin-margined futures are not listed",
    ("parse_market", "contractStatus"): "coin-margined futures are not listed",
    ("parse_market", "contractSize"): "coin-margined futures are not listed",
    ("parse_market", "strikePrice"): _OPTIONS,
    ("parse_market", "expiryDate"): _OPTIONS,
    ("parse_market", "underlying"): _OPTIONS,
    ("parse_market", "tradability"): _STOCKS,
    ("parse_trade", "executionId"): _STOCKS,
    ("parse_trade", "executionAt"): _STOCKS,
    ("parse_last_price", "time"): "spot's /ticker/price has none",
    ("parse_transaction", "orderNo"): "no fiat moves",
    ("parse_transaction", "fiatCurrency"): "no fiat moves",
    ("parse_transaction", "totalFee"): "no fiat moves",
    ("handle_balance", "d"): "balanceUpdate: tests/gateway/binance/spot/test_streams.py",
    ("handle_order_book", "timestamp"): _OWN,
    ("parse_position_risk", "maintMargin"): "there, but read only when no bracket is known",
    ("parse_position_risk", "contractSize"): _OWN,
    ("parse_position_risk", "precision"): _OWN,
    ("parse_account_position", "entryPrice"): "v3/account has none; positionRisk does",
    ("parse_account_position", "leverage"): "v3/account has none; symbolConfig does",
    ("parse_account_position", "isolated"): "v3/account has none; symbolConfig does",
    ("parse_account_position", "isolatedWallet"): "there, but read for isolated margin of v2 only",
    ("handle_balance", "borrow"): _BORROWED,
    ("handle_balance", "debts"): _BORROWED,
    ("handle_balance", "interest"): _BORROWED,
    ("parse_balance", "borrow"): _BORROWED,
    ("parse_balance", "interest"): _BORROWED,
    ("handle_message", "stream"): "combined sockets, which ccxt does not open: tests/gateway/binance",
    ("handle_message", "data"): "combined sockets, which ccxt does not open: tests/gateway/binance",
    ("handle_message", "error"): "refusals: tests/gateway/binance/spot/test_ws_api.py",
    ("handle_positions_ws", "entryPrice"): _OWN,
    ("parse_account_position", "contractSize"): _OWN,
    ("parse_ws_liquidation", "contractSize"): _OWN,
    ("parse_adl_rank", "LONG"): "two-way positions; asked of a one-way account",
    ("parse_adl_rank", "SHORT"): "two-way positions; asked of a one-way account",
    ("parse_balance_custom", "userAssets"): _BORROWED,
    ("parse_currency", "depositDust"): "there is no smallest deposit",
    ("parse_market", "side"): _OPTIONS,
    ("parse_market", "unit"): _OPTIONS,
    ("parse_open_interest", "sumOpenInterestUsd"): "no history of open interest is kept",
    ("parse_open_interest", "sumOpenInterestValue"): "no history of open interest is kept",
    **{
        ("parse_transaction", key): "no fiat moves"
        for key in ("successTime", "transactionType", "updateTime")
    },
    **{
        ("parse_transfer", key): "Binance Pay is not offered"
        for key in ("accountId", "payerInfo", "receiverInfo", "walletType")
    },
    **{("parse_ws_order", key): _STOCKS for key in ("FN", "Q", "U", "b", "fq")},
    **{("parse_ws_ticker", key): "of @ticker; ccxt asks for @miniTicker" for key in ("P", "w", "x")},
    ("fetch_default_markets", "deliveryTime"): "there, but read of dated futures only",
    ("fetch_default_markets", "isCrossBorrowable"): _BORROWED,
    ("parse_balance", "totalAmount"): _BORROWED,
    ("parse_balance", "transferable"): _BORROWED,
    ("handle_error_message", "code"): "refusals: tests/gateway/bitget",
    ("handle_error_message", "msg"): "refusals: tests/gateway/bitget",
    ("parse_position", "closeTotalPos"): "there, but read only where no other size is",
    ("parse_transaction", "recordId"): "read only where there is no tradeId",
    ("parse_transaction", "dest"): "there, but read only where there is no tradeId",
    **{
        ("parse_ws_order", key): "of the channel orders-algo, which ccxt asks for by trigger"
        for key in ("executePrice", "triggerPrice")
    },
    **{("handle_my_trade", key): _OWN for key in ("currency", "fee", "fees", "order", "symbol", "trades")},
}


def why(venue: str, parser: str, key: str, found: dict[str, dict[str, set[str]]]) -> str:
    """`found`: for each id of ccxt the fields that were found, by parser."""
    ours = found[venue].get(parser, set())
    if not ours and parser in PARSERS:
        return PARSERS[parser]
    same = sorted(other_names(venue).get((parser, key), set()) & ours)
    if same:
        return f"another name of {same[0]}"
    if (parser, key) in _FIELDS:
        return _FIELDS[parser, key]
    if venue == "bitget":
        return OTHERWISE
    sibling = {"binance": "binanceusdm", "binanceusdm": "binance"}[venue]
    if key in found[sibling].get(parser, set()):
        return f"of the markets of {sibling}"
    return OTHERWISE
