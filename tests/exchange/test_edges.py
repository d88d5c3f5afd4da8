"""Corners of matching and margin: what is easily a little wrong, in numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.exchange.worlds import (
    MINUTE,
    OTHER,
    PERP,
    SPOT,
    START,
    D,
    assert_sound,
    buy,
    exchange,
    flat,
    instrument,
    market,
    sell,
)
from tradewind.exchange import (
    AlgoStatus,
    DepthShape,
    Exchange,
    FeeSettings,
    OrderStatus,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    Tier,
    TimeInForce,
)
from tradewind.market import ManualClock

MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
TIGHT = DepthShape(levels=20, spread_fraction=0.0)


def refused(call, *arguments: object, **named: object) -> Refusal:
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.reason


def futures(bars: list | None = None, **options: object) -> Exchange:
    return exchange(bars or flat(10, volume=10_000.0), (PERP, OTHER), **{"shape": TIGHT} | options)


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


def test_a_sale_larger_than_the_book_needs_margin_for_what_it_can_sell_only() -> None:
    world = futures(shape=DepthShape(levels=1, spread_fraction=0.0))
    bid, _ = world.tape.best(PERP)
    assert bid is not None
    order = world.place("a", sell(MARKET, bid[1] + 190, symbol=PERP))
    assert (order.filled, order.status) == (bid[1], OrderStatus.EXPIRED)


def test_a_partly_filled_sell_is_amended_by_what_is_left_of_it() -> None:
    """1000 sold of 1500 at 100 with 10,000 and leverage 20: 500 more need 2,500, not a loss of 100,000."""
    world = futures(
        flat(20, volume=50_000.0), shape=DepthShape(levels=1, spread_fraction=0.0, level_share=0.02)
    )
    bid, _ = world.tape.best(PERP)
    assert bid is not None
    order = world.place("a", sell(LIMIT, bid[1] + 100, bid[0], symbol=PERP))
    assert order.filled == bid[1]
    amended = world.amend("a", PERP, order.id, price=bid[0] + 1)
    assert (amended.price, amended.status) == (bid[0] + 1, OrderStatus.PARTIALLY_FILLED)
    assert_sound(world)


def test_shrinking_an_order_is_allowed_however_little_margin_is_left() -> None:
    world = futures([*flat(1, volume=1e4), *flat(9, 95.5, volume=1e4)])
    order = world.place("a", buy(LIMIT, "100", "50", symbol=PERP))
    world.place("a", buy(MARKET, "1900", symbol=PERP))
    world.advance(START + 2 * MINUTE)
    assert world.positions.wallet("a", "USDT").available < 0
    assert world.amend("a", PERP, order.id, quantity=D(10)).quantity == 10
    assert refused(world.amend, "a", PERP, order.id, quantity=D(11)) is Refusal.INSUFFICIENT_MARGIN
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


def test_fees_of_what_was_closed_leave_the_break_even_price() -> None:
    world = futures()
    order = world.place("a", buy(MARKET, "10", symbol=PERP))
    before = world.positions.state("a", PERP).break_even_price
    assert before == order.average_price * D("1.001")
    world.place("a", sell(MARKET, "5", symbol=PERP))
    assert world.positions.state("a", PERP).break_even_price == before


def test_a_small_position_of_hedge_mode_can_be_closed_although_it_is_worth_little() -> None:
    world = futures([*flat(1, volume=1e4), (100, 100, 90, 90, 1e4), *flat(3, 90, 1e4)])
    world.positions.set_hedge("a", True)
    long, short = PositionSide.LONG, PositionSide.SHORT
    world.place("a", buy(MARKET, "0.06", symbol=PERP, position_side=long))
    world.place("a", sell(MARKET, "0.05", symbol=PERP, position_side=long))
    stop = world.place_conditional(
        "a",
        sell(OrderType.STOP_MARKET, symbol=PERP, stop_price="95", close_position=True, position_side=long),
    )
    world.advance(START + 3 * MINUTE)
    assert stop.status is AlgoStatus.FINISHED
    assert not world.positions.all("a")
    assert (
        refused(world.place, "a", sell(MARKET, "0.01", symbol=PERP, position_side=short)) is Refusal.NOTIONAL
    )


def test_leverage_begins_at_no_more_than_the_market_allows() -> None:
    steep = (Tier(D(0), D(10**9), D("0.05"), D(0), 10),)
    made = market(flat(5, volume=1e4), (PERP,))
    world = Exchange([made], wire=ManualClock(0))
    world.listings.change(PERP, tiers=steep)
    world.control.open_account("a", {}, {"USDT": D(1000)})
    assert world.place("a", buy(MARKET, "1", symbol=PERP)).status is OrderStatus.FILLED
    assert world.positions.state("a", PERP).leverage == 10
    assert instrument(PERP).tick == D("0.01")


def test_deleveraging_keeps_to_the_lots() -> None:
    world = futures()
    world.place("a", buy(MARKET, "0.101", symbol=PERP))
    world.control.adl("a", PERP, quantity=D("0.0505"))
    assert world.positions.state("a", PERP).quantity == D("0.051")
    assert refused(world.control.adl, "a", PERP, quantity=D("0.0005")) is Refusal.BAD_QUANTITY


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


def test_a_restored_exchange_lets_go_of_closed_conditional_orders_too() -> None:
    world = futures(keep_orders=3)
    for i in range(3):
        stop = sell(OrderType.STOP_MARKET, "1", symbol=PERP, stop_price="95", client_id=f"c{i}")
        world.cancel_conditional("a", world.place_conditional("a", stop).id)
    other = exchange(flat(10, volume=10_000.0), (PERP, OTHER), shape=TIGHT, keep_orders=3, accounts=False)
    other.restore(world.snapshot())
    stop = replace(stop, client_id="last")
    other.cancel_conditional("a", other.place_conditional("a", stop).id)
    assert [a.client_id for a in other.records.algos("a")] == ["c1", "c2", "last"]


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


def test_a_price_worse_than_the_mark_needs_margin_for_the_loss_at_once() -> None:
    """1,200 at 104 need 6,240 of margin and 125 of fee, and lose 4,800 at the mark of 100."""
    world = futures(shape=DepthShape(levels=1, spread_fraction=0.0, level_share=0.0001))
    dear = buy(LIMIT, "1200", "104", symbol=PERP)
    assert refused(world.place, "a", dear) is Refusal.INSUFFICIENT_MARGIN
    world.place("a", buy(LIMIT, "1200", "100", symbol=PERP))


def test_profit_of_cross_positions_backs_no_isolated_one() -> None:
    """9,900 in the wallet, 12,000 of profit: 2,000 at 112 need 11,200 that are not there yet."""
    world = futures([*flat(1, volume=1e4), (100, 112, 100, 112, 1e4), *flat(5, 112, 1e5)])
    world.positions.set_isolated("a", PERP, True)
    world.place("a", buy(MARKET, "1000", symbol=OTHER))
    world.advance(START + 3 * MINUTE)
    wallet = world.positions.wallet("a", "USDT")
    assert wallet.available > 16_000 > wallet.cross_wallet
    request = buy(MARKET, "2000", symbol=PERP)
    assert refused(world.place, "a", request) is Refusal.INSUFFICIENT_MARGIN
    world.place("a", buy(MARKET, "1000", symbol=PERP))


def test_an_isolated_position_takes_no_more_margin_than_the_wallet_has() -> None:
    """The loss of another position was paid before its order filled: 4,250 are wanted, 1,791 are left."""
    bars = [*flat(1, volume=1e4), (100, 100, 92, 92, 1e4), *flat(2, 92, 1e4), (92, 92, 84, 84, 1e4)]
    world = futures([*bars, *flat(3, 84, 1e4)])
    world.positions.set_isolated("a", PERP, True)
    order = world.place("a", buy(LIMIT, "1000", "85", symbol=PERP))
    world.place("a", buy(MARKET, "1000", symbol=OTHER))
    world.advance(START + 3 * MINUTE)
    world.place("a", sell(MARKET, "1000", symbol=OTHER))
    left = world.positions.wallet("a", "USDT").wallet
    while order.status.is_open:
        world.advance(world.now_ms + 500)
    state = world.positions.state("a", PERP)
    fees = sum(t.fee for t in order.trades)
    assert world.positions.wallet("a", "USDT").wallet == left - fees
    assert state.isolated_wallet < 1_800
    assert ("insurance", "USDT") not in world.treasury.pots
    assert_sound(world)


def test_a_higher_tier_charges_its_rate_only_on_what_lies_in_it() -> None:
    """1,000 at 100: 50,000 at 0.4 % and 50,000 at 0.5 % are 450."""
    tiers = (Tier(D(0), D(50_000), D("0.004"), D(0), 125), Tier(D(50_000), D(10**15), D("0.005"), D(50), 100))
    world = futures()
    for symbol in (PERP, OTHER):
        world.control.change_listing(symbol, tiers=tiers)
    world.place("a", buy(MARKET, "1000", symbol=PERP))
    mark = world.tape.mark(PERP)
    before = world.positions.state("a", PERP)
    assert before.maintenance_margin == 1000 * mark * D("0.005") - 50
    world.place("a", sell(MARKET, "100", symbol=OTHER))
    after = world.positions.state("a", PERP)
    wallet = world.positions.wallet("a", "USDT")
    other = world.positions.state("a", OTHER)
    at = after.liquidation_price
    worth = wallet.wallet + other.unrealised + 1000 * at - 1000 * after.entry_price
    needed = other.maintenance_margin + 1000 * at * D("0.005") - 50
    assert abs(worth - needed) < D("0.001"), "there the account is worth its maintenance margin"
