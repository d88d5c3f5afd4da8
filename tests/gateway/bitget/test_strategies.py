"""Strategy orders of unified accounts: two legs are one order, in what is changed, told and found."""

from __future__ import annotations

from tests.exchange.worlds import MINUTE, START, flat
from tests.gateway.bitget.test_unified import Client
from tests.gateway.bitget.unified import ONE, SWAP, exchange_of, order, unified
from tests.gateway.bitget.venue import Caller

TRADE = "/api/v3/trade"


def waiting(caller: Caller) -> list[dict[str, str]]:
    found = caller.get(f"{TRADE}/unfilled-strategy-orders", category="USDT-FUTURES")
    return list(found["data"])


def test_a_refused_change_leaves_both_legs_as_they_were() -> None:
    caller = unified()
    order(caller, SWAP, side="buy", orderType="market", qty="5")
    made = caller.post(
        f"{TRADE}/place-strategy-order", **SWAP, takeProfit="120", stopLoss="80", tpslMode="partial", qty="2"
    )
    before, digest = waiting(caller), exchange_of(caller).ledger.digest()
    refused = caller.post(
        f"{TRADE}/modify-strategy-order",
        orderId=made["data"]["orderId"],
        qty="1",
        takeProfit="130",
        stopLoss="70",
        slOrderType="limit",
        slLimitPrice="0.01",
    )
    assert refused["code"] == "40706"
    assert waiting(caller) == before
    assert exchange_of(caller).ledger.digest() == digest
    changed = caller.post(
        f"{TRADE}/modify-strategy-order", orderId=made["data"]["orderId"], qty="1", takeProfit="130"
    )
    assert changed["code"] == "00000"
    (row,) = waiting(caller)
    assert (row["qty"], row["takeProfit"], row["stopLoss"]) == ("1", "130", "80")


def test_exits_that_come_after_others_ended_are_an_order_of_their_own() -> None:
    """A bid fills in part, its take profit is reached, and then it fills on."""
    bars = [
        *flat(60),
        (100, 100, 97, 100, 30),
        (100, 108, 100, 107, 3000),
        (107, 107, 97, 100, 30),
        *flat(60),
    ]
    caller = unified(bars)
    client = Client(caller, "/v3/ws/private")
    client.login()
    client.say(op="subscribe", args=[{"instType": "UTA", "topic": "strategy-order"}])
    order(caller, SWAP, side="buy", orderType="limit", price="98", qty="40", takeProfit="105", stopLoss="90")
    exchange = exchange_of(caller)
    exchange.advance(START + 3_600_000 + 2 * MINUTE)
    assert not exchange.positions.state(ONE, "BTC/USDT:USDT").quantity
    done = caller.get(f"{TRADE}/history-strategy-orders", category="USDT-FUTURES")["data"]["list"]
    ended = client.of("strategy-order")[-1]["data"][0]
    assert (ended["orderId"], ended["triggerType"]) == (done[0]["orderId"], "takeProfit")
    exchange.advance(START + 3_600_000 + 3 * MINUTE)
    (row,) = waiting(caller)
    told = client.of("strategy-order")[-1]["data"][0]
    assert (told["orderId"], told["qty"], told["status"]) == (row["orderId"], row["qty"], "pending")
    assert caller.get(f"{TRADE}/history-strategy-orders", category="USDT-FUTURES")["data"]["list"] == done
    assert [(r["status"], r["orderId"] != row["orderId"]) for r in done] == [("success", True)]
    gone = caller.post(f"{TRADE}/cancel-strategy-order", orderId=told["orderId"])
    assert gone["code"] == "00000"
    assert waiting(caller) == []


def test_a_stop_for_more_than_there_is_turns_no_position_around() -> None:
    caller = unified([*flat(61), *flat(60, 78)])
    order(caller, SWAP, side="buy", orderType="market", qty="5")
    made = caller.post(f"{TRADE}/place-strategy-order", **SWAP, stopLoss="80", tpslMode="partial", qty="9")
    assert made["code"] == "00000"
    exchange = exchange_of(caller)
    exchange.advance(START + 3_600_000 + 5 * MINUTE)
    assert not exchange.positions.state(ONE, "BTC/USDT:USDT").quantity
    assert [o.filled for o in exchange.records.orders(ONE)] == [5, 5]
