"""What unified accounts are told of their orders, positions and money: complete, once, and of what was asked."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from tests.gateway.bitget.test_unified import Client
from tests.gateway.bitget.unified import ONE, SPOT, SWAP, exchange_of, info, order, unified

TRADE = "/api/v3/trade"


def test_all_orders_of_one_category_are_cancelled_and_the_other_stays() -> None:
    caller = unified()
    bid = {"side": "buy", "orderType": "limit", "price": "90", "qty": "1"}
    spot, swap = order(caller, SPOT, **bid), order(caller, SWAP, **bid)
    gone = caller.post(f"{TRADE}/cancel-symbol-order", category="SPOT")["data"]["list"]
    assert [row["orderId"] for row in gone] == [spot]
    assert [row["orderId"] for row in caller.get(f"{TRADE}/unfilled-orders")["data"]["list"]] == [swap]


def test_a_push_tells_the_fees_paid_until_then() -> None:
    """A market order that eats several levels is pushed fill by fill."""
    caller = unified()
    client = Client(caller, "/v3/ws/private")
    client.login()
    client.say(op="subscribe", args=[{"instType": "UTA", "topic": t} for t in ("order", "account")])
    made = order(caller, SPOT, side="sell", orderType="market", qty="9.9")
    pushes = [f["data"][0] for f in client.of("order") if "data" in f]
    fees = [Decimal(p["feeDetail"][0]["fee"]) for p in pushes if p["feeDetail"]]
    assert len(fees) > 2
    assert fees == sorted(set(fees))
    assert fees[-1] == Decimal(info(caller, made)["feeDetail"][0]["fee"])
    told = [f["data"] for f in client.of("account") if "data" in f]
    assert all(a != b for a, b in pairwise(told)), "an account was pushed again, unchanged"


def test_what_a_resting_close_would_take_is_frozen() -> None:
    caller = unified()
    caller.post("/api/v3/account/set-hold-mode", holdMode="hedge_mode")
    order(caller, SWAP, side="buy", posSide="long", orderType="market", qty="5")
    away = {"orderType": "limit", "price": "110", "qty": "2"}
    made = order(caller, SWAP, side="sell", posSide="long", **away)
    (row,) = caller.get("/api/v3/position/current-position", category="USDT-FUTURES")["data"]["list"]
    assert (row["total"], row["available"], row["frozen"]) == ("5", "3", "2")
    assert info(caller, made)["tradeSide"] == "close"


def test_the_balances_of_records_lead_from_one_to_the_next() -> None:
    caller = unified()
    for side in ("buy", "sell", "buy"):
        order(caller, SWAP, side=side, orderType="market", qty="3")
    asked = {"category": "USDT-FUTURES", "coin": "USDT"}
    rows = caller.get("/api/v3/account/financial-records", **asked)["data"]["list"]
    assert len(rows) >= 3
    for newer, older in pairwise(rows):
        assert Decimal(newer["balance"]) == Decimal(older["balance"]) + Decimal(newer["amount"])
    assert Decimal(rows[0]["balance"]) == exchange_of(caller).account(ONE).futures["USDT"]


@pytest.mark.parametrize("mode", ["one_way_mode", "hedge_mode"])
@pytest.mark.parametrize(("side", "back", "held"), [("buy", "sell", "long"), ("sell", "buy", "short")])
def test_a_position_that_ended_keeps_its_side(mode: str, side: str, back: str, held: str) -> None:
    caller = unified()
    caller.post("/api/v3/account/set-hold-mode", holdMode=mode)
    client = Client(caller, "/v3/ws/private")
    client.login()
    client.say(op="subscribe", args=[{"instType": "UTA", "topic": "position"}])
    position = {"posSide": held} if mode == "hedge_mode" else {}
    order(caller, SWAP, side=side, orderType="market", qty="1", **position)
    order(caller, SWAP, side=back, orderType="market", qty="1", **position)
    rows = [row for f in client.of("position") if "data" in f for row in f["data"]]
    assert [(r["posSide"], r["size"], r["positionStatus"]) for r in rows] == [
        (held, "1", "opening"),
        (held, "0", "ended"),
    ]
