"""Whatever is asked, the answer is the venue's, and what is refused has changed nothing."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchange.worlds import assert_sound, moving
from tests.gateway.binance.usdm.venue import KEY, SECRET, Desk, booked
from tradewind.gateway.binance.usdm.dialect import METHODS
from tradewind.gateway.wire import Line

NAMES = sorted(
    [
        "symbol",
        "side",
        "type",
        "quantity",
        "price",
        "timeInForce",
        "orderId",
        "origClientOrderId",
        "newClientOrderId",
        "positionSide",
        "reduceOnly",
        "closePosition",
        "stopPrice",
        "triggerPrice",
        "callbackRate",
        "activatePrice",
        "workingType",
        "algoType",
        "algoId",
        "clientAlgoId",
        "leverage",
        "marginType",
        "dualSidePosition",
        "amount",
        "limit",
        "startTime",
        "endTime",
        "fromId",
        "interval",
        "pair",
        "contractType",
        "batchOrders",
        "orderIdList",
        "origClientOrderIdList",
        "incomeType",
        "page",
        "countdownTime",
        "autoCloseType",
        "newOrderRespType",
        "priceMatch",
        "selfTradePreventionMode",
        "recvWindow",
        "multiAssetsMargin",
        "feeBurn",
        "listenKey",
        "goodTillDate",
    ]
)
SENSIBLE = [
    "BTCUSDT", "ETHUSDT", "BUY", "SELL", "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET", "GTC", "IOC", "FOK", "GTX", "BOTH", "LONG", "SHORT", "CONDITIONAL", "true", "false",
    "1", "2", "0.5", "10", "90", "100", "110", "ISOLATED", "CROSSED", "1m", "1h", "PERPETUAL", "RESULT", "ACK",
    "[1,2]", '["a"]', "MARK_PRICE", "FUNDING_FEE",
]  # fmt: skip
NASTY = [
    "", " ", "0", "-1", "-0", "NaN", "Infinity", "1e400", "9" * 18, "9" * 40, "0.00000000000000000001", "null", "[]",
    "{}", "[{}]", "[[]]", '[{"symbol":"BTCUSDT","side":[]}]', "💥", "\x00", "%", "a=b&c", "é" * 50, "' OR 1=1",
    '["' + "x" * 50 + '"]', "true ", "1.", ".5", "+1", "0x10", "１",
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(SENSIBLE), st.sampled_from(NASTY), st.text(max_size=12))
ORDERS = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "type": st.sampled_from(["LIMIT", "MARKET", "STOP_MARKET"]),
        "quantity": VALUES,
        "price": VALUES,
        "timeInForce": st.sampled_from(["GTC", "IOC", "GTX"]),
        "algoType": st.just("CONDITIONAL"),
        "triggerPrice": VALUES,
    }
)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(moving(900, step=0.0005))


def state(desk: Desk) -> Any:
    account = desk.exchange.account("me")
    return (
        booked(desk),
        dict(account.leverage),
        set(account.isolated),
        account.hedge,
        [order.id for order in account.all_open()],
        list(account.open_algos),
    )


def ask(desk: Desk, method: str, path: str, params: dict[str, str]) -> None:
    before = state(desk)
    text = "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in params.items())
    text += f"{'&' if text else ''}timestamp={desk.wire.now_ms()}"
    text += f"&signature={hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()}"
    reply = desk.send(method, path, text)
    body = orjson.loads(reply.body)
    if reply.status == 200:
        return
    assert 400 <= reply.status < 500, (method, path, params, body)
    assert body["code"] < 0
    assert body["msg"]
    assert state(desk) == before, (method, path, params, body)


ROUTES = sorted(Desk().dialect.rest.routes)
SETTINGS = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(route=st.sampled_from(ROUTES), params=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_any_parameters_to_any_endpoint(desk: Desk, route: tuple[str, str], params: dict[str, str]) -> None:
    ask(desk, *route, params)


@SETTINGS
@given(
    path=st.sampled_from(["order", "algoOrder", "order/test"]),
    order=ORDERS,
    more=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
)
def test_orders_that_are_nearly_right(desk: Desk, path: str, order: dict[str, str], more: Any) -> None:
    if order["type"] == "MARKET":
        order = {k: v for k, v in order.items() if k not in ("price", "timeInForce")}
    ask(desk, "POST", f"/fapi/v1/{path}", order | more)
    desk.exchange.cancel_all("me")
    desk.exchange.cancel_all_conditional("me")
    assert_sound(desk.exchange)


@SETTINGS
@given(query=st.text(max_size=60), body=st.binary(max_size=60))
def test_bytes_that_are_no_request(desk: Desk, query: str, body: bytes) -> None:
    before = state(desk)
    for method, path in (
        ("POST", "/fapi/v1/order"),
        ("GET", "/fapi/v1/klines"),
        ("DELETE", "/fapi/v1/order"),
    ):
        reply = desk.send(method, path, query.encode("utf-8", "replace").decode(), body)
        assert 400 <= reply.status < 500
        assert orjson.loads(reply.body)["code"] < 0
    assert state(desk) == before


@SETTINGS
@given(
    path=st.sampled_from(["/ws", "/stream", "/market/ws", "/public/stream", "/private/ws", "/ws-fapi/v1"]),
    frames=st.lists(
        st.one_of(
            st.text(max_size=40),
            st.builds(
                lambda method, params: orjson.dumps({"id": 1, "method": method, "params": params}).decode(),
                st.one_of(
                    st.sampled_from(["SUBSCRIBE", "UNSUBSCRIBE", *METHODS]), st.none(), st.integers(0, 9)
                ),
                st.recursive(
                    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(SENSIBLE + NASTY),
                    lambda inner: (
                        st.lists(inner, max_size=3)
                        | st.dictionaries(st.sampled_from(["symbol", "side", "apiKey", "signature"]), inner)
                    ),
                    max_leaves=5,
                ),
            ),
        ),
        max_size=5,
    ),
)
def test_frames_that_make_no_sense(desk: Desk, path: str, frames: list[str]) -> None:
    before, sent = state(desk), []
    line = Line(path, "", {}, "127.0.0.1", desk.wire.now_ms(), sent.append, lambda code, reason: None)
    talk = desk.dialect.talk(line)
    assert talk is not None
    for frame in frames:
        talk.hear(frame)
        desk.dialect.tick()
    talk.ended()
    assert state(desk) == before
    assert all(isinstance(orjson.loads(text), dict | list) for text in sent)
    assert not desk.exchange.stream.heard


@SETTINGS
@given(
    method=st.sampled_from(sorted(METHODS)),
    params=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
)
def test_signed_frames_with_any_parameters(desk: Desk, method: str, params: dict[str, str]) -> None:
    before, sent = state(desk), []
    line = Line(
        "/ws-fapi/v1", "", {}, "127.0.0.1", desk.wire.now_ms(), sent.append, lambda code, reason: None
    )
    talk = desk.dialect.talk(line)
    assert talk is not None
    signed: dict[str, Any] = params | {"apiKey": KEY, "timestamp": desk.wire.now_ms()}
    text = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
    signed["signature"] = hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()
    talk.hear(orjson.dumps({"id": "x", "method": method, "params": signed}).decode())
    (frame,) = [orjson.loads(answer) for answer in sent]
    assert frame["id"] == "x"
    if frame["status"] != 200:
        assert 400 <= frame["status"] < 500
        assert frame["error"]["code"] < 0
        assert frame["error"]["code"] != -1022
        assert state(desk) == before


@pytest.mark.parametrize("names", ["x", "btcusdt@nothing", "btcusdt@kline_7m", "BTCUSDT@trade", "!all"])
def test_streams_without_meaning_are_taken_and_silent(desk: Desk, names: str) -> None:
    sent: list[str] = []
    line = Line(f"/ws/{names}", "", {}, "", desk.wire.now_ms(), sent.append, lambda code, reason: None)
    talk = desk.dialect.talk(line)
    desk.wire.advance(5)
    desk.run(1)
    assert talk is not None
    assert not sent
    talk.ended()
