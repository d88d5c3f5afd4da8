"""Whatever a client sends: the venue's error, never a 500, and a refused request changes nothing."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange.worlds import assert_sound
from tests.gateway.bitget.test_conversation import Client
from tests.gateway.bitget.venue import Caller, house
from tradewind.gateway import House
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v2.dialect import ROUTES

NAMES = [
    name
    for line in (
        "symbol productType side tradeSide orderType size price force clientOid marginCoin marginMode",
        "reduceOnly orderId newSize newPrice newClientOid triggerPrice executePrice triggerType planType",
        "callbackRatio holdSide orderList orderIdList symbolList startTime endTime limit idLessThan",
        "granularity kLineType leverage posMode amount coin fromType toType businessType pageSize pageNo",
        "presetStopLossPrice presetStopSurplusPrice stopLossTriggerPrice stopSurplusTriggerPrice type",
        "rangeRate newTriggerPrice precision openAmount openPrice stpMode",
    )
    for name in line.split()
]
GOOD = [
    name
    for line in (
        "BTCUSDT USDT-FUTURES USDT buy sell open close limit market 1 2 100 95.5 0.01 gtc post_only ioc",
        "fok crossed isolated YES NO normal_plan track_plan profit_loss pos_loss loss_plan amount total",
        "mark_price long short one_way_mode hedge_mode 1m 1H spot usdt_futures mix 1700006400000",
        "COIN-FUTURES mark",
    )
    for name in line.split()
]
text = st.one_of(
    st.sampled_from(GOOD),
    st.text(max_size=20),
    st.sampled_from(["", "NaN", "Infinity", "-1", "1e309", "9" * 40, "0", "0.0000000000000001", "\x00", "é"]),
)
scalar = st.one_of(text, st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False))
rows = st.lists(st.dictionaries(st.sampled_from(NAMES), scalar, max_size=8), max_size=3)
value = st.one_of(
    scalar, scalar, rows, st.lists(scalar, max_size=3), st.dictionaries(text, scalar, max_size=2)
)
SOUND = {  # what a request may say and be accepted
    "symbol": ["BTCUSDT"],
    "productType": ["USDT-FUTURES"],
    "side": ["buy", "sell"],
    "tradeSide": [None, None, None, "open"],
    "orderType": ["limit", "market"],
    "size": ["1", "0.5", "100"],
    "price": ["90", "100", "110"],
    "force": ["gtc", "ioc", "post_only", "fok"],
    "marginMode": ["crossed", "isolated"],
    "marginCoin": ["USDT"],
    "reduceOnly": [None, None, "YES", "NO"],
    "orderId": ["1", "2", "3"],
    "newSize": ["1", "2"],
    "newPrice": ["91", "109"],
    "triggerPrice": ["90", "95", "105", "110"],
    "executePrice": ["90", "110"],
    "triggerType": ["mark_price", "fill_price"],
    "planType": ["normal_plan", "track_plan", "pos_loss", "pos_profit", "loss_plan", "moving_plan", "amount"],
    "callbackRatio": ["1"],
    "rangeRate": ["1"],
    "holdSide": ["long", "short"],
    "leverage": ["5", "20"],
    "posMode": ["one_way_mode", "hedge_mode"],
    "amount": ["1", "-1"],
    "coin": ["USDT"],
    "fromType": ["spot", "usdt_futures"],
    "toType": ["spot", "usdt_futures"],
    "granularity": ["1m", "1H", "1M", "6Hutc"],
    "startTime": ["1700006400000"],
    "endTime": ["1700010000000", "1800000000000"],
    "businessType": ["spot", "mix"],
    "presetStopLossPrice": [None, None, None, "80", "120"],
    "openAmount": ["10"],
    "openPrice": ["100"],
    "newTriggerPrice": ["96", "104"],
}


@st.composite
def requests(draw):
    """A sound request, of which a few parameters are made strange."""
    route = draw(st.sampled_from(ROUTES))
    params = {name: draw(st.sampled_from(choices)) for name, choices in SOUND.items()}
    params["orderList"] = [
        {n: params[n] for n in ("symbol", "side", "orderType", "size", "price", "orderId")}
    ]
    if route.path.endswith(("/bill", "/bills", "transferRecords")):
        del params["businessType"]
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        params[name] = draw(value)
    return route, {name: held for name, held in params.items() if held is not None}


def busy() -> Caller:
    """An account with a position, and with open orders and plans of both wallets."""
    caller = Caller(BitgetV2(house()))
    contract = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginMode": "crossed", "size": "1"}
    limit = contract | {"side": "buy", "orderType": "limit", "price": "90"}
    plan = limit | {"triggerPrice": "95", "executePrice": "94"}
    for path, params in (
        ("mix/order/place-order", contract | {"side": "buy", "orderType": "market"}),
        ("mix/order/place-order", limit),
        ("spot/trade/place-order", limit),
        ("mix/order/place-plan-order", plan | {"planType": "normal_plan"}),
        (
            "mix/order/place-tpsl-order",
            contract | {"planType": "loss_plan", "triggerPrice": "80", "holdSide": "long"},
        ),
        ("spot/trade/place-plan-order", plan),
    ):
        assert caller.post(f"/api/v2/{path}", **params)["code"] == "00000"
    return caller


def send(caller: Caller, route, params) -> None:
    if route.method == "GET":
        query = "&".join(f"{name}={value}" for name, value in params.items())
        check(caller, route, query, b"")
    else:
        check(caller, route, "", orjson.dumps(params, option=orjson.OPT_PASSTHROUGH_DATETIME))


def check(caller: Caller, route, query: str, body: bytes, **headers: str | None) -> int:
    """The status, once the answer was found to be Bitget's."""
    found: House = caller.dialect._rest.house
    before = found.exchange.ledger.digest()
    reply = caller.raw(route.method, route.path, query, body, **headers)
    answer = orjson.loads(reply.body)
    assert reply.status in (200, 400, 404, 429), (route.path, reply.status)
    assert set(answer) == {"code", "msg", "requestTime", "data"}
    assert (reply.status == 200) == (answer["code"] == "00000")
    if reply.status != 200:
        assert answer["msg"] not in ("", "success")
        assert found.exchange.ledger.digest() == before, (route.path, answer)
    return reply.status


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
    assert_sound(caller.dialect._rest.house.exchange)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ROUTES), st.binary(max_size=60))
def test_bodies_that_are_no_json(route, body):
    check(Caller(BitgetV2(house())), route, "", body)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ROUTES),
    st.sampled_from(["access_key", "access_sign", "access_timestamp", "access_passphrase", "content_type"]),
    st.one_of(st.none(), st.text(max_size=50)),
)
def test_headers_of_any_shape(route, name, value):
    caller = Caller(BitgetV2(house()))
    status = check(caller, route, "symbol=BTCUSDT", b'{"symbol":"BTCUSDT"}', **{name: value})
    if route.security is not Security.PUBLIC and name.startswith("access"):
        assert status == 400


argument = st.one_of(
    value,
    st.dictionaries(
        st.sampled_from(["instType", "channel", "instId", "coin", "apiKey", "sign"]), value, max_size=4
    ),
    st.fixed_dictionaries(
        {
            "instType": st.sampled_from(["SPOT", "USDT-FUTURES", "spot", "MC"]),
            "channel": st.sampled_from(
                ["books", "books5", "trade", "ticker", "candle1m", "orders", "account"]
            ),
            "instId": st.one_of(st.sampled_from(["BTCUSDT", "default"]), text),
        }
    ),
    st.fixed_dictionaries(dict.fromkeys(("apiKey", "passphrase", "timestamp", "sign"), value)),
)
message = st.fixed_dictionaries(
    {
        "op": st.one_of(st.sampled_from(["login", "subscribe", "unsubscribe"]), value),
        "args": st.one_of(st.lists(argument, max_size=3), value),
    }
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["public", "private"]),
    st.booleans(),
    st.lists(st.one_of(message, text, value), max_size=12),
)
def test_frames_of_any_shape(path, logged_in, said):
    client = Client(house(), f"/v2/ws/{path}")
    exchange = client.house.exchange
    before = exchange.ledger.digest()
    if logged_in:
        client.login()
    for thing in said:
        try:
            said_text = thing if isinstance(thing, str) else orjson.dumps(thing).decode()
        except TypeError:
            continue  # beyond 64 bits
        client.talk.hear(said_text)
        client.dialect.tick()
    for frame in client.frames:
        assert frame == "pong" or frame.get("event") or frame["action"] in ("snapshot", "update")
    client.talk.ended()
    assert not exchange.watches.symbols
    assert exchange.ledger.digest() == before
