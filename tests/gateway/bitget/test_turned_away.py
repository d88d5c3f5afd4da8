"""Orders that must not trade now, or not in part: accepted, and cancelled at once with nothing filled."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.exchange.worlds import assert_sound
from tests.gateway.bitget.venue import Caller, house
from tradewind.gateway.bitget.v2 import BitgetV2

SPOT = {"symbol": "BTCUSDT", "side": "buy", "orderType": "limit", "size": "1"}
SWAP = {
    "symbol": "BTCUSDT",
    "productType": "USDT-FUTURES",
    "marginCoin": "USDT",
    "side": "buy",
    "orderType": "limit",
    "size": "1",
}
CASES = [
    ("post_only", "105", "1"),  # would take
    ("ioc", "90", "1"),  # nobody sells there
    ("fok", "90", "1"),
    ("fok", "105", "9000"),  # not that much is offered
]


@pytest.mark.parametrize(("force", "price", "size"), CASES)
@pytest.mark.parametrize("product", ["spot", "mix"])
def test_a_classic_account_finds_it_cancelled(product, force, price, size):
    found = house()
    found.exchange.control.deposit("me", "USDT", Decimal(10_000_000))
    found.exchange.control.deposit("me", "USDT", Decimal(10_000_000), "futures")
    caller = Caller(BitgetV2(found))
    asked = SPOT if product == "spot" else SWAP
    path = "/api/v2/spot/trade" if product == "spot" else "/api/v2/mix/order"
    made = caller.post(f"{path}/place-order", **{**asked, "price": price, "size": size, "force": force})
    assert made["code"] == "00000", made
    if product == "spot":
        listed = caller.get(f"{path}/history-orders", symbol="BTCUSDT")["data"]
        still = caller.get(f"{path}/unfilled-orders")["data"]
    else:
        asked = {"productType": "USDT-FUTURES", "symbol": "BTCUSDT"}
        listed = caller.get(f"{path}/orders-history", **asked)["data"]["entrustedList"]
        still = caller.get(f"{path}/orders-pending", **asked)["data"]["entrustedList"]
    assert not still
    assert [o["orderId"] for o in listed] == [made["data"]["orderId"]]
    assert listed[0]["status"] in ("cancelled", "canceled")
    assert listed[0]["baseVolume"] == "0"
    assert_sound(found.exchange)
    account = found.exchange.account("me")
    assert account.spot["USDT"].locked == 0
    assert found.exchange.positions.wallet("me", "USDT").order_initial_margin == 0


def test_what_cannot_be_paid_is_refused_all_the_same():
    found = house()
    before = found.exchange.ledger.digest()
    caller = Caller(BitgetV2(found))
    asked = {**SPOT, "price": "105", "size": "5000", "force": "post_only"}
    assert caller.post("/api/v2/spot/trade/place-order", **asked)["code"] == "43012"
    asked = {**SWAP, "price": "105", "size": "5000", "force": "post_only"}
    assert caller.post("/api/v2/mix/order/place-order", **asked)["code"] == "40762"
    assert found.exchange.ledger.digest() == before
