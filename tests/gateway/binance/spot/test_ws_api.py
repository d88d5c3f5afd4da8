"""The WebSocket API of Binance Spot: envelopes, signatures, subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.binance.spot.venue import Socket, Venue, sign, stepped
from tests.gateway.here import KEY

B = "BTCUSDT"


@pytest.fixture
def venue() -> Venue:
    return stepped()[0]


class Api(Socket):
    def __init__(self, venue: Venue, query: str = "") -> None:
        super().__init__(venue, "/ws-api/v3", query)
        self.venue = venue

    def ask(self, method: str, **params: Any) -> Any:
        return self.say(id=1, method=method, params=params)

    def signed(self, method: str, **params: Any) -> Any:
        stamped = params | {"apiKey": KEY, "timestamp": self.venue.house.wire.now_ms()}
        return self.say(id="s", method=method, params=sign(stamped))


def test_replies_say_what_was_used(venue: Venue) -> None:
    api = Api(venue)
    reply = api.ask("depth", symbol=B, limit=5)
    assert (reply["id"], reply["status"]) == (1, 200)
    assert reply["result"] == venue.get("/depth", symbol=B, limit=5)
    assert reply["rateLimits"] == [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 5}
    ]
    placed = api.signed("order.place", symbol=B, side="BUY", type="MARKET", quantity="1")
    assert [r["rateLimitType"] for r in placed["rateLimits"]] == ["REQUEST_WEIGHT", "ORDERS", "ORDERS"]
    assert [r["count"] for r in placed["rateLimits"]][1:] == [1, 1]
    assert "rateLimits" not in api.ask("ping", returnRateLimits=False)
    assert "rateLimits" not in Api(venue, "returnRateLimits=false").ask("ping")


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [
        ("depth", {}, 400, -1102),
        ("depth", {"symbol": "NOPE"}, 400, -1121),
        ("depth", {"symbol": B, "x": 1}, 400, -1104),
        ("nothing", {}, 400, -1000),
        ("account.status", {}, 400, -1102),
        ("userDataStream.unsubscribe", {}, 400, -2036),
        ("userDataStream.ping", {"apiKey": KEY, "listenKey": "gone"}, 400, -1125),
    ],
)
def test_errors(venue: Venue, method: str, params: dict[str, Any], status: int, code: int) -> None:
    reply = Api(venue).ask(method, **params)
    assert (reply["id"], reply["status"], reply["error"]["code"]) == (1, status, code)
    assert reply["error"]["msg"]


def test_signatures_cover_sorted_parameters(venue: Venue) -> None:
    api = Api(venue)
    assert api.signed("account.status", omitZeroBalances=True)["status"] == 200
    stamped = {"apiKey": KEY, "timestamp": venue.house.wire.now_ms()}
    wrong = api.say(id=1, method="account.status", params=sign(stamped, "other"))
    assert (wrong["status"], wrong["error"]["code"]) == (400, -1022)
    late = api.say(id=1, method="account.status", params=sign(stamped | {"timestamp": 1}))
    assert late["error"]["code"] == -1021
    unknown = api.say(id=1, method="account.status", params=sign(stamped | {"apiKey": "nobody"}))
    assert (unknown["status"], unknown["error"]["code"]) == (401, -2015)


def test_orders_from_place_to_cancel(venue: Venue) -> None:
    api = Api(venue)
    order = {
        "symbol": B,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "90",
    }
    made = api.signed("order.place", **order)["result"]
    assert api.signed("order.status", symbol=B, orderId=made["orderId"])["result"]["status"] == "NEW"
    replaced = api.signed(
        "order.cancelReplace",
        **order | {"price": "91"},
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=made["orderId"],
    )["result"]
    assert replaced["newOrderResult"] == "SUCCESS"
    failed = api.signed(
        "order.cancelReplace", **order, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=made["orderId"]
    )
    assert (failed["status"], failed["error"]["code"]) == (409, -2021)
    assert failed["error"]["data"]["cancelResponse"]["code"] == -2011
    assert len(api.signed("openOrders.status", symbol=B)["result"]) == 2
    assert len(api.signed("openOrders.cancelAll", symbol=B)["result"]) == 2
    assert api.signed("order.cancel", symbol=B, orderId=1)["error"]["code"] == -2011
    assert api.signed("order.test", **order)["result"] == {}


def test_an_account_is_heard_until_unsubscribed(venue: Venue) -> None:
    api = Api(venue)
    subscribed = api.signed("userDataStream.subscribe.signature")
    assert subscribed["result"] == {"subscriptionId": 0}
    assert api.signed("userDataStream.subscribe.signature")["error"]["code"] == -2035
    assert api.ask("session.subscriptions")["result"] == [{"subscriptionId": 0}]
    assert api.ask("session.status")["result"]["userDataStream"] is True
    venue.limit("90")
    heard = api.heard()
    assert [(f["subscriptionId"], f["event"]["e"]) for f in heard] == [
        (0, "executionReport"),
        (0, "outboundAccountPosition"),
    ]
    api.talk.hear('{"id":9,"method":"userDataStream.unsubscribe"}')
    ended, reply = api.heard()
    assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
    assert reply["result"] == {}
    venue.limit("89")
    assert api.heard() == []
    assert not venue.house.exchange.stream.heard


def test_hmac_keys_do_not_log_on(venue: Venue) -> None:
    refused = Api(venue).signed("session.logon")
    assert refused["error"] == {"code": -4056, "msg": "HMAC_SHA256 API key is not supported."}


def test_too_much_weight_says_when_to_come_back(venue: Venue) -> None:
    from tradewind.gateway import LimitProfile

    venue.dialect.rest.limits.profile = LimitProfile(0.01)
    api = Api(venue)
    for _ in range(3):
        assert api.ask("exchangeInfo")["status"] == 200
    reply = api.ask("exchangeInfo")
    assert (reply["status"], reply["error"]["code"]) == (429, -1003)
    assert reply["error"]["data"]["retryAfter"] > reply["error"]["data"]["serverTime"]
