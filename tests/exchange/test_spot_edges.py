"""Corners of spot matching: what is easily a little wrong, in numbers that can be checked by hand."""

from __future__ import annotations

import pytest

from tests.exchange.worlds import (
    MINUTE,
    SPOT,
    START,
    D,
    assert_sound,
    buy,
    exchange,
    flat,
    sell,
)
from tradewind.exchange import (
    DepthShape,
    FeeSettings,
    OrderStatus,
    OrderType,
    Refusal,
    Refused,
    TimeInForce,
)

MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
TIGHT = DepthShape(levels=20, spread_fraction=0.0)


def refused(call, *arguments: object, **named: object) -> Refusal:
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.reason


def test_an_own_order_behind_the_crowd_stays_when_the_crowd_was_enough() -> None:
    world = exchange(flat(5), shape=DepthShape(levels=1))
    world.control.deposit("a", "BTC", D(1000))
    bid, _ = world.tape.best(SPOT)
    assert bid is not None
    own = world.place("a", buy(LIMIT, "1", bid[0]))
    sale = world.place("a", sell(LIMIT, bid[1], bid[0], time_in_force=TimeInForce.IOC))
    assert (sale.status, sale.prevented) == (OrderStatus.FILLED, 0)
    assert own.status is OrderStatus.NEW
    assert_sound(world)


@pytest.mark.parametrize("change", ["fee", "coin"])
def test_fees_in_quote_that_nothing_was_held_for_are_paid_in_base(change: str) -> None:
    """The rate rises, or the account turns to quote fees, while an order that spends all it has rests."""
    world = exchange(flat(10))
    world.control.open_account("q", {"USDT": D(1000)}, fee_coin="" if change == "coin" else "quote")
    quantity = D("10.101") if change == "coin" else D("10.09")
    order = world.place("q", buy(LIMIT, quantity, "99.00"))
    if change == "coin":
        world.account("q").fee_settings = FeeSettings("quote")
    else:
        world.control.change_listing(SPOT, maker_fee=D("0.02"))
    world.tape.revise_candle(SPOT, START + 2 * MINUTE, (100.0, 100.0, 90.0, 95.0, 1000.0))
    world.advance(START + 5 * MINUTE)
    assert order.status is OrderStatus.FILLED
    assert {t.fee_asset for t in order.trades} == {"BTC"}
    assert_sound(world)


def test_money_below_the_smallest_unit_is_refused() -> None:
    world = exchange(flat(3))
    rows = len(world.ledger)
    for move in (world.control.deposit, world.control.withdraw, world.control.adjust):
        assert refused(move, "a", "USDT", D("1e-9")) is Refusal.BAD_QUANTITY
    assert len(world.ledger) == rows


def test_a_renamed_order_is_found_by_its_new_name_only() -> None:
    world = exchange(flat(3))
    order = world.place("a", buy(LIMIT, "1", "99", client_id="old"))
    world.amend("a", SPOT, order.id, price=D(98), new_client_id="new")
    assert world.records.find("a", SPOT, client_id="new") is order
    assert refused(world.records.find, "a", SPOT, client_id="old") is Refusal.UNKNOWN_ORDER


def test_queries_of_orders_and_trades_keep_their_windows() -> None:
    world = exchange(flat(30))
    ids = []
    for _ in range(6):
        ids.append(world.place("a", buy(MARKET, "0.1")).id)
        world.advance(world.now_ms + MINUTE)
    find = world.records.orders
    assert [o.id for o in find("a", SPOT, limit=2)] == ids[-2:]
    assert [o.id for o in find("a", SPOT, from_id=ids[2], limit=2)] == ids[2:4]
    at = [o.created_ms for o in find("a", SPOT)]
    assert [o.id for o in find("a", SPOT, start_ms=at[1], end_ms=at[3], limit=9)] == ids[1:4]
    assert [o.id for o in find("a", end_ms=at[3], limit=2)] == ids[2:4]
    trades = world.records.trades("a", SPOT)
    assert [t.order_id for t in trades] == ids
    of_one = world.records.trades("a", SPOT, order_id=ids[1])
    assert [t.order_id for t in of_one] == [ids[1]]
    later = world.records.trades("a", SPOT, start_ms=at[2], limit=2)
    assert [t.order_id for t in later] == ids[2:4]
    assert world.records.trades("a", SPOT, from_id=trades[-1].id) == trades[-1:]


def test_nothing_is_told_twice_when_nothing_moved() -> None:
    world = exchange(flat(10))
    seen: list = []
    for channel in ("book", "candle:1m"):
        world.watch(SPOT, channel)
    end = world.subscribe(seen.append)
    world.advance(world.now_ms + 90_000)
    assert seen
    seen.clear()
    following = world.tape.desks[SPOT].feed.next_ms(world.now_ms)
    assert following is not None
    world.advance(following - 1)
    assert seen == []
    world.advance(following)
    assert {type(e).__name__ for e in seen} >= {"CandleTick"}
    end()
    end()


def test_a_fee_is_never_paid_in_a_coin_that_the_trade_itself_spends() -> None:
    world = exchange(flat(5))
    world.control.open_account("s", {"BTC": D(1)}, fee_coin="BTC")
    sale = world.place("s", sell(MARKET, "1"))
    assert [t.fee_asset for t in sale.trades] == ["USDT"]
    world.control.open_account("b", {"USDT": D(100)}, fee_coin="USDT")
    _, ask = world.tape.best(SPOT)
    assert ask is not None
    world.control.adjust("b", "USDT", ask[0] - 100 + D("0.01"))
    bought = world.place("b", buy(MARKET, "1"))
    assert [t.fee_asset for t in bought.trades] == ["BTC"]
    assert_sound(world)


def test_crowd_that_another_account_took_is_no_more_ahead() -> None:
    world = exchange(flat(5), shape=DepthShape(levels=1))
    world.control.open_account("b", {"BTC": D(1000)})
    bid, _ = world.tape.best(SPOT)
    assert bid is not None
    order = world.place("a", buy(LIMIT, "1", bid[0]))
    world.place("b", sell(MARKET, bid[1] - 1))
    assert order.queue_ahead == 1


def test_at_its_price_an_order_is_filled_by_aggressors_of_the_other_side_only() -> None:
    world = exchange(flat(30))
    while (best := world.tape.best(SPOT)[0]) is None or best[0] != 100:
        world.advance(world.now_ms + 500)
    order = world.place("a", buy(LIMIT, "40", "100.00"))
    order.queue_ahead = D(0)
    begun = world.now_ms
    while order.filled < 30:
        world.advance(world.now_ms + 500)
        trades = world.tape.trades_since(SPOT, begun + 1, 1000)
        assert order.filled == min(D(40), sum((t.quantity for t in trades if t.buyer_is_maker), D(0)))
    assert any(not t.buyer_is_maker for t in trades)


@pytest.mark.parametrize("seed", range(8))
def test_crowd_between_two_orders_is_eaten_once(seed: int) -> None:
    """Five stand before the first order of one, and three between it and the second: 9 go before that.

    A trade has 12 on average: many reach both orders at once.
    """
    world = exchange(flat(30, volume=240.0), seed=seed)
    while (best := world.tape.best(SPOT)[0]) is None or best[0] != 100:
        world.advance(world.now_ms + 500)
    first, second = (world.place("a", buy(LIMIT, "1", "100.00")) for _ in range(2))
    first.queue_ahead, second.queue_ahead = D(5), D(8)
    begun = world.now_ms
    while second.status.is_open:
        world.advance(world.now_ms + 500)
        trades = world.tape.trades_since(SPOT, begun + 1, 1000)
        sold = sum((t.quantity for t in trades if t.buyer_is_maker), D(0))
        assert first.filled == min(D(1), max(D(0), sold - 5))
        assert second.filled == min(D(1), max(D(0), sold - 9))
