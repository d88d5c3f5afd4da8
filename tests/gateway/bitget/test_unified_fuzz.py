"""Whatever a client of a unified account sends: the venue's error, never a 500, and no refusal changes anything."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange.worlds import assert_sound
from tests.gateway.bitget.test_fuzz import check, scalar, send, text, value
from tests.gateway.bitget.test_unified import Client
from tests.gateway.bitget.unified import SPOT, SWAP, exchange_of, order, unified
from tests.gateway.bitget.venue import Caller
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v3.dialect import ROUTES

NAMES = [
    name
    for line in (
        "category symbol side posSide orderType qty price timeInForce clientOid orderId reduceOnly stpMode",
        "marginMode takeProfit stopLoss tpTriggerBy slTriggerBy tpOrderType slOrderType tpLimitPrice slLimitPrice",
        "type tpslMode triggerPrice triggerBy triggerOrderType triggerOrderPrice autoCancel startTime endTime",
        "limit cursor interval leverage holdMode operation amount coin",
    )
    for name in line.split()
]
SOUND = {
    "category": ["SPOT", "USDT-FUTURES", "usdt-futures"],
    "symbol": ["BTCUSDT"],
    "side": ["buy", "sell"],
    "posSide": [None, None, None, "long"],
    "orderType": ["limit", "market"],
    "qty": ["1", "0.5", "100"],
    "price": ["90", "100", "110"],
    "timeInForce": ["gtc", "ioc", "post_only", "fok"],
    "orderId": ["1", "2", "3"],
    "reduceOnly": [None, None, "yes", "no"],
    "marginMode": [None, "crossed", "isolated"],
    "takeProfit": [None, None, "120"],
    "stopLoss": [None, None, "80"],
    "slOrderType": [None, "limit"],
    "slLimitPrice": [None, "79"],
    "type": [None, "tpsl", "trigger"],
    "tpslMode": [None, "full", "partial"],
    "triggerPrice": [None, "95", "105"],
    "triggerOrderType": [None, "limit", "market"],
    "triggerOrderPrice": [None, "95"],
    "autoCancel": [None, "yes"],
    "interval": ["1m", "1H"],
    "leverage": ["5", "20"],
    "holdMode": ["one_way_mode", "hedge_mode"],
    "operation": ["add", "remove"],
    "amount": ["1"],
    "coin": ["USDT"],
    "startTime": [None, "1700006400000"],
    "endTime": [None, "1800000000000"],
}


@st.composite
def requests(draw):
    """A sound request, of which a few parameters are made strange."""
    route = draw(st.sampled_from(ROUTES))
    params = {name: draw(st.sampled_from(choices)) for name, choices in SOUND.items()}
    if route.path.endswith("/place-order"):
        del params["triggerPrice"]
    if route.path.endswith(("candles", "financial-records")):
        del params["type"]
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        params[name] = draw(value)
    return route, {name: held for name, held in params.items() if held is not None}


def busy() -> Caller:
    """An account with a position, open orders of both categories and a strategy order."""
    caller = unified()
    limit = {"side": "buy", "orderType": "limit", "price": "90", "qty": "1"}
    order(caller, SWAP, side="buy", orderType="market", qty="1")
    order(caller, SWAP, **limit)
    order(caller, SPOT, **limit)
    made = caller.post("/api/v3/trade/place-strategy-order", **SWAP, posSide="long", stopLoss="80")
    assert made["code"] == "00000"
    return caller


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=25))
def test_requests_of_any_shape(made):
    caller = busy()
    for route, params in made:
        try:
            orjson.dumps(params)
        except TypeError:
            continue  # integers beyond 64 bits cannot be sent as JSON by this library
        send(caller, route, params)
    assert_sound(exchange_of(caller))


rows = st.lists(st.dictionaries(st.sampled_from(NAMES), scalar, max_size=9), max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["place-batch", "cancel-batch", "batch-modify-order"]), st.one_of(rows, value))
def test_batches_of_any_shape(path, sent):
    caller = busy()
    route = next(r for r in ROUTES if r.path.endswith(path))
    try:
        body = orjson.dumps(sent)
    except TypeError:
        return
    check(caller, route, "", body)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ROUTES), st.binary(max_size=60))
def test_bodies_that_are_no_json(route, body):
    check(unified(), route, "", body)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(ROUTES),
    st.sampled_from(["access_key", "access_sign", "access_timestamp", "access_passphrase", "content_type"]),
    st.one_of(st.none(), st.text(max_size=50)),
)
def test_headers_of_any_shape(route, name, sent):
    status = check(unified(), route, "symbol=BTCUSDT", b'{"symbol":"BTCUSDT"}', **{name: sent})
    if route.security is not Security.PUBLIC and name.startswith("access"):
        assert status == 400


topic = st.one_of(
    value,
    st.fixed_dictionaries(
        {
            "instType": st.sampled_from(["UTA", "spot", "usdt-futures", "SPOT", "MC"]),
            "topic": st.one_of(
                st.sampled_from(["account", "order", "position", "fill", "kline", "books", "ticker"]), text
            ),
            "symbol": st.one_of(st.sampled_from(["BTCUSDT", "default"]), value),
            "interval": st.one_of(st.sampled_from(["1m", "1H"]), value),
        }
    ),
)
message = st.fixed_dictionaries(
    {
        "op": st.one_of(st.sampled_from(["login", "subscribe", "unsubscribe"]), value),
        "args": st.one_of(st.lists(topic, max_size=3), value),
    }
)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["public", "private"]), st.booleans(), st.lists(message, max_size=10))
def test_frames_of_any_shape(path, logged_in, said):
    caller = unified()
    before = exchange_of(caller).ledger.digest()
    client = Client(caller, f"/v3/ws/{path}")
    if logged_in:
        client.login()
    for thing in said:
        try:
            heard = orjson.dumps(thing).decode()
        except TypeError:
            continue
        client.talk.hear(heard)
        client.dialect.tick()
    for frame in client.frames:
        assert frame == "pong" or frame.get("event") or frame["action"] in ("snapshot", "update")
    client.talk.ended()
    assert not exchange_of(caller).watches.symbols
    assert exchange_of(caller).ledger.digest() == before
