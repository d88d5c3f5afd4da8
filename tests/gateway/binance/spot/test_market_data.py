"""What Binance Spot says of its markets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.exchange.worlds import START, moving
from tests.gateway.binance.spot.venue import Venue
from tests.gateway.here import house

B = "BTCUSDT"
MINUTE = 60_000


@pytest.fixture(scope="module")
def venue() -> Venue:
    return Venue(house(bars=moving(600)))


def test_candles(venue: Venue) -> None:
    rows = venue.get("/klines", symbol=B, interval="1m", limit=10)
    assert len(rows) == 10
    assert all(len(row) == 12 for row in rows)
    assert [row[0] for row in rows] == [START + 3_600_000 - (9 - i) * MINUTE for i in range(10)]
    assert all(row[6] - row[0] == MINUTE - 1 for row in rows)
    assert venue.get("/uiKlines", symbol=B, interval="1m", limit=10) == rows
    since = venue.get("/klines", symbol=B, interval="5m", startTime=START, endTime=START + 600_000)
    assert [row[0] for row in since] == [START, START + 300_000, START + 600_000]


def test_trades_and_aggregates_agree(venue: Venue) -> None:
    trades = venue.get("/trades", symbol=B, limit=50)
    aggregates = venue.get("/aggTrades", symbol=B, limit=50)
    assert [(t["id"], t["price"], t["qty"], t["time"]) for t in trades] == [
        (a["a"], a["p"], a["q"], a["T"]) for a in aggregates
    ]
    first = trades[10]
    assert venue.get("/historicalTrades", symbol=B, fromId=first["id"], limit=5) == trades[10:15]
    between = venue.get("/aggTrades", symbol=B, startTime=first["time"], endTime=trades[20]["time"])
    assert between[0]["T"] == first["time"]
    assert between[-1]["T"] == trades[20]["time"]
    until = venue.get("/aggTrades", symbol=B, endTime=trades[20]["time"], limit=3)
    assert until[-1]["T"] == trades[20]["time"]


def test_the_book_and_its_best(venue: Venue) -> None:
    book = venue.get("/depth", symbol=B, limit=5)
    best = venue.get("/ticker/bookTicker", symbol=B)
    assert [best["bidPrice"], best["bidQty"]] == book["bids"][0]
    assert [best["askPrice"], best["askQty"]] == book["asks"][0]
    assert len(book["bids"]) == len(book["asks"]) == 5


def test_tickers(venue: Venue) -> None:
    day = venue.get("/ticker/24hr", symbol=B)
    candles = venue.get("/klines", symbol=B, interval="1m", startTime=START, limit=1000)
    assert Decimal(day["highPrice"]) == max(Decimal(c[2]) for c in candles)
    assert Decimal(day["lowPrice"]) == min(Decimal(c[3]) for c in candles)
    assert Decimal(day["priceChange"]) == Decimal(day["lastPrice"]) - Decimal(day["openPrice"])
    assert venue.get("/ticker/price", symbol=B)["price"] == day["lastPrice"]
    assert venue.get("/ticker/price") == [{"symbol": B, "price": day["lastPrice"]}]
    assert set(venue.get("/ticker/24hr", symbol=B, type="MINI")) < set(day)
    hour = venue.get("/ticker", symbol=B, windowSize="30m")
    assert hour["openTime"] == START + 1_800_000
    recent = [c for c in candles if c[0] >= hour["openTime"]]
    assert Decimal(hour["highPrice"]) == max(Decimal(c[2]) for c in recent)
    assert hour["openPrice"] == recent[0][1]
    today = venue.get("/ticker/tradingDay", symbols=f'["{B}"]')[0]
    assert (today["openTime"], today["closeTime"]) == (START, START + 86_400_000 - 1)


def test_the_average_price(venue: Venue) -> None:
    found = venue.get("/avgPrice", symbol=B)
    candles = venue.get("/klines", symbol=B, interval="1m", limit=5)
    lows, highs = [Decimal(c[3]) for c in candles], [Decimal(c[2]) for c in candles]
    assert found["mins"] == 5
    assert min(lows) <= Decimal(found["price"]) <= max(highs)


def test_exchange_info(venue: Venue) -> None:
    everything = venue.get("/exchangeInfo")
    assert [s["symbol"] for s in everything["symbols"]] == [B]
    assert {f["filterType"] for f in everything["symbols"][0]["filters"]} >= {
        "PRICE_FILTER",
        "LOT_SIZE",
        "NOTIONAL",
    }
    assert {r["rateLimitType"] for r in everything["rateLimits"]} == {
        "REQUEST_WEIGHT",
        "ORDERS",
        "RAW_REQUESTS",
    }
    assert venue.get("/exchangeInfo", symbols=f'["{B}"]')["symbols"] == everything["symbols"]
    assert venue.get("/exchangeInfo", permissions="MARGIN")["symbols"] == []
    assert venue.get("/exchangeInfo", permissions='["MARGIN","SPOT"]')["symbols"] == everything["symbols"]
    assert venue.get("/exchangeInfo", symbolStatus="BREAK")["symbols"] == []
    bare = venue.get("/exchangeInfo", showPermissionSets="false")["symbols"][0]
    assert "permissionSets" not in bare
