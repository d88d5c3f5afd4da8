"""Order lists: two orders, one amount of money, and one of them cancels the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.exchange.worlds import MINUTE, SPOT, START, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import (
    DepthShape,
    Exchange,
    ListStatus,
    OrderList,
    OrderRequest,
    OrderStatus,
    OrderType,
    Refusal,
    Refused,
)

MAKER, STOP, STOP_LIMIT = OrderType.LIMIT_MAKER, OrderType.STOP_MARKET, OrderType.STOP_LIMIT
RISING = [*flat(1), (100, 112, 100, 111, 1000), *flat(3, 111)]
FALLING = [*flat(1), (100, 100, 88, 90, 1000), *flat(3, 90)]


def pair(quantity: object = "2", **names: str) -> tuple[OrderRequest, OrderRequest]:
    """Sell at 110, or below 95."""
    profit = sell(MAKER, quantity, "110", client_id=names.get("profit", ""))
    return profit, sell(STOP_LIMIT, quantity, "80", stop_price="95", client_id=names.get("stop", ""))


def legs(world: Exchange, found: OrderList) -> list[OrderStatus]:
    return [order.status for order in world.lists.orders(found)]


def refusal(world: Exchange, *requests: OrderRequest, **names: str) -> Refusal:
    before = world.snapshot()
    with pytest.raises(Refused) as caught:
        world.lists.place("a", *requests, **names)
    assert world.snapshot() == before, "a refused list changed something"
    return caught.value.reason


def test_a_list_locks_its_money_once() -> None:
    world = exchange(flat(5))
    found = world.lists.place("a", *pair("10"))
    assert world.account("a").spot["BTC"].locked == 10
    assert found.status is ListStatus.EXECUTING
    assert [o.list_id for o in world.open_orders("a")] == [found.id, found.id]
    assert_sound(world)
    both = buy(MAKER, "10", "90"), buy(STOP, "10", stop_price="120")
    world.lists.place("a", *both)
    assert world.account("a").spot["USDT"].locked == 1200
    assert_sound(world)


def test_the_profit_trades_and_the_stop_expires() -> None:
    world = exchange(RISING)
    found = world.lists.place("a", *pair())
    seen: list = []
    world.subscribe(seen.append)
    world.advance(START + 3 * MINUTE)
    assert legs(world, found) == [OrderStatus.FILLED, OrderStatus.EXPIRED]
    assert found.status is ListStatus.ALL_DONE
    assert [e.status for e in seen if type(e).__name__ == "OrderListUpdate"] == [ListStatus.ALL_DONE]
    assert world.account("a").spot["BTC"].free == 8
    assert not world.lists.open("a")
    assert_sound(world)


@pytest.mark.parametrize("first", [0, 1])
def test_the_stop_triggers_and_the_profit_expires(first: int) -> None:
    world = exchange(FALLING)
    profit, stop = pair()
    found = world.lists.place("a", *((profit, stop) if first == 0 else (stop, profit)))
    world.advance(START + 3 * MINUTE)
    assert sorted(legs(world, found)) == [OrderStatus.EXPIRED, OrderStatus.FILLED]
    sold = next(o for o in world.lists.orders(found) if o.status is OrderStatus.FILLED)
    assert sold.original_type is STOP_LIMIT
    assert all(t.price <= 95 for t in sold.trades)
    assert_sound(world)


def test_a_triggered_stop_that_needs_more_than_the_profit_held_pays_by_itself() -> None:
    """Bid 90 or buy above 105 at 107: 1,070 are held, and all of it is there when the stop triggers."""
    world = exchange([*flat(1), (100, 112, 100, 111, 1000), *flat(3, 111)])
    world.control.open_account("p", {"USDT": D(1070)})
    found = world.lists.place("p", buy(MAKER, "10", "90"), buy(STOP_LIMIT, "10", "107", stop_price="105"))
    balance = world.account("p").spot["USDT"]
    assert (balance.free, balance.locked) == (0, 1070)
    world.advance(START + 2 * MINUTE)
    bought = world.lists.orders(found)[1]
    assert bought.filled > 0
    assert balance.locked == bought.remaining * 107
    assert_sound(world)


@pytest.mark.parametrize("which", [0, 1])
def test_cancelling_one_cancels_both(which: int) -> None:
    world = exchange(flat(5))
    found = world.lists.place("a", *pair())
    world.cancel("a", SPOT, found.order_ids[which])
    assert legs(world, found) == [OrderStatus.CANCELED, OrderStatus.CANCELED]
    assert found.status is ListStatus.ALL_DONE
    assert world.account("a").spot["BTC"].free == 10
    assert_sound(world)


def test_lists_are_found_and_cancelled_by_id_and_name() -> None:
    world = exchange(flat(5))
    one, two = (world.lists.place("a", *pair(), client_id=name) for name in ("x", "y"))
    assert world.lists.find("a", client_id="x") is one
    assert world.lists.find("a", two.id) is two
    assert world.lists.all("a", from_id=two.id) == [two]
    assert world.lists.cancel("a", SPOT, client_id="x") is one
    assert world.lists.open("a") == [two]
    assert world.lists.all("a") == [one, two]
    with pytest.raises(Refused):
        world.lists.cancel("a", SPOT, one.id)
    assert len(world.cancel_all("a", SPOT)) == 2
    assert not world.lists.open("a")
    world.lists.place("a", *pair())
    world.control.wipe("a")
    assert world.lists.all("a") == []
    assert_sound(world)


def test_what_makes_no_pair_is_refused() -> None:
    world = exchange(flat(5))
    profit, stop = pair()
    assert refusal(world, profit, profit) is Refusal.BAD_REQUEST
    assert refusal(world, stop, stop) is Refusal.BAD_REQUEST
    assert refusal(world, profit, pair("3")[1]) is Refusal.BAD_REQUEST
    assert refusal(world, profit, buy(STOP, "2", stop_price="105")) is Refusal.BAD_REQUEST
    assert refusal(world, sell(MAKER, "2", "90"), stop) is Refusal.WOULD_TAKE
    assert refusal(world, profit, sell(STOP, "2", stop_price="101")) is Refusal.WOULD_TRIGGER
    assert refusal(world, *pair("10.001")) is Refusal.INSUFFICIENT_BALANCE
    assert refusal(world, buy(MAKER, "100", "99"), buy(STOP, "100", stop_price="101")) is (
        Refusal.INSUFFICIENT_BALANCE
    )
    assert refusal(world, *pair(profit="n", stop="n")) is Refusal.DUPLICATE_CLIENT_ID
    world.lists.place("a", *pair(), client_id="x")
    assert refusal(world, *pair(), client_id="x") is Refusal.DUPLICATE_CLIENT_ID
    with pytest.raises(Refused) as caught:
        world.amend("a", SPOT, world.open_orders("a")[0].id, quantity=D(1))
    assert caught.value.reason is Refusal.UNSUPPORTED_TYPE


def test_a_restored_list_goes_on() -> None:
    world = exchange(RISING)
    found = world.lists.place("a", *pair())
    other = exchange(RISING, accounts=False)
    other.restore(world.snapshot())
    assert other.snapshot() == world.snapshot()
    for each in (world, other):
        each.advance(START + 3 * MINUTE)
    assert other.ledger.digest() == world.ledger.digest()
    assert other.lists.find("a", found.id).status is ListStatus.ALL_DONE


def test_two_that_wait_need_room_for_two() -> None:
    world = exchange(flat(5))
    room = world.listings[SPOT].filters.max_algo_orders
    for number in range(room - 1):
        world.place("a", sell(STOP, "0.1", stop_price=str(90 - number)))
    profit = sell(OrderType.TAKE_PROFIT_MARKET, "1", stop_price="110")
    assert refusal(world, profit, sell(STOP, "1", stop_price="95")) is Refusal.MAX_ALGO_ORDERS
    world.lists.place("a", sell(MAKER, "1", "110"), sell(STOP, "1", stop_price="95"))
    assert refusal(world, *pair("0.2")) is Refusal.MAX_ALGO_ORDERS


@pytest.mark.parametrize("name", ["away", ""])
def test_both_orders_tell_the_cancel_by_its_name(name: str) -> None:
    world = exchange(flat(5))
    found = world.lists.place("a", *pair(profit="up", stop="down"))
    seen: list = []
    world.subscribe(seen.append)
    world.lists.cancel("a", SPOT, found.id, cancel_client_id=name)
    told = [(e.original_client_id, e.client_id) for e in seen if type(e).__name__ == "OrderUpdate"]
    assert told == [("up", name or "up"), ("down", name or "down")]


def test_lists_that_are_done_are_let_go() -> None:
    world = exchange(flat(5), keep_orders=4)
    for _ in range(10):
        world.lists.cancel("a", SPOT, world.lists.place("a", *pair()).id)
    assert len(world.lists.all("a")) == 4


def test_an_order_that_meets_its_own_account_takes_its_partner_along() -> None:
    world = exchange(flat(5), shape=DepthShape(levels=1, spread_fraction=0.01))
    bid, _ = world.tape.best(SPOT)
    assert bid is not None
    inside = bid[0] + D("0.10")
    found = world.lists.place(
        "a", sell(MAKER, "2", inside), sell(STOP, "2", stop_price=world.tape.last(SPOT) - 5)
    )
    own = world.place("a", buy(OrderType.LIMIT, "1", inside))
    assert legs(world, found) == [OrderStatus.EXPIRED_IN_MATCH, OrderStatus.EXPIRED]
    assert (own.status, own.filled) == (OrderStatus.NEW, 0)
    assert found.status is ListStatus.ALL_DONE
    assert world.account("a").spot["BTC"].free == 10
    assert_sound(world)


def told(seen: list) -> list[tuple[int, str]]:
    return [(e.order.id, e.status.value) for e in seen if type(e).__name__ == "OrderUpdate"]


def test_the_first_part_of_a_fill_ends_the_other_order() -> None:
    """1 of 2 is sold at 110: the stop is gone at once, and what is left goes on alone."""
    world = exchange([*flat(1), (100, 111, 100, 105, 10), *flat(9, 105)])
    found = world.lists.place("a", *pair("9"))
    profit, stop = found.order_ids
    seen: list = []
    world.subscribe(seen.append)
    world.advance(START + 3 * MINUTE)
    assert legs(world, found) == [OrderStatus.PARTIALLY_FILLED, OrderStatus.EXPIRED]
    assert told(seen)[0] == (stop, "expired")
    assert {order for order, _ in told(seen)[1:]} == {profit}
    assert (found.status, found.leading) == (ListStatus.EXECUTING, profit)
    left = world.records.find("a", SPOT, profit, "").remaining
    assert 0 < left < 9
    assert world.account("a").spot["BTC"].locked == left
    world.lists.cancel("a", SPOT, found.id)
    assert told(seen)[-1] == (profit, "canceled")
    assert (found.status, world.account("a").spot["BTC"].locked) == (ListStatus.ALL_DONE, 0)
    assert_sound(world)


@pytest.mark.parametrize("first", [0, 1])
def test_a_stop_that_triggers_and_rests_holds_its_own_money(first: int) -> None:
    """Bid 90, or above 105 bid 104: once the price is at 111, nothing but 104 for each is held."""
    world = exchange(RISING)
    requests = buy(MAKER, "10", "90"), buy(STOP_LIMIT, "10", "104", stop_price="105")
    found = world.lists.place("a", *(requests if first == 0 else requests[::-1]))
    assert world.account("a").spot["USDT"].locked == 1040
    world.advance(START + 3 * MINUTE)
    stop = found.order_ids[1 - first]
    assert (found.status, found.leading) == (ListStatus.EXECUTING, stop)
    assert [order.id for order in world.open_orders("a")] == [stop]
    assert world.account("a").spot["USDT"].locked == 1040
    assert_sound(world)


def test_a_list_is_cancelled_in_its_own_market() -> None:
    world = exchange(flat(5), (SPOT, "ETH/USDT"))
    found = world.lists.place("a", *pair())
    with pytest.raises(Refused):
        world.lists.cancel("a", "ETH/USDT", found.id)
    assert found.status is ListStatus.EXECUTING


def test_a_list_needs_room_for_two_orders() -> None:
    world = exchange(flat(5))
    filters = replace(world.listings[SPOT].filters, max_orders=2)
    world.control.change_listing(SPOT, filters=filters)
    one = world.place("a", buy(OrderType.LIMIT, "1", "90"))
    assert refusal(world, *pair()) is Refusal.MAX_ORDERS
    world.cancel("a", SPOT, one.id)
    world.lists.place("a", *pair())
