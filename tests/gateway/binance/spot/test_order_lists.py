"""Order lists, trailing stops and icebergs of Binance Spot on the wire."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.exchange.worlds import assert_sound, flat
from tests.gateway.binance.spot.venue import Socket, Venue, sign, stepped
from tests.gateway.here import KEY, D

B = "BTCUSDT"
LIST = {
    "orderListId",
    "contingencyType",
    "listStatusType",
    "listOrderStatus",
    "listClientOrderId",
    "transactionTime",
    "symbol",
    "orders",
}
SELL = {
    "symbol": B,
    "side": "SELL",
    "quantity": "2",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT",
    "belowPrice": "80",
    "belowStopPrice": "95",
    "belowTimeInForce": "GTC",
}
BUY = {
    "symbol": B,
    "side": "BUY",
    "quantity": "2",
    "aboveType": "STOP_LOSS",
    "aboveStopPrice": "110",
    "belowType": "TAKE_PROFIT_LIMIT",
    "belowPrice": "91",
    "belowStopPrice": "90",
    "belowTimeInForce": "GTC",
}
OLD = {"symbol": B, "side": "SELL", "quantity": "2", "price": "110", "stopPrice": "95"}
RISING = [*flat(60), (100, 112, 100, 111, 1000), *flat(60, 111)]
FALLING = [*flat(60), (100, 100, 88, 90, 1000), *flat(60, 90)]
MINUTE = 60_000


@pytest.fixture
def venue() -> Venue:
    return Venue()


def place(venue: Venue, **changes: Any) -> Any:
    return venue.ask("POST", "/orderList/oco", **SELL | changes)


def statuses(venue: Venue, made: Any) -> list[str]:
    asked = (venue.ask("GET", "/order", symbol=B, orderId=o["orderId"]) for o in made["orders"])
    return [order["status"] for order in asked]


def test_a_list_is_told_with_both_orders_the_stop_first(venue: Venue) -> None:
    made = place(
        venue,
        listClientOrderId="pair",
        aboveClientOrderId="up",
        belowClientOrderId="down",
        belowStrategyId="7",
        aboveIcebergQty="0.5",
    )
    assert set(made) == LIST | {"orderReports"}
    assert (made["contingencyType"], made["listClientOrderId"], made["symbol"]) == ("OCO", "pair", B)
    assert (made["listStatusType"], made["listOrderStatus"]) == ("EXEC_STARTED", "EXECUTING")
    assert [o["clientOrderId"] for o in made["orders"]] == ["down", "up"]
    down, up = made["orderReports"]
    assert (down["type"], down["stopPrice"], down["price"]) == (
        "STOP_LOSS_LIMIT",
        "95.00000000",
        "80.00000000",
    )
    assert (down["workingTime"], down["strategyId"]) == (-1, 7)
    assert (up["type"], up["price"], up["icebergQty"]) == ("LIMIT_MAKER", "110.00000000", "0.50000000")
    assert up["workingTime"] == made["transactionTime"]
    assert {down["orderListId"], up["orderListId"]} == {made["orderListId"]}
    assert venue.house.exchange.account("me").spot["BTC"].locked == 2
    opened = venue.ask("GET", "/openOrders", symbol=B)
    assert [o["orderListId"] for o in opened] == [made["orderListId"]] * 2


@pytest.mark.parametrize("style", ["ACK", "RESULT", "FULL"])
def test_reports_tell_as_much_as_was_asked(venue: Venue, style: str) -> None:
    reports = place(venue, newOrderRespType=style)["orderReports"]
    assert [("status" in r, "fills" in r) for r in reports] == [(style != "ACK", style == "FULL")] * 2


def test_the_older_form(venue: Venue) -> None:
    made = venue.ask("POST", "/order/oco", **OLD, limitClientOrderId="up", stopClientOrderId="down")
    assert [o["clientOrderId"] for o in made["orders"]] == ["down", "up"]
    assert [r["type"] for r in made["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    limited = OLD | {"stopLimitPrice": "94", "stopLimitTimeInForce": "GTC", "stopIcebergQty": "1"}
    stop, _ = venue.ask("POST", "/order/oco", **limited)["orderReports"]
    assert (stop["type"], stop["price"], stop["icebergQty"]) == (
        "STOP_LOSS_LIMIT",
        "94.00000000",
        "1.00000000",
    )


def test_a_buy_has_its_stop_above(venue: Venue) -> None:
    made = venue.ask("POST", "/orderList/oco", **BUY)
    assert [r["type"] for r in made["orderReports"]] == ["STOP_LOSS", "TAKE_PROFIT_LIMIT"]
    assert venue.house.exchange.account("me").spot["USDT"].locked == 220


def test_lists_are_found(venue: Venue) -> None:
    one, two = place(venue, listClientOrderId="one"), place(venue, listClientOrderId="two")
    shown = [{name: row[name] for name in LIST} for row in (one, two)]
    assert venue.ask("GET", "/openOrderList") == venue.ask("GET", "/allOrderList") == shown
    assert venue.ask("GET", "/orderList", orderListId=two["orderListId"]) == shown[1]
    assert venue.ask("GET", "/orderList", origClientOrderId="one") == shown[0]
    assert venue.ask("GET", "/allOrderList", fromId=two["orderListId"]) == shown[1:]
    assert venue.ask("GET", "/allOrderList", limit=1) == shown[1:]
    assert venue.ask("GET", "/allOrderList", endTime=one["transactionTime"] - 1) == []


def test_cancelling_a_list(venue: Venue) -> None:
    made = place(venue, listClientOrderId="pair")
    gone = venue.ask("DELETE", "/orderList", symbol=B, listClientOrderId="pair", newClientOrderId="away")
    assert set(gone) == LIST | {"orderReports"}
    assert (gone["listStatusType"], gone["listOrderStatus"]) == ("ALL_DONE", "ALL_DONE")
    assert [(r["status"], r["clientOrderId"]) for r in gone["orderReports"]] == [("CANCELED", "away")] * 2
    assert [r["origClientOrderId"] for r in gone["orderReports"]] == [
        o["clientOrderId"] for o in made["orders"]
    ]
    assert venue.ask("GET", "/openOrderList") == []
    again = venue.refused("DELETE", "/orderList", symbol=B, orderListId=made["orderListId"])
    assert again == (400, -2011, "Unknown order list sent.")
    assert_sound(venue.house.exchange)


def test_cancelling_one_order_or_all_takes_the_list_along(venue: Venue) -> None:
    made = place(venue)
    gone = venue.ask("DELETE", "/order", symbol=B, orderId=made["orders"][1]["orderId"])
    assert gone["orderListId"] == made["orderListId"]
    assert statuses(venue, made) == ["CANCELED", "CANCELED"]
    alone, pair = venue.limit(), place(venue)
    first, second = venue.ask("DELETE", "/openOrders", symbol=B)
    assert first["orderId"] == alone["orderId"]
    assert (second["orderListId"], second["listOrderStatus"]) == (pair["orderListId"], "ALL_DONE")
    assert [r["orderId"] for r in second["orderReports"]] == [o["orderId"] for o in pair["orders"]]


@pytest.mark.parametrize(
    ("bars", "expected"), [(RISING, ["EXPIRED", "FILLED"]), (FALLING, ["FILLED", "EXPIRED"])]
)
def test_one_trades_and_the_other_expires(bars: Any, expected: list[str]) -> None:
    venue, _ = stepped(bars)
    made = place(venue)
    venue.house.clock.step(3 * MINUTE)
    venue.house.refresh()
    assert statuses(venue, made) == expected
    assert venue.ask("GET", "/orderList", orderListId=made["orderListId"])["listStatusType"] == "ALL_DONE"
    trades = venue.ask("GET", "/myTrades", symbol=B)
    assert {t["orderListId"] for t in trades} == {made["orderListId"]}
    assert_sound(venue.house.exchange)


def test_the_account_hears_of_its_lists() -> None:
    venue, _ = stepped(RISING)
    key = orjson.loads(venue.raw("POST", "/api/v3/userDataStream").body)["listenKey"]
    hearer = Socket(venue, f"/ws/{key}")
    made = place(venue)
    told = [e for e in hearer.heard() if e["e"] == "listStatus"]
    assert [(e["l"], e["L"], e["g"]) for e in told] == [("EXEC_STARTED", "EXECUTING", made["orderListId"])]
    assert set(told[0]) == set("eEsgclLrCTO")
    assert [{"s": o["symbol"], "i": o["orderId"], "c": o["clientOrderId"]} for o in made["orders"]] == told[
        0
    ]["O"]
    venue.house.clock.step(3 * MINUTE)
    venue.house.refresh()
    later = hearer.heard()
    assert [e["l"] for e in later if e["e"] == "listStatus"] == ["ALL_DONE"]
    assert {e["g"] for e in later if e["e"] == "executionReport"} == {made["orderListId"]}


def test_the_web_socket_api_places_asks_and_cancels() -> None:
    venue, _ = stepped()
    last = venue.house.exchange.tape.last("BTC/USDT")
    up, down = f"{last * 2:.2f}", f"{last / 2:.2f}"
    api = Socket(venue, "/ws-api/v3")

    def call(method: str, **params: Any) -> Any:
        signed = sign(params | {"apiKey": KEY, "timestamp": venue.house.wire.now_ms()})
        reply = api.say(id=1, method=method, params=signed)
        assert reply["status"] == 200, reply
        return reply

    old = {"symbol": B, "side": "SELL", "quantity": "1", "price": up, "stopPrice": down}
    new = {"symbol": B, "side": "SELL", "quantity": "1", "aboveType": "LIMIT_MAKER", "abovePrice": up}
    first = call("orderList.place", **old)["result"]
    reply = call("orderList.place.oco", **new, belowType="STOP_LOSS", belowStopPrice=down)
    assert [x["count"] for x in reply["rateLimits"] if x["rateLimitType"] == "ORDERS"] == [4, 4]
    second = reply["result"]
    opened = call("openOrderLists.status")["result"]
    assert [one["orderListId"] for one in opened] == [first["orderListId"], second["orderListId"]]
    found = call("orderList.status", orderListId=second["orderListId"])["result"]
    assert found["listOrderStatus"] == "EXECUTING"
    gone = call("orderList.cancel", symbol=B, orderListId=second["orderListId"])["result"]
    assert gone["listOrderStatus"] == "ALL_DONE"
    assert len(call("allOrderLists")["result"]) == 2


WRONG = [
    (SELL | {"aboveType": "MARKET"}, -1158, "Order type not supported in OCO."),
    (SELL | {"belowType": "LIMIT"}, -1158, "Order type not supported in OCO."),
    (SELL | {"belowType": "SOME"}, -1116, "Invalid orderType."),
    (SELL | {"belowType": "LIMIT_MAKER"}, -1168, "At least one OCO order must be contingent."),
    (BUY | {"aboveType": "LIMIT_MAKER"}, -1165, "A limit order in a buy OCO must be below."),
    (SELL | {"aboveType": "STOP_LOSS", "belowType": "LIMIT_MAKER"}, -1197, "A stop loss order in a sell OCO must be"),
    (SELL | {"aboveType": "TAKE_PROFIT", "belowType": "LIMIT_MAKER"}, -1166, "A limit order in a sell OCO must be"),
    (BUY | {"belowType": "STOP_LOSS"}, -1196, "A stop loss order in a buy OCO must be above."),
    (BUY | {"aboveType": "TAKE_PROFIT"}, -1198, "A take profit order in a buy OCO must be below."),
    (SELL | {"belowType": "TAKE_PROFIT"}, -1199, "A take profit order in a sell OCO must be above."),
    (SELL | {"abovePrice": "99"}, -2010, "The relationship of the prices for the orders is not correct."),
    (SELL | {"belowStopPrice": "101"}, -2010, "The relationship of the prices for the orders is not correct."),
    (BUY | {"belowStopPrice": "101"}, -2010, "The relationship of the prices for the orders is not correct."),
    (SELL | {"belowTimeInForce": "IOC", "belowIcebergQty": "1"}, -1160, "Parameter 'belowIcebergQty' is not"),
    (SELL | {"aboveIcebergQty": "3"}, -2010, "IcebergQty exceeds QTY."),
    (SELL | {"aboveIcebergQty": "0.1"}, -1013, "Filter failure: ICEBERG_PARTS"),
    (SELL | {"aboveStopPrice": "105"}, -1106, "Parameter 'aboveStopPrice' sent when not required."),
    (SELL | {"aboveTimeInForce": "GTC"}, -1106, "Parameter 'aboveTimeInForce' sent when not required."),
    (SELL | {"abovePegPriceType": "PRIMARY_PEG"}, -2010, "Pegged orders are not supported for this symbol."),
    (SELL | {"belowStrategyType": "5"}, -1130, "Data sent for parameter 'belowStrategyType' is not valid."),
    (SELL | {"quantity": "11"}, -2010, "Account has insufficient balance for requested action."),
    (SELL | {"quantity": "1.0001"}, -1013, "Filter failure: LOT_SIZE"),
    (SELL | {"aboveClientOrderId": "x", "belowClientOrderId": "x"}, -2010, "Duplicate order sent."),
    (SELL | {"listClientOrderId": "open"}, -2010, "Duplicate order sent."),
    (SELL | {"listClientOrderId": "a b"}, -1100, "Illegal characters found in parameter 'listClientOrderId'"),
    (SELL | {"price": "1"}, -1104, "Not all sent parameters were read"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "code", "text"), WRONG, ids=lambda v: str(v) if isinstance(v, int) else ""
)
def test_what_makes_no_list(venue: Venue, params: dict[str, str], code: int, text: str) -> None:
    place(venue, quantity="1", listClientOrderId="open")
    before = venue.house.exchange.ledger.digest()
    status, found, said = venue.refused("POST", "/orderList/oco", **params)
    assert (status, found, said[: len(text)]) == (400, code, text)
    assert venue.house.exchange.ledger.digest() == before


@pytest.mark.parametrize(
    "name", ["symbol", "side", "quantity", "aboveType", "belowType", "abovePrice", "belowPrice"]
)
def test_what_a_list_must_have(venue: Venue, name: str) -> None:
    params = {k: v for k, v in SELL.items() if k != name}
    assert venue.refused("POST", "/orderList/oco", **params)[:2] == (400, -1102)


def test_what_the_older_form_refuses(venue: Venue) -> None:
    def refused(**changes: str) -> tuple[int, str]:
        return venue.refused("POST", "/order/oco", **OLD | changes)[1:]

    assert refused(stopLimitPrice="90") == (-1106, "Parameter 'stopLimitPrice' sent when not required.")
    assert refused(stopLimitTimeInForce="GTC")[0] == -1106
    assert refused(stopPrice="105")[1] == "The relationship of the prices for the orders is not correct."
    assert refused(aboveType="LIMIT_MAKER")[0] == -1104
    for path in ("oto", "otoco", "opo", "opoco"):
        said = venue.refused("POST", f"/orderList/{path}", symbol=B)
        assert said == (400, -2010, "OTO orders are not supported for this symbol")


def test_questions_that_have_no_answer(venue: Venue) -> None:
    assert venue.refused("GET", "/orderList", orderListId=9) == (400, -2018, "Order list does not exist.")
    assert venue.refused("GET", "/orderList")[1] == -1102
    assert venue.refused("DELETE", "/orderList", symbol=B)[1] == -1102
    assert venue.refused("GET", "/allOrderList", fromId=1, startTime=1)[1] == -1128
    assert venue.refused("GET", "/allOrderList", startTime=0, endTime=90_000_000)[1] == -1127


def test_the_trailing_leg_of_a_list(venue: Venue) -> None:
    trailing = {k: v for k, v in SELL.items() if k != "belowStopPrice"} | {"belowTrailingDelta": "500"}
    stop, _ = venue.ask("POST", "/orderList/oco", **trailing)["orderReports"]
    assert (stop["trailingDelta"], stop["trailingTime"]) == (500, stop["transactTime"])
    assert "stopPrice" not in stop


def test_trailing_stops_and_icebergs_alone(venue: Venue) -> None:
    made = venue.order("SELL", "STOP_LOSS", trailingDelta="100", newOrderRespType="RESULT")
    found = venue.ask("GET", "/order", symbol=B, orderId=made["orderId"])
    assert (made["trailingDelta"], found["trailingDelta"], found["isWorking"]) == (100, 100, False)
    waits = venue.order("BUY", "TAKE_PROFIT", stopPrice="95", trailingDelta="100", newOrderRespType="RESULT")
    assert (waits["stopPrice"], waits["trailingTime"]) == ("95.00000000", -1)
    ice = venue.limit(quantity="5", icebergQty="1")
    assert ice["icebergQty"] == "1.00000000"
    assert venue.ask("GET", "/order", symbol=B, orderId=ice["orderId"])["icebergQty"] == "1.00000000"
    bids = dict(venue.get("/depth", symbol=B, limit=5000)["bids"])
    venue.ask("DELETE", "/order", symbol=B, orderId=ice["orderId"])
    without = dict(venue.get("/depth", symbol=B, limit=5000)["bids"])
    level = "90.00000000"
    assert D(bids[level]) - D(without.get(level, "0")) == 1


def test_a_market_says_what_it_allows(venue: Venue) -> None:
    symbol = venue.get("/exchangeInfo", symbol=B)["symbols"][0]
    assert symbol["ocoAllowed"] is symbol["allowTrailingStop"] is symbol["icebergAllowed"] is True
    assert symbol["otoAllowed"] is symbol["opoAllowed"] is False
    filters = {f["filterType"]: f for f in symbol["filters"]}
    assert filters["TRAILING_DELTA"]["minTrailingAboveDelta"] == 10
    assert filters["ICEBERG_PARTS"]["limit"] == 10
    assert filters["PERCENT_PRICE_BY_SIDE"]["avgPriceMins"] == filters["NOTIONAL"]["avgPriceMins"] == 5
    assert "MAX_POSITION" not in filters


def test_prices_are_judged_by_the_average_that_is_told() -> None:
    venue, _ = stepped([*flat(57), *flat(3, 400), *flat(60, 400)])
    venue.house.refresh()
    told = venue.get("/avgPrice", symbol=B)
    average, exchange = D(told["price"]), venue.house.exchange
    assert D(100) < average < exchange.tape.last("BTC/USDT") == 400
    assert (told["mins"], told["closeTime"]) == (5, exchange.now_ms)
    limit = {"symbol": B, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1"}
    lowest = (average * exchange.listings["BTC/USDT"].filters.bid_multiplier_down).quantize(D("0.01"))
    venue.ask("POST", "/order", **limit, price=lowest + D("0.01"))
    refused = venue.refused("POST", "/order", **limit, price=lowest - D("0.01"))
    assert refused == (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    stream = Socket(venue, "/ws/btcusdt@avgPrice")
    venue.dialect.tick()
    event = stream.heard()[-1]
    assert (event["w"], event["i"], event["T"]) == (told["price"], "5m", told["closeTime"])


def test_an_account_that_may_not_trade_makes_no_list(venue: Venue) -> None:
    venue.house.exchange.account("me").can_trade = False
    assert venue.refused("POST", "/orderList/oco", **SELL)[1:] == (
        -2010,
        "This action is disabled on this account.",
    )
