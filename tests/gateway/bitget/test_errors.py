"""Bitget's codes for what a request gets wrong, each provoked by a request."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.gateway.bitget.venue import Caller, house
from tradewind.gateway.bitget.failure import TEXTS, known
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.words import NO_POSITION

SPOT = "/api/v2/spot/trade"
MIX = "/api/v2/mix/order"
LIMIT = {"symbol": "BTCUSDT", "side": "buy", "orderType": "limit", "price": "90", "size": "1"}
PERP = LIMIT | {"productType": "USDT-FUTURES", "marginMode": "crossed", "marginCoin": "USDT"}
PLAN = PERP | {"planType": "normal_plan", "triggerPrice": "95", "executePrice": "94"}
TPSL = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT", "holdSide": "buy"}
WHOLE = TPSL | {"planType": "pos_loss", "triggerType": "mark_price"}


@pytest.fixture
def caller() -> Caller:
    return Caller(BitgetV2(house()))


def refused(caller: Caller, path: str, params: dict) -> tuple[str, str]:
    ledger = caller.dialect._rest.house.exchange.ledger
    before = ledger.digest()
    answer = caller.post(path, **params)
    assert ledger.digest() == before
    return answer["code"], answer["msg"]


@pytest.mark.parametrize(
    ("path", "params", "code", "msg"),
    [
        (SPOT + "/place-order", LIMIT | {"size": None}, "40019", "Parameter size cannot be empty"),
        (SPOT + "/place-order", LIMIT | {"side": "up"}, "40017", "Parameter verification failed side"),
        (SPOT + "/place-order", LIMIT | {"size": "NaN"}, "40017", "Parameter verification failed size"),
        (SPOT + "/place-order", LIMIT | {"symbol": "NOUSDT"}, "40034", "Parameter symbol does not exist"),
        (SPOT + "/place-order", LIMIT | {"size": "0.01"}, "45110", "less than the minimum amount 5 USDT"),
        (SPOT + "/place-order", LIMIT | {"size": "9999"}, "43012", "Insufficient balance"),
        (
            SPOT + "/place-order",
            LIMIT | {"price": "90.123"},
            "40808",
            "Parameter verification exception price checkBDScale error value=90.123 checkScale=2",
        ),
        (SPOT + "/cancel-order", {"symbol": "BTCUSDT", "orderId": "9"}, "43001", "The order does not exist"),
        (SPOT + "/cancel-plan-order", {"orderId": "9"}, "43025", "Plan order does not exist"),
        (SPOT + "/batch-cancel-plan-order", {}, "43004", "There is no order to cancel"),
        (
            SPOT + "/place-plan-order",
            LIMIT | {"triggerPrice": "95", "executePrice": "0"},
            "43011",
            "The parameter does not meet the specification executePrice <= 0",
        ),
        (MIX + "/place-order", PERP | {"size": "99999"}, "40762", "The order amount exceeds the balance"),
        (MIX + "/place-order", PERP | {"size": "0.01"}, "45110", "less than the minimum amount 5 USDT"),
        (MIX + "/place-order", PERP | {"tradeSide": "open"}, "40774", TEXTS["40774"]),
        (MIX + "/place-order", PERP | {"reduceOnly": "YES"}, "22002", "No position to close"),
        (
            MIX + "/place-order",
            PERP | {"presetStopLossPrice": "95"},
            "40917",
            "Stop price for long positions please < mark price 90",
        ),
        (
            MIX + "/place-order",
            PERP | {"side": "sell", "price": "110", "presetStopLossPrice": "105"},
            "45122",
            "Short position stop loss price please > mark price 110",
        ),
        (MIX + "/cancel-order", PERP | {"orderId": "9"}, "40768", "Order does not exist"),
        (MIX + "/batch-cancel-orders", PERP, "22001", "No order to cancel"),
        (MIX + "/cancel-plan-order", PERP | {"orderIdList": [{"orderId": "9"}]}, "43025", TEXTS["43025"]),
        (MIX + "/cancel-plan-order", PERP, "43004", TEXTS["43004"]),
        (MIX + "/place-plan-order", PLAN | {"executePrice": "0", "price": ""}, "43011", TEXTS["43011"]),
        (
            MIX + "/place-tpsl-order",
            WHOLE | {"triggerPrice": "90"},
            "43023",
            "Insufficient position, can not set profit or stop loss",
        ),
        (MIX + "/close-positions", PERP, "22002", "No position to close"),
        ("/api/v2/mix/account/set-leverage", PERP | {"leverage": "999"}, "40797", None),
        ("/api/v2/mix/account/set-margin", PERP | {"amount": "1", "holdSide": "long"}, "40808", None),
        (
            "/api/v2/spot/wallet/transfer",
            {"fromType": "spot", "toType": "usdt_futures", "coin": "USDT", "amount": "10000.1"},
            "43117",
            "Exceeds the maximum amount that can be transferred",
        ),
    ],
)
def test_each_mistake_has_its_code(caller, path, params, code, msg):
    got = refused(caller, path, params)
    assert got[0] == code
    assert msg in (None, got[1])


def test_a_client_id_is_used_once_even_when_its_order_is_done(caller):
    market = {"symbol": "BTCUSDT", "side": "buy", "orderType": "market", "size": "100", "clientOid": "mine"}
    assert caller.post(SPOT + "/place-order", **market)["code"] == "00000"
    assert refused(caller, SPOT + "/place-order", market) == ("40786", "Duplicate clientOid")
    contract = PERP | {"clientOid": "mine"}
    assert caller.post(MIX + "/place-order", **contract)["code"] == "00000"
    assert refused(caller, MIX + "/place-order", contract)[0] == "40786"


def test_a_market_that_stands_still_or_is_gone(caller):
    control = caller.dialect._rest.house.exchange.control
    control.halt("BTC/USDT")
    control.halt("BTC/USDT:USDT")
    assert refused(caller, SPOT + "/place-order", LIMIT)[0] == "41114"
    assert refused(caller, MIX + "/place-order", PERP)[0] == "40308"
    control.delist("BTC/USDT")
    control.delist("BTC/USDT:USDT")
    gone = ("40309", "The contract has been removed")
    assert refused(caller, SPOT + "/place-order", LIMIT) == gone
    assert refused(caller, MIX + "/place-order", PERP) == gone


def test_stops_on_the_wrong_side_of_a_position(caller):
    assert caller.post(MIX + "/place-order", **PERP | {"orderType": "market"})["code"] == "00000"
    wrong = {"planType": "pos_loss", "triggerPrice": "101", "triggerType": "mark_price"}
    assert refused(caller, MIX + "/place-tpsl-order", TPSL | wrong) == (
        "40917",
        "Stop price for long positions please < mark price 100",
    )
    profit = {"planType": "pos_profit", "triggerPrice": "99", "triggerType": "mark_price"}
    assert refused(caller, MIX + "/place-tpsl-order", TPSL | profit)[0] == "40915"


def test_modes_do_not_change_while_something_is_open(caller):
    caller.post(MIX + "/place-order", **PERP)
    account = "/api/v2/mix/account"
    assert refused(caller, account + "/set-position-mode", PERP | {"posMode": "hedge_mode"})[0] == "40920"
    assert refused(caller, account + "/set-margin-mode", PERP | {"marginMode": "isolated"})[0] == "45117"
    assert refused(caller, MIX + "/place-order", PERP | {"marginMode": "isolated"})[0] == "45117"


def test_an_order_that_fails_leaves_the_margin_mode_as_it_was(caller):
    exchange = caller.dialect._rest.house.exchange
    assert (
        refused(caller, MIX + "/place-order", PERP | {"marginMode": "isolated", "size": "99999"})[0]
        == "40762"
    )
    assert exchange.account("me").isolated == set()
    assert caller.post(MIX + "/place-order", **PERP | {"marginMode": "isolated"})["code"] == "00000"
    assert exchange.account("me").isolated == {"BTC/USDT:USDT"}


def test_orders_of_the_wrong_position_mode(caller):
    caller.post("/api/v2/mix/account/set-position-mode", **PERP | {"posMode": "hedge_mode"})
    assert refused(caller, MIX + "/place-order", PERP)[0] == "40774"
    assert caller.post(MIX + "/place-order", **PERP | {"tradeSide": "open"})["code"] == "00000"


def test_a_body_that_is_not_json_or_says_so(caller):
    sent = caller.send("POST", SPOT + "/place-order", "", b"{}", content_type="text/plain")
    assert (sent["code"], sent["msg"]) == ("40007", "Invalid Content_Type")
    assert caller.send("POST", SPOT + "/place-order", "", b"{")["code"] == "40017"


def test_a_batch_tells_which_of_its_orders_failed(caller):
    answer = caller.post(
        SPOT + "/batch-orders",
        symbol="BTCUSDT",
        orderList=[LIMIT, LIMIT | {"size": "0.01", "clientOid": "small"}],
    )
    assert answer["data"]["failureList"] == [
        {
            "orderId": "",
            "clientOid": "small",
            "errorMsg": "less than the minimum amount 5 USDT",
            "errorCode": "45110",
        }
    ]
    assert len(answer["data"]["successList"]) == 1
    assert caller.dialect._rest.house.exchange.account("me").spot["USDT"].locked == Decimal(90)


def test_an_order_that_nobody_knows_is_an_empty_list_on_spot_and_an_error_on_futures(caller):
    assert caller.get(SPOT + "/orderInfo", orderId=7)["data"] == []
    answer = caller.get(MIX + "/detail", orderId=7, symbol="BTCUSDT", productType="USDT-FUTURES")
    assert answer["code"] == "40109"


def test_what_faults_answer_with_is_worded_here_too():
    reply = known("40200").reply(0)
    assert reply.status == 503
    assert b'"code":"40200","msg":"Server upgrade, please try again later"' in reply.body
    assert known("429").reply(0).status == 429


def test_errors_that_are_made_once_keep_no_frames() -> None:
    caller = Caller(BitgetV2(house()))
    for _ in range(3):
        caller.post(f"{MIX}/close-positions", productType="USDT-FUTURES")
    assert NO_POSITION.__traceback__ is None


def test_both_stops_of_a_position_are_placed_or_none(caller):
    assert caller.post(MIX + "/place-order", **PERP | {"orderType": "market"})["code"] == "00000"
    both = TPSL | {"stopSurplusTriggerPrice": "120", "stopLossTriggerPrice": "80"}
    path = MIX + "/place-pos-tpsl"
    plans = {"productType": "USDT-FUTURES", "planType": "profit_loss"}

    def waiting() -> list[tuple[str, str]]:
        found = caller.get(MIX + "/orders-plan-pending", **plans)["data"]["entrustedList"] or []
        return sorted((row["planType"], row["triggerPrice"]) for row in found)

    for wrong, code in (
        ({"stopLossTriggerPrice": "101"}, "40917"),
        ({"stopLossTriggerPrice": "80.001"}, "40808"),
        ({"stopSurplusClientOid": "x", "stopLossClientOid": "x"}, "40786"),
    ):
        assert refused(caller, path, both | wrong)[0] == code
        assert waiting() == []
    assert refused(caller, path, TPSL)[0] == "40019"
    placed = caller.post(path, **both)
    assert (placed["code"], len(placed["data"])) == ("00000", 2)
    assert waiting() == [("pos_loss", "80"), ("pos_profit", "120")]
