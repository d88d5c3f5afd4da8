"""Frames of streams, one by one: what they hold, when they come, and on which path."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson
import pytest

from tests.exchange.worlds import MINUTE, PERP, START, D, flat, moving
from tests.gateway.binance.usdm.venue import NOW, Desk
from tradewind.gateway.wire import Line


class Socket:
    """A conversation whose frames are kept."""

    def __init__(self, desk: Desk, path: str, query: str = "") -> None:
        self.sent: list[str] = []
        self.closed: tuple[int, str] | None = None
        line = Line(path, query, {}, "127.0.0.1", desk.wire.now_ms(), self.sent.append, self._close)
        self.talk: Any = desk.dialect.talk(line)

    def _close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def take(self, event: str = "") -> list[Any]:
        found = [orjson.loads(text) for text in self.sent]
        self.sent.clear()
        return [
            frame for frame in found if not event or (isinstance(frame, dict) and frame.get("e") == event)
        ]


def listen(desk: Desk, path: str = "/private/ws") -> Socket:
    status, body = desk.call("POST", "/fapi/v1/listenKey", signed=False)
    assert status == 200
    return Socket(desk, path, f"listenKey={body['listenKey']}")


def pass_time(desk: Desk, minutes: float, seconds: float = 0.5) -> None:
    desk.wire.advance(seconds)
    desk.run(minutes)


def test_a_book_is_the_sum_of_its_changes() -> None:
    desk = Desk(moving(900))
    every, slow = Socket(desk, "/public/ws/btcusdt@depth@100ms"), Socket(desk, "/ws/btcusdt@depth@500ms")
    pass_time(desk, 1)
    _, start = desk.call("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 1000}, signed=False)
    for _ in range(30):
        pass_time(desk, 0.2, 0.1)
    desk.order("BUY", "LIMIT", "3", "97")
    pass_time(desk, 0, 1)
    pass_time(desk, 0, 1)
    _, end = desk.call("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 1000}, signed=False)
    for socket in (every, slow):
        frames = socket.take("depthUpdate")
        assert all(b["pu"] == a["u"] for a, b in pairwise(frames))
        assert all(f["U"] <= f["u"] for f in frames)
        later = [f for f in frames if f["u"] >= start["lastUpdateId"]]
        assert later[0]["U"] <= start["lastUpdateId"] or later[0]["pu"] == start["lastUpdateId"]
        for side, name in (("bids", "b"), ("asks", "a")):
            levels = dict(start[side])
            for frame in later:
                levels |= dict(frame[name])
            kept = {price: size for price, size in levels.items() if D(size)}
            assert kept == dict(end[side])
        assert frames[-1]["u"] == end["lastUpdateId"]
    assert len(every.sent) == len(slow.sent) == 0


def test_slow_books_are_told_less_often() -> None:
    desk = Desk(moving(900))
    fast, slow = Socket(desk, "/ws/btcusdt@depth@100ms"), Socket(desk, "/ws/btcusdt@depth@500ms")
    for _ in range(50):
        pass_time(desk, 0.2, 0.1)
    assert len(fast.take("depthUpdate")) > 3 * len(slow.take("depthUpdate")) > 0


def test_best_levels_come_at_once_and_after_changes() -> None:
    desk = Desk(moving(900))
    socket = Socket(desk, "/public/ws/btcusdt@depth5@100ms")
    pass_time(desk, 0)
    (frame,) = socket.take()
    _, book = desk.call("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 5}, signed=False)
    assert (frame["b"], frame["a"]) == (book["bids"], book["asks"])
    pass_time(desk, 0)
    assert not socket.take()
    desk.order("BUY", "LIMIT", "3", str(D(book["bids"][0][0]) - D("0.01")))
    pass_time(desk, 0)
    assert len(socket.take()) == 1


def test_each_closed_candle_is_told_once() -> None:
    desk = Desk(moving(900))
    socket = Socket(desk, "/market/ws/btcusdt@kline_1m")
    other = Socket(desk, "/market/stream", "streams=btcusdt_perpetual@continuousKline_1m")
    for _ in range(40):
        pass_time(desk, 0.25, 0.3)
    frames = socket.take("kline")
    closed = [f["k"] for f in frames if f["k"]["x"]]
    assert [k["t"] for k in closed] == [NOW + n * MINUTE for n in range(10)]
    _, rows = desk.call(
        "GET",
        "/fapi/v1/klines",
        {"symbol": "BTCUSDT", "interval": "1m", "startTime": NOW, "limit": 10},
        False,
    )
    for k, row in zip(closed, rows, strict=True):
        columns = [k["t"], k["o"], k["h"], k["l"], k["c"], k["v"], k["T"], k["q"], k["n"], k["V"], k["Q"]]
        assert columns == row[:11]
    forming = [f["k"]["t"] for f in frames if not f["k"]["x"]]
    assert forming == sorted(forming)
    (wrapped, *_) = other.take()
    assert wrapped["stream"] == "btcusdt_perpetual@continuousKline_1m"
    assert (wrapped["data"]["e"], wrapped["data"]["ps"]) == ("continuous_kline", "BTCUSDT")


def test_trades_are_those_of_the_tape() -> None:
    desk = Desk(moving(900))
    socket = Socket(desk, "/ws/btcusdt@aggTrade/btcusdt@trade")
    pass_time(desk, 2)
    frames = socket.take()
    grouped = [f for f in frames if f["e"] == "aggTrade"]
    _, rows = desk.call("GET", "/fapi/v1/aggTrades", {"symbol": "BTCUSDT", "startTime": NOW + 1}, False)
    assert [f["a"] for f in grouped] == [row["a"] for row in rows]
    assert [(f["p"], f["q"], f["T"]) for f in grouped] == [(r["p"], r["q"], r["T"]) for r in rows]
    assert [f["t"] for f in frames if f["e"] == "trade"] == [f["a"] for f in grouped]


def test_what_comes_by_the_clock() -> None:
    desk = Desk(moving(900))
    names = "btcusdt@markPrice/btcusdt@markPrice@1s/!markPrice@arr@1s/btcusdt@miniTicker/btcusdt@ticker/!ticker@arr"
    socket = Socket(desk, "/stream", f"streams={names}")
    counts: dict[str, int] = {}
    for _ in range(60):
        pass_time(desk, 0.01, 0.1)
        for frame in socket.take():
            counts[frame["stream"]] = counts.get(frame["stream"], 0) + 1
    assert counts == {
        "btcusdt@markPrice": 2,
        "btcusdt@markPrice@1s": 6,
        "!markPrice@arr@1s": 6,
        "btcusdt@miniTicker": 3,
        "btcusdt@ticker": 3,
        "!ticker@arr": 6,
    }


def test_each_path_serves_its_own_streams() -> None:
    desk = Desk(moving(900))
    names = "btcusdt@aggTrade/btcusdt@trade"
    public, market = Socket(desk, f"/public/ws/{names}"), Socket(desk, f"/market/ws/{names}")
    private, whole = Socket(desk, f"/private/ws/{names}"), Socket(desk, f"/ws/{names}")
    pass_time(desk, 1)
    assert {f["e"] for f in public.take()} == {"trade"}
    assert {f["e"] for f in market.take()} == {"aggTrade"}
    assert not private.take()
    assert {f["e"] for f in whole.take()} == {"trade", "aggTrade"}
    for path in ("/", "/private", "/spot/ws", "/ws-api/v3", "/public/rest"):
        assert Socket(desk, path).talk is None


def test_nothing_is_watched_for_nobody() -> None:
    desk = Desk()
    names = (
        "btcusdt@depth/btcusdt@trade/btcusdt@kline_1m/!bookTicker/!forceOrder@arr/!contractInfo/!ticker@arr"
    )
    socket = Socket(desk, f"/ws/{names}")
    assert desk.exchange.watches.any(PERP)
    socket.talk.ended()
    assert not desk.exchange.watches.any(PERP)
    assert not desk.exchange.watches.any("ETH/USDT:USDT")
    assert not desk.exchange.stream.heard


def test_sockets_end_after_a_day_of_wire_time() -> None:
    desk = Desk()
    sockets = [Socket(desk, "/ws/btcusdt@trade"), Socket(desk, "/ws-fapi/v1")]
    desk.wire.advance(86_399)
    desk.dialect.tick()
    assert [socket.closed for socket in sockets] == [None, None]
    desk.wire.advance(1)
    desk.dialect.tick()
    assert all(socket.closed for socket in sockets)


# --- the user stream


def test_an_order_from_new_to_filled() -> None:
    desk = Desk()
    socket = listen(desk)
    desk.order("BUY", "MARKET", "2", newClientOrderId="mine")
    frames = socket.take()
    orders = [f["o"] for f in frames if f["e"] == "ORDER_TRADE_UPDATE"]
    assert (orders[0]["x"], orders[0]["X"]) == ("NEW", "NEW")
    assert (orders[-1]["x"], orders[-1]["X"]) == ("TRADE", "FILLED")
    assert orders[-1]["z"] == "2"
    assert {o["c"] for o in orders} == {"mine"}
    fills = [o for o in orders if o["x"] == "TRADE"]
    assert sum(D(o["l"]) for o in fills) == 2
    assert all(o["N"] == "USDT" and D(o["n"]) > 0 for o in fills)
    assert "n" not in orders[0]
    lite = [f for f in frames if f["e"] == "TRADE_LITE"]
    assert [(f["t"], f["L"], f["l"]) for f in lite] == [(o["t"], o["L"], o["l"]) for o in fills]
    money = [f["a"] for f in frames if f["e"] == "ACCOUNT_UPDATE"]
    assert {a["m"] for a in money} == {"ORDER"}
    assert money[-1]["B"][0]["wb"] == str(desk.exchange.account("me").futures["USDT"].normalize())
    (position,) = money[-1]["P"]
    assert (position["pa"], position["mt"], position["ps"]) == ("2", "cross", "BOTH")


def test_amended_and_cancelled() -> None:
    desk = Desk()
    socket = listen(desk, "/private/stream")
    order = desk.order("BUY", "LIMIT", "2", "90")
    change = {"symbol": "BTCUSDT", "orderId": order["orderId"], "side": "BUY", "quantity": "1", "price": "91"}
    assert desk.call("PUT", "/fapi/v1/order", change)[0] == 200
    desk.call("DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": order["orderId"]})
    frames = [frame["data"] for frame in socket.take()]
    assert {f["e"] for f in frames} == {"ORDER_TRADE_UPDATE"}, "no money moved"
    told = [f["o"] for f in frames]
    assert [(o["x"], o["X"], o["q"], o["p"]) for o in told] == [
        ("NEW", "NEW", "2", "90"),
        ("AMENDMENT", "NEW", "1", "91"),
        ("CANCELED", "CANCELED", "1", "91"),
    ]


def test_algo_orders_trigger_and_are_rejected() -> None:
    desk = Desk([*flat(62), (100, 100, 89, 90, 1000.0), *flat(300, 90.0)])
    socket = listen(desk)
    stop = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "algoType": "CONDITIONAL",
        "quantity": "1",
        "triggerPrice": "95",
    }
    desk.order("BUY", "MARKET", "1")
    assert (
        desk.call("POST", "/fapi/v1/algoOrder", stop | {"clientAlgoId": "a", "reduceOnly": "true"})[0] == 200
    )
    wanted = stop | {"clientAlgoId": "b", "reduceOnly": "true", "triggerPrice": "94"}
    assert desk.call("POST", "/fapi/v1/algoOrder", wanted)[0] == 200
    socket.take()
    desk.run(5)
    frames = socket.take()
    algos = [(f["o"]["caid"], f["o"]["X"]) for f in frames if f["e"] == "ALGO_UPDATE"]
    assert algos == [("a", "TRIGGERED"), ("a", "FINISHED"), ("b", "REJECTED")]
    (refused,) = [f["or"] for f in frames if f["e"] == "CONDITIONAL_ORDER_TRIGGER_REJECT"]
    assert refused["r"] == "ReduceOnly Order is rejected."
    done = next(f["o"] for f in frames if f["e"] == "ALGO_UPDATE" and f["o"]["X"] == "FINISHED")
    placed = next(f["o"] for f in frames if f["e"] == "ORDER_TRADE_UPDATE" and f["o"]["X"] == "FILLED")
    assert done["ai"] == str(placed["i"])
    assert (done["aq"], done["act"]) == ("1", "MARKET")


def test_funding_tells_isolated_positions_only() -> None:
    for isolated in (False, True):
        desk = Desk(flat(900), funding={480: 0.001})
        if isolated:
            desk.call("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"})
        desk.order("BUY", "MARKET", "1")
        socket = listen(desk)
        desk.run(8 * 60)
        (told,) = [f for f in socket.take("ACCOUNT_UPDATE") if f["a"]["m"] == "FUNDING_FEE"]
        assert told["T"] == START + 480 * MINUTE
        assert told["a"]["B"][0]["bc"] == "-0.1"
        assert len(told["a"]["P"]) == isolated


def test_settings_margin_and_transfers() -> None:
    desk = Desk()
    socket = listen(desk)
    desk.call("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 7})
    desk.call("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 7})
    assert [f["ac"] for f in socket.take()] == [{"s": "BTCUSDT", "l": 7}]
    desk.call("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"})
    assert [f["a"]["m"] for f in socket.take()] == ["MARGIN_TYPE_CHANGE"]
    desk.order("BUY", "MARKET", "1")
    socket.take()
    desk.call("POST", "/fapi/v1/positionMargin", {"symbol": "BTCUSDT", "amount": "5", "type": 1})
    (moved,) = socket.take()
    assert moved["a"]["m"] == "MARGIN_TRANSFER"
    assert moved["a"]["P"][0]["mt"] == "isolated"
    desk.exchange.control.transfer("me", "USDT", D(10), True)
    desk.exchange.control.transfer("me", "USDT", D(5), False)
    assert [(f["a"]["m"], f["a"]["B"][0]["bc"]) for f in socket.take("ACCOUNT_UPDATE")] == [
        ("DEPOSIT", "10"),
        ("WITHDRAW", "-5"),
    ]


def test_margin_call_then_liquidation() -> None:
    bars = [
        *flat(62),
        *((100 - n / 10, 100 - n / 10, 99.9 - n / 10, 99.9 - n / 10, 1e5) for n in range(300)),
        *flat(100, 70.0),
    ]
    desk = Desk(bars)
    desk.exchange.control.withdraw("me", "USDT", D(9_750), "futures")
    desk.call("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 5})
    desk.order("BUY", "MARKET", "10")
    wallet = desk.exchange.account("me").futures["USDT"]
    socket, public = listen(desk), Socket(desk, "/market/ws/btcusdt@forceOrder/!forceOrder@arr")
    for _ in range(350):
        desk.run(1)
    frames = socket.take()
    names = [f["e"] for f in frames]
    assert names.index("MARGIN_CALL") < names.index("ORDER_TRADE_UPDATE")
    call = frames[names.index("MARGIN_CALL")]
    assert (call["p"][0]["s"], call["p"][0]["mt"], call["p"][0]["pa"]) == ("BTCUSDT", "CROSSED", "10")
    assert D(call["cw"]) == wallet
    forced = [f["o"] for f in frames if f["e"] == "ORDER_TRADE_UPDATE"]
    assert {o["o"] for o in forced} == {"LIQUIDATION"}
    assert forced[0]["c"].startswith("autoclose-")
    assert forced[-1]["X"] == "FILLED"
    shown = public.take("forceOrder")
    assert len(shown) == 2
    assert shown[0] == shown[1]
    assert (shown[0]["o"]["S"], shown[0]["o"]["q"]) == ("SELL", "10.000")


def test_a_margin_call_of_an_isolated_position_names_its_own_margin() -> None:
    desk = Desk([*flat(62), (100, 100, 95.55, 95.55, 1e5), *flat(100, 95.55)])
    desk.call("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"})
    desk.order("BUY", "MARKET", "10")
    socket = listen(desk)
    desk.run(5)
    (call,) = [frame for frame in socket.take() if frame["e"] == "MARGIN_CALL"]
    (position,) = call["p"]
    assert "cw" not in call, "which the venue tells for cross positions only"
    assert (position["s"], position["mt"], position["pa"]) == ("BTCUSDT", "ISOLATED", "10")
    worth = D(position["iw"]) + D(position["up"])
    assert 1 < worth / D(position["mm"]) < D("1.25")


def test_a_listen_key_lives_an_hour_and_is_kept_alive() -> None:
    desk = Desk()
    socket = listen(desk)
    assert desk.call("POST", "/fapi/v1/listenKey", signed=False)[1]["listenKey"] in socket.talk.names
    for _ in range(3):
        desk.wire.advance(3000)
        assert desk.call("PUT", "/fapi/v1/listenKey", signed=False)[0] == 200
        desk.dialect.tick()
    desk.wire.advance(3600)
    desk.dialect.tick()
    (frame,) = socket.take()
    assert (frame["e"], frame["listenKey"] in socket.talk.names) == ("listenKeyExpired", True)
    desk.order("BUY", "MARKET", "1")
    assert not socket.take()
    assert desk.call("PUT", "/fapi/v1/listenKey", signed=False)[1]["code"] == -1125
    again = listen(desk)
    assert desk.call("DELETE", "/fapi/v1/listenKey", signed=False) == (200, {})
    desk.order("BUY", "MARKET", "1")
    assert not again.take()


def test_a_listen_key_can_be_subscribed_as_a_stream() -> None:
    desk = Desk()
    key = desk.call("POST", "/fapi/v1/listenKey", signed=False)[1]["listenKey"]
    subscribed, named = Socket(desk, "/stream"), Socket(desk, f"/ws/{key}")
    subscribed.talk.hear(orjson.dumps({"id": 1, "method": "SUBSCRIBE", "params": [key]}).decode())
    assert subscribed.take() == [{"result": None, "id": 1}]
    desk.order("BUY", "MARKET", "1")
    wrapped, raw = subscribed.take(), named.take()
    assert {f["stream"] for f in wrapped} == {key}
    assert [f["data"] for f in wrapped] == raw


def test_a_changed_listing_is_told() -> None:
    desk = Desk()
    socket = Socket(desk, "/market/ws/!contractInfo")
    desk.exchange.control.halt(PERP)
    desk.exchange.control.halt("BTC/USDT")
    (frame,) = socket.take()
    assert (frame["s"], frame["cs"]) == ("BTCUSDT", "PENDING_TRADING")


def test_the_dead_mans_switch_cancels_in_wire_time() -> None:
    desk = Desk()
    desk.order("BUY", "LIMIT", "1", "90")
    arm = {"symbol": "BTCUSDT", "countdownTime": 10_000}
    assert desk.call("POST", "/fapi/v1/countdownCancelAll", arm)[1]["countdownTime"] == "10000"
    desk.wire.advance(9)
    desk.dialect.tick()
    desk.call("POST", "/fapi/v1/countdownCancelAll", arm)
    desk.wire.advance(9)
    desk.dialect.tick()
    assert len(desk.exchange.open_orders("me")) == 1
    desk.wire.advance(1)
    desk.dialect.tick()
    assert not desk.exchange.open_orders("me")


@pytest.mark.parametrize("kind", ["ACK", "RESULT"])
def test_the_reply_to_an_order(kind: str) -> None:
    desk = Desk()
    body = desk.order("BUY", "MARKET", "1", newOrderRespType=kind)
    filled = D(body["executedQty"])
    assert (body["status"], filled) == (("FILLED", 1) if kind == "RESULT" else ("NEW", 0))
    assert (body["price"], body["origQty"]) == ("0.00", "1.000")
    assert Decimal(body["cumQuote"]) == (filled * D(100) if filled else 0)


def test_modifying_below_what_is_filled_cancels() -> None:
    desk = Desk([*flat(62), (100, 100, 98, 100, 4.0), *flat(300)])
    order = desk.order("BUY", "LIMIT", "50", "99")
    desk.run(5)
    now = desk.call("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": order["orderId"]})[1]
    assert 0 < D(now["executedQty"]) < 50
    less = {
        "symbol": "BTCUSDT",
        "orderId": order["orderId"],
        "side": "BUY",
        "quantity": now["executedQty"],
        "price": "99",
    }
    status, body = desk.call("PUT", "/fapi/v1/order", less)
    assert (status, body["status"]) == (200, "CANCELED")


def test_a_post_only_order_modified_into_the_market_is_cancelled() -> None:
    desk = Desk()
    order = desk.order("BUY", "LIMIT", "1", "90", timeInForce="GTX")
    assert (order["timeInForce"], order["type"]) == ("GTX", "LIMIT")
    change = {
        "symbol": "BTCUSDT",
        "orderId": order["orderId"],
        "side": "BUY",
        "quantity": "1",
        "price": "110",
    }
    assert desk.call("PUT", "/fapi/v1/order", change)[1]["status"] == "CANCELED"
