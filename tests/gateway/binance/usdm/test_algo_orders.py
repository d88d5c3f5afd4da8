"""Algo orders: what they wait for, what they place, and how their pages are cut."""

from __future__ import annotations

from typing import Any

from tests.exchange.worlds import MINUTE, D, assert_sound, flat
from tests.gateway.binance.usdm.venue import KEY, SECRET, Desk
from tradewind.exchange import Permission

FALL = [*flat(62), (100, 100, 89, 90, 1000.0), *flat(300, 90.0)]
STAIRS = [(120 - n, 120 - n, 119 - n, 119 - n, 1000.0) for n in range(10)]
RISE_THEN_FALL = [*flat(62), (100, 120, 100, 120, 1000.0), *STAIRS, *flat(300, 110.0)]


def place(desk: Desk, side: str, kind: str, **more: Any) -> dict[str, Any]:
    params = {"symbol": "BTCUSDT", "side": side, "type": kind, "algoType": "CONDITIONAL"} | more
    status, body = desk.call("POST", "/fapi/v1/algoOrder", params)
    assert status == 200, body
    assert body["algoStatus"] == "NEW"
    return body


def shown(desk: Desk, algo: dict[str, Any]) -> dict[str, Any]:
    status, body = desk.call("GET", "/fapi/v1/algoOrder", {"algoId": algo["algoId"]})
    assert status == 200
    return body


def held(desk: Desk, side: str = "BOTH") -> Any:
    _, rows = desk.call("GET", "/fapi/v3/positionRisk", {"symbol": "BTCUSDT"})
    return next((D(row["positionAmt"]) for row in rows if row["positionSide"] == side), D(0))


def test_an_order_that_closes_takes_whatever_is_held() -> None:
    desk = Desk(FALL)
    desk.order("BUY", "MARKET", "2")
    algo = place(desk, "SELL", "STOP_MARKET", triggerPrice="95", closePosition="true")
    assert (algo["quantity"], algo["closePosition"]) == ("0.000", True)
    desk.order("BUY", "MARKET", "1")
    desk.run(5)
    done = shown(desk, algo)
    assert (done["algoStatus"], done["actualQty"]) == ("FINISHED", "3.000")
    assert D(done["actualPrice"]) <= 95
    assert done["triggerTime"] > done["createTime"]
    assert held(desk) == 0
    assert_sound(desk.exchange)


def test_an_order_that_closes_ends_with_its_position() -> None:
    desk = Desk()
    desk.order("BUY", "MARKET", "2")
    algo = place(desk, "SELL", "STOP_MARKET", triggerPrice="95", closePosition="true")
    desk.order("SELL", "MARKET", "2")
    assert shown(desk, algo)["algoStatus"] == "EXPIRED"


def test_a_limit_order_is_placed_at_its_trigger() -> None:
    desk = Desk(FALL)
    algo = place(desk, "SELL", "STOP", triggerPrice="95", price="98", quantity="2", timeInForce="GTC")
    desk.run(5)
    found = shown(desk, algo)
    assert found["algoStatus"] == "TRIGGERED"
    _, order = desk.call(
        "GET", "/fapi/v1/openOrder", {"symbol": "BTCUSDT", "orderId": found["actualOrderId"]}
    )
    assert (order["price"], order["status"], order["type"]) == ("98.00", "NEW", "LIMIT")
    desk.call("DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": found["actualOrderId"]})
    assert shown(desk, algo)["algoStatus"] == "FINISHED"


def test_a_trailing_stop_follows_once_it_is_activated() -> None:
    desk = Desk(RISE_THEN_FALL)
    desk.order("BUY", "MARKET", "1")
    algo = place(
        desk,
        "SELL",
        "TRAILING_STOP_MARKET",
        quantity="1",
        callbackRate="5",
        activatePrice="110",
        reduceOnly="true",
    )
    assert (algo["callbackRate"], algo["activatePrice"]) == ("5", "110.00")
    desk.run(6)
    assert held(desk) == 1
    desk.run(5)
    done = shown(desk, algo)
    assert done["algoStatus"] == "FINISHED"
    assert D(113) <= D(done["actualPrice"]) <= D(114)  # 5 % below 120
    assert held(desk) == 0


def test_both_sides_of_a_hedge_are_guarded() -> None:
    desk = Desk(FALL, hedge=True)
    desk.order("BUY", "MARKET", "2", positionSide="LONG")
    desk.order("SELL", "MARKET", "1", positionSide="SHORT")
    place(desk, "SELL", "STOP_MARKET", triggerPrice="95", closePosition="true", positionSide="LONG")
    goal = place(desk, "BUY", "TAKE_PROFIT_MARKET", triggerPrice="92", quantity="1", positionSide="SHORT")
    desk.run(5)
    assert (held(desk, "LONG"), held(desk, "SHORT")) == (0, 0)
    assert shown(desk, goal)["algoStatus"] == "FINISHED"
    assert_sound(desk.exchange)


def test_pages_of_algo_orders() -> None:
    desk = Desk()
    ids = [place(desk, "SELL", "STOP_MARKET", triggerPrice="90", quantity="1")["algoId"] for _ in range(5)]

    def listed(**more: Any) -> list[int]:
        _, rows = desk.call("GET", "/fapi/v1/allAlgoOrders", {"symbol": "BTCUSDT"} | more)
        return [row["algoId"] for row in rows]

    assert listed() == ids
    assert listed(limit=2) == ids[3:]
    assert listed(limit=2, page=2) == ids[1:3]
    assert listed(algoId=ids[1], limit=2) == ids[1:3]
    assert listed(algoId=ids[1], limit=2, page=2) == ids[3:]
    assert listed(startTime=desk.exchange.now_ms + MINUTE) == []
    _, rows = desk.call("GET", "/fapi/v1/openAlgoOrders", {"algoId": ids[2]})
    assert [row["algoId"] for row in rows] == [ids[2]]
    assert desk.call("DELETE", "/fapi/v1/algoOpenOrders", {"symbol": "BTCUSDT"})[0] == 200
    assert desk.call("GET", "/fapi/v1/openAlgoOrders")[1] == []


def test_a_key_without_futures_may_look_and_not_trade() -> None:
    desk = Desk()
    desk.exchange.control.add_key("me", KEY, SECRET, frozenset({Permission.READ, Permission.TRADE}))
    assert desk.call("GET", "/fapi/v3/account")[0] == 200
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    status, body = desk.call("POST", "/fapi/v1/order", order)
    assert (status, body["code"]) == (401, -2015)


def test_pages_of_income() -> None:
    desk = Desk()
    for _ in range(3):
        desk.order("BUY", "MARKET", "1")
        desk.run(1)

    def listed(**more: Any) -> list[int]:
        _, rows = desk.call("GET", "/fapi/v1/income", {"incomeType": "COMMISSION"} | more)
        return [row["tranId"] for row in rows]

    every = listed()
    assert len(every) == 3
    assert listed(limit=2) == every[1:]
    assert listed(limit=2, page=2) == every[:1]
    assert listed(limit=2, startTime=1) == every[:2]
    assert listed(limit=2, page=2, startTime=1) == every[2:]
    _, moved = desk.call("GET", "/fapi/v1/income", {"incomeType": "TRANSFER"})
    assert [row["income"] for row in moved] == ["10000.00000000"]
    assert desk.call("GET", "/fapi/v1/income", {"incomeType": "API_REBATE"}) == (200, [])
