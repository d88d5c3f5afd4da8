"""Who may ask, and Bitget's codes for who may not."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from tests.gateway.bitget.venue import KEY, NOW, SECRET, Caller, house
from tradewind.exchange import Permission
from tradewind.gateway import Request
from tradewind.gateway.bitget.security import signature
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v3 import BitgetV3

RATE = "/api/v2/common/trade-rate"
QUERY = "businessType=spot&symbol=BTCUSDT"


@pytest.fixture
def caller() -> Caller:
    return Caller(BitgetV2(house()))


def test_the_signature_is_what_openssl_gives():
    text = '16273667805456POST/api/v2/mix/order/place-order{"symbol":"TRXUSDT"}'
    assert signature("secret", text) == "tjmz02UoLHoxi9b4qJov9FINaR7OsUxkE27arsD54Fc="


def test_a_signed_request_is_answered_in_an_envelope(caller):
    answer = caller.get(RATE, businessType="spot", symbol="BTCUSDT")
    assert answer == {
        "code": "00000",
        "msg": "success",
        "requestTime": NOW,
        "data": {"makerFeeRate": "0.0005", "takerFeeRate": "0.001"},
    }


def test_the_query_may_be_signed_as_sent_or_decoded(caller):
    query = "businessType=spot&symbol=BTC%55SDT"
    assert caller.send("GET", RATE, query, b"")["code"] == "00000"
    decoded = signature(SECRET, f"{NOW}GET{RATE}?businessType=spot&symbol=BTCUSDT")
    assert caller.send("GET", RATE, query, b"", access_sign=decoded)["code"] == "00000"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"access_key": None}, "40001"),
        ({"access_sign": None}, "40002"),
        ({"access_sign": ""}, "40003"),
        ({"access_timestamp": None}, "40005"),
        ({"access_timestamp": "soon"}, "40005"),
        ({"access_timestamp": str(NOW + 30_001)}, "40004"),
        ({"access_timestamp": str(NOW - 30_001)}, "40008"),
        ({"access_key": "with space"}, "40006"),
        ({"access_key": "another"}, "40037"),
        ({"access_passphrase": None}, "40011"),
        ({"access_passphrase": "wrong"}, "40012"),
        ({"access_sign": "0" * 64}, "40009"),
        ({"access_sign": signature("other", "text")}, "40009"),
    ],
)
def test_what_is_wrong_with_the_headers_is_told_by_code(caller, headers, code):
    reply = caller.raw("GET", RATE, QUERY, b"", **headers)
    body = orjson.loads(reply.body)
    assert (reply.status, body["code"], body["data"]) == (400, code, None)
    assert body["msg"]


def test_half_a_minute_is_not_too_late(caller):
    assert caller.send("GET", RATE, QUERY, b"", now=NOW - 30_000)["code"] == "00000"


def test_keys_are_held_to_addresses_expiry_and_permissions(caller):
    treasury = caller.dialect._rest.house.exchange.treasury
    key = treasury.keys[KEY]
    treasury.add_key(replace(key, addresses=("10.0.0.1",)))
    assert caller.send("GET", RATE, QUERY, b"")["code"] == "40018"
    treasury.add_key(replace(key, expires_ms=NOW))
    assert caller.send("GET", RATE, QUERY, b"")["code"] == "40037"
    treasury.add_key(replace(key, permissions=frozenset({Permission.TRADE})))
    assert caller.send("GET", RATE, QUERY, b"") | {"requestTime": 0} == {
        "code": "40014",
        "msg": "Incorrect permissions, need read permissions",
        "requestTime": 0,
        "data": None,
    }


def test_each_kind_of_account_has_its_own_version():
    found = house()
    v2, v3 = Caller(BitgetV2(found)), Caller(BitgetV3(found))
    settings = "/api/v3/account/settings"
    assert v3.get(settings)["code"] == "40084"
    found.exchange.account("me").unified = True
    assert v2.send("GET", RATE, QUERY, b"")["code"] == "40085"
    assert v3.get(settings)["data"]["holdMode"] == "one_way_mode"


def test_too_many_calls_in_a_second_are_refused_until_the_next():
    found = house(limits=1.0)
    dialect = BitgetV2(found)

    def time(at: int) -> int:
        return dialect.answer(Request("GET", "/api/v2/public/time", "", b"", {}, "127.0.0.1", at)).status

    assert [time(NOW) for _ in range(21)] == [200] * 20 + [429]
    assert time(NOW + 999) == 429
    assert time(NOW + 1000) == 200


def test_demo_trading_is_a_header_that_changes_nothing(caller):
    assert caller.send("GET", RATE, QUERY, b"", paptrading="1")["code"] == "00000"


def test_products_that_are_not_simulated_and_paths_that_do_not_exist(caller):
    dialect = caller.dialect
    assert caller.post("/api/v2/margin/crossed/account/borrow")["code"] == "40301"
    assert dialect.serves("GET", "/api/v2/nothing")
    assert caller.get("/api/v2/nothing")["code"] == "40404"
    assert caller.post(RATE)["code"] == "40404"
