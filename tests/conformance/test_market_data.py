"""What a venue tells about its markets, through ccxt's unified calls."""

from __future__ import annotations

import itertools
import time

import ccxt.async_support as ccxt
import pytest

from tests.conformance.here import Here

pytestmark = pytest.mark.asyncio
MINUTE = 60_000


async def test_markets_have_grids_limits_and_fees(here: Here) -> None:
    market = here.market
    assert market["active"]
    assert market["swap"] is here.place.is_swap
    assert market["spot"] is not here.place.is_swap
    assert market["linear"] is (True if here.place.is_swap else None)
    assert market["precision"]["price"] > 0
    assert market["precision"]["amount"] > 0
    assert market["limits"]["amount"]["min"] > 0
    assert market["limits"]["cost"]["min"] > 0
    assert 0 <= market["maker"] <= market["taker"] < 0.01
    if here.place.is_swap:
        assert market["settle"] == "USDT"
        assert market["contractSize"] == 1


async def test_the_venues_clock_is_ours(here: Here) -> None:
    assert abs(await here.client.fetch_time() - time.time() * 1000) < 5_000


@pytest.mark.parametrize(("timeframe", "span"), [("1m", 1), ("5m", 5), ("1h", 60)])
async def test_candles_are_whole_and_in_order(here: Here, timeframe: str, span: int) -> None:
    rows = await here.client.fetch_ohlcv(here.symbol, timeframe, limit=30)
    assert 25 <= len(rows) <= 30
    for before, after in itertools.pairwise(rows):
        assert after[0] - before[0] == span * MINUTE
    for opened, o, high, low, c, volume in rows:
        assert opened % (span * MINUTE) == 0
        assert low <= min(o, c) <= max(o, c) <= high
        assert volume >= 0


async def test_candles_since_a_time_begin_there_and_do_not_change(here: Here) -> None:
    newest = (await here.client.fetch_ohlcv(here.symbol, "1m", limit=50))[-1][0]
    since = newest - 40 * MINUTE
    first = await here.client.fetch_ohlcv(here.symbol, "1m", since=since, limit=10)
    again = await here.client.fetch_ohlcv(here.symbol, "1m", since=since, limit=10)
    assert [row[0] for row in first] == [since + k * MINUTE for k in range(10)]
    assert first == again


async def test_an_hour_is_made_of_its_minutes(here: Here) -> None:
    hours = await here.client.fetch_ohlcv(here.symbol, "1h", limit=3)
    opened, o, high, low, c, volume = hours[-2]
    rows = await here.client.fetch_ohlcv(here.symbol, "1m", since=opened, limit=60)
    rows = [row for row in rows if opened <= row[0] < opened + 60 * MINUTE]
    assert len(rows) == 60
    assert (rows[0][1], rows[-1][4]) == (o, c)
    assert (max(r[2] for r in rows), min(r[3] for r in rows)) == (high, low)
    assert sum(r[5] for r in rows) == pytest.approx(volume, rel=1e-6)


async def test_ticker_stands_between_its_extremes(here: Here) -> None:
    ticker = await here.client.fetch_ticker(here.symbol)
    assert ticker["symbol"] == here.symbol
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["baseVolume"] > 0
    tickers = await here.client.fetch_tickers([here.symbol])
    assert set(tickers) == {here.symbol}
    assert tickers[here.symbol]["last"] > 0


async def test_best_prices(here: Here) -> None:
    if not here.client.has["fetchBidsAsks"]:
        pytest.skip("ccxt has no such call here")
    found = (await here.client.fetch_bids_asks([here.symbol]))[here.symbol]
    assert 0 < found["bid"] < found["ask"]


async def test_the_book_is_sorted_and_not_crossed(here: Here) -> None:
    book = await here.client.fetch_order_book(here.symbol, 20)
    bids, asks = [p for p, *_ in book["bids"]], [p for p, *_ in book["asks"]]
    assert 0 < len(bids) <= 20
    assert 0 < len(asks) <= 20
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert all(quantity > 0 for _, quantity, *_ in book["bids"] + book["asks"])


async def test_public_trades(here: Here) -> None:
    trades = await here.client.fetch_trades(here.symbol, limit=20)
    assert 0 < len(trades) <= 20
    assert [t["timestamp"] for t in trades] == sorted(t["timestamp"] for t in trades)
    assert len({t["id"] for t in trades}) == len(trades)
    assert all(t["amount"] > 0 and t["price"] > 0 and t["side"] in ("buy", "sell") for t in trades)


async def test_a_market_that_is_not_there(here: Here) -> None:
    with pytest.raises(ccxt.BadSymbol):
        await here.client.fetch_ticker("NOSUCH/USDT")


async def test_funding(here: Here, swap: None) -> None:
    rate = await here.client.fetch_funding_rate(here.symbol)
    assert abs(rate["fundingRate"]) < 0.1
    history = await here.client.fetch_funding_rate_history(here.symbol, limit=5)
    assert history
    times = [row["timestamp"] for row in history]
    assert times == sorted(times)
    assert all(later - earlier >= 3_600_000 for earlier, later in itertools.pairwise(times))
    if here.client.has["fetchFundingRates"]:
        rates = await here.client.fetch_funding_rates([here.symbol])
        assert here.symbol in rates


async def test_marks_and_tiers(here: Here, swap: None) -> None:
    if here.client.has["fetchMarkOHLCV"]:
        rows = await here.client.fetch_mark_ohlcv(here.symbol, "1h", limit=3)
        assert len(rows) == 3
    tiers = (
        await here.client.fetch_market_leverage_tiers(here.symbol)
        if here.place.venue == "bitget"
        else (await here.client.fetch_leverage_tiers([here.symbol]))[here.symbol]
    )
    assert tiers[0]["minNotional"] in (0, None, 1)
    assert tiers[0]["maintenanceMarginRate"] < tiers[-1]["maintenanceMarginRate"] or len(tiers) == 1
    leverages = [tier["maxLeverage"] for tier in tiers]
    assert leverages == sorted(leverages, reverse=True)
