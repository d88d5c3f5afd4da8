"""Orders of Binance Spot as its replies tell them."""

from __future__ import annotations

import hmac
import traceback
from decimal import Decimal

import pytest

from tests.gateway.binance.spot.venue import Venue, within_a_minute
from tests.gateway.here import SECRET, D
from tradewind.gateway.binance.spot.trade import TYPE

B = "BTCUSDT"
STATE = {
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "selfTradePreventionMode",
}
NAMED = {"symbol", "orderId", "orderListId", "clientOrderId"}


@pytest.fixture
def venue() -> Venue:
    return Venue()


def test_replies_tell_as_much_as_was_asked(venue: Venue) -> None:
    ack = venue.order(newOrderRespType="ACK")
    assert set(ack) == NAMED | {"transactTime"}
    result = venue.order(newOrderRespType="RESULT")
    assert set(result) == NAMED | STATE | {"transactTime", "workingTime"}
    full = venue.order(newOrderRespType="FULL")
    assert set(full) == set(result) | {"fills"}
    assert set(full["fills"][0]) == {"price", "qty", "commission", "commissionAsset", "tradeId"}
    assert sum(D(f["qty"]) for f in full["fills"]) == 1
    assert D(full["fills"][0]["commission"]) == D("0.001") * D(full["fills"][0]["qty"])
    assert full["fills"][0]["commissionAsset"] == "BTC"
    assert set(venue.order()) == set(full)
    assert set(venue.limit()) == set(full)
    stop = venue.order("SELL", "STOP_LOSS", stopPrice="90")
    assert set(stop) == NAMED | {"transactTime"}


def test_a_market_order_by_quote_quantity(venue: Venue) -> None:
    order = venue.ask("POST", "/order", symbol=B, side="BUY", type="MARKET", quoteOrderQty="500")
    assert D(order["origQuoteOrderQty"]) == 500
    assert D("490") < D(order["cummulativeQuoteQty"]) <= 500
    assert order["origQty"] == order["executedQty"]


def test_a_stop_waits_then_works(venue: Venue) -> None:
    made = venue.order("SELL", "STOP_LOSS_LIMIT", "1", price="89", stopPrice="90", timeInForce="GTC")
    found = venue.ask("GET", "/order", symbol=B, orderId=made["orderId"])
    assert (found["isWorking"], found["workingTime"], found["stopPrice"]) == (False, -1, "90.00000000")
    assert set(found) >= NAMED | STATE | {"time", "updateTime", "icebergQty"}


def test_a_cancel_has_a_name_of_its_own(venue: Venue) -> None:
    made = venue.limit(newClientOrderId="mine")
    gone = venue.ask("DELETE", "/order", symbol=B, origClientOrderId="mine", newClientOrderId="cancel-1")
    assert (gone["origClientOrderId"], gone["clientOrderId"]) == ("mine", "cancel-1")
    assert (gone["orderId"], gone["status"]) == (made["orderId"], "CANCELED")


def test_cancel_all(venue: Venue) -> None:
    ids = [venue.limit()["orderId"] for _ in range(3)]
    gone = venue.ask("DELETE", "/openOrders", symbol=B)
    assert [o["orderId"] for o in gone] == ids
    assert venue.refused("DELETE", "/openOrders", symbol=B) == (400, -2011, "Unknown order sent.")


def replace(venue: Venue, mode: str, price: str = "91", quantity: str = "1", **which: object) -> dict:
    params = {"symbol": B, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": price}
    reply = venue.signed(
        "POST", "/api/v3/order/cancelReplace", **params, quantity=quantity, cancelReplaceMode=mode, **which
    )
    import orjson

    return orjson.loads(reply.body) | {"http": reply.status}


def test_cancel_replace(venue: Venue) -> None:
    made = venue.limit()
    both = replace(venue, "STOP_ON_FAILURE", cancelOrderId=made["orderId"])
    assert (both["http"], both["cancelResult"], both["newOrderResult"]) == (200, "SUCCESS", "SUCCESS")
    assert both["cancelResponse"]["orderId"] == made["orderId"]
    assert both["newOrderResponse"]["price"] == "91.00000000"


@pytest.mark.parametrize(
    ("mode", "known", "quantity", "expected"),
    [
        ("STOP_ON_FAILURE", False, "1", (400, -2022, "FAILURE", "NOT_ATTEMPTED")),
        ("STOP_ON_FAILURE", True, "1000", (409, -2021, "SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", False, "1", (409, -2021, "FAILURE", "SUCCESS")),
        ("ALLOW_FAILURE", True, "1000", (409, -2021, "SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", False, "1000", (400, -2022, "FAILURE", "FAILURE")),
    ],
)
def test_cancel_replace_that_fails(
    venue: Venue, mode: str, known: bool, quantity: str, expected: tuple[int, int, str, str]
) -> None:
    order_id = venue.limit()["orderId"] if known else 999
    found = replace(venue, mode, quantity=quantity, cancelOrderId=order_id)
    data = found["data"]
    assert (found["http"], found["code"], data["cancelResult"], data["newOrderResult"]) == expected
    for result, response in (("cancelResult", "cancelResponse"), ("newOrderResult", "newOrderResponse")):
        if data[result] == "FAILURE":
            assert set(data[response]) == {"code", "msg"}
        elif data[result] == "NOT_ATTEMPTED":
            assert data[response] is None
        else:
            assert data[response]["symbol"] == B


def test_amend_keeps_the_place(venue: Venue) -> None:
    made = venue.limit(quantity="2")
    path = "/order/amend/keepPriority"
    found = venue.ask("PUT", path, symbol=B, orderId=made["orderId"], newQty="1", newClientOrderId="less")
    assert found["amendedOrder"]["qty"] == "1.00000000"
    assert found["amendedOrder"]["clientOrderId"] == "less"
    history = venue.ask("GET", "/order/amendments", symbol=B, orderId=made["orderId"])
    assert [(h["origQty"], h["newQty"]) for h in history] == [("2.00000000", "1.00000000")]
    assert history[0]["executionId"] == found["executionId"]
    assert venue.refused("PUT", path, symbol=B, orderId=made["orderId"], newQty="3")[1] == -2038
    assert venue.refused("PUT", path, symbol=B, orderId=made["orderId"], newQty="1")[1] == -2038


def test_a_test_order_changes_nothing(venue: Venue) -> None:
    before = venue.house.exchange.ledger.digest()
    params = {"symbol": B, "side": "BUY", "type": "MARKET", "quantity": "1"}
    assert venue.ask("POST", "/order/test", **params) == {}
    rates = venue.ask("POST", "/order/test", **params, computeCommissionRates="true")
    assert rates["standardCommissionForOrder"] == {"maker": "0.00050000", "taker": "0.00100000"}
    assert venue.refused("POST", "/order/test", **params | {"quantity": "1000"})[1] == -2010
    assert venue.house.exchange.ledger.digest() == before


def test_what_an_account_asks(venue: Venue) -> None:
    made = venue.order()
    trades = venue.ask("GET", "/myTrades", symbol=B, orderId=made["orderId"])
    assert sum(Decimal(t["qty"]) for t in trades) == 1
    assert all(t["isBuyer"] and not t["isMaker"] for t in trades)
    assert [o["orderId"] for o in venue.ask("GET", "/allOrders", symbol=B)] == [made["orderId"]]
    counts = venue.ask("GET", "/rateLimit/order")
    assert [(c["interval"], c["count"]) for c in counts] == [("SECOND", 1), ("DAY", 1)]
    account = venue.ask("GET", "/account")
    assert account["commissionRates"]["taker"] == "0.00100000"
    assert (account["makerCommission"], account["takerCommission"]) == (5, 10)
    assert venue.ask("GET", "/account/commission", symbol=B)["standardCommission"]["maker"] == "0.00050000"


def test_parameters_in_the_body_are_signed_after_the_query(venue: Venue) -> None:
    query, body = "symbol=BTCUSDT&side=BUY", f"type=MARKET&quantity=1&timestamp={venue.house.wire.now_ms()}"
    signature = hmac.digest(SECRET.encode(), (query + body).encode(), "sha256").hex()
    reply = venue.raw("POST", "/api/v3/order", query, body=f"{body}&signature={signature}".encode())
    assert reply.status == 200


@pytest.mark.parametrize("place", [0, 2])
def test_a_signature_may_stand_anywhere_and_covers_all_the_rest(venue: Venue, place: int) -> None:
    parts = ["symbol=BTCUSDT", "side=BUY", "type=MARKET", f"timestamp={venue.house.wire.now_ms()}"]
    for sent, signed, status in (("quantity=1", "quantity=1", 200), ("quantity=9", "quantity=1", 400)):
        text = "&".join([*parts, signed])
        signature = hmac.digest(SECRET.encode(), text.encode(), "sha256").hex()
        query = "&".join([*parts[:place], f"signature={signature}", *parts[place:], sent])
        assert venue.raw("POST", "/api/v3/order", query).status == status


def test_receive_windows_may_have_parts_of_a_millisecond(venue: Venue) -> None:
    assert venue.ask("GET", "/account", recvWindow="6000.346")
    late = venue.house.wire.now_ms() - 700
    assert venue.refused("GET", "/account", recvWindow="600.5", timestamp=late)[1] == -1021


def test_no_wallet_endpoints_on_test_hosts(venue: Venue) -> None:
    path = "/sapi/v1/system/status"
    assert venue.raw("GET", path, headers={"Host": "api.binance.com"}).status == 200
    for host in ("testnet.binance.vision", "demo-api.binance.com"):
        assert venue.raw("GET", path, headers={"Host": host}).status == 404


def test_weights_are_told(venue: Venue) -> None:
    within_a_minute(venue.house)

    def used(path: str, query: str = "") -> int:
        before = int(venue.raw("GET", "/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"])
        return int(venue.raw("GET", path, query).headers["X-MBX-USED-WEIGHT-1M"]) - before

    assert used("/api/v3/depth", "symbol=BTCUSDT") == 5
    assert used("/api/v3/depth", "symbol=BTCUSDT&limit=5000") == 250
    assert used("/api/v3/ticker/24hr") == 80
    assert used("/api/v3/ticker/24hr", "symbol=BTCUSDT") == 2
    assert used("/api/v3/ticker", "symbols=%5B%22BTCUSDT%22%5D") == 4
    assert used("/api/v3/exchangeInfo") == 20


def test_errors_that_are_made_once_keep_no_frames(venue: Venue) -> None:
    depths = []
    for _ in range(3):
        venue.refused("POST", "/order", symbol=B, side="BUY", type="SOME", quantity="1")
        depths.append(len(traceback.extract_tb(TYPE.__traceback__)))
    assert depths[0] == depths[1] == depths[2]
