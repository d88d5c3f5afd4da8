"""The life of spot orders, in numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.exchange.worlds import MINUTE, SPOT, START, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import (
    DepthShape,
    Exchange,
    Filters,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Refusal,
    Refused,
    SelfTrade,
    TimeInForce,
)

MARKET, LIMIT, MAKER = OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT_MAKER


def quiet(count: int = 10, **options: object) -> Exchange:
    """The price stands at 100.00; the crowd's best is 99.99 or 100.00 against one cent more."""
    return exchange(flat(count), **options)


def refusal(world: Exchange, request: OrderRequest, account: str = "a") -> Refusal:
    before = world.ledger.digest(), world.snapshot()
    with pytest.raises(Refused) as caught:
        world.place(account, request)
    assert (world.ledger.digest(), world.snapshot()) == before, "a refused request changed something"
    with pytest.raises(Refused) as checked:
        world.check(account, request)
    assert checked.value.reason is caught.value.reason
    return caught.value.reason


def best(world: Exchange) -> tuple[Decimal, Decimal]:
    bid, ask = world.tape.best(SPOT)
    assert bid is not None
    assert ask is not None
    return bid[0], ask[0]


def test_a_market_buy_pays_the_ask_and_its_fee_in_base() -> None:
    world = quiet()
    ask = best(world)[1]
    order = world.place("a", buy(MARKET, "2"))
    assert order.status is OrderStatus.FILLED
    assert [(t.price, t.quantity, t.fee, t.fee_asset, t.maker) for t in order.trades] == [
        (ask, 2, D("0.002"), "BTC", False)
    ]
    spot = world.account("a").spot
    assert spot["BTC"].free == D("11.998")
    assert spot["USDT"].free == 10_000 - 2 * ask
    assert_sound(world)


def test_a_market_sell_pays_its_fee_in_quote() -> None:
    world = quiet()
    bid = best(world)[0]
    order = world.place("a", sell(MARKET, "2"))
    assert order.trades[0].fee_asset == "USDT"
    assert world.account("a").spot["USDT"].free == 10_000 + 2 * bid * D("0.999")


def test_fees_are_paid_in_a_third_coin_while_there_is_some() -> None:
    world = exchange(flat(5), (SPOT, "BNB/USDT"))
    world.control.open_account("n", {"USDT": D(1000), "BNB": D("0.001")}, fee_coin="BNB")
    bnb = world.tape.last("BNB/USDT")
    order = world.place("n", buy(MARKET, "1"))
    trade = order.trades[0]
    expected = trade.quote_quantity * D("0.001") * D("0.75") / bnb
    assert (trade.fee_asset, trade.fee) == ("BNB", expected.quantize(D("1e-8"), "ROUND_DOWN"))
    assert world.place("n", buy(MARKET, "1")).trades[0].fee_asset == "BTC"


def test_an_order_by_quote_quantity_never_spends_more() -> None:
    world = quiet()
    order = world.place("a", buy(MARKET, quote_quantity="500"))
    assert order.status is OrderStatus.FILLED
    assert 500 - D("0.2") < order.quote_filled <= 500
    assert order.filled % D("0.001") == 0


def test_a_large_order_walks_the_book_and_the_rest_expires() -> None:
    world = quiet(shape=DepthShape(levels=3))
    world.control.deposit("a", "USDT", D(10**6))
    _, _, asks = world.tape.book(SPOT)
    order = world.place("a", buy(MARKET, "900"))
    assert [(t.price, t.quantity) for t in order.trades] == asks
    assert order.status is OrderStatus.EXPIRED
    assert world.tape.best(SPOT)[1] is None, "what was taken is gone until the tape moves"
    world.advance(START + MINUTE)
    assert world.tape.best(SPOT)[1] is not None


def test_a_limit_order_takes_up_to_its_price_and_rests() -> None:
    world = quiet(shape=DepthShape(levels=3))
    _, _, asks = world.tape.book(SPOT)
    order = world.place("a", buy(LIMIT, asks[0][1] + 1, asks[0][0]))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.filled == asks[0][1]
    assert world.account("a").spot["USDT"].locked == asks[0][0]
    assert world.tape.book(SPOT)[1][0] == (asks[0][0], 1), "the public book shows it"
    assert_sound(world)


def test_a_resting_order_waits_for_the_queue_before_it() -> None:
    """The tape trades at 99.00 and 101.00 only, so a bid at 99 fills by what is sold there."""
    world = exchange([(101, 101, 99, 101, 0.0)] + [(101, 101, 99, 101, 400.0)] * 30)
    order = world.place("a", buy(LIMIT, "50", "99.00"))
    world.tape.desks[SPOT].book.at(D(99), True)[0].queue_ahead = D(100)
    sold = D(0)
    after = order.created_ms
    while order.status.is_open and world.now_ms < START + 31 * MINUTE:
        world.advance(world.now_ms + 500)
        trades = [t for t in world.tape.trades_since(SPOT, after + 1, 50) if t.price <= 99]
        after = world.now_ms
        sold += sum(t.quantity for t in trades if t.buyer_is_maker)
        assert order.filled == min(D(50), max(D(0), sold - 100))
    assert order.status is OrderStatus.FILLED
    assert all(t.maker and t.price == 99 for t in order.trades)
    assert len(order.trades) >= 2


def test_whoever_takes_the_crowd_before_an_order_shortens_its_queue() -> None:
    world = exchange(flat(5), shape=DepthShape(levels=1))
    world.control.open_account("b", {"BTC": D(1000)})
    bid = world.tape.best(SPOT)[0]
    assert bid is not None
    price, crowd = bid
    order = world.place("a", buy(LIMIT, "1", price))
    assert order.queue_ahead == crowd
    world.place("b", sell(LIMIT, crowd - D("0.5"), price, time_in_force=TimeInForce.IOC))
    assert (order.queue_ahead, order.filled) == (D("0.5"), 0)
    world.place("b", sell(LIMIT, "1", price, time_in_force=TimeInForce.IOC))
    assert (order.queue_ahead, order.filled) == (0, D("0.5"))


def test_a_trade_through_the_price_fills_without_a_queue() -> None:
    world = exchange([(100, 100, 100, 100, 10), (100, 100, 90, 95, 1000), (95, 95, 95, 95, 10)])
    order = world.place("a", buy(LIMIT, "5", "97.00"))
    world.advance(START + 2 * MINUTE)
    assert order.status is OrderStatus.FILLED
    assert order.average_price == 97
    assert order.trades[0].fee == order.trades[0].quantity * D("0.0005")


def test_fills_by_the_tape_never_exceed_its_volume() -> None:
    world = exchange([(100, 100, 100, 100, 0), (100, 100, 90, 95, 3.0), (95, 95, 95, 95, 0)])
    world.place("a", buy(LIMIT, "5", "97.00"))
    world.place("a", buy(LIMIT, "5", "96.00"))
    world.advance(START + 3 * MINUTE)
    filled = sum(t.quantity for t in world.records.trades("a", SPOT))
    assert 0 < filled <= 3


def test_better_prices_go_first_and_then_earlier_orders() -> None:
    world = exchange(flat(5), shape=DepthShape(levels=1, spread_fraction=0.01))
    world.control.open_account("b", {"BTC": D(100), "USDT": D(10_000)})
    bid, _ = best(world)
    inside = [bid + D("0.10"), bid + D("0.20")]
    first = world.place("a", buy(LIMIT, "1", inside[0]))
    better = world.place("a", buy(LIMIT, "1", inside[1]))
    second = world.place("a", buy(LIMIT, "1", inside[0]))
    taker = world.place("b", sell(MARKET, "2.5"))
    assert [(t.price, t.quantity) for t in taker.trades] == [
        (inside[1], 1),
        (inside[0], 1),
        (inside[0], D("0.5")),
    ]
    assert [o.filled for o in (better, first, second)] == [1, 1, D("0.5")]
    assert taker.trades[0].id == better.trades[0].id, "both sides of a trade share its id"
    assert_sound(world)


def test_the_crowd_that_stood_first_is_served_first() -> None:
    world = quiet(shape=DepthShape(levels=1))
    world.control.open_account("b", {"BTC": D(1000)})
    bid, _ = world.tape.best(SPOT)
    assert bid is not None
    order = world.place("a", buy(LIMIT, "1", bid[0]))
    assert order.queue_ahead == bid[1]
    world.place("b", sell(MARKET, bid[1]))
    assert not order.filled
    world.place("b", sell(MARKET, "0.4"))
    assert order.filled == D("0.4")


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        (SelfTrade.NONE, OrderStatus.FILLED, OrderStatus.FILLED),
        (SelfTrade.EXPIRE_MAKER, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.FILLED),
        (SelfTrade.EXPIRE_TAKER, OrderStatus.NEW, OrderStatus.EXPIRED_IN_MATCH),
        (SelfTrade.EXPIRE_BOTH, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_an_account_meets_itself_as_it_asked(mode: SelfTrade, maker: OrderStatus, taker: OrderStatus) -> None:
    world = exchange(flat(5), shape=DepthShape(levels=1, spread_fraction=0.01))
    resting = world.place("a", buy(LIMIT, "1", best(world)[0] + D("0.10")))
    coming = world.place("a", sell(MARKET, "1", self_trade=mode))
    assert (resting.status, coming.status) == (maker, taker)
    assert_sound(world)


def test_time_in_force() -> None:
    world = quiet(shape=DepthShape(levels=1))
    ask = world.tape.best(SPOT)[1]
    assert ask is not None
    more = ask[1] + 1
    world.control.deposit("a", "USDT", D(10**6))
    killed = world.place("a", buy(LIMIT, more, ask[0], time_in_force=TimeInForce.FOK))
    assert (killed.status, killed.filled) == (OrderStatus.EXPIRED, 0)
    partly = world.place("a", buy(LIMIT, more, ask[0], time_in_force=TimeInForce.IOC))
    assert (partly.status, partly.filled) == (OrderStatus.EXPIRED, ask[1])
    assert not world.open_orders("a")
    assert not world.account("a").spot["USDT"].locked


def test_a_maker_order_never_takes() -> None:
    world = quiet()
    bid, ask = best(world)
    assert refusal(world, buy(MAKER, "1", ask)) is Refusal.WOULD_TAKE
    assert refusal(world, buy(LIMIT, "1", ask, time_in_force=TimeInForce.GTX)) is Refusal.WOULD_TAKE
    assert world.place("a", buy(MAKER, "1", bid)).status is OrderStatus.NEW


def test_a_stop_waits_holds_and_then_sells() -> None:
    world = exchange([(100, 100, 100, 100, 50), (100, 100, 90, 91, 500), (91, 92, 91, 92, 50)])
    stop = world.place("a", sell(OrderType.STOP_MARKET, "2", stop_price="95"))
    assert (stop.status, stop.working_ms, stop.working) == (OrderStatus.NEW, 0, False)
    assert world.account("a").spot["BTC"].locked == 2
    assert_sound(world)
    world.advance(START + 3 * MINUTE)
    assert stop.status is OrderStatus.FILLED
    assert START + MINUTE < stop.working_ms < START + 2 * MINUTE
    assert all(t.price <= 95 for t in stop.trades)
    assert (stop.type, stop.original_type) == (MARKET, OrderType.STOP_MARKET)
    assert_sound(world)


def test_a_take_profit_limit_rests_once_triggered() -> None:
    world = exchange([(100, 100, 100, 100, 50), (100, 106, 100, 106, 500), (106, 106, 106, 106, 50)])
    order = world.place("a", sell(OrderType.TAKE_PROFIT_LIMIT, "1", "120", stop_price="105"))
    world.advance(START + 2 * MINUTE)
    assert (order.status, order.working, order.type) == (OrderStatus.NEW, True, LIMIT)
    assert world.tape.desks[SPOT].book.best_ask() == 120


def test_stops_on_the_wrong_side_are_refused() -> None:
    world = quiet()
    for request in (
        sell(OrderType.STOP_MARKET, "1", stop_price="101"),
        buy(OrderType.STOP_MARKET, "1", stop_price="99"),
        sell(OrderType.TAKE_PROFIT_MARKET, "1", stop_price="99"),
        buy(OrderType.TAKE_PROFIT_LIMIT, "1", "101", stop_price="101"),
    ):
        assert refusal(world, request) is Refusal.WOULD_TRIGGER


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (buy(LIMIT, "1", "99.001"), Refusal.PRICE_FILTER),
        (buy(LIMIT, "1", "-1"), Refusal.PRICE_FILTER),
        (buy(LIMIT, "1", "NaN"), Refusal.PRICE_FILTER),
        (buy(LIMIT, "1", "1e30"), Refusal.PRICE_FILTER),
        (buy(LIMIT, "1.0001", "99"), Refusal.LOT_SIZE),
        (buy(LIMIT, "0", "99"), Refusal.BAD_QUANTITY),
        (buy(LIMIT, "Infinity", "99"), Refusal.BAD_QUANTITY),
        (buy(LIMIT, "NaN", "99"), Refusal.BAD_QUANTITY),
        (buy(MARKET, "-1"), Refusal.BAD_QUANTITY),
        (buy(MARKET, "1e14"), Refusal.LOT_SIZE),
        (buy(LIMIT, "0.050", "99"), Refusal.NOTIONAL),
        (buy(MARKET, "0.001"), Refusal.NOTIONAL),
        (buy(MARKET, quote_quantity="4.99"), Refusal.NOTIONAL),
        (buy(LIMIT, "1", "501"), Refusal.PERCENT_PRICE),
        (sell(LIMIT, "1", "19"), Refusal.PERCENT_PRICE),
        (buy(MARKET), Refusal.BAD_REQUEST),
        (buy(MARKET, "1", "99"), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1"), Refusal.BAD_REQUEST),
        (buy(MARKET, "1", quote_quantity="100"), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1", "99", stop_price="98"), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1", "99", reduce_only=True), Refusal.BAD_REQUEST),
        (buy(LIMIT, "1", "99", symbol="NO/USDT"), Refusal.UNKNOWN_SYMBOL),
        (buy(OrderType.TRAILING_STOP, "1", callback_rate="0.01"), Refusal.UNSUPPORTED_TYPE),
        (buy(LIMIT, "101", "99.5"), Refusal.INSUFFICIENT_BALANCE),
        (buy(MARKET, "101"), Refusal.INSUFFICIENT_BALANCE),
        (sell(MARKET, "10.001"), Refusal.INSUFFICIENT_BALANCE),
        (sell(LIMIT, "10.001", "101"), Refusal.INSUFFICIENT_BALANCE),
    ],
)
def test_what_is_refused_and_why(request_: OrderRequest, reason: Refusal) -> None:
    world = exchange(flat(5, volume=100_000.0))
    assert refusal(world, request_) is reason


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    world = quiet()
    first = world.place("a", buy(LIMIT, "1", "99", client_id="x"))
    assert refusal(world, buy(LIMIT, "1", "98", client_id="x")) is Refusal.DUPLICATE_CLIENT_ID
    world.cancel("a", SPOT, client_id="x")
    second = world.place("a", buy(LIMIT, "1", "98", client_id="x"))
    assert second.id != first.id
    assert world.records.find("a", SPOT, client_id="x") is second
    assert world.records.find("a", SPOT, first.id) is first


def test_no_more_orders_than_allowed() -> None:
    world = quiet()
    world.control.change_listing(SPOT, filters=_filters(world, max_orders=2, max_algo_orders=1))
    world.place("a", buy(LIMIT, "1", "99"))
    world.place("a", sell(OrderType.STOP_MARKET, "1", stop_price="95"))
    assert refusal(world, buy(LIMIT, "1", "98")) is Refusal.MAX_ORDERS
    world.control.change_listing(SPOT, filters=_filters(world, max_orders=9, max_algo_orders=1))
    assert refusal(world, sell(OrderType.STOP_MARKET, "1", stop_price="94")) is Refusal.MAX_ALGO_ORDERS


def test_filters_and_status_change_while_it_runs() -> None:
    world = quiet()
    order = world.place("a", buy(LIMIT, "1.005", "99"))
    world.control.change_listing(SPOT, filters=_filters(world, step=D("0.01")))
    assert refusal(world, buy(LIMIT, "1.005", "99")) is Refusal.LOT_SIZE
    world.control.halt(SPOT)
    assert refusal(world, buy(LIMIT, "1", "99")) is Refusal.NOT_TRADING
    world.control.resume(SPOT)
    world.place("a", buy(LIMIT, "1", "98"))
    world.control.delist(SPOT)
    assert order.status is OrderStatus.CANCELED
    assert not world.open_orders("a")
    assert refusal(world, buy(LIMIT, "1", "99")) is Refusal.DELISTED
    assert_sound(world)


def test_cancel_gives_back_what_was_locked() -> None:
    world = quiet()
    order = world.place("a", buy(LIMIT, "1", "99"))
    world.cancel("a", SPOT, order.id)
    assert world.account("a").spot["USDT"].free == 10_000
    with pytest.raises(Refused) as caught:
        world.cancel("a", SPOT, order.id)
    assert caught.value.reason is Refusal.UNKNOWN_ORDER


def test_cancel_replace_stops_where_it_was_told_to() -> None:
    world = quiet()
    order = world.place("a", buy(LIMIT, "1", "99"))
    done = world.replace("a", buy(LIMIT, "1", "98"), order_id=order.id)
    assert done.cancelled is order
    assert done.placed is not None
    failed = world.replace("a", buy(LIMIT, "1", "97"), order_id=order.id)
    assert failed.refused_cancel is not None
    assert failed.placed is None
    anyway = world.replace("a", buy(LIMIT, "1", "97"), order_id=order.id, stop_on_failure=False)
    assert anyway.placed is not None
    half = world.replace("a", buy(LIMIT, "1", "97.001"), order_id=anyway.placed.id)
    assert half.cancelled is anyway.placed
    assert half.refused_place is not None


def test_amending_keeps_the_place_only_when_the_order_shrinks() -> None:
    world = quiet()
    first, second = (world.place("a", buy(LIMIT, "2", "99")) for _ in range(2))
    at = world.tape.desks[SPOT].book.at

    def order_of(price: str) -> list[Order]:
        return at(D(price), True)

    assert order_of("99") == [first, second]
    world.amend("a", SPOT, first.id, quantity=D("1"))
    assert order_of("99") == [first, second]
    world.amend("a", SPOT, first.id, quantity=D("3"))
    assert order_of("99") == [second, first]
    world.amend("a", SPOT, second.id, price=D("98"))
    assert (order_of("99"), order_of("98")) == ([first], [second])
    assert world.account("a").spot["USDT"].locked == 3 * 99 + 2 * 98
    with pytest.raises(Refused) as caught:
        world.amend("a", SPOT, second.id, quantity=D("200"))
    assert caught.value.reason is Refusal.INSUFFICIENT_BALANCE
    assert (second.quantity, second.working, order_of("98")) == (2, True, [second])
    taken = world.amend("a", SPOT, second.id, price=D("100.05"))
    assert taken.status is OrderStatus.FILLED
    assert_sound(world)


def test_events_tell_the_life_of_an_order_in_order() -> None:
    world = quiet()
    seen: list = []
    world.subscribe(seen.append)
    order = world.place("a", buy(MARKET, "1"))
    kinds = [(type(e).__name__, getattr(e, "execution", None)) for e in seen]
    assert kinds == [("OrderUpdate", "new"), ("OrderUpdate", "trade"), ("SpotUpdate", None)]
    assert seen[1].trade is order.trades[0]
    assert {b.asset: (b.free, b.locked) for b in seen[2].balances} == {
        asset: (b.free, b.locked) for asset, b in world.account("a").spot.items()
    }


def _filters(world: Exchange, **changes: object) -> Filters:
    return replace(world.listings[SPOT].filters, **changes)
