"""Positions, margin, funding and liquidation, in numbers that can be checked by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from tests.exchange.worlds import MINUTE, OTHER, PERP, START, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import (
    AlgoStatus,
    DepthShape,
    Exchange,
    IncomeKind,
    OrderStatus,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    TimeInForce,
    TriggerBy,
)

MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
TIGHT = DepthShape(levels=20, spread_fraction=0.0)


def quiet(bars: list | None = None, **options: object) -> Exchange:
    """Price 100, crowd at 99.99/100 or 100/100.01; account `a` has 10,000 USDT and leverage 20."""
    return exchange(bars or flat(10, volume=10_000.0), (PERP, OTHER), shape=TIGHT, **options)


def falling(to: float, then: float | None = None) -> list:
    """One bar at 100, one from 100 to `to`, then there."""
    after = then or to
    return [*flat(1, volume=1e4), (100, 100, to, to, 1e4), (to, max(to, after), min(to, after), after, 1e4)]


def held(world: Exchange, side: PositionSide = PositionSide.BOTH, account: str = "a") -> Decimal:
    return world.positions.state(account, PERP, side).quantity


def long(world: Exchange, quantity: object, **rest: object) -> Decimal:
    order = world.place("a", buy(MARKET, quantity, symbol=PERP, **rest))
    assert order.status is OrderStatus.FILLED
    return order.average_price


def refused(call, *arguments: object, **named: object) -> Refusal:
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.reason


def test_a_position_is_bought_enlarged_and_sold() -> None:
    world = quiet()
    entry = long(world, "10")
    fee = entry * 10 * D("0.001")
    assert world.positions.wallet("a", "USDT").wallet == 10_000 - fee
    more = world.place("a", buy(LIMIT, "5", "100.00", symbol=PERP))
    world.advance(START + 5 * MINUTE)
    assert more.status is OrderStatus.FILLED
    state = world.positions.state("a", PERP)
    assert state.quantity == 15
    assert state.entry_price == (entry * 10 + more.quote_filled) / 15
    out = world.place("a", sell(MARKET, "15", symbol=PERP, reduce_only=True))
    realised = out.quote_filled - entry * 10 - more.quote_filled
    assert sum(t.realised for t in out.trades) == realised
    fees = sum(t.fee for t in world.records.trades("a", PERP))
    assert world.positions.wallet("a", "USDT").wallet == 10_000 + realised - fees
    assert not world.positions.all("a")
    assert_sound(world)


def test_a_larger_sale_turns_a_long_into_a_short() -> None:
    world = quiet()
    long(world, "3")
    order = world.place("a", sell(MARKET, "5", symbol=PERP))
    state = world.positions.state("a", PERP)
    assert (state.quantity, state.entry_price) == (-2, order.average_price)


def test_margin_of_position_and_orders() -> None:
    """One-way: the larger side counts, and closing orders need nothing."""
    world = quiet()
    world.positions.set_leverage("a", PERP, 10)
    entry = long(world, "10")
    mark = world.tape.mark(PERP)
    world.place("a", buy(LIMIT, "5", "90", symbol=PERP))
    world.place("a", sell(LIMIT, "10", "110", symbol=PERP))
    state = world.positions.wallet("a", "USDT")
    assert state.position_initial_margin == mark
    assert state.order_initial_margin == 45
    assert state.available == state.wallet + (mark - entry) * 10 - mark - 45
    world.place("a", sell(LIMIT, "20", "110", symbol=PERP))
    asks = (30 * 110 - 10 * mark) / 10
    assert world.positions.wallet("a", "USDT").order_initial_margin == asks - mark
    assert_sound(world)


def test_what_margin_cannot_carry_is_refused() -> None:
    world = quiet()
    world.positions.set_leverage("a", PERP, 5)
    assert refused(world.place, "a", buy(MARKET, "500", symbol=PERP)) is Refusal.INSUFFICIENT_MARGIN
    assert refused(world.place, "a", buy(LIMIT, "500", "100", symbol=PERP)) is Refusal.INSUFFICIENT_MARGIN
    world.place("a", buy(LIMIT, "490", "99", symbol=PERP, client_id="most"))
    assert refused(world.place, "a", buy(LIMIT, "20", "99", symbol=PERP)) is Refusal.INSUFFICIENT_MARGIN
    world.cancel("a", PERP, client_id="most")
    assert world.positions.wallet("a", "USDT").available == 10_000


def test_reduce_only_closes_and_never_opens() -> None:
    world = quiet()
    sale = sell(MARKET, "5", symbol=PERP, reduce_only=True)
    assert refused(world.place, "a", sale) is Refusal.REDUCE_ONLY
    long(world, "3")
    assert refused(world.place, "a", buy(MARKET, "1", symbol=PERP, reduce_only=True)) is Refusal.REDUCE_ONLY
    resting = world.place("a", sell(LIMIT, "3", "105", symbol=PERP, reduce_only=True))
    order = world.place("a", sale)
    assert (order.filled, order.status) == (3, OrderStatus.EXPIRED)
    assert resting.status is OrderStatus.EXPIRED, "nothing is left to reduce"
    assert held(world) == 0
    assert_sound(world)


def test_hedge_mode_keeps_both_sides_apart() -> None:
    world = quiet()
    world.positions.set_hedge("a", True)
    assert refused(world.place, "a", buy(MARKET, "1", symbol=PERP)) is Refusal.POSITION_SIDE
    long(world, "3", position_side=LONG)
    world.place("a", sell(MARKET, "2", symbol=PERP, position_side=SHORT))
    assert (held(world, LONG), held(world, SHORT)) == (3, -2)
    world.place("a", sell(MARKET, "1", symbol=PERP, position_side=LONG))
    too_much = world.place("a", buy(MARKET, "5", symbol=PERP, position_side=SHORT))
    assert (held(world, LONG), held(world, SHORT)) == (2, 0)
    assert (too_much.filled, too_much.status) == (2, OrderStatus.EXPIRED)
    assert refused(world.positions.set_hedge, "a", False) is Refusal.OPEN_POSITION
    assert_sound(world)


def test_settings_are_refused_when_they_do_not_fit() -> None:
    world = quiet()
    assert refused(world.positions.set_isolated, "a", PERP, False) is Refusal.MARGIN_MODE_SAME
    assert refused(world.positions.set_hedge, "a", False) is Refusal.POSITION_MODE_SAME
    assert refused(world.positions.set_leverage, "a", PERP, 126) is Refusal.LEVERAGE
    world.place("a", buy(LIMIT, "1", "90", symbol=PERP))
    assert refused(world.positions.set_isolated, "a", PERP, True) is Refusal.OPEN_ORDERS
    world.cancel_all("a")
    long(world, "1000")
    assert refused(world.positions.set_leverage, "a", PERP, 2) is Refusal.INSUFFICIENT_MARGIN
    assert world.account("a").leverage_of(PERP) == 20
    assert refused(world.positions.move_margin, "a", PERP, D(1), add=True) is Refusal.NOT_ISOLATED


def test_isolated_margin_is_the_most_that_a_position_can_lose() -> None:
    """10 units at about 100 with leverage 10: margin 100; at 50 the loss would be 500."""
    world = quiet(falling(50))
    world.positions.set_isolated("a", PERP, True)
    world.positions.set_leverage("a", PERP, 10)
    entry = long(world, "10")
    state = world.positions.state("a", PERP)
    assert state.isolated_wallet == entry
    assert 90 < state.liquidation_price < entry
    assert world.positions.wallet("a", "USDT").cross_wallet == 10_000 - entry * 10 * D("0.001") - entry
    seen: list = []
    world.subscribe(seen.append)
    world.advance(START + 2 * MINUTE)
    assert held(world) == 0
    wallet = world.positions.wallet("a", "USDT").wallet
    assert 10_000 - entry * D("1.01") <= wallet < 10_000
    liquidation = next(e for e in seen if type(e).__name__ == "Liquidation")
    assert liquidation.price <= state.liquidation_price
    assert liquidation.quantity == 10
    calculated = [e for e in seen if getattr(e, "execution", None) == "calculated"]
    assert len(calculated) == 1
    assert calculated[0].order.client_id.startswith("autoclose-")
    assert_sound(world)


def test_a_gap_through_bankruptcy_is_paid_by_the_insurance_fund() -> None:
    world = quiet([*flat(1, volume=1e4), (50, 50, 50, 50, 1e4)])
    world.positions.set_leverage("a", PERP, 20)
    long(world, "1500")
    world.advance(START + MINUTE)
    assert held(world) == 0
    assert world.positions.wallet("a", "USDT").wallet == 0
    assert world.treasury.pots["insurance", "USDT"] < 0
    assert_sound(world)


def test_cross_liquidation_cancels_orders_before_it_takes_positions() -> None:
    world = quiet(falling(90))
    long(world, "1200")
    order = world.place("a", buy(LIMIT, "1", "50", symbol=OTHER))
    spared = world.control.open_account("b", {}, {"USDT": D(1000)})
    world.place("b", buy(MARKET, "1", symbol=PERP))
    world.advance(START + 2 * MINUTE)
    assert order.status is OrderStatus.CANCELED
    assert held(world) == 0
    assert spared.position(PERP, PositionSide.BOTH).quantity == 1
    rows = [
        r for r in world.ledger.orders() if r.account == "a" and r.execution in ("canceled", "calculated")
    ]
    assert [r.execution for r in rows] == ["canceled", "calculated"]
    assert_sound(world)


def test_a_margin_call_comes_before_the_liquidation() -> None:
    world = quiet([*flat(1, volume=1e4), (100, 100, 91.9, 91.9, 1e4), (91.9, 91.9, 91.9, 91.9, 1e4)])
    calls: list = []
    world.subscribe(lambda e: calls.append(e) if type(e).__name__ == "MarginCall" else None)
    long(world, "1000")
    world.control.withdraw("a", "USDT", _spare(world), "futures")
    world.advance(START + 2 * MINUTE)
    assert calls
    assert held(world) == 1000, "called, not liquidated"
    for call in calls:
        (position,) = call.positions
        worth = world.positions.wallet("a", "USDT").wallet + position.unrealised
        assert 1 < worth / position.maintenance_margin < D("1.25")


def test_an_isolated_position_is_called_by_itself_once_until_it_recovers() -> None:
    path = [100, 97, 95.55, 95.52, 95.65, 99, 95.55, 94]
    bars = [*flat(1, volume=1e4)]
    for before, price in pairwise(path):
        bars.append((before, max(before, price), min(before, price), price, 1e4))
    world = quiet([*bars, *flat(2, 94.0, 1e4)])
    calls: list = []
    world.subscribe(lambda e: calls.append(e) if type(e).__name__ == "MarginCall" else None)
    world.positions.set_isolated("a", PERP, True)
    world.positions.set_leverage("a", PERP, 20)
    long(world, "100")
    told = []
    for minute in range(1, len(path)):
        world.advance(START + (minute + 1) * MINUTE - 1)
        told.append(len(calls))
    assert told == [0, 1, 1, 1, 1, 2, 2], "called, silent while low, and again after it had recovered"
    for call in calls:
        (position,) = call.positions
        assert position.isolated
        assert 1 < position.isolated_margin / position.maintenance_margin < D("1.25")
    assert held(world) == 0
    assert not world.account("a").called
    assert_sound(world)


def _spare(world: Exchange) -> Decimal:
    """What can go so that the fall to 91.9 leaves 1.1 times the maintenance margin."""
    state = world.positions.state("a", PERP)
    worth = world.positions.wallet("a", "USDT").margin_balance
    loss = (state.mark_price - D("91.9")) * state.quantity
    maintenance = 1000 * D("91.9") * D("0.005")
    return (worth - loss - maintenance * D("1.1")).quantize(D("0.01"))


def test_liquidation_price_is_where_it_happens() -> None:
    for isolated in (True, False):
        world = quiet(falling(80))
        if isolated:
            world.positions.set_isolated("a", PERP, True)
        long(world, "1000")
        expected = world.positions.state("a", PERP).liquidation_price
        marks = []
        while held(world):
            marks.append(world.tape.mark(PERP))
            world.advance(world.now_ms + 100)
        assert marks[-1] > expected >= world.tape.mark(PERP)


def test_funding_is_charged_before_anything_else_at_its_time() -> None:
    world = quiet(flat(10, volume=1e4), funding={3: 0.01})
    world.control.open_account("b", {}, {"USDT": D(5000)})
    long(world, "10")
    world.place("b", sell(MARKET, "4", symbol=PERP))
    before = {name: world.positions.wallet(name, "USDT").wallet for name in "ab"}
    world.advance(START + 3 * MINUTE - 1)
    assert world.positions.wallet("a", "USDT").wallet == before["a"]
    world.advance(START + 3 * MINUTE)
    assert world.positions.wallet("a", "USDT").wallet == before["a"] - 10
    assert world.positions.wallet("b", "USDT").wallet == before["b"] + 4
    world.advance(START + 6 * MINUTE)
    assert world.positions.wallet("a", "USDT").wallet == before["a"] - 10
    causes = [r.cause for r in world.ledger.transfers() if r.account == "b" and r.symbol == PERP]
    assert causes == ["trade", "funding"]
    assert_sound(world)


def test_incomes_sum_to_the_wallet() -> None:
    world = quiet(flat(10, volume=1e4), funding={3: 0.01})
    long(world, "10")
    world.advance(START + 4 * MINUTE)
    world.place("a", sell(MARKET, "10", symbol=PERP))
    world.control.transfer("a", "USDT", D(50), to_futures=True)
    items = world.incomes("a")
    assert sum(i.amount for i in items) == world.positions.wallet("a", "USDT").wallet
    assert {i.kind.value for i in items} >= {"commission", "funding", "transfer", "other"}
    paid = world.incomes("a", kind=IncomeKind.FUNDING, symbol=PERP, start_ms=START)
    assert [(i.amount, i.time_ms) for i in paid] == [(-10, START + 3 * MINUTE)]
    assert world.incomes("a", limit=1) == items[-1:]
    assert world.fee_rates("a", PERP) == (D("0.0005"), D("0.001"))


def test_isolated_positions_pay_funding_from_their_margin() -> None:
    world = quiet(flat(10, volume=1e4), funding={3: 0.01})
    world.positions.set_isolated("a", PERP, True)
    long(world, "10")
    before = world.positions.state("a", PERP).isolated_wallet
    cross = world.positions.wallet("a", "USDT").cross_wallet
    world.advance(START + 3 * MINUTE)
    assert world.positions.state("a", PERP).isolated_wallet == before - 10
    assert world.positions.wallet("a", "USDT").cross_wallet == cross


def test_margin_can_be_moved_into_an_isolated_position_and_out() -> None:
    world = quiet()
    world.positions.set_isolated("a", PERP, True)
    long(world, "10")
    before = world.positions.state("a", PERP)
    world.positions.move_margin("a", PERP, D(20), add=True)
    after = world.positions.state("a", PERP)
    assert after.isolated_wallet == before.isolated_wallet + 20
    assert after.liquidation_price < before.liquidation_price
    world.positions.move_margin("a", PERP, D(19), add=False)
    assert refused(world.positions.move_margin, "a", PERP, D(10), add=False) is Refusal.INSUFFICIENT_MARGIN
    assert_sound(world)


def test_deleveraging_takes_part_of_a_position_without_a_fee() -> None:
    world = quiet()
    long(world, "10")
    order = world.control.adl("a", PERP, quantity=D(4))
    assert held(world) == 6
    assert order.trades[0].fee == 0
    assert order.client_id.startswith("adl_autoclose-")
    assert refused(world.control.adl, "a", OTHER) is Refusal.NO_POSITION
    assert_sound(world)


def test_a_stop_on_its_own_list_holds_nothing_until_it_triggers() -> None:
    world = quiet(falling(90))
    long(world, "10")
    before = world.positions.wallet("a", "USDT")
    algo = world.place_conditional(
        "a", sell(OrderType.STOP_MARKET, "10", symbol=PERP, stop_price="95", reduce_only=True, client_id="sl")
    )
    assert world.positions.wallet("a", "USDT") == before
    assert world.open_conditional("a") == [algo]
    assert not world.open_orders("a")
    world.advance(START + 2 * MINUTE)
    assert algo.status is AlgoStatus.FINISHED
    order = world.records.find("a", PERP, algo.order_id)
    assert (order.client_id, order.filled, order.algo_id) == ("sl", 10, algo.id)
    assert START + MINUTE < algo.triggered_ms < START + 2 * MINUTE
    assert held(world) == 0


def test_stops_do_not_belong_among_regular_futures_orders() -> None:
    request = sell(OrderType.STOP_MARKET, "10", symbol=PERP, stop_price="95")
    assert refused(quiet().place, "a", request) is Refusal.UNSUPPORTED_TYPE


def test_an_order_that_closes_the_position_ends_with_it() -> None:
    world = quiet(falling(90))
    close = sell(OrderType.STOP_MARKET, symbol=PERP, stop_price="95", close_position=True)
    assert refused(world.place_conditional, "a", close) is Refusal.NO_POSITION
    long(world, "7")
    stop = world.place_conditional("a", close)
    profit = world.place_conditional(
        "a", sell(OrderType.TAKE_PROFIT_MARKET, symbol=PERP, stop_price="120", close_position=True)
    )
    world.advance(START + 2 * MINUTE)
    assert held(world) == 0
    assert (stop.status, profit.status) == (AlgoStatus.FINISHED, AlgoStatus.EXPIRED)


def test_a_trailing_stop_follows_and_then_sells() -> None:
    """Activated at 105, the best is 110: 2 % below it is 107.80."""
    bars = [*flat(1, volume=1e4), (100, 110, 100, 110, 1e4), (110, 110, 100, 100, 1e4), *flat(1, volume=1e4)]
    world = quiet(bars)
    long(world, "10")
    algo = world.place_conditional(
        "a",
        sell(
            OrderType.TRAILING_STOP,
            "10",
            symbol=PERP,
            activation_price="105",
            callback_rate="0.02",
            reduce_only=True,
        ),
    )
    world.advance(START + 2 * MINUTE - 1)
    assert algo.activated
    assert algo.extreme == 110
    world.advance(START + 3 * MINUTE)
    assert algo.status is AlgoStatus.FINISHED
    point = [t for t in world.tape.trades_since(PERP, START + 2 * MINUTE) if t.time <= algo.triggered_ms]
    assert point[-1].price <= D("107.80") < point[-2].price


def test_a_stop_may_watch_the_mark_price() -> None:
    world = quiet(falling(90))
    long(world, "1")
    algo = world.place_conditional(
        "a", sell(OrderType.STOP_LIMIT, "1", "80", symbol=PERP, stop_price="95", trigger_by=TriggerBy.MARK)
    )
    world.advance(START + 2 * MINUTE)
    assert algo.status is AlgoStatus.FINISHED


def test_a_triggered_order_that_is_refused_says_why() -> None:
    world = quiet(falling(90))
    long(world, "1")
    algo = world.place_conditional(
        "a", sell(OrderType.STOP_MARKET, "1", symbol=PERP, stop_price="95", reduce_only=True)
    )
    world.place("a", sell(MARKET, "1", symbol=PERP))
    world.advance(START + 2 * MINUTE)
    assert (algo.status, algo.reason) == (AlgoStatus.REJECTED, "reduce_only")


def test_conditional_orders_are_cancelled_apart() -> None:
    world = quiet()
    long(world, "1")
    stop = sell(OrderType.STOP_MARKET, "1", symbol=PERP, stop_price="95", client_id="s")
    algo = world.place_conditional("a", stop)
    assert refused(world.place_conditional, "a", stop) is Refusal.DUPLICATE_CLIENT_ID
    assert world.cancel_all("a") == []
    assert algo.status is AlgoStatus.NEW
    assert world.cancel_conditional("a", client_id="s") is algo
    assert refused(world.cancel_conditional, "a", algo.id) is Refusal.UNKNOWN_ORDER
    world.place_conditional("a", stop)
    assert len(world.cancel_all_conditional("a", PERP)) == 1


def test_orders_that_cannot_be_filled_whole_are_refused() -> None:
    world = quiet()
    request = buy(LIMIT, "10", "90", symbol=PERP, time_in_force=TimeInForce.FOK)
    assert refused(world.place, "a", request) is Refusal.NOT_FILLABLE


def test_money_moves_between_the_wallets_only_as_far_as_it_is_free() -> None:
    world = quiet()
    world.positions.set_leverage("a", PERP, 10)
    long(world, "100")
    available = world.positions.wallet("a", "USDT").available
    too_much = available + D("0.01")
    move = world.control.transfer
    assert refused(move, "a", "USDT", too_much, to_futures=False) is Refusal.INSUFFICIENT_BALANCE
    move("a", "USDT", D(500), to_futures=False)
    assert world.account("a").spot["USDT"].free == 10_500
    assert_sound(world)
