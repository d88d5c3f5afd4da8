"""Whatever is sent: an error of the venue's, never a failure of the server, and nothing changed."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.exchange.worlds import assert_sound
from tests.gateway.binance.spot.venue import Venue, sign
from tests.gateway.here import KEY, SECRET, D
from tradewind.gateway.binance.spot.ws_api.methods import METHODS

VENUE = Venue()
VENUE.house.limits = VENUE.house.limits.__class__(0)
VENUE.dialect.rest.limits.profile = VENUE.dialect.wallet.limits.profile = VENUE.house.limits
VENUE.house.exchange.control.deposit("me", "USDT", D(10) ** 9)
ROUTES = sorted(
    {*VENUE.dialect.rest.routes.values(), *VENUE.dialect.wallet.routes.values()},
    key=lambda route: (route.path, route.method),
)
NAMES = sorted({name for route in ROUTES for name in route.takes or ()} | {"type", "asset", "amount", "coin"})
NASTY = [
    "", " ", "null", "NaN", "Infinity", "-1", "0", "1e400", "9" * 18, "9" * 40, "-" + "9" * 18, "0.1", "1.5.2",
    "true", "TRUE", "[]", "{}", '["BTCUSDT"]', '["BTCUSDT","BTCUSDT"]', '[1]', "[", "%00", "\x00", "é", "𝒳", "🙂",
    "BTCUSDT", "btcusdt", "BUY", "LIMIT", "MARKET", "GTC", "1M", "1s", "resting", "1700010000000", "a" * 5000,
    "MAIN_UMFUTURE", "USDT", "FULL", "MINI", "7d", "+14:00", "STOP_ON_FAILURE", "1", "2", "100",
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(NASTY), st.text(max_size=12), st.integers().map(str))
PARAMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
FREE = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def check(status: int, body: bytes, before: int) -> None:
    assert status < 500, body
    if status >= 400:
        found = orjson.loads(body)
        assert found["code"] < 0
        assert found["msg"]
        data = found.get("data") or {}
        if "SUCCESS" not in (data.get("cancelResult"), data.get("newOrderResult")):
            assert len(VENUE.house.exchange.ledger) == before
    assert_sound(VENUE.house.exchange)


@FREE
@given(st.sampled_from(ROUTES), PARAMS, st.sampled_from(["good", "bad", "none", "twice", "body"]))
@example(ROUTES[0], {"symbol": "BTCUSDT", "interval": "1M", "startTime": "9" * 18}, "good")
def test_any_request(route: Any, params: dict[str, str], signing: str) -> None:
    before = len(VENUE.house.exchange.ledger)
    if route.security.signed:
        params = params | {"timestamp": str(VENUE.house.wire.now_ms())}
    query = urlencode(params, errors="surrogatepass")
    signature = hmac.digest(SECRET.encode(), query.encode(), "sha256").hex()
    if route.security.signed and signing != "none":
        query += f"&signature={signature if signing in ('good', 'body') else 'f' * 64}"
    if signing == "twice":
        query += "&symbol=BTCUSDT&symbol=BTCUSDT"
    headers = {"X-MBX-APIKEY": KEY}
    if signing == "body":
        reply = VENUE.raw(route.method, route.path, body=query.encode(), headers=headers)
    else:
        reply = VENUE.raw(route.method, route.path, query, headers=headers)
    if route.security.signed and signing in ("bad", "none", "twice"):
        assert reply.status >= 400
    check(reply.status, reply.body, before)


LIMIT = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "90",
}  # fmt: skip
REPLACE = LIMIT | {"cancelReplaceMode": "ALLOW_FAILURE", "cancelOrigClientOrderId": "resting"}
OCO = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "aboveType": "LIMIT_MAKER", "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT", "belowPrice": "80", "belowStopPrice": "95", "belowTimeInForce": "GTC",
}  # fmt: skip
OLD_OCO = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "price": "110", "stopPrice": "95", "stopLimitPrice": "80",
    "stopLimitTimeInForce": "GTC",
}  # fmt: skip
NAMED = {"symbol": "BTCUSDT", "origClientOrderId": "resting"}
SOUND = [
    ("POST", "/api/v3/order", LIMIT),
    ("POST", "/api/v3/order/test", LIMIT | {"computeCommissionRates": "true"}),
    ("POST", "/api/v3/order/cancelReplace", REPLACE),
    ("PUT", "/api/v3/order/amend/keepPriority", NAMED | {"newQty": "0.5"}),
    ("DELETE", "/api/v3/order", NAMED),
    ("GET", "/api/v3/order", NAMED),
    ("POST", "/api/v3/orderList/oco", OCO | {"belowIcebergQty": "0.5", "listClientOrderId": "pair"}),
    (
        "POST",
        "/api/v3/orderList/oco",
        {k: v for k, v in OCO.items() if k != "belowStopPrice"} | {"belowTrailingDelta": "50"},
    ),
    ("POST", "/api/v3/order/oco", OLD_OCO | {"limitIcebergQty": "0.5", "stopClientOrderId": "below"}),
    ("POST", "/api/v3/order", LIMIT | {"icebergQty": "0.5"}),
    ("DELETE", "/api/v3/orderList", {"symbol": "BTCUSDT", "listClientOrderId": "listed"}),
    ("GET", "/api/v3/orderList", {"origClientOrderId": "listed"}),
    ("GET", "/api/v3/allOrderList", {"fromId": "1", "limit": "5"}),
    ("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT", "startTime": "1700006400000", "limit": "5"}),
    ("GET", "/api/v3/allOrders", {"symbol": "BTCUSDT", "orderId": "1", "limit": "5"}),
    ("GET", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1M", "startTime": "1700006400000"}),
    (
        "GET",
        "/api/v3/aggTrades",
        {"symbol": "BTCUSDT", "startTime": "1700006400000", "endTime": "1700006500000"},
    ),
    ("GET", "/api/v3/ticker", {"symbols": '["BTCUSDT"]', "windowSize": "7d", "type": "MINI"}),
    ("GET", "/api/v3/ticker/tradingDay", {"symbol": "BTCUSDT", "timeZone": "-5"}),
    ("POST", "/sapi/v1/asset/transfer", {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}),
    ("GET", "/sapi/v1/capital/deposit/hisrec", {"coin": "USDT", "startTime": "1", "limit": "3"}),
]


@FREE
@given(
    st.sampled_from(SOUND), st.dictionaries(st.integers(0, 12), st.none() | VALUES, min_size=0, max_size=2)
)
def test_almost_right(sound: tuple[str, str, dict[str, str]], changes: dict[int, str | None]) -> None:
    """A request that would succeed, with one or two of its parameters changed or left out."""
    method, path, params = sound
    params = dict(params)
    names = list(params)
    for place, value in changes.items():
        name = names[place % len(names)]
        params.pop(name, None)
        if value is not None:
            params[name] = value
    opened = [(o.client_id, o.quantity) for o in VENUE.house.exchange.open_orders("me")]
    if opened != [("resting", 1), ("down", 1), ("up", 1)]:
        VENUE.house.exchange.cancel_all("me")
        VENUE.limit("90", newClientOrderId="resting")
        listed = {"listClientOrderId": "listed", "aboveClientOrderId": "up", "belowClientOrderId": "down"}
        VENUE.ask("POST", "/orderList/oco", **OCO, **listed)
    security = (
        VENUE.dialect.rest.routes.get((method, path)) or VENUE.dialect.wallet.routes[method, path]
    ).security
    before = len(VENUE.house.exchange.ledger)
    if security.signed:
        reply = VENUE.signed(
            method, path, **{k: v.encode("utf-8", "surrogatepass") for k, v in params.items()}
        )
    else:
        query = urlencode(params, errors="surrogatepass")
        reply = VENUE.raw(method, path, query)
    check(reply.status, reply.body, before)
    if not changes and path != "/sapi/v1/asset/transfer":
        assert reply.status == 200, reply.body


@FREE
@given(st.sampled_from(ROUTES), st.binary(max_size=60), st.text(max_size=60))
def test_any_bytes(route: Any, body: bytes, query: str) -> None:
    before = len(VENUE.house.exchange.ledger)
    reply = VENUE.raw(route.method, route.path, quote(query, safe="&=%"), body=body)
    check(reply.status, reply.body, before)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@FREE
@given(st.sampled_from([*METHODS, "session.logon", "userDataStream.subscribe.signature", "nothing"]),
       st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6), st.booleans())  # fmt: skip
def test_any_call_of_the_web_socket_api(method: str, params: dict[str, Any], signed: bool) -> None:
    before = len(VENUE.house.exchange.ledger)
    line, frames, _ = VENUE.line("/ws-api/v3")
    talk = VENUE.dialect.talk(line)
    assert talk is not None
    if signed and all(isinstance(v, str | int) for v in params.values()):
        params = sign(params | {"apiKey": KEY, "timestamp": VENUE.house.wire.now_ms()})
    talk.hear(orjson.dumps({"id": 1, "method": method, "params": params}).decode())
    talk.ended()
    reply = next(frame for frame in frames if "status" in frame)
    assert reply["id"] == 1
    body = orjson.dumps(reply.get("error", {}))
    check(reply["status"], body, before)


@FREE
@given(JSON, st.sampled_from(["/ws", "/stream", "/ws-api/v3", "/stream/ws/3"]))
def test_any_frame(message: Any, path: str) -> None:
    before = len(VENUE.house.exchange.ledger)
    line, frames, _ = VENUE.line(path)
    talk = VENUE.dialect.talk(line)
    assert talk is not None
    talk.hear(orjson.dumps(message).decode())
    talk.hear("{broken")
    assert len(frames) == 2
    assert all("error" in frame for frame in frames)
    talk.ended()
    assert len(VENUE.house.exchange.ledger) == before
