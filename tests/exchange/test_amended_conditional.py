"""Conditional orders and the exits of orders can be changed while they wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.exchange.worlds import PERP, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import Exit, OrderType, Refusal, Refused


def test_a_conditional_order_keeps_its_ids_and_triggers_where_it_was_moved():
    made = exchange([(100, 100, 100, 100, 100), (100, 106, 100, 106, 100), *flat(3, 106)], (PERP,))
    algo = made.place_conditional(
        "a", buy(OrderType.STOP_MARKET, 1, symbol=PERP, stop_price=120, client_id="stop")
    )
    changed = made.amend_conditional("a", algo.id, replace(algo.request, stop_price=D(105), quantity=D(2)))
    assert (changed.id, changed.client_id) == (algo.id, "stop")
    made.advance(made.now_ms + 180_000)
    assert made.positions.state("a", PERP).quantity == 2
    assert_sound(made)


def test_a_refused_amendment_changes_nothing():
    made = exchange(flat(10), (PERP,))
    algo = made.place_conditional("a", sell(OrderType.STOP_MARKET, 1, symbol=PERP, stop_price=90))
    before, digest = algo.request, made.ledger.digest()
    with pytest.raises(Refused) as refused:
        made.amend_conditional("a", algo.id, replace(before, stop_price=D(101)))
    assert refused.value.reason is Refusal.WOULD_TRIGGER
    with pytest.raises(Refused) as refused:
        made.amend_conditional("a", 99, before)
    assert refused.value.reason is Refusal.UNKNOWN_ORDER
    assert (made.open_conditional("a"), algo.request) == ([algo], before)
    assert made.ledger.digest() == digest


def test_a_conditional_market_order_may_spend_quote():
    made = exchange([(100, 100, 100, 100, 100), (100, 106, 100, 106, 100), *flat(3, 106)])
    made.place_conditional("a", buy(OrderType.STOP_MARKET, quote_quantity=50, stop_price=105))
    made.advance(made.now_ms + 180_000)
    (order,) = made.records.orders("a")
    assert 49 < order.quote_filled <= 50
    assert_sound(made)


def test_exits_of_an_open_order_are_changed_one_by_one():
    made = exchange([(100, 100, 100, 100, 100), (100, 100, 94, 94, 100), *flat(3, 94)], (PERP,))
    order = made.place("a", replace(buy(OrderType.LIMIT, 1, 95, PERP), stop_loss=Exit(D(90))))
    made.change_exits("a", PERP, order.id, take_profit=Exit(D(110)))
    assert (order.take_profit, order.stop_loss) == (Exit(D(110)), Exit(D(90)))
    made.advance(made.now_ms + 180_000)
    assert {a.request.stop_price for a in made.open_conditional("a")} == {D(90), D(110)}
    with pytest.raises(Refused):
        made.change_exits("a", PERP, order.id, stop_loss=Exit(D(80)))


def test_several_are_changed_together_or_not_at_all():
    made = exchange(flat(10), (PERP,))
    placed = [
        made.place_conditional("a", sell(OrderType.STOP_MARKET, 1, symbol=PERP, stop_price=stop))
        for stop in (90, 80)
    ]
    before = made.snapshot()
    wanted = [
        (a.id, replace(a.request, stop_price=D(stop))) for a, stop in zip(placed, (95, 101), strict=True)
    ]
    with pytest.raises(Refused) as refused:
        made.amend_together("a", wanted)
    assert refused.value.reason is Refusal.WOULD_TRIGGER
    assert made.snapshot() == before
    made.amend_together("a", [wanted[0], (placed[1].id, replace(placed[1].request, stop_price=D(85)))])
    assert [a.request.stop_price for a in made.open_conditional("a")] == [95, 85]


def test_a_refused_change_does_not_cost_its_place():
    made = exchange(flat(10), (PERP,))
    first, _ = (
        made.place_conditional("a", sell(OrderType.STOP_MARKET, 1, symbol=PERP, stop_price=stop))
        for stop in (90, 80)
    )
    before = made.snapshot()
    with pytest.raises(Refused):
        made.amend_conditional("a", first.id, replace(first.request, stop_price=D(101)))
    assert made.snapshot() == before


def test_two_that_are_placed_together_need_room_for_two():
    made = exchange(flat(10), (PERP,))
    made.place("a", buy(OrderType.MARKET, 1, symbol=PERP))
    filters = made.listings[PERP].filters
    made.control.change_listing(PERP, filters=replace(filters, max_algo_orders=1))
    pair = [
        sell(OrderType.STOP_MARKET, 1, symbol=PERP, stop_price=90),
        sell(OrderType.TAKE_PROFIT_MARKET, 1, symbol=PERP, stop_price=110),
    ]
    with pytest.raises(Refused) as refused:
        made.place_together("a", pair)
    assert refused.value.reason is Refusal.MAX_ALGO_ORDERS
    assert made.open_conditional("a") == []
