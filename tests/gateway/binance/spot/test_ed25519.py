"""Ed25519 keys: signed requests over REST and sockets, and sockets that are logged on."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.exchange.worlds import assert_sound
from tests.gateway.binance.spot.test_ws_api import Api
from tests.gateway.binance.spot.venue import Venue, stepped
from tests.gateway.here import running, spot_client

B, NAME = "BTCUSDT", "ed"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORDER = {"symbol": B, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "90"}


def pem(private: Ed25519PrivateKey) -> tuple[str, str]:
    """The public and the private half as text."""
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return public.decode(), secret.decode()


def signature(text: str, private: Ed25519PrivateKey = PRIVATE) -> str:
    return base64.b64encode(private.sign(text.encode())).decode()


@pytest.fixture
def venue() -> Venue:
    found = stepped()[0]
    found.house.exchange.control.add_key("me", NAME, pem(PRIVATE)[0])
    return found


def sent(venue: Venue, sign: Any) -> tuple[int, Any]:
    query = urlencode(ORDER | {"timestamp": venue.house.wire.now_ms()})
    headers = {"X-MBX-APIKEY": NAME}
    reply = venue.raw("POST", "/api/v3/order", f"{query}&signature={quote(sign(query))}", headers=headers)
    return reply.status, orjson.loads(reply.body)


def test_a_request_is_signed_with_the_private_half(venue: Venue) -> None:
    status, made = sent(venue, signature)
    assert (status, made["status"]) == (200, "NEW")
    before = venue.house.exchange.ledger.digest()
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    for wrong in (
        lambda q: signature(q, other),
        lambda q: signature(q + "0"),
        lambda q: "f" * 64,
        lambda q: "é",
    ):
        assert (sent(venue, wrong)[0], sent(venue, wrong)[1]["code"]) == (400, -1022)
    assert venue.house.exchange.ledger.digest() == before
    assert_sound(venue.house.exchange)


def test_a_public_key_that_is_none_signs_nothing(venue: Venue) -> None:
    venue.house.exchange.control.add_key(
        "me", NAME, "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"
    )
    assert sent(venue, signature)[1]["code"] == -1022


def log_on(api: Api) -> Any:
    params: dict[str, Any] = {"apiKey": NAME, "timestamp": api.venue.house.wire.now_ms()}
    text = "&".join(f"{k}={params[k]}" for k in sorted(params))
    return api.ask("session.logon", **params, signature=signature(text))


def test_a_socket_that_is_logged_on_needs_no_signature(venue: Venue) -> None:
    api, now = Api(venue), venue.house.wire.now_ms()
    assert api.ask("order.place", **ORDER, timestamp=now)["error"]["code"] == -1102
    told = log_on(api)["result"]
    assert (told["apiKey"], told["authorizedSince"]) == (NAME, now)
    assert api.ask("order.place", **ORDER, timestamp=now)["result"]["status"] == "NEW"
    assert api.ask("order.place", **ORDER)["error"]["code"] == -1102, "the timestamp is still asked for"
    assert api.ask("account.status", timestamp=now - 6_000)["error"]["code"] == -1021
    assert api.signed("account.status")["status"] == 200, "another key may sign as before"
    assert Api(venue).ask("account.status", timestamp=now)["error"]["code"] == -1102, (
        "other sockets know nothing"
    )
    assert api.ask("session.logout")["result"]["apiKey"] is None
    assert api.ask("account.status", timestamp=now)["error"]["code"] == -1102


def test_a_session_subscribes_its_account(venue: Venue) -> None:
    api = Api(venue)
    assert api.ask("userDataStream.subscribe")["error"]["code"] == -1102
    log_on(api)
    assert api.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    venue.limit("90")
    assert [f["event"]["e"] for f in api.heard()] == ["executionReport", "outboundAccountPosition"]


def test_a_session_ends_with_its_key(venue: Venue) -> None:
    api = Api(venue)
    log_on(api)
    venue.house.exchange.control.revoke_key(NAME)
    venue.dialect.tick()
    assert api.ask("session.status")["result"]["apiKey"] is None


@pytest.mark.asyncio
async def test_ccxt_signs_with_an_ed25519_key() -> None:
    async with running() as here:
        public, private = pem(PRIVATE)
        here.house.exchange.control.add_key("me", NAME, public)
        client = spot_client(here.origin)
        client.apiKey, client.secret = NAME, private
        try:
            order = await client.create_order("BTC/USDT", "market", "buy", 1)
            assert order["status"] == "closed"
        finally:
            await client.close()
