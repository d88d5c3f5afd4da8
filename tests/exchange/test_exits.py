"""Spot stops that trail, icebergs, position limits, and exits that an order brings with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.exchange.worlds import MINUTE, PERP, SPOT, START, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import (
    AlgoStatus,
    DepthShape,
    Exchange,
    Exit,
    OrderRequest,
    OrderStatus,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    TimeInForce,
)

MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_MARKET
UP_AND_DOWN = [*flat(1), (100, 120, 100, 120, 2000), (120, 120, 90, 90, 2000), *flat(3, 90)]


def refusal(world: Exchange, request: OrderRequest) -> Refusal:
    with pytest.raises(Refused) as caught:
        world.place("a", request)
    return caught.value.reason


def test_a_spot_stop_trails_the_best_price() -> None:
    """The best is 120: five percent below it is 114."""
    world = exchange(UP_AND_DOWN)
    order = world.place("a", sell(STOP, "2", trailing_delta=500))
    assert world.account("a").spot["BTC"].locked == 2
    world.advance(START + 2 * MINUTE - 1)
    assert (order.extreme, order.status) == (120, OrderStatus.NEW)
    world.advance(START + 4 * MINUTE)
    assert order.status is OrderStatus.FILLED
    before = [t for t in world.tape.trades_since(SPOT, START + 2 * MINUTE) if t.time <= order.working_ms]
    assert before[-1].price <= 114 < before[-2].price
    assert_sound(world)


def test_a_trailing_take_profit_begins_at_its_stop_price() -> None:
    """Bought on the way down at no more than 95, one percent above the lowest."""
    bars = [*flat(1), (100, 100, 90, 90, 2000), (90, 99, 90, 99, 2000), *flat(3, 99)]
    world = exchange(bars)
    order = world.place("a", buy(OrderType.TAKE_PROFIT_MARKET, "2", stop_price="95", trailing_delta=100))
    assert not order.activated
    assert world.account("a").spot["USDT"].locked == 190
    world.advance(START + 4 * MINUTE)
    assert order.status is OrderStatus.FILLED
    assert order.working_ms > START + MINUTE
    seen = [t for t in world.tape.trades_since(SPOT, START + MINUTE) if t.time <= order.working_ms]
    lowest = min(t.price for t in seen)
    assert lowest <= 95
    assert seen[-1].price >= lowest * D("1.01")
    assert seen[-2].price < min(t.price for t in seen[:-1]) * D("1.01")
    assert_sound(world)


def test_a_trailing_buy_without_a_price_holds_the_present_one() -> None:
    world = exchange([*flat(1), (100, 100, 90, 90, 500), (90, 95, 90, 95, 500), *flat(3, 95)])
    order = world.place("a", buy(STOP, "2", trailing_delta=300))
    assert world.account("a").spot["USDT"].locked == 200
    world.advance(START + MINUTE + 40_000)
    assert_sound(world)
    world.advance(START + 4 * MINUTE)
    assert order.status is OrderStatus.FILLED
    assert_sound(world)


def test_trailing_deltas_have_limits_and_a_place() -> None:
    world = exchange(flat(3), (SPOT, PERP))
    for delta in (9, 2001):
        assert refusal(world, sell(STOP, "1", trailing_delta=delta)) is Refusal.TRAILING_RATE
    assert refusal(world, sell(LIMIT, "1", "101", trailing_delta=100)) is Refusal.BAD_REQUEST
    with pytest.raises(Refused):
        world.place_conditional("a", sell(STOP, "1", symbol=PERP, stop_price="95", trailing_delta=100))


def test_the_book_shows_the_tip_of_an_iceberg() -> None:
    world = exchange(flat(10), shape=DepthShape(levels=1, spread_fraction=0.01))
    bid = world.tape.best(SPOT)[0]
    assert bid is not None
    price = bid[0] + D("0.10")
    order = world.place("a", buy(LIMIT, "5", price, iceberg_quantity=D(1)))
    assert world.tape.best(SPOT)[0] == (price, 1)
    assert world.account("a").spot["USDT"].locked == 5 * price
    world.control.open_account("b", {"BTC": D(10)})
    world.place("b", sell(MARKET, "4.5"))
    assert order.filled == D("4.5")
    assert world.tape.best(SPOT)[0] == (price, D("0.5"))
    assert_sound(world)


def test_what_makes_no_iceberg_is_refused() -> None:
    world = exchange(flat(3), (SPOT, PERP))
    assert refusal(world, buy(LIMIT, "5", "99", iceberg_quantity=D("0.4"))) is Refusal.ICEBERG_PARTS
    assert refusal(world, buy(LIMIT, "5", "99", iceberg_quantity=D(6))) is Refusal.LOT_SIZE
    assert refusal(world, buy(LIMIT, "5", "99", iceberg_quantity=D(0))) is Refusal.BAD_QUANTITY
    assert refusal(world, buy(MARKET, "5", iceberg_quantity=D(1))) is Refusal.BAD_REQUEST
    ioc = buy(LIMIT, "5", "99", iceberg_quantity=D(1), time_in_force=TimeInForce.IOC)
    assert refusal(world, ioc) is Refusal.BAD_REQUEST
    assert refusal(world, buy(LIMIT, "5", "99", PERP, iceberg_quantity=D(1))) is Refusal.BAD_REQUEST


def test_no_more_of_a_coin_than_its_market_allows() -> None:
    world = exchange(flat(3))
    limited = replace(world.listings[SPOT].filters, max_position=D(15))
    world.control.change_listing(SPOT, filters=limited)
    world.place("a", buy(LIMIT, "4", "99"))
    assert refusal(world, buy(LIMIT, "2", "99")) is Refusal.MAX_POSITION
    world.place("a", buy(LIMIT, "1", "99"))
    world.place("a", sell(MARKET, "1"))


def entry(quantity: object = "10", **rest: object) -> OrderRequest:
    return buy(MARKET, quantity, symbol=PERP, take_profit=Exit(D(110)), stop_loss=Exit(D(95)), **rest)


def futures(bars: list) -> Exchange:
    return exchange(bars, (PERP,), shape=DepthShape(levels=20, spread_fraction=0.0))


def test_an_order_brings_its_exits_and_one_of_them_ends_the_other() -> None:
    world = futures([*flat(1, volume=1e4), (100, 112, 100, 111, 1e4), *flat(3, 111, 1e4)])
    order = world.place("a", entry())
    profit, stop = world.open_conditional("a")
    assert {profit.parent_id, stop.parent_id} == {order.id}
    assert (profit.request.type, profit.request.stop_price) == (OrderType.TAKE_PROFIT_MARKET, 110)
    assert (stop.request.type, stop.request.quantity, stop.request.reduce_only) == (STOP, 10, True)
    world.advance(START + 2 * MINUTE)
    assert (profit.status, stop.status) == (AlgoStatus.FINISHED, AlgoStatus.EXPIRED)
    assert not world.positions.all("a")
    assert_sound(world)


def test_exits_grow_with_the_fills_of_a_resting_order() -> None:
    world = futures([*flat(1, volume=1e4), (100, 100, 98, 98, 20), (98, 98, 98, 98, 1e4), *flat(3, 98)])
    order = world.place("a", buy(LIMIT, "10", "99", symbol=PERP, stop_loss=Exit(D(90), limit=D("89.5"))))
    assert not world.open_conditional("a")
    sizes = set()
    while order.status.is_open:
        world.advance(world.now_ms + 1_000)
        for algo in world.open_conditional("a"):
            assert algo.parent_id == order.id
            assert algo.request.quantity == order.filled
            assert (algo.request.type, algo.request.price) == (OrderType.STOP_LIMIT, D("89.5"))
            sizes.add(algo.request.quantity)
    assert len(sizes) > 1
    assert len(world.open_conditional("a")) == 1


def test_exits_end_with_the_position() -> None:
    world = futures(flat(5, volume=1e4))
    world.place("a", entry())
    world.place("a", sell(MARKET, "4", symbol=PERP))
    assert len(world.open_conditional("a")) == 2
    world.place("a", sell(MARKET, "6", symbol=PERP))
    assert not world.open_conditional("a")


def test_exits_of_hedge_mode_close_their_own_side() -> None:
    world = futures([*flat(1, volume=1e4), (100, 100, 90, 90, 1e4), *flat(3, 90, 1e4)])
    world.positions.set_hedge("a", True)
    world.place("a", sell(MARKET, "3", symbol=PERP, position_side=PositionSide.SHORT))
    world.place("a", entry(position_side=PositionSide.LONG))
    world.advance(START + 3 * MINUTE)
    assert [(p.side, p.quantity) for p in world.positions.all("a")] == [(PositionSide.SHORT, -3)]
    assert not world.open_conditional("a")


def test_exits_of_a_spot_buy_sell_what_its_fee_left() -> None:
    world = exchange([*flat(1), (100, 100, 90, 90, 1e4), *flat(3, 90)])
    world.control.open_account("s", {"USDT": D(1000)})
    world.place("s", buy(MARKET, "5", stop_loss=Exit(D(95))))
    (stop,) = world.open_conditional("s")
    assert stop.request.quantity == D("4.995")
    world.advance(START + 3 * MINUTE)
    assert stop.status is AlgoStatus.FINISHED
    assert world.account("s").spot["BTC"].free == 0
    assert_sound(world)


def test_exits_on_the_wrong_side_are_refused() -> None:
    world = futures(flat(3, volume=1e4))
    for take_profit, stop_loss in ((Exit(D(99)), None), (None, Exit(D(101))), (Exit(D(100)), None)):
        request = buy(LIMIT, "1", "100", PERP, take_profit=take_profit, stop_loss=stop_loss)
        assert refusal(world, request) is Refusal.WOULD_TRIGGER
    request = sell(LIMIT, "1", "100", PERP, take_profit=Exit(D("90.001")))
    assert refusal(world, request) is Refusal.PRICE_FILTER
    world.place("a", buy(MARKET, "1", symbol=PERP))
    reducing = sell(MARKET, "1", symbol=PERP, reduce_only=True, stop_loss=Exit(D(110)))
    assert refusal(world, reducing) is Refusal.BAD_REQUEST


def test_a_conditional_entry_brings_its_exits_too() -> None:
    world = futures([*flat(1, volume=1e4), (100, 106, 100, 106, 1e4), *flat(3, 106, 1e4)])
    world.place_conditional("a", buy(STOP, "2", symbol=PERP, stop_price="105", stop_loss=Exit(D(90))))
    world.advance(START + 3 * MINUTE)
    (stop,) = world.open_conditional("a")
    assert (stop.request.side.value, stop.request.quantity, stop.request.stop_price) == ("sell", 2, 90)


def test_one_exit_ends_the_other_also_where_more_is_held() -> None:
    world = futures([*flat(1, volume=1e4), (100, 112, 100, 111, 1e4), *flat(3, 111, 1e4)])
    world.place("a", buy(MARKET, "5", symbol=PERP))
    world.place("a", entry())
    profit, stop = world.open_conditional("a")
    world.advance(START + 3 * MINUTE)
    assert [p.quantity for p in world.positions.all("a")] == [5]
    assert (profit.status, stop.status) == (AlgoStatus.FINISHED, AlgoStatus.EXPIRED)


def test_exits_that_come_later_are_not_for_what_has_left_already() -> None:
    """A bid for 40 at 98 fills in part, its take profit at 105 closes that, then the bid fills on: 10 others stay."""
    bars = [*flat(1), (100, 100, 97, 100, 30), (100, 108, 100, 107, 3000), (107, 107, 97, 100, 30)]
    world = exchange([*bars, (100, 100, 88, 88, 3000), *flat(9, 88)], (PERP,))
    world.place("a", buy(MARKET, "10", symbol=PERP))
    bid = world.place(
        "a", replace(buy(LIMIT, "40", "98", PERP), take_profit=Exit(D(105)), stop_loss=Exit(D(90)))
    )
    world.advance(START + 3 * MINUTE)
    first = bid.filled
    assert 0 < first < 40
    assert world.positions.state("a", PERP).quantity == 10
    world.advance(START + 4 * MINUTE)
    second = bid.filled - first
    assert second > 0
    assert {algo.request.quantity for algo in world.open_conditional("a")} == {second}
    world.advance(START + 9 * MINUTE)
    assert bid.filled == 40
    assert not world.open_conditional("a")
    assert world.positions.state("a", PERP).quantity == 10
    assert_sound(world)
