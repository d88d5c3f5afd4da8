"""Corners of futures: what is easily a little wrong, in numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.exchange.worlds import (
    MINUTE,
    OTHER,
    PERP,
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


def reducing_asks(first_reduces: bool) -> Exchange:
    """`a` is long 3 and offers 3 at 101 and 3 reduce-only at 102; the crowd stands at 100 and 105."""
    world = futures(flat(20, volume=10_000.0), shape=DepthShape(levels=1, spread_fraction=0.05))
    world.control.open_account("b", {}, {"USDT": D(10_000)})
    while (best := world.tape.best(PERP)[0]) is None or best[0] != 100:
        world.advance(world.now_ms + 500)
    world.place("a", buy(MARKET, "3", symbol=PERP))
    world.place("a", sell(LIMIT, "3", "101", symbol=PERP, reduce_only=first_reduces))
    world.place("a", sell(LIMIT, "3", "102", symbol=PERP, reduce_only=True))
    return world


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


def test_a_price_worse_than_the_mark_needs_margin_for_the_loss_at_once() -> None:
    """1,200 at 104 need 6,240 of margin and 125 of fee, and lose 4,800 at the mark of 100."""
    world = futures(shape=DepthShape(levels=1, spread_fraction=0.0, level_share=0.0001))
    dear = buy(LIMIT, "1200", "104", symbol=PERP)
    assert refused(world.place, "a", dear) is Refusal.INSUFFICIENT_MARGIN
    world.place("a", buy(LIMIT, "1200", "100", symbol=PERP))


def test_a_sale_below_the_mark_needs_margin_for_the_loss_at_once() -> None:
    """1,200 at 96 need 5,760 of margin and 115 of fee, and lose 4,800 at the mark of 100."""
    world = futures(shape=DepthShape(levels=1, spread_fraction=0.0, level_share=0.0001))
    cheap = sell(LIMIT, "1200", "96", symbol=PERP)
    assert refused(world.place, "a", cheap) is Refusal.INSUFFICIENT_MARGIN
    world.place("a", sell(LIMIT, "1200", "100", symbol=PERP))


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
    """The loss of another position was paid before its order filled: 4,250 are wanted, 1,790 are left.

    A small short in cross margin, with a profit, is open all the while.
    """
    bars = [*flat(1, volume=1e4), (100, 100, 92, 92, 1e4), *flat(2, 92, 1e4), (92, 92, 84, 84, 1e4)]
    world = futures([*bars, *flat(3, 84, 1e4)])
    world.positions.set_isolated("a", PERP, True)
    order = world.place("a", buy(LIMIT, "1000", "85", symbol=PERP))
    world.place("a", buy(MARKET, "1000", symbol=OTHER))
    world.advance(START + 3 * MINUTE)
    world.place("a", sell(MARKET, "1010", symbol=OTHER))
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


def test_a_forced_trade_is_rounded_against_the_position() -> None:
    marks = np.full((5, 1, 4), 100.005)
    made = replace(market(flat(5, volume=1e4), (PERP,)), mark=marks)
    world = Exchange([made], seed=7, wire=ManualClock(0), shape=TIGHT)
    world.control.open_account("a", {}, {"USDT": D(10_000)})
    for opening, price in ((buy, "100.00"), (sell, "100.01")):
        world.place("a", opening(MARKET, "1", symbol=PERP))
        assert world.control.adl("a", PERP).average_price == D(price)


def test_the_position_that_needs_most_is_taken_first() -> None:
    world = futures([*flat(1, volume=1e4), (100, 100, 80, 80, 1e4), *flat(3, 80, 1e4)])
    world.place("a", buy(MARKET, "10", symbol=OTHER))
    world.place("a", buy(MARKET, "1000", symbol=PERP))
    world.advance(START + 2 * MINUTE)
    taken = [r.symbol for r in world.ledger.orders() if r.execution == "calculated"]
    assert taken == [PERP, OTHER]


def test_the_fee_of_a_liquidation_is_paid_by_profit_of_other_positions_too() -> None:
    """At 89.50 the long has lost 12,600 and the short won 3,150: 400 are left of 9,850, less than is needed."""
    world = futures([*flat(1, volume=1e5), *flat(3, 89.5, 1e5)])
    world.place("a", buy(MARKET, "1200", symbol=PERP))
    world.place("a", sell(MARKET, "300", symbol=OTHER))
    world.advance(START + MINUTE)
    [taken] = [fill for fill in world.ledger.fills() if fill.client_id.startswith("autoclose-")][:1]
    assert taken.symbol == PERP
    assert 300 < taken.fee < 400
    assert_sound(world)


def test_who_cannot_bear_funding_is_liquidated_at_its_instant() -> None:
    """100,000 at 9.9 % leave nothing of 9,900 in the wallet."""
    world = futures(flat(6, volume=1e5), funding={3: 0.099})
    world.place("a", buy(MARKET, "1000", symbol=PERP))
    world.advance(START + 3 * MINUTE - 1)
    assert world.positions.state("a", PERP).quantity == 1000
    world.advance(START + 3 * MINUTE)
    assert not world.positions.state("a", PERP).quantity
    assert list(world.ledger.fills())[-1].client_id.startswith("autoclose-")
    assert_sound(world)


def test_what_is_bought_at_the_instant_of_funding_pays_none() -> None:
    """The bar opens at 95 when funding is due: the bid at 97 fills then, after funding was charged."""
    world = futures([*flat(3, volume=1e4), *flat(3, 95, 1e4)], funding={3: 0.01})
    order = world.place("a", buy(LIMIT, "1", "97", symbol=PERP))
    world.advance(START + 3 * MINUTE)
    assert (order.status, order.trades[0].time_ms) == (OrderStatus.FILLED, START + 3 * MINUTE)
    assert not [r for r in world.ledger.transfers() if r.cause == "funding"]


def test_orders_that_reduce_give_no_more_together_than_the_position_has() -> None:
    world = reducing_asks(True)
    whole = buy(LIMIT, "5", "103", symbol=PERP, time_in_force=TimeInForce.FOK)
    assert refused(world.place, "b", whole) is Refusal.NOT_FILLABLE
    assert world.place("b", replace(whole, quantity=D(3))).status is OrderStatus.FILLED
    assert not world.positions.all("a")
    assert not world.open_orders("a")


def test_an_order_that_reduces_opens_nothing_after_another_closed_the_position() -> None:
    world = reducing_asks(False)
    taker = world.place("b", buy(LIMIT, "6", "103", symbol=PERP, time_in_force=TimeInForce.IOC))
    assert taker.filled == 3
    assert not world.positions.all("a")
    assert_sound(world)


def test_margin_that_covers_a_loss_cannot_be_taken_out() -> None:
    world = futures([*flat(1, volume=1e4), (100, 100, 98, 98, 1e4), *flat(3, 98, 1e4)])
    world.positions.set_isolated("a", PERP, True)
    world.place("a", buy(MARKET, "10", symbol=PERP))
    world.positions.move_margin("a", PERP, D(100), add=True)
    world.advance(START + 2 * MINUTE)
    state = world.positions.state("a", PERP)
    assert state.unrealised < -10
    spare = state.isolated_wallet + state.unrealised - state.initial_margin
    too_much = spare + D("0.01")
    take = world.positions.move_margin
    assert refused(take, "a", PERP, too_much, add=False) is Refusal.INSUFFICIENT_MARGIN
    take("a", PERP, spare, add=False)


def test_funding_is_rounded_towards_nothing_for_both_sides() -> None:
    """0.1 at 100.01 and a rate of 0.00012345 are 0.001234623..: 0.00123462 is paid, and received."""
    world = futures(flat(6, 100.01, volume=1e4), funding={3: 0.00012345})
    world.control.open_account("b", {}, {"USDT": D(1000)})
    world.place("a", buy(MARKET, "0.1", symbol=PERP))
    world.place("b", sell(MARKET, "0.1", symbol=PERP))
    world.advance(START + 4 * MINUTE)
    paid = [r.changes[0][3] for r in world.ledger.transfers() if r.cause == "funding"]
    assert paid == [D("-0.00123462"), D("0.00123462")]
