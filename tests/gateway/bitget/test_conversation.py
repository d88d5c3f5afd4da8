"""A conversation on a socket: pings, login, subscriptions, errors and limits, on a clock that is moved."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.exchange.worlds import MINUTE, SPOT, moving
from tests.gateway.bitget.venue import KEY, NOW, PHRASE, SECRET, D, house
from tradewind.exchange import OrderRequest, OrderType
from tradewind.gateway import House, Line
from tradewind.gateway.bitget.security import signature
from tradewind.gateway.bitget.sockets.checksum import checksum
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.market import ManualClock, Side

BOOKS = {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"}
ORDERS = {"instType": "SPOT", "channel": "orders", "instId": "default"}


class Client:
    """A line whose frames are kept."""

    def __init__(self, found: House, path: str = "/v2/ws/public") -> None:
        self.frames: list[Any] = []
        self.closed: tuple[int, str] | None = None
        self.house = found
        self.dialect = BitgetV2(found)
        now = found.wire.now_ms()
        self.line = Line(path, "", {}, "127.0.0.1", now, self._sent, self._close)
        self.talk = self.dialect.talk(self.line)

    def _sent(self, text: str) -> None:
        self.frames.append(text if text == "pong" else orjson.loads(text))

    def _close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def say(self, **message: Any) -> Any:
        """The frames that a message brings."""
        before = len(self.frames)
        self.talk.hear(orjson.dumps(message).decode())
        return self.frames[before:]

    def login(self, secret: str = SECRET, **changes: str) -> Any:
        stamp = changes.pop("timestamp", str(NOW // 1000))
        sign = signature(secret, f"{stamp}GET/user/verify")
        arg = {"apiKey": KEY, "passphrase": PHRASE, "timestamp": stamp, "sign": sign} | changes
        return self.say(op="login", args=[arg])[0]


def code(frames: Any) -> int:
    (frame,) = frames
    assert frame["event"] == "error"
    assert frame["msg"]
    return int(frame["code"])


def test_other_paths_are_not_sockets():
    found = house()
    line = Line("/v2/ws/other", "", {}, "127.0.0.1", NOW, lambda _: None, lambda *_: None)
    assert BitgetV2(found).talk(line) is None


def test_ping_is_answered_and_silence_is_cut_off():
    wire = ManualClock(NOW)
    client = Client(house(wire=wire))
    client.talk.hear("ping")
    assert client.frames == ["pong"]
    wire.advance(119.999)
    client.dialect.tick()
    assert client.closed is None
    wire.advance(0.001)
    client.dialect.tick()
    assert client.closed == (1000, "no ping for two minutes")


def test_a_line_lives_a_day():
    wire = ManualClock(NOW)
    client = Client(house(wire=wire))
    for _ in range(24 * 60 - 1):
        wire.advance(60)
        client.talk.hear("ping")
        client.dialect.tick()
    assert client.closed is None
    wire.advance(60)
    client.talk.hear("ping")
    client.dialect.tick()
    assert client.closed == (1000, "24 hours are over")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"op": "subscribe", "args": [BOOKS | {"channel": "candle7m"}]}, 30001),
        ({"op": "subscribe", "args": [BOOKS | {"instId": "NOUSDT"}]}, 30001),
        ({"op": "subscribe", "args": [BOOKS | {"instType": "MOON"}]}, 30001),
        ({"op": "sing", "args": [BOOKS]}, 30003),
        ({"op": "subscribe", "args": [ORDERS]}, 30004),
        ({"op": "subscribe", "args": [BOOKS | {"channel": "x" * 5000}]}, 30006),
        ({"op": "subscribe", "args": []}, 30016),
        ({"op": "subscribe", "args": [{"channel": 5}]}, 30016),
        ({"op": "login", "args": [{"apiKey": KEY}]}, 30016),
    ],
)
def test_mistakes_have_codes(message, expected):
    assert code(Client(house()).say(**message)) == expected


def test_text_that_is_no_request():
    client = Client(house())
    for text in ("", "{", "[]", "5", '"ping"', "\x00"):
        client.talk.hear(text)
    assert [frame["code"] for frame in client.frames] == [30002] * 6


def test_logins():
    client = Client(house(), "/v2/ws/private")
    assert code(client.say(op="subscribe", args=[ORDERS])) == 30004
    assert client.login(apiKey="other")["code"] == 30011
    assert client.login(passphrase="other")["code"] == 30012
    assert client.login(timestamp="soon")["code"] == 30013
    assert client.login(timestamp=str(NOW // 1000 - 31))["code"] == 30014
    assert client.login(secret="other")["code"] == 30015
    client.house.exchange.account("me").unified = True
    assert client.login()["code"] == 30005
    client.house.exchange.account("me").unified = False
    assert client.login() == {"event": "login", "code": 0}
    assert client.say(op="subscribe", args=[ORDERS]) == [{"event": "subscribe", "arg": ORDERS}]


def test_too_many_messages_in_a_second_end_the_line():
    client = Client(house(limits=1.0))
    for _ in range(10):
        client.talk.hear("ping")
    assert client.closed is None
    client.talk.hear("ping")
    assert client.frames[-1]["code"] == 30007
    assert client.closed == (1008, "too many messages")


def test_the_checksum_is_a_signed_crc_over_alternating_levels():
    bids = [("100.0", "1"), ("99.9", "2")]
    asks = [("100.1", "3")]
    assert checksum(bids, asks) == 1158999024  # of "100.0:1:100.1:3:99.9:2"
    assert checksum(bids * 30, asks * 30) == checksum((bids * 30)[:25], (asks * 30)[:25])


def kept(frames: Any) -> dict[str, dict[str, str]]:
    """The book as a client keeps it, checked after every update."""
    book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for frame in frames:
        (data,) = frame["data"]
        for side in ("bids", "asks"):
            for price, size in data[side]:
                if size == "0":
                    del book[side][price]
                else:
                    book[side][price] = size
        bids = sorted(book["bids"].items(), key=lambda level: -float(level[0]))[:25]
        asks = sorted(book["asks"].items(), key=lambda level: float(level[0]))[:25]
        assert data["checksum"] == checksum(bids, asks)
    return book


def test_books_are_a_snapshot_and_changes_that_sum_to_the_book():
    client = Client(house(moving(600)))
    exchange = client.house.exchange
    acknowledged, snapshot = client.say(op="subscribe", args=[BOOKS])
    assert acknowledged == {"event": "subscribe", "arg": BOOKS}
    assert (snapshot["action"], snapshot["arg"]) == ("snapshot", BOOKS)
    for minute in range(20):
        client.house.clock.step(MINUTE // 3)
        client.house.refresh()
        if minute == 10:
            price = exchange.tape.best(SPOT)[0][0]
            request = OrderRequest(
                symbol=SPOT, side=Side.BUY, type=OrderType.LIMIT, quantity=D("0.5"), price=price
            )
            exchange.place("me", request)
        client.dialect.tick()
    updates = [f for f in client.frames if f.get("action") == "update"]
    assert len(updates) > 10
    book = kept([snapshot, *updates])
    _, bids, asks = exchange.tape.book(SPOT, 10_000)
    assert {float(p): float(q) for p, q in book["bids"].items()} == {float(p): float(q) for p, q in bids}
    assert {float(p): float(q) for p, q in book["asks"].items()} == {float(p): float(q) for p, q in asks}


def test_a_candle_closes_once_and_then_the_next_one_forms():
    client = Client(house(moving(600)))
    candle = BOOKS | {"channel": "candle1m"}
    _, snapshot = client.say(op="subscribe", args=[candle])
    opened = int(snapshot["data"][-1][0])
    for _ in range(3):
        client.house.clock.step(MINUTE)
        client.house.refresh()
        client.dialect.tick()
    seen = [int(row[0]) for f in client.frames if f.get("action") == "update" for row in f["data"]]
    expected = [opened, opened + MINUTE, opened + MINUTE, opened + 2 * MINUTE]
    assert seen == [*expected, opened + 2 * MINUTE, opened + 3 * MINUTE]


def test_what_was_unsubscribed_is_silent_and_nobody_watches_it_any_more():
    client = Client(house(moving(600)))
    exchange = client.house.exchange
    trades = BOOKS | {"channel": "trade"}
    client.say(op="subscribe", args=[trades, BOOKS])
    assert exchange.watches.any(SPOT)
    assert client.say(op="unsubscribe", args=[trades]) == [{"event": "unsubscribe", "arg": trades}]
    client.talk.ended()
    assert not exchange.watches.any(SPOT)
    heard = len(client.frames)
    client.house.clock.step(MINUTE)
    client.house.refresh()
    client.dialect.tick()
    assert len(client.frames) == heard


def test_a_push_tells_the_fees_paid_until_then() -> None:
    found = house()
    client = Client(found, "/v2/ws/private")
    client.login()
    client.say(op="subscribe", args=[ORDERS])
    found.exchange.place(
        "me", OrderRequest(symbol=SPOT, side=Side.SELL, type=OrderType.MARKET, quantity=D("9.9"))
    )
    rows = [f["data"][0] for f in client.frames if "data" in f]
    fees = [-D(row["feeDetail"][0]["fee"]) if row["feeDetail"] else D(0) for row in rows]
    assert len(rows) > 3
    assert (rows[0]["status"], fees[0]) == ("live", 0)
    assert fees == sorted(set(fees))
