"""Orders that are good till a date, prices that the book names, and market orders that the mark forbids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.exchange.worlds import MINUTE, OTHER, PERP, SPOT, D, assert_sound, flat, market
from tests.gateway.binance.usdm.test_frames import Socket, listen
from tests.gateway.binance.usdm.venue import NOW, Desk
from tradewind.exchange import Exchange

FORDER = "/fapi/v1/order"
GTD: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTD",
    "quantity": "1",
    "price": "90",
}


def test_a_dated_order_expires_at_its_second_and_frees_its_margin() -> None:
    desk = Desk()
    socket: Socket = listen(desk)
    before = desk.exchange.positions.wallet("me", "USDT").available
    till = NOW + 15 * MINUTE
    status, made = desk.call("POST", FORDER, GTD | {"goodTillDate": till + 999, "newOrderRespType": "RESULT"})
    assert (status, made["status"], made["timeInForce"], made["goodTillDate"]) == (200, "NEW", "GTD", till)
    desk.run(14.9)
    query = {"symbol": "BTCUSDT", "orderId": made["orderId"]}
    assert desk.call("GET", FORDER, query)[1]["status"] == "NEW"
    desk.run(0.1)
    shown = desk.call("GET", FORDER, query)[1]
    assert (shown["status"], shown["updateTime"], shown["goodTillDate"]) == ("EXPIRED", till, till)
    told = [frame["o"] for frame in socket.take("ORDER_TRADE_UPDATE")]
    assert [(o["x"], o["X"], o["f"], o["gtd"]) for o in told] == [
        ("NEW", "NEW", "GTD", till),
        ("EXPIRED", "EXPIRED", "GTD", till),
    ]
    assert desk.exchange.positions.wallet("me", "USDT").available == before
    assert_sound(desk.exchange)


def test_a_dated_order_that_fills_never_expires_and_one_that_is_amended_still_does() -> None:
    desk = Desk([*flat(65), (100, 100, 89, 89, 1e5), *flat(200, 89.0)])
    till = NOW + 20 * MINUTE
    filled = desk.call("POST", FORDER, GTD | {"goodTillDate": till})[1]
    far = desk.call("POST", FORDER, GTD | {"goodTillDate": till, "price": "80"})[1]
    changed = {"symbol": "BTCUSDT", "orderId": far["orderId"], "side": "BUY", "quantity": "2", "price": "81"}
    assert desk.call("PUT", FORDER, changed)[0] == 200
    desk.run(30)
    states = [
        desk.call("GET", FORDER, {"symbol": "BTCUSDT", "orderId": o["orderId"]})[1]["status"]
        for o in (filled, far)
    ]
    assert states == ["FILLED", "EXPIRED"]


@pytest.mark.parametrize("steps", [[40.0], [10.0, 5.0, 25.0], [0.5] * 80])
def test_expiry_does_not_depend_on_how_time_is_cut(steps: list[float]) -> None:
    desk = Desk()
    for minutes in (12, 17, 17):
        desk.call("POST", FORDER, GTD | {"goodTillDate": NOW + minutes * MINUTE})
    for minutes in steps:
        desk.run(minutes)
    orders = desk.exchange.records.orders("me")
    assert sorted(o.updated_ms for o in orders) == [NOW + n * MINUTE for n in (12, 17, 17)]


def test_a_dated_order_survives_a_snapshot() -> None:
    desk = Desk()
    desk.call("POST", FORDER, GTD | {"goodTillDate": NOW + 15 * MINUTE})
    fresh = Exchange([market(flat(900), (SPOT, PERP, OTHER))], seed=7, wire=desk.wire)
    fresh.restore(desk.exchange.snapshot())
    (order,) = fresh.open_orders("me")
    fresh.advance(NOW + 15 * MINUTE)
    assert (order.status.name, order.updated_ms) == ("EXPIRED", NOW + 15 * MINUTE)


@pytest.mark.parametrize("date", [NOW, NOW + 600_000, 253_402_300_799_000])
def test_a_date_out_of_range(date: int) -> None:
    desk = Desk()
    assert desk.call("POST", FORDER, GTD | {"goodTillDate": date})[1]["code"] == -5040
    assert desk.exchange.open_orders("me") == []


def test_algo_orders_know_no_date() -> None:
    sent = GTD | {"algoType": "CONDITIONAL", "type": "STOP", "triggerPrice": "110", "price": "111"}
    assert Desk().call("POST", "/fapi/v1/algoOrder", sent)[1]["code"] == -1115


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("level", [1, 5, 10, 20])
@pytest.mark.parametrize("name", ["OPPONENT", "QUEUE"])
def test_a_price_from_the_book(side: str, level: int, name: str) -> None:
    desk = Desk()
    match = name if level == 1 else f"{name}_{level}"
    book = desk.call("GET", "/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 20}, signed=False)[1]
    rows = book["asks" if (side == "BUY") is (name == "OPPONENT") else "bids"]
    sent = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1"}
    status, made = desk.call("POST", FORDER, sent | {"priceMatch": match, "newOrderRespType": "RESULT"})
    assert status == 200, made
    assert (D(made["price"]), made["priceMatch"]) == (D(rows[level - 1][0]), match)
    assert (made["status"] == "FILLED") is (name == "OPPONENT")


def test_a_price_match_is_for_limit_orders() -> None:
    sent = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1", "priceMatch": "QUEUE"}
    assert Desk().call("POST", FORDER, sent)[1]["code"] == -5038


def test_a_market_order_whose_counterparty_is_too_far_from_the_mark() -> None:
    desk = Desk()
    listing = desk.exchange.listings[PERP]
    desk.exchange.listings.put(
        replace(listing, filters=replace(listing.filters, bid_multiplier_up=D("0.99")))
    )
    rows = sum(1 for _ in desk.exchange.ledger.rows())
    sent = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "1"}
    status, body = desk.call("POST", FORDER, sent | {"side": "BUY"})
    assert (status, body["code"]) == (400, -4131)
    assert sum(1 for _ in desk.exchange.ledger.rows()) == rows
    assert desk.call("POST", FORDER, sent | {"side": "SELL"})[0] == 200


def test_exchange_info_lists_gtd() -> None:
    (symbol, *_) = Desk().call("GET", "/fapi/v1/exchangeInfo", signed=False)[1]["symbols"]
    assert "GTD" in symbol["timeInForce"]
