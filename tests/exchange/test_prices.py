"""Mark, index, premium and average prices, in numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.exchange.worlds import MINUTE, PERP, SPOT, START, D, buy, exchange, flat, market, moving, sell
from tradewind.exchange import (
    AlgoStatus,
    DepthShape,
    Exchange,
    Filters,
    OrderType,
    Refusal,
    Refused,
    TriggerBy,
)
from tradewind.market import ManualClock, Market

LIMIT = OrderType.LIMIT


def with_marks(made: Market, marks: list[tuple[float, float, float, float]]) -> Market:
    return replace(made, mark=np.array(marks, dtype=np.float64)[:, None, :])


def marked(count: int = 12) -> tuple[Exchange, list[tuple[float, float, float, float]]]:
    """A perpetual whose mark runs one above its price, and its highs and lows two and half above."""
    bars = moving(count, seed=5)
    marks = [(o + 1, h + 2, low + 0.5, c + 1) for o, h, low, c, _ in bars]
    spot = market(moving(count, seed=6), (SPOT,))
    world = Exchange([spot, with_marks(market(bars, (PERP,)), marks)], seed=3, wire=ManualClock(0))
    return world, marks


def test_mark_candles_are_those_of_the_data() -> None:
    world, marks = marked()
    world.advance(START + 12 * MINUTE)
    served = world.prices.mark_candles(PERP, "1m", START)
    assert [(float(c.open), float(c.high), float(c.low), float(c.close)) for c in served] == [
        tuple(round(v, 8) for v in bar) for bar in marks
    ]
    (whole,) = world.prices.mark_candles(PERP, "1h")
    assert (whole.open, whole.close) == (served[0].open, served[-1].close)
    assert (whole.high, whole.low) == (max(c.high for c in served), min(c.low for c in served))
    assert (whole.volume, whole.closed) == (0, False)


def test_the_forming_mark_candle_ends_at_the_mark() -> None:
    world, _ = marked()
    for _ in range(40):
        world.advance(world.now_ms + 9_001)
        for interval in ("1m", "5m", "1s"):
            made = world.prices.mark_candles(PERP, interval, limit=1)[-1]
            if made.next_trade_id - 1 == world.tape.desks[PERP].sync(world.now_ms).step:
                assert made.close == world.tape.mark(PERP)
            assert made.low <= made.open <= made.high
            assert made.low <= made.close <= made.high


def test_without_recorded_marks_the_traded_prices_serve() -> None:
    world = exchange(moving(10), (PERP,))
    world.advance(START + 7 * MINUTE + 5_000)
    marks, trades = world.prices.mark_candles(PERP, "1m"), world.tape.candles(PERP, "1m")
    assert [(c.open, c.high, c.low, c.close) for c in marks] == [
        (c.open, c.high, c.low, c.close) for c in trades
    ]
    assert not any(c.volume for c in marks)


def test_the_index_of_a_perpetual_is_its_spot_market() -> None:
    world, _ = marked()
    world.advance(START + 7 * MINUTE + 5_000)
    assert world.prices.index(PERP) == world.tape.last(SPOT) != world.tape.last(PERP)
    assert world.tape.premium(PERP).index == world.tape.last(SPOT)
    spot = [(c.open, c.high, c.low, c.close) for c in world.tape.candles(SPOT, "5m")]
    index = world.prices.index_candles(PERP, "5m")
    assert [(c.open, c.high, c.low, c.close) for c in index] == spot
    assert {(c.symbol, c.volume) for c in index} == {(PERP, 0)}
    premium = world.prices.premium_candles(PERP, "5m")
    last = world.tape.last(PERP) / world.tape.last(SPOT) - 1
    assert premium[-1].close == last.quantize(D("1e-8"))
    assert all(c.low <= min(c.open, c.close) and c.high >= max(c.open, c.close) for c in premium)


def test_a_perpetual_without_a_spot_market_is_its_own_index() -> None:
    world = exchange(moving(10), (PERP,))
    world.advance(START + 5 * MINUTE)
    assert world.prices.index(PERP) == world.tape.last(PERP)
    assert {c.close for c in world.prices.premium_candles(PERP, "1m")} == {0}
    with pytest.raises(Refused) as caught:
        exchange(flat(3)).prices.index(SPOT)
    assert caught.value.reason is Refusal.UNKNOWN_SYMBOL


def test_the_average_is_that_of_five_whole_minutes() -> None:
    """100 for two minutes, 200 for the next five with three times the volume."""
    world = exchange([*flat(2, 100, 10), *flat(5, 200, 30), *flat(5, 300, 10)])
    assert world.prices.average(SPOT).price == 100, "nothing traded yet: the last price"
    world.advance(START + 5 * MINUTE + 30_000)
    assert world.prices.average(SPOT).price == D("181.81818182")  # 20,000 / 110
    world.advance(START + 7 * MINUTE)
    found = world.prices.average(SPOT)
    assert (found.price, found.minutes, found.time) == (200, 5, START + 7 * MINUTE)


def test_limit_prices_are_judged_by_the_average_and_by_the_mark() -> None:
    bars = [*flat(5, 100, 10), *flat(10, 200, 10)]
    world = exchange(bars, (SPOT, PERP))
    for symbol in (SPOT, PERP):
        narrow = replace(world.listings[symbol].filters, bid_multiplier_up=D("1.5"))
        world.control.change_listing(symbol, filters=narrow)
    world.advance(START + 6 * MINUTE + 30_000)
    assert world.prices.average(SPOT).price == 120
    for request, fits in ((buy(LIMIT, "1", "180"), True), (buy(LIMIT, "1", "180.01"), False)):
        if fits:
            world.check("a", request)
        else:
            with pytest.raises(Refused) as caught:
                world.check("a", request)
            assert caught.value.reason is Refusal.PERCENT_PRICE
    world.check("a", buy(LIMIT, "1", "300", symbol=PERP))
    with pytest.raises(Refused):
        world.check("a", buy(LIMIT, "1", "300.01", symbol=PERP))
    assert isinstance(world.listings[SPOT].filters, Filters)


def test_asking_for_an_average_does_not_move_the_market_back() -> None:
    world = exchange(moving(10), shape=DepthShape(levels=3))
    world.advance(START + 3 * MINUTE + 40_000)
    world.place("a", buy(OrderType.MARKET, "1"))
    before = world.tape.book(SPOT)
    world.prices.average(SPOT)
    assert world.tape.book(SPOT) == before


def test_trades_of_a_stretch_of_time() -> None:
    world = exchange(moving(10))
    world.advance(START + 6 * MINUTE)
    everything = world.tape.trades_since(SPOT, START, 1000)
    first, last = START + MINUTE + 1, START + 3 * MINUTE
    found = world.tape.trades_since(SPOT, first, 1000, last)
    assert found == [t for t in everything if first <= t.time <= last]
    assert world.tape.trades_since(SPOT, first, 3, last) == found[:3]
    assert world.tape.trades_since(SPOT, START + 5 * MINUTE, 1000, START + 99 * MINUTE)[-1] == everything[-1]


def test_stops_watch_the_price_that_they_name() -> None:
    """The last price stays at 100 while the mark falls to 90."""
    bars = [(100.0, 100.0, 100.0, 100.0), (100.0, 100.0, 90.0, 90.0), *[(90.0,) * 4] * 4]
    made = with_marks(market(flat(6, volume=1e4), (PERP,)), bars)
    world = Exchange([made], seed=3, wire=ManualClock(0), shape=DepthShape(spread_fraction=0.0))
    world.control.open_account("a", {}, {"USDT": D(10_000)})
    world.place("a", buy(OrderType.MARKET, "2", symbol=PERP))
    stops = [
        world.place_conditional(
            "a", sell(OrderType.STOP_MARKET, "1", symbol=PERP, stop_price="95", trigger_by=by)
        )
        for by in (TriggerBy.LAST, TriggerBy.MARK)
    ]
    world.advance(START + 4 * MINUTE)
    assert [stop.status for stop in stops] == [AlgoStatus.NEW, AlgoStatus.FINISHED]
    with pytest.raises(Refused) as caught:
        world.place_conditional(
            "a", sell(OrderType.STOP_MARKET, "1", symbol=PERP, stop_price="95", trigger_by=TriggerBy.MARK)
        )
    assert caught.value.reason is Refusal.WOULD_TRIGGER


def test_profit_and_liquidation_follow_the_mark() -> None:
    bars = [(100.0, 100.0, 100.0, 100.0), (100.0, 100.0, 90.0, 90.0), *[(90.0,) * 4] * 4]
    made = with_marks(market(flat(6, volume=1e4), (PERP,)), bars)
    world = Exchange([made], seed=3, wire=ManualClock(0), shape=DepthShape(spread_fraction=0.0))
    world.control.open_account("a", {}, {"USDT": D(1_000)})
    world.place("a", buy(OrderType.MARKET, "150", symbol=PERP))
    world.advance(START + 2 * MINUTE)
    assert not world.positions.all("a")
    assert world.tape.last(PERP) == 100
