"""What is refused, with Binance Futures' codes, and the classes that ccxt makes of them."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from tests.exchange.worlds import D, assert_sound, moving
from tests.gateway.binance.usdm.venue import Desk, booked
from tradewind.exchange import Tier

ORDER = "/fapi/v1/order"
ALGO = "/fapi/v1/algoOrder"


def limit(**more: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "1",
        "price": "90",
        "timeInForce": "GTC",
    } | more


def market(**more: Any) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"} | more


def stop(**more: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "algoType": "CONDITIONAL",
        "quantity": "1",
        "triggerPrice": "90",
    } | more


def without(params: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in params.items() if key != name}


REFUSED_ORDERS = [
    (limit(symbol="NOPE"), -1121, ccxt.BadSymbol),
    (without(limit(), "symbol"), -1102, ccxt.BadRequest),
    (without(limit(), "side"), -1102, ccxt.BadRequest),
    (without(limit(), "quantity"), -1102, ccxt.BadRequest),
    (without(limit(), "price"), -1102, ccxt.BadRequest),
    (without(limit(), "timeInForce"), -1102, ccxt.BadRequest),
    (limit(side="HOLD"), -1117, ccxt.BadRequest),
    (limit(type="ICEBERG"), -1116, ccxt.BadRequest),
    (limit(timeInForce="GTT"), -1115, ccxt.BadRequest),
    (limit(timeInForce="GTD"), -1102, ccxt.BadRequest),
    (limit(goodTillDate=1), -1106, ccxt.BadRequest),
    (limit(quantity=""), -1105, ccxt.BadRequest),
    (limit(quantity="1e3"), -1100, ccxt.BadRequest),
    (limit(quantity="0"), -4003, ccxt.ExchangeError),
    (limit(quantity="0.0001"), -1111, ccxt.BadRequest),
    (limit(quantity="99999999999"), -4005, ccxt.ExchangeError),
    (limit(price="0"), -4001, ccxt.ExchangeError),
    (limit(price="90.001"), -1111, ccxt.BadRequest),
    (limit(price="9999999999"), -4002, ccxt.ExchangeError),
    (limit(price="600", side="BUY"), -4016, ccxt.ExchangeError),
    (limit(price="10", side="SELL"), -4024, ccxt.ExchangeError),
    (limit(quantity="0.001"), -4164, ccxt.InvalidOrder),
    (limit(quantity="5000"), -2019, ccxt.InsufficientFunds),
    (limit(newClientOrderId="a" * 37), -4015, ccxt.ExchangeError),
    (limit(newClientOrderId="no spaces"), -4015, ccxt.ExchangeError),
    (limit(positionSide="LONG"), -4061, ccxt.OperationRejected),
    (limit(positionSide="UP"), -4060, ccxt.ExchangeError),
    (limit(reduceOnly="true", side="SELL", price="110"), -2022, ccxt.InvalidOrder),
    (limit(reduceOnly="perhaps"), -1100, ccxt.BadRequest),
    (limit(priceMatch="BEST"), -5037, ccxt.BadRequest),
    (limit(priceMatch="QUEUE"), -1106, ccxt.BadRequest),
    (limit(selfTradePreventionMode="ALL"), -5039, ccxt.BadRequest),
    (limit(newOrderRespType="FULL"), -1130, ccxt.BadRequest),
    (limit(closePosition="true"), -4136, ccxt.InvalidOrder),
    (limit(price="110", timeInForce="GTX"), -5022, ccxt.OrderNotFillable),
    (limit(timeInForce="FOK"), -5021, ccxt.OrderNotFillable),
    (market(price="90"), -1106, ccxt.BadRequest),
    (market(timeInForce="GTC"), -1106, ccxt.BadRequest),
    *(
        (market(type=kind, stopPrice="90"), -4120, ccxt.InvalidOrder)
        for kind in ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
    ),
]
REFUSED_ALGOS = [
    (without(stop(), "algoType"), -1102, ccxt.BadRequest),
    (stop(algoType="TWAP"), -1130, ccxt.BadRequest),
    (stop(type="LIMIT"), -1116, ccxt.BadRequest),
    (without(stop(), "triggerPrice"), -1102, ccxt.BadRequest),
    (without(stop(), "quantity"), -1102, ccxt.BadRequest),
    (stop(triggerPrice="110"), -2021, ccxt.OrderImmediatelyFillable),
    (stop(side="BUY"), -2021, ccxt.OrderImmediatelyFillable),
    (stop(triggerPrice="90.001"), -1111, ccxt.BadRequest),
    (stop(workingType="INDEX"), -4031, ccxt.ExchangeError),
    (stop(type="STOP"), -1102, ccxt.BadRequest),
    (stop(price="90"), -1106, ccxt.BadRequest),
    (stop(closePosition="true"), -4137, ccxt.ExchangeError),
    (without(stop(closePosition="true"), "quantity"), -4509, ccxt.ExchangeError),
    (stop(type="TRAILING_STOP_MARKET"), -1106, ccxt.BadRequest),
    (without(stop(type="TRAILING_STOP_MARKET"), "triggerPrice"), -1102, ccxt.BadRequest),
    (
        without(stop(type="TRAILING_STOP_MARKET", callbackRate="11"), "triggerPrice"),
        -2007,
        ccxt.ExchangeError,
    ),
    (stop(type="TRAILING_STOP_MARKET", closePosition="true"), -4136, ccxt.InvalidOrder),
    (stop(positionSide="SHORT"), -4061, ccxt.OperationRejected),
]
REFUSED_CALLS = [
    ("GET", ORDER, {"symbol": "BTCUSDT"}, -1102, ccxt.BadRequest),
    ("GET", ORDER, {"symbol": "BTCUSDT", "orderId": 7}, -2013, ccxt.OrderNotFound),
    ("GET", "/fapi/v1/openOrder", {"symbol": "BTCUSDT", "orderId": 7}, -2013, ccxt.OrderNotFound),
    ("DELETE", ORDER, {"symbol": "BTCUSDT", "orderId": 7}, -2011, ccxt.OrderNotFound),
    ("DELETE", ORDER, {"symbol": "BTCUSDT", "origClientOrderId": "x"}, -2011, ccxt.OrderNotFound),
    ("PUT", ORDER, limit(orderId=7), -2013, ccxt.OrderNotFound),
    ("GET", ALGO, {"algoId": 7}, -2013, ccxt.OrderNotFound),
    ("GET", ALGO, {}, -1102, ccxt.BadRequest),
    ("DELETE", ALGO, {"algoId": 7}, -2011, ccxt.OrderNotFound),
    ("POST", "/fapi/v1/batchOrders", {"batchOrders": "[]"}, -4082, ccxt.ExchangeError),
    ("POST", "/fapi/v1/batchOrders", {"batchOrders": "[1]"}, -1130, ccxt.BadRequest),
    ("POST", "/fapi/v1/batchOrders", {"batchOrders": "{}"}, -1130, ccxt.BadRequest),
    ("DELETE", "/fapi/v1/batchOrders", {"symbol": "BTCUSDT"}, -1102, ccxt.BadRequest),
    ("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 126}, -4028, ccxt.ExchangeError),
    ("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "x"}, -1100, ccxt.BadRequest),
    (
        "POST",
        "/fapi/v1/marginType",
        {"symbol": "BTCUSDT", "marginType": "CROSSED"},
        -4046,
        ccxt.MarginModeAlreadySet,
    ),
    ("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "BOTH"}, -1130, ccxt.BadRequest),
    ("POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "false"}, -4059, ccxt.OperationRejected),
    (
        "POST",
        "/fapi/v1/positionMargin",
        {"symbol": "BTCUSDT", "amount": 1, "type": 1},
        -4049,
        ccxt.ExchangeError,
    ),
    (
        "POST",
        "/fapi/v1/positionMargin",
        {"symbol": "BTCUSDT", "amount": 1, "type": 3},
        -1130,
        ccxt.BadRequest,
    ),
    ("POST", "/fapi/v1/multiAssetsMargin", {"multiAssetsMargin": "false"}, -4171, ccxt.OperationRejected),
    ("POST", "/fapi/v1/multiAssetsMargin", {"multiAssetsMargin": "true"}, -4170, ccxt.OperationRejected),
    ("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, -4021, ccxt.ExchangeError),
    ("GET", "/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120, ccxt.BadRequest),
    (
        "GET",
        "/fapi/v1/continuousKlines",
        {"pair": "BTCUSDT", "interval": "1m", "contractType": "Q"},
        -4104,
        ccxt.ExchangeError,
    ),
    (
        "GET",
        "/fapi/v1/allOrders",
        {"symbol": "BTCUSDT", "startTime": 0, "endTime": 10**12},
        -1127,
        ccxt.BadRequest,
    ),
    (
        "GET",
        "/fapi/v1/allOrders",
        {"symbol": "BTCUSDT", "startTime": 2, "endTime": 1},
        -4165,
        ccxt.BadRequest,
    ),
    (
        "GET",
        "/fapi/v1/userTrades",
        {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1},
        -1128,
        ccxt.BadRequest,
    ),
    ("GET", "/fapi/v1/income", {"incomeType": "GIFT"}, -1130, ccxt.BadRequest),
    ("PUT", "/fapi/v1/listenKey", {}, -1125, ccxt.AuthenticationError),
    ("GET", "/fapi/v1/nothing", {}, -5000, ccxt.ExchangeError),
]


def ccxt_class(code: int, msg: str) -> type[Exception]:
    """What ccxt raises for such an answer of fapi.binance.com."""
    client = ccxt.binanceusdm()
    body = client.json({"code": code, "msg": msg})
    url = "https://fapi.binance.com/fapi/v1/order"
    with pytest.raises(ccxt.BaseError) as caught:
        client.handle_errors(400, "Bad Request", url, "POST", {}, body, {"code": code, "msg": msg}, {}, None)
    return caught.type


def refuses(desk: Desk, method: str, path: str, params: dict[str, Any], code: int, kind: Any) -> None:
    before = booked(desk)
    status, body = desk.call(method, path, params)
    assert 400 <= status < 500
    assert body["code"] == code, body
    assert booked(desk) == before, "something was booked"
    assert issubclass(ccxt_class(code, body["msg"]), kind), (code, ccxt_class(code, body["msg"]))
    assert_sound(desk.exchange)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(moving(900, step=0.0005))


@pytest.mark.parametrize(("params", "code", "kind"), REFUSED_ORDERS)
def test_orders(desk: Desk, params: dict[str, Any], code: int, kind: Any) -> None:
    refuses(desk, "POST", ORDER, params, code, kind)


@pytest.mark.parametrize(("params", "code", "kind"), REFUSED_ALGOS)
def test_algo_orders(desk: Desk, params: dict[str, Any], code: int, kind: Any) -> None:
    refuses(desk, "POST", ALGO, params, code, kind)


@pytest.mark.parametrize(("method", "path", "params", "code", "kind"), REFUSED_CALLS)
def test_calls(desk: Desk, method: str, path: str, params: dict[str, Any], code: int, kind: Any) -> None:
    refuses(desk, method, path, params, code, kind)


def test_what_depends_on_open_orders_and_positions() -> None:
    desk = Desk()
    desk.order("BUY", "LIMIT", "1", "90", newClientOrderId="mine")
    refuses(desk, "POST", ORDER, limit(newClientOrderId="mine"), -4116, ccxt.InvalidOrder)
    mode = {"symbol": "BTCUSDT", "marginType": "ISOLATED"}
    refuses(desk, "POST", "/fapi/v1/marginType", mode, -4047, ccxt.OperationRejected)
    dual = {"dualSidePosition": "true"}
    refuses(desk, "POST", "/fapi/v1/positionSide/dual", dual, -4067, ccxt.OperationRejected)
    same = limit(origClientOrderId="mine")
    refuses(desk, "PUT", ORDER, same, -5027, ccxt.OperationRejected)
    desk.call("DELETE", "/fapi/v1/allOpenOrders", {"symbol": "BTCUSDT"})
    desk.order("BUY", "MARKET", "10")
    refuses(desk, "POST", "/fapi/v1/marginType", mode, -4048, ccxt.OperationRejected)
    refuses(desk, "POST", "/fapi/v1/positionSide/dual", dual, -4068, ccxt.OperationRejected)


def test_isolated_margin_is_bounded() -> None:
    desk = Desk()
    desk.call("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"})
    move = {"symbol": "BTCUSDT", "amount": "1", "type": 1}
    refuses(desk, "POST", "/fapi/v1/positionMargin", move, -4054, ccxt.ExchangeError)
    desk.order("BUY", "MARKET", "10")
    refuses(desk, "POST", "/fapi/v1/positionMargin", move | {"amount": "90000"}, -4050, ccxt.ExchangeError)
    refuses(desk, "POST", "/fapi/v1/positionMargin", move | {"amount": "0"}, -4055, ccxt.ExchangeError)
    out = move | {"type": 2, "amount": "49"}
    refuses(desk, "POST", "/fapi/v1/positionMargin", out, -4051, ccxt.ExchangeError)
    lower = {"symbol": "BTCUSDT", "leverage": 10}
    refuses(desk, "POST", "/fapi/v1/leverage", lower, -4161, ccxt.ExchangeError)


def test_leverage_bounds_the_position() -> None:
    desk = Desk()
    desk.call("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 100})
    tiers = (Tier(D(0), D(50_000), D("0.004"), D(0), 100), Tier(D(50_000), D(10**15), D("0.01"), D(300), 20))
    desk.exchange.control.change_listing("BTC/USDT:USDT", tiers=tiers)
    refuses(desk, "POST", ORDER, limit(quantity="600", price="99"), -2027, ccxt.OperationRejected)


def test_leverage_that_the_margin_does_not_carry() -> None:
    desk = Desk()
    desk.order("BUY", "MARKET", "1000")
    refuses(
        desk, "POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 2}, -2028, ccxt.OperationRejected
    )


def test_hedge_mode_takes_sides_and_no_reduce_only() -> None:
    desk = Desk(hedge=True)
    refuses(desk, "POST", ORDER, market(), -4061, ccxt.OperationRejected)
    both = market(positionSide="LONG", reduceOnly="true")
    refuses(desk, "POST", ORDER, both, -1106, ccxt.BadRequest)


def test_signature_time_and_key() -> None:
    desk = Desk()
    unsigned = desk.send("GET", "/fapi/v2/balance", "timestamp=1")
    assert b"-1102" in unsigned.body
    wrong = desk.send("GET", "/fapi/v2/balance", f"timestamp={desk.wire.now_ms()}&signature={'0' * 64}")
    assert b"-1022" in wrong.body
    assert wrong.status == 400
    _, old = desk.call("GET", "/fapi/v2/balance", {"recvWindow": 1000})
    assert isinstance(old, list)
    stale = desk.wire.now_ms() - 6000
    refused = desk.send("GET", "/fapi/v2/balance", f"timestamp={stale}&signature=x")
    assert b"-1021" in refused.body
    desk.exchange.treasury.revoke_key("k" * 64)
    status, body = desk.call("GET", "/fapi/v2/balance")
    assert (status, body["code"]) == (401, -2015)


def test_a_locked_account_does_not_trade() -> None:
    desk = Desk()
    desk.exchange.treasury.account("me").can_trade = False
    refuses(desk, "POST", ORDER, market(), -2017, ccxt.PermissionDenied)
    refuses(desk, "POST", ALGO, stop(), -2017, ccxt.PermissionDenied)


def test_markets_that_are_halted_or_gone() -> None:
    desk = Desk()
    desk.exchange.control.halt("BTC/USDT:USDT")
    refuses(desk, "POST", ORDER, market(), -4140, ccxt.BadRequest)
    desk.exchange.control.delist("BTC/USDT:USDT")
    refuses(desk, "POST", ORDER, market(), -4141, ccxt.OperationRejected)


def test_orders_beyond_the_limit_are_429() -> None:
    desk = Desk(limits=0.01)  # 3 orders in ten seconds, weight 24 a minute
    for _ in range(3):
        reply = desk.reply("POST", ORDER, market(quantity="0.1"))
        assert reply.status == 200
    assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "3"
    assert reply.headers["X-MBX-ORDER-COUNT-1M"] == "3"
    reply = desk.reply("POST", ORDER, market(quantity="0.1"))
    assert reply.status == 429
    assert b"-1015" in reply.body
    assert int(reply.headers["Retry-After"]) >= 1
    for _ in range(12):
        reply = desk.reply("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 1000}, signed=False)
    assert reply.status == 418
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == "240"
