"""Filters of a market one by one, and orders that are good till a date."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.exchange.worlds import MINUTE, SPOT, START, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import Exchange, OrderRequest, OrderStatus, OrderType, Refusal, Refused, TimeInForce

MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
GTD = TimeInForce.GTD
SOON = START + 2 * MINUTE


def limited(**filters: object) -> Exchange:
    world = exchange(flat(10))
    changed = replace(world.listings[SPOT].filters, **filters)
    world.control.change_listing(SPOT, filters=changed)
    return world


def refusal(world: Exchange, request: OrderRequest) -> Refusal | None:
    """Why it is refused; None when it is not."""
    try:
        world.place("a", request)
    except Refused as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (sell(LIMIT, "1", "110"), None),
        (sell(LIMIT, "1", "110.01"), Refusal.PERCENT_PRICE),
        (sell(LIMIT, "1", "90"), None),
        (sell(LIMIT, "1", "89.99"), Refusal.PERCENT_PRICE),
        (buy(LIMIT, "1", "120"), None),
        (buy(LIMIT, "1", "120.01"), Refusal.PERCENT_PRICE),
        (buy(LIMIT, "1", "80"), None),
        (buy(LIMIT, "1", "79.99"), Refusal.PERCENT_PRICE),
    ],
)
def test_bids_and_asks_have_limits_of_their_own(order: OrderRequest, found: Refusal | None) -> None:
    asks = {"ask_multiplier_up": D("1.1"), "ask_multiplier_down": D("0.9")}
    bids = {"bid_multiplier_up": D("1.2"), "bid_multiplier_down": D("0.8")}
    assert refusal(limited(**asks, **bids), order) is found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (buy(MARKET, "5"), None),
        (buy(MARKET, "5.5"), Refusal.MARKET_LOT_SIZE),
        (sell(MARKET, "5.5"), Refusal.MARKET_LOT_SIZE),
        (buy(MARKET, "1.5"), Refusal.MARKET_LOT_SIZE),
        (buy(MARKET, "2.25"), Refusal.MARKET_LOT_SIZE),
        (buy(LIMIT, "5.5", "99"), None),
        (buy(LIMIT, "2.25", "99"), None),
    ],
)
def test_market_orders_have_lots_of_their_own(order: OrderRequest, found: Refusal | None) -> None:
    lots = {"market_min_quantity": D(2), "market_max_quantity": D(5), "market_step": D("0.5")}
    assert refusal(limited(**lots), order) is found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (buy(LIMIT, "5", "100"), None),
        (buy(LIMIT, "5.001", "100"), Refusal.NOTIONAL),
        (sell(LIMIT, "5", "100.01"), Refusal.NOTIONAL),
        (sell(MARKET, "6"), Refusal.NOTIONAL),
        (buy(MARKET, quote_quantity="500"), None),
        (buy(MARKET, quote_quantity="500.01"), Refusal.NOTIONAL),
    ],
)
def test_an_order_may_be_worth_too_much(order: OrderRequest, found: Refusal | None) -> None:
    assert refusal(limited(max_notional=D(500)), order) is found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (buy(LIMIT, "1", "99", time_in_force=GTD, good_till_ms=SOON), None),
        (buy(LIMIT, "1", "99", time_in_force=GTD, good_till_ms=START), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1", "99", time_in_force=GTD, good_till_ms=START - 1), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1", "99", time_in_force=GTD), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1", "99", good_till_ms=SOON), Refusal.BAD_REQUEST),
    ],
)
def test_good_till_a_date_needs_one_that_is_to_come(order: OrderRequest, found: Refusal | None) -> None:
    assert refusal(exchange(flat(10)), order) is found


@pytest.mark.parametrize("restored", [False, True])
def test_an_order_ends_at_its_date_also_in_a_restored_exchange(restored: bool) -> None:
    world = exchange(flat(10))
    made = world.place("a", buy(LIMIT, "1", "90", time_in_force=GTD, good_till_ms=SOON))
    if restored:
        data = world.snapshot()
        world = exchange(flat(10), accounts=False)
        world.restore(data)
    world.advance(SOON - 1)
    order = world.records.find("a", SPOT, made.id)
    assert order.status is OrderStatus.NEW
    world.advance(SOON)
    assert (order.status, order.locked) == (OrderStatus.EXPIRED, 0)
    assert not world.open_orders("a")
    assert_sound(world)
