"""A key that is revoked, or comes to its end, while sockets use it: they hear nothing more of the account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.gateway.binance.spot.venue import Socket, Venue, sign, stepped
from tests.gateway.binance.usdm.test_frames import listen
from tests.gateway.binance.usdm.venue import Desk
from tests.gateway.bitget.test_conversation import ORDERS, Client
from tests.gateway.bitget.venue import KEY as BITGET_KEY
from tests.gateway.bitget.venue import house
from tests.gateway.here import KEY
from tradewind.exchange import Exchange

Ending = Callable[[Exchange, str], None]


def revoke(exchange: Exchange, name: str) -> None:
    exchange.control.revoke_key(name)


def expire(exchange: Exchange, name: str) -> None:
    key = exchange.treasury.keys[name]
    exchange.treasury.add_key(replace(key, expires_ms=1))


@pytest.fixture(params=[revoke, expire], ids=["revoked", "expired"])
def end(request: pytest.FixtureRequest) -> Ending:
    return request.param


def signed(venue: Venue, method: str, **params: Any) -> dict[str, Any]:
    stamped = params | {"apiKey": KEY, "timestamp": venue.house.wire.now_ms()}
    return {"id": 1, "method": method, "params": sign(stamped)}


def buy(exchange: Exchange) -> None:
    exchange.control.deposit("me", "BTC", exchange.account("me").spot["BTC"].free)


def test_a_subscription_of_the_spot_web_socket_api_is_terminated(end: Ending) -> None:
    venue, _ = stepped()
    socket = Socket(venue, "/ws-api/v3")
    assert socket.say(**signed(venue, "userDataStream.subscribe.signature"))["status"] == 200
    venue.dialect.tick()
    buy(venue.house.exchange)
    assert [frame["event"]["e"] for frame in socket.heard()] == ["balanceUpdate", "outboundAccountPosition"]
    end(venue.house.exchange, KEY)
    venue.dialect.tick()
    buy(venue.house.exchange)
    assert [frame["event"]["e"] for frame in socket.heard()] == ["eventStreamTerminated"]
    refused = socket.say(
        **signed(venue, "order.place", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    )
    assert (refused["status"], refused["error"]["code"]) == (401, -2015)


def test_a_listen_key_of_spot_expires(end: Ending) -> None:
    venue, _ = stepped()
    key = venue.raw("POST", "/api/v3/userDataStream")
    name = key.body.decode().split('"')[3]
    socket = Socket(venue, f"/ws/{name}")
    venue.dialect.tick()
    buy(venue.house.exchange)
    assert [frame["e"] for frame in socket.heard()] == ["balanceUpdate", "outboundAccountPosition"]
    end(venue.house.exchange, KEY)
    venue.dialect.tick()
    buy(venue.house.exchange)
    assert [frame["e"] for frame in socket.heard()] == ["listenKeyExpired"]


def test_a_listen_key_of_futures_expires(end: Ending) -> None:
    desk = Desk()
    socket = listen(desk)
    desk.dialect.tick()
    desk.exchange.control.deposit("me", "USDT", desk.exchange.account("me").futures["USDT"], "futures")
    assert [frame["e"] for frame in socket.take()] == ["ACCOUNT_UPDATE"]
    end(desk.exchange, KEY)
    desk.dialect.tick()
    desk.exchange.control.deposit("me", "USDT", desk.exchange.account("me").futures["USDT"], "futures")
    assert [frame["e"] for frame in socket.take()] == ["listenKeyExpired"]


def test_a_private_line_of_bitget_is_closed(end: Ending) -> None:
    client = Client(house(), "/v2/ws/private")
    client.login()
    client.say(op="subscribe", args=[ORDERS])
    client.dialect.tick()
    assert client.closed is None
    end(client.house.exchange, BITGET_KEY)
    client.dialect.tick()
    assert client.frames[-1]["code"] == 30011
    assert client.closed == (1008, "the key is gone")
