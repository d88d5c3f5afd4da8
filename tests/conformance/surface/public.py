"""What everybody may ask."""

from __future__ import annotations

from tests.conformance.here import Here
from tests.conformance.surface.method import (
    BOTH,
    SWAP,
    about,
    among,
    ask,
    candles,
    probe,
    rows,
    rows_of,
)

ask("fetchTime", BOTH, lambda h: h.client.fetch_time(), lambda h, t: t > 1_600_000_000_000)
ask("fetchStatus", BOTH, lambda h: h.client.fetch_status(), lambda h, s: s["status"] == "ok")
ask(
    "fetchMarkets",
    BOTH,
    lambda h: h.client.fetch_markets(),
    lambda h, m: h.symbol in [x["symbol"] for x in m],
)


@probe("fetchCurrencies")
async def fetch_currencies(here: Here) -> None:
    here.client.options["fetchCurrencies"] = True  # which our own clients switch off
    assert "USDT" in await here.client.fetch_currencies()


ask("fetchTicker", BOTH, lambda h: h.client.fetch_ticker(h.symbol), about)
ask("fetchTickers", BOTH, lambda h: h.client.fetch_tickers([h.symbol]), among)
ask("fetchLastPrices", BOTH, lambda h: h.client.fetch_last_prices([h.symbol]), among)
ask("fetchBidsAsks", BOTH, lambda h: h.client.fetch_bids_asks([h.symbol]), among)
ask(
    "fetchOrderBook", BOTH, lambda h: h.client.fetch_order_book(h.symbol, 5), lambda h, b: len(b["bids"]) == 5
)
ask(
    "fetchL2OrderBook",
    BOTH,
    lambda h: h.client.fetch_l2_order_book(h.symbol, 5),
    lambda h, b: bool(b["asks"]),
)
ask("fetchTrades", BOTH, lambda h: h.client.fetch_trades(h.symbol, limit=5), rows_of)
ask("fetchOHLCV", BOTH, lambda h: h.client.fetch_ohlcv(h.symbol, "5m", limit=5), candles)
ask("fetchMarkOHLCV", SWAP, lambda h: h.client.fetch_mark_ohlcv(h.symbol, "5m", limit=5), candles)
ask("fetchIndexOHLCV", SWAP, lambda h: h.client.fetch_index_ohlcv(h.symbol, "5m", limit=5), candles)
ask(
    "fetchPremiumIndexOHLCV",
    SWAP,
    lambda h: h.client.fetch_premium_index_ohlcv(h.symbol, "5m", limit=5),
    rows,
)
ask("fetchMarkPrice", SWAP, lambda h: h.client.fetch_mark_price(h.symbol), lambda h, t: t["markPrice"] > 0)
ask("fetchMarkPrices", SWAP, lambda h: h.client.fetch_mark_prices([h.symbol]), among)
ask("fetchFundingRate", SWAP, lambda h: h.client.fetch_funding_rate(h.symbol), about)
ask("fetchFundingRates", SWAP, lambda h: h.client.fetch_funding_rates([h.symbol]), among)
ask(
    "fetchFundingInterval",
    SWAP,
    lambda h: h.client.fetch_funding_interval(h.symbol),
    lambda h, f: f["interval"] == "8h",
)
ask("fetchFundingIntervals", SWAP, lambda h: h.client.fetch_funding_intervals([h.symbol]), among)
ask(
    "fetchFundingRateHistory",
    SWAP,
    lambda h: h.client.fetch_funding_rate_history(h.symbol, limit=3),
    rows_of,
)
ask("fetchOpenInterest", SWAP, lambda h: h.client.fetch_open_interest(h.symbol), about)
ask(
    "fetchLeverageTiers",
    SWAP,
    lambda h: h.client.fetch_leverage_tiers([h.symbol]),
    lambda h, t: len(t[h.symbol]) > 1,
)
ask(
    "fetchMarketLeverageTiers",
    SWAP,
    lambda h: h.client.fetch_market_leverage_tiers(h.symbol),
    lambda h, t: len(t) > 1,
)
