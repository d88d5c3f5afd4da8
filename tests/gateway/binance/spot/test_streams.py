"""Streams of Binance Spot with both clocks in the test's hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.binance.spot.venue import Socket, Venue, stepped
from tests.gateway.here import KEY
from tradewind.market import ManualClock

B = "BTCUSDT"
HOUR_MS = 3_600_000


class World:
    def __init__(self) -> None:
        self.venue: Venue
        self.wire: ManualClock
        self.venue, self.wire = stepped()

    def pass_time(self, market_ms: int, wire_ms: int = 100) -> None:
        self.venue.house.clock.step(market_ms)
        self.wire.advance(wire_ms / 1000)
        self.venue.house.refresh()
        self.venue.dialect.tick()

    def socket(self, path: str, query: str = "") -> Socket:
        return Socket(self.venue, path, query)


@pytest.fixture
def world() -> World:
    return World()


def test_subscriptions(world: World) -> None:
    socket = world.socket("/ws")
    assert socket.say(method="SUBSCRIBE", params=["btcusdt@trade"], id=1) == {"result": None, "id": 1}
    assert socket.say(method="LIST_SUBSCRIPTIONS", id=2) == {"result": ["btcusdt@trade"], "id": 2}
    assert socket.say(method="GET_PROPERTY", params=["combined"], id=3) == {"result": False, "id": 3}
    assert socket.say(method="SET_PROPERTY", params=["combined", True], id=4) == {"result": None, "id": 4}
    world.pass_time(60_000, 1_000)
    assert {f["stream"] for f in socket.heard()} == {"btcusdt@trade"}
    assert socket.say(method="UNSUBSCRIBE", params=["btcusdt@trade"], id="x") == {"result": None, "id": "x"}
    world.pass_time(60_000, 1_000)
    assert socket.heard() == []
    world.wire.advance(1)
    for _ in range(5):
        socket.say(method="LIST_SUBSCRIPTIONS", id=2)
    assert not socket.closed
    socket.talk.hear("{}")
    assert socket.closed == [(1008, "Too many requests")]


@pytest.mark.parametrize("path", ["/ws/btcusdt@trade", "/ws/7/btcusdt@trade", "/stream/ws/btcusdt@trade"])
def test_raw_sockets(world: World, path: str) -> None:
    socket = world.socket(path)
    world.pass_time(60_000)
    frames = socket.heard()
    trades = world.venue.get("/trades", symbol=B, limit=len(frames))
    assert [(f["t"], f["p"], f["q"], f["T"], f["m"]) for f in frames] == [
        (t["id"], t["price"], t["qty"], t["time"], t["isBuyerMaker"]) for t in trades
    ]


def test_combined_sockets(world: World) -> None:
    socket = world.socket("/stream", "streams=btcusdt@aggTrade/btcusdt@miniTicker/nope@trade/BTCUSDT@trade")
    world.pass_time(60_000, 2_000)
    assert {(f["stream"], f["data"]["e"]) for f in socket.heard()} == {
        ("btcusdt@aggTrade", "aggTrade"),
        ("btcusdt@miniTicker", "24hrMiniTicker"),
    }


def test_candles_close_once_and_form_every_two_seconds(world: World) -> None:
    socket = world.socket("/ws/btcusdt@kline_1m")
    for _ in range(60):
        world.pass_time(5_000, 500)
    candles = [f["k"] for f in socket.heard()]
    closed = [k for k in candles if k["x"]]
    rows = world.venue.get("/klines", symbol=B, interval="1m", limit=6)
    assert [(k["t"], k["o"], k["h"], k["l"], k["c"], k["v"]) for k in closed] == [
        tuple(r[:6]) for r in rows[:5]
    ]
    forming = len(candles) - len(closed)
    assert 10 <= forming <= 16, "one every two of thirty seconds of wire time"


def test_the_book_goes_on_where_the_snapshot_ends(world: World) -> None:
    fast, slow = world.socket("/ws/btcusdt@depth@100ms"), world.socket("/ws/btcusdt@depth")
    world.pass_time(3_000)
    snapshot = world.venue.get("/depth", symbol=B, limit=5000)
    books: list[tuple[dict[str, str], dict[str, str]]] = []
    frames: list[list[Any]] = [[], []]
    for number in range(60):
        if number == 30:
            world.venue.limit("99", "2")
        world.pass_time(0 if 30 <= number < 35 else 2_000)
    world.pass_time(0, 1_000)
    frames = [fast.heard(), slow.heard()]
    assert len(frames[0]) > len(frames[1]) > 1
    for heard in frames:
        bids, asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        last = None
        for frame in heard:
            assert last is None or frame["U"] == last + 1
            last = frame["u"]
            if frame["u"] <= snapshot["lastUpdateId"]:
                continue
            for side, changes in ((bids, frame["b"]), (asks, frame["a"])):
                side.update(dict(changes))
        kept = [{p: q for p, q in side.items() if Decimal(q)} for side in (bids, asks)]
        books.append((kept[0], kept[1]))
    now = world.venue.get("/depth", symbol=B, limit=5000)
    assert books == [(dict(now["bids"]), dict(now["asks"]))] * 2
    assert "99.00000000" in books[0][0]


def test_the_top_of_the_book(world: World) -> None:
    socket, best = world.socket("/ws/btcusdt@depth5@100ms"), world.socket("/ws/btcusdt@bookTicker")
    world.pass_time(60_000)
    frame = socket.heard()[-1]
    assert frame == world.venue.get("/depth", symbol=B, limit=5)
    told = best.heard()[-1]
    assert [told["b"], told["B"]] == frame["bids"][0]
    assert [told["a"], told["A"]] == frame["asks"][0]
    assert "e" not in told


def test_tickers(world: World) -> None:
    names = [
        "btcusdt@ticker",
        "btcusdt@ticker_1h",
        "btcusdt@avgPrice",
        "!miniTicker@arr",
        "!ticker@arr",
        "!ticker_4h@arr",
    ]
    socket = world.socket("/stream", "streams=" + "/".join(names))
    world.pass_time(60_000, 1_000)
    heard = {f["stream"]: f["data"] for f in socket.heard()}
    assert set(heard) == set(names)
    day = world.venue.get("/ticker/24hr", symbol=B)
    assert (heard["btcusdt@ticker"]["c"], heard["btcusdt@ticker"]["h"]) == (
        day["lastPrice"],
        day["highPrice"],
    )
    assert heard["!ticker@arr"] == [heard["btcusdt@ticker"]]
    assert heard["!miniTicker@arr"][0]["e"] == "24hrMiniTicker"
    assert heard["btcusdt@ticker_1h"]["e"] == "1hTicker"
    hour = world.venue.get("/ticker", symbol=B, windowSize="1h")
    assert heard["btcusdt@ticker_1h"]["v"] == hour["volume"]
    assert heard["btcusdt@avgPrice"]["w"] == world.venue.get("/avgPrice", symbol=B)["price"]


def test_nothing_is_watched_that_nobody_hears(world: World) -> None:
    exchange = world.venue.house.exchange
    sockets = [world.socket("/ws/btcusdt@trade/btcusdt@kline_1m/btcusdt@depth/!ticker@arr") for _ in range(2)]
    assert exchange.stream.heard
    assert exchange.watches.any("BTC/USDT")
    for socket in sockets:
        socket.talk.ended()
    assert not exchange.stream.heard
    assert not exchange.watches.any("BTC/USDT")


def test_a_day_is_the_longest(world: World) -> None:
    streams, api = world.socket("/ws/btcusdt@trade"), world.socket("/ws-api/v3")
    world.pass_time(1_000, 24 * HOUR_MS - 2)
    assert not streams.closed
    world.pass_time(1_000, 2)
    assert streams.closed
    assert api.closed


# --- listen keys


def listen_key(world: World) -> str:
    reply = world.venue.raw("POST", "/api/v3/userDataStream", headers={"X-MBX-APIKEY": KEY})
    import orjson

    return orjson.loads(reply.body)["listenKey"]


def test_a_listen_key_tells_of_orders_and_balances(world: World) -> None:
    key = listen_key(world)
    path, subscribed = world.socket(f"/ws/{key}"), world.socket("/stream")
    subscribed.say(method="SUBSCRIBE", params=[key], id=1)
    made = world.venue.limit("90", newClientOrderId="mine")
    heard = path.heard()
    assert [e["e"] for e in heard] == ["executionReport", "outboundAccountPosition"]
    report, position = heard
    assert (report["x"], report["X"], report["c"], report["i"]) == ("NEW", "NEW", "mine", made["orderId"])
    assert (report["w"], report["t"], report["N"], report["C"]) == (True, -1, None, "")
    assert {b["a"]: b["l"] for b in position["B"]}["USDT"] == "90.00000000"
    assert subscribed.heard() == [{"stream": key, "data": event} for event in heard]
    world.venue.ask("DELETE", "/order", symbol=B, orderId=made["orderId"], newClientOrderId="gone")
    report = path.heard()[0]
    assert (report["x"], report["c"], report["C"]) == ("CANCELED", "gone", "mine")
    order = world.venue.order(quantity="2")
    reports = [e for e in path.heard() if e["e"] == "executionReport"]
    assert [r["x"] for r in reports] == ["NEW"] + ["TRADE"] * len(order["fills"])
    assert [(r["l"], r["L"], r["n"], r["N"], r["t"]) for r in reports[1:]] == [
        (f["qty"], f["price"], f["commission"], f["commissionAsset"], f["tradeId"]) for f in order["fills"]
    ]
    assert reports[-1]["X"] == "FILLED"
    world.venue.house.exchange.control.deposit("me", "USDT", Decimal(5))
    assert [(e["e"], e.get("d")) for e in path.heard()] == [
        ("balanceUpdate", "5.00000000"),
        ("outboundAccountPosition", None),
    ]


def test_a_listen_key_lives_an_hour_of_wire_time(world: World) -> None:
    key = listen_key(world)
    socket = world.socket(f"/ws/{key}")
    world.pass_time(0, HOUR_MS - 1)
    put = world.venue.raw("PUT", "/api/v3/userDataStream", f"listenKey={key}")
    assert (put.status, put.body) == (200, b"{}")
    assert listen_key(world) == key
    world.pass_time(0, HOUR_MS - 1)
    assert socket.heard() == []
    world.pass_time(0, 1)
    assert [(e["e"], e["listenKey"]) for e in socket.heard()] == [("listenKeyExpired", key)]
    world.venue.limit("90")
    assert socket.heard() == []
    put = world.venue.raw("PUT", "/api/v3/userDataStream", f"listenKey={key}")
    assert b"-1125" in put.body
    assert listen_key(world) != key


def test_listen_keys_expire_on_demand(world: World) -> None:
    socket = world.socket(f"/ws/{listen_key(world)}")
    assert world.venue.dialect.expire_listen_keys() == 1
    assert socket.heard()[0]["e"] == "listenKeyExpired"
    assert world.venue.dialect.expire_listen_keys() == 0


def test_a_closed_listen_key_is_silent(world: World) -> None:
    key = listen_key(world)
    socket = world.socket(f"/ws/{key}")
    assert world.venue.raw("DELETE", "/api/v3/userDataStream", f"listenKey={key}").body == b"{}"
    world.venue.limit("90")
    assert socket.heard() == []
