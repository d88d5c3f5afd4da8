"""One order that is taken, broken in every way one at a time: the venue's error each time, and nothing changed."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.exchange.worlds import assert_sound
from tests.gateway.binance.spot.venue import Venue
from tests.gateway.binance.usdm.venue import Desk
from tests.gateway.bitget.venue import NOW, Caller, house
from tests.gateway.here import KEY, SECRET
from tradewind.exchange import Exchange
from tradewind.gateway import Line, Reply, Request
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v3 import BitgetV3

BINANCE = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "90",
}
BITGET = {"symbol": "BTCUSDT", "side": "buy", "orderType": "limit", "price": "90", "size": "1"}
CONTRACT = BITGET | {"productType": "USDT-FUTURES", "marginMode": "crossed", "marginCoin": "USDT"}
UNIFIED = {
    "category": "SPOT",
    "symbol": "BTCUSDT",
    "side": "buy",
    "orderType": "limit",
    "price": "90",
    "qty": "1",
}
VALUES: dict[str, Any] = {
    "empty": "",
    "null": None,
    "NaN": "NaN",
    "Infinity": "Infinity",
    "negative": "-1",
    "zero": "0",
    "an exponent": "1e3",
    "huge": "9" * 40,
    "long": "a" * 5000,
    "true": True,
    "a list": [1],
    "an object": {"a": 1},
    "another script": "１",
    "a control character": "\x00",
    "an emoji": "🙂",
    "a blank": " ",
    "SQL": "' OR 1=1 --",
}


class Signed:
    """What is sent: the order's text, and a signature of it or of something else."""

    def __init__(self, text: bytes, signature: str | None = "right", off_ms: int = 0) -> None:
        self.text = text
        self.signature = signature
        self.off_ms = off_ms  # of its timestamp


@dataclass
class Target:
    """A venue's endpoint for orders. `ignores` says whether unknown parameters are taken silently."""

    name: str
    sound: dict[str, Any]
    exchange: Exchange
    ignores: bool
    send: Callable[[Signed], Reply]
    write: Callable[[dict[str, Any]], bytes]

    def refuses(self, sent: Signed) -> Any:
        """The error's code, once everything else about the refusal was looked at."""
        before, state = self.exchange.ledger.digest(), self.state()
        reply = self.send(sent)
        assert 400 <= reply.status < 500, (reply.status, reply.body)
        body = orjson.loads(reply.body)
        assert body["msg"]
        assert (self.exchange.ledger.digest(), self.state()) == (before, state)
        assert_sound(self.exchange)
        return body["code"]

    def state(self) -> Any:
        account = self.exchange.account("me")
        return [order.id for order in account.all_open()], set(account.isolated)


def form(params: dict[str, Any]) -> bytes:
    """As Binance's clients write parameters: null is a word, the rest is JSON or text."""
    words = {k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in params.items()}
    return urlencode(words).encode()


def binance(
    answer: Callable[[Request], Reply], path: str, now: Callable[[], int]
) -> Callable[[Signed], Reply]:
    def send(sent: Signed) -> Reply:
        body = sent.text + f"&timestamp={now() + sent.off_ms}".encode()
        right = hmac.new(SECRET.encode(), body, sha256).hexdigest()
        wrong = hmac.new(b"another", body, sha256).hexdigest()
        signature = {"right": right, "wrong": wrong}.get(sent.signature or "", sent.signature)
        if signature is not None:
            body += f"&signature={signature}".encode()
        return answer(Request("POST", path, "", body, {"X-MBX-APIKEY": KEY}, "127.0.0.1", now()))

    return send


def spot() -> Target:
    venue = Venue()
    send = binance(venue.dialect.answer, "/api/v3/order", venue.house.wire.now_ms)
    return Target("spot", BINANCE, venue.house.exchange, False, send, form)


def usdm() -> Target:
    desk = Desk()
    send = binance(desk.dialect.answer, "/fapi/v1/order", desk.wire.now_ms)
    return Target("usdm", BINANCE, desk.exchange, True, send, form)


def bitget(path: str, sound: dict[str, Any], unified: bool = False) -> Target:
    found = house()
    found.exchange.account("me").unified = unified
    caller = Caller(BitgetV3(found) if unified else BitgetV2(found))

    def send(sent: Signed) -> Reply:
        if sent.signature == "right":
            return caller.raw("POST", path, "", sent.text, NOW + sent.off_ms)
        signer = Caller(caller.dialect, secret="another")
        if sent.signature == "wrong":
            return signer.raw("POST", path, "", sent.text)
        return caller.raw("POST", path, "", sent.text, access_sign=sent.signature)

    return Target(path, sound, found.exchange, True, send, orjson.dumps)


def over_a_socket(dialect: Any, path: str, now: Callable[[], int]) -> Callable[[Signed], Reply]:
    """An order as a frame of a WebSocket API: what is no JSON is sent as it is."""

    def signed(params: dict[str, Any], sent: Signed) -> dict[str, Any]:
        params = params | {"apiKey": KEY, "timestamp": now() + sent.off_ms}
        told = {
            k: v if isinstance(v, str) else orjson.dumps(v).decode()
            for k, v in params.items()
            if v is not None
        }
        text = "&".join(f"{name}={told[name]}" for name in sorted(told)).encode()
        right = hmac.new(SECRET.encode(), text, sha256).hexdigest()
        wrong = hmac.new(b"another", text, sha256).hexdigest()
        return params | {
            "signature": {"right": right, "wrong": wrong}.get(sent.signature or "", sent.signature)
        }

    def send(sent: Signed) -> Reply:
        frames: list[str] = []
        talk = dialect.talk(Line(path, "", {}, "127.0.0.1", now(), frames.append, lambda code, reason: None))
        try:
            params = orjson.loads(sent.text)
        except orjson.JSONDecodeError:
            talk.hear(sent.text.decode("utf-8", "replace"))
        else:
            params = signed(params, sent) if isinstance(params, dict) else params
            talk.hear(orjson.dumps({"id": 1, "method": "order.place", "params": params}).decode())
        talk.ended()
        (frame,) = (orjson.loads(frame) for frame in frames)
        return Reply(frame["status"], orjson.dumps(frame.get("error") or frame["result"]))

    return send


def spot_socket() -> Target:
    venue = Venue()
    send = over_a_socket(venue.dialect, "/ws-api/v3", venue.house.wire.now_ms)
    return Target("spot socket", BINANCE, venue.house.exchange, False, send, orjson.dumps)


def usdm_socket() -> Target:
    desk = Desk()
    send = over_a_socket(desk.dialect, "/ws-fapi/v1", desk.wire.now_ms)
    return Target("usdm socket", BINANCE, desk.exchange, True, send, orjson.dumps)


TARGETS: dict[str, Callable[[], Target]] = {
    "binance-spot": spot,
    "binance-usdm": usdm,
    "binance-spot-socket": spot_socket,
    "binance-usdm-socket": usdm_socket,
    "bitget-spot": lambda: bitget("/api/v2/spot/trade/place-order", BITGET),
    "bitget-mix": lambda: bitget("/api/v2/mix/order/place-order", CONTRACT),
    "bitget-unified": lambda: bitget("/api/v3/trade/place-order", UNIFIED, unified=True),
}
# What these endpoints of Bitget can do without.
OPTIONAL = {"marginMode", "marginCoin"}


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> Target:
    return TARGETS[request.param]()


def test_the_order_is_taken_as_it_is(target: Target) -> None:
    reply = target.send(Signed(target.write(target.sound)))
    assert reply.status == 200, reply.body
    assert len(target.exchange.account("me").all_open()) == 1


@pytest.mark.parametrize("kind", VALUES)
def test_a_wrong_value(target: Target, kind: str) -> None:
    for name in target.sound:
        absent = VALUES[kind] in ("", None) and name in OPTIONAL
        if not absent:
            code = target.refuses(Signed(target.write(target.sound | {name: VALUES[kind]})))
            assert str(code).lstrip("-").isdecimal(), name


def test_a_missing_parameter(target: Target) -> None:
    for name in target.sound.keys() - OPTIONAL:
        rest = {key: value for key, value in target.sound.items() if key != name}
        assert str(target.refuses(Signed(target.write(rest)))) in ("-1102", "40019"), name


def test_a_parameter_too_many(target: Target) -> None:
    sent = Signed(target.write(target.sound | {"colour": "red"}))
    if target.ignores:
        assert target.send(sent).status == 200
    else:
        assert target.refuses(sent) == -1104


@pytest.mark.parametrize("signature", ["wrong", "", "f" * 64, "é", "right "])
def test_a_wrong_signature(target: Target, signature: str) -> None:
    code = target.refuses(Signed(target.write(target.sound), signature))
    assert str(code) in ("-1022", "-1102", "40009", "40003")


@pytest.mark.parametrize("off_ms", [-60_001, -31_000, 31_000, 10**9])
def test_a_timestamp_out_of_its_window(target: Target, off_ms: int) -> None:
    code = target.refuses(Signed(target.write(target.sound), off_ms=off_ms))
    assert str(code) in ("-1021", "40008" if off_ms < 0 else "40004")


def test_a_window_that_is_too_wide() -> None:
    for made in (spot, usdm, spot_socket, usdm_socket):
        target = made()
        wide = target.write(target.sound | {"recvWindow": "60001"})
        assert target.refuses(Signed(wide)) == -1131
        within = Signed(target.write(target.sound | {"recvWindow": "60000"}), off_ms=-59_000)
        assert target.send(within).status == 200


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\x00", "symbol=BTCUSDT&side=BÜY".encode("latin-1"), b"{", b"[]", b"5"]
)
def test_another_encoding(target: Target, text: bytes) -> None:
    target.refuses(Signed(text))
    target.refuses(Signed(target.write(target.sound)[:-3] + text))


def test_numbers_that_json_does_not_have() -> None:
    for path, sound in (
        ("/api/v2/spot/trade/place-order", BITGET),
        ("/api/v2/mix/order/place-order", CONTRACT),
    ):
        target = bitget(path, sound)
        for literal in (b"NaN", b"Infinity", b"1e999", b"-0", b"01"):
            text = orjson.dumps(sound).replace(b'"size":"1"', b'"size":' + literal)
            assert str(target.refuses(Signed(text))).startswith("400"), literal
