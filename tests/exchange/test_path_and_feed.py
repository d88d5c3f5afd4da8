"""The tape inside a bar, and the candles made from it again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.exchange.worlds import MINUTE, PERP, SPOT, START, D, exchange, flat, moving
from tradewind.exchange.interval import Interval
from tradewind.exchange.path import BarTicks, make_path

BARS = moving(200, seed=3)


@st.composite
def bars(draw: st.DrawFn) -> BarTicks:
    low, high = sorted(draw(st.tuples(st.integers(1, 10**7), st.integers(1, 10**7))))
    inside = st.integers(low, high)
    return BarTicks(
        draw(st.integers(0, 10**6)),
        START,
        60_000,
        draw(inside),
        high,
        low,
        draw(inside),
        draw(st.integers(0, 10**12)),
    )


@given(bar=bars(), points=st.integers(4, 400), seed=st.integers(0, 2**32 - 1))
def test_a_path_keeps_to_its_bar(bar: BarTicks, points: int, seed: int) -> None:
    path = make_path(bar, points, seed)
    assert (path.prices[0], path.prices[-1]) == (bar.open, bar.close)
    assert (max(path.prices), min(path.prices)) == (bar.high, bar.low)
    assert sum(path.lots) == bar.lots
    assert min(path.lots) >= 0
    assert path.times == sorted(path.times)
    assert (path.times[0], path.times[-1]) == (START, START + 59_999)
    assert make_path(bar, points, seed) == path


def test_last_trade_of_a_bar_is_its_close() -> None:
    world = exchange(BARS)
    for row in (0, 1, 57):
        world.advance(START + (row + 1) * MINUTE - 1)
        assert float(world.tape.last(SPOT)) == round(BARS[row][3], 2)


def test_closed_candles_are_the_bars() -> None:
    world = exchange(BARS)
    world.advance(START + 200 * MINUTE)
    candles = world.tape.candles(SPOT, "1m", START, limit=300)
    assert len(candles) == 200
    for candle, bar in zip(candles, BARS, strict=True):
        seen = (candle.open, candle.high, candle.low, candle.close)
        assert [float(v) for v in seen] == [round(v, 2) for v in bar[:4]]
        assert candle.volume == D(int(bar[4] * 1000 + 1e-9)) / 1000
        assert candle.closed


def test_trades_of_a_bar_make_its_candle() -> None:
    world = exchange(BARS)
    world.advance(START + 10 * MINUTE)
    candle = world.tape.candle(SPOT, "1m", START + 7 * MINUTE)
    assert candle is not None
    trades = world.tape.trades_from(SPOT, candle.first_trade_id, candle.trades)
    assert trades[0].time == START + 7 * MINUTE
    assert trades[-1].id == candle.next_trade_id - 1
    assert sum(t.quantity for t in trades) == candle.volume
    prices = [t.price for t in trades]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (
        candle.open,
        candle.high,
        candle.low,
        candle.close,
    )


def test_candles_at_once_are_the_candles_one_by_one() -> None:
    world = exchange(BARS)
    world.advance(START + 90 * MINUTE + 30_000)
    for start, end, limit in (
        (None, None, 30),
        (START + 30 * MINUTE, None, 500),
        (START, START + 9 * MINUTE, 7),
    ):
        found = world.tape.candles(SPOT, "1m", start, end, limit)
        assert found == [world.tape.candle(SPOT, "1m", c.open_time) for c in found]
        assert len(found) in (30, 61, 7)
    assert not world.tape.candles(SPOT, "1m", limit=1)[0].closed


def test_longer_candles_are_sums_of_shorter() -> None:
    world = exchange(BARS)
    world.advance(START + 183 * MINUTE + 20_000)
    for text in ("5m", "1h", "1d"):
        for candle in world.tape.candles(SPOT, text, limit=10):
            parts = world.tape.candles(SPOT, "1m", candle.open_time, candle.close_time - 1, 2000)
            assert candle.open == parts[0].open
            assert candle.close == parts[-1].close
            assert candle.high == max(p.high for p in parts)
            assert candle.low == min(p.low for p in parts)
            assert candle.volume == sum(p.volume for p in parts)
            assert candle.closed is (candle.close_time <= world.now_ms)


def test_shorter_candles_make_the_bar() -> None:
    world = exchange(BARS)
    world.advance(START + 3 * MINUTE)
    parts = world.tape.candles(SPOT, "1s", START + MINUTE, START + 2 * MINUTE - 1, 60)
    whole = world.tape.candle(SPOT, "1m", START + MINUTE)
    assert whole is not None
    assert sum(p.volume for p in parts) == whole.volume
    assert (parts[0].open, parts[-1].close) == (whole.open, whole.close)
    assert max(p.high for p in parts) == whole.high


def test_the_forming_candle_knows_no_future() -> None:
    world = exchange(BARS)
    world.advance(START + 5 * MINUTE + 30_000)
    forming = world.tape.candles(SPOT, "1m", limit=1)[0]
    assert not forming.closed
    assert forming.open_time == START + 5 * MINUTE
    seen = [t for t in world.tape.trades(SPOT, 100) if t.time >= forming.open_time]
    assert forming.close == seen[-1].price
    assert forming.volume == sum(t.quantity for t in seen)
    assert len(seen) < 20


def test_a_revised_candle_is_served_from_then_on() -> None:
    world = exchange(flat(10))
    world.advance(START + 5 * MINUTE)
    world.tape.revise_candle(SPOT, START + MINUTE, (100.0, 103.0, 99.0, 102.0, 7.0))
    candle = world.tape.candle(SPOT, "1m", START + MINUTE)
    assert candle is not None
    assert (candle.high, candle.low, candle.close, candle.volume) == (103, 99, 102, 7)
    five = world.tape.candle(SPOT, "5m", START)
    assert five is not None
    assert five.high == 103


def test_ticker_sums_the_day() -> None:
    world = exchange([(100, 101, 99, 100, 10), (100, 110, 100, 105, 20), (105, 105, 90, 95, 30)])
    world.advance(START + 3 * MINUTE)
    ticker = world.tape.ticker(SPOT)
    assert (ticker.open, ticker.high, ticker.low, ticker.last) == (100, 110, 90, 95)
    assert ticker.volume == 60
    assert ticker.change == -5
    assert ticker.bid < ticker.ask


def test_the_book_stands_around_the_last_trade() -> None:
    world = exchange(BARS)
    for _ in range(50):
        world.advance(world.now_ms + 7_777)
        _, bids, asks = world.tape.book(SPOT, 20)
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0][0] < asks[0][0]
        assert world.tape.last(SPOT) in (bids[0][0], asks[0][0])
        desk = world.tape.desks[SPOT]
        assert all(desk.depth.at(price, True) == quantity for price, quantity in bids)
        assert all(desk.depth.at(price, False) == quantity for price, quantity in asks)
        assert desk.depth.at(bids[-1][0] - D("0.01"), True) == 0


def test_changes_of_the_book_sum_to_the_book() -> None:
    """As a client does it: a snapshot, then every update in order."""
    world = exchange(BARS)
    changes = []
    world.watch(SPOT, "book")
    last, bids, asks = world.tape.book(SPOT, 1000)
    mine = {True: dict(bids), False: dict(asks)}
    world.subscribe(lambda event: changes.append(event) if type(event).__name__ == "BookChange" else None)
    for _ in range(40):
        world.advance(world.now_ms + 4_321)
    assert len(changes) > 20
    for change in changes:
        assert change.first_id == last + 1
        last = change.last_id
        for side, levels in ((True, change.bids), (False, change.asks)):
            for price, quantity in levels:
                if quantity:
                    mine[side][price] = quantity
                else:
                    del mine[side][price]
    now, bids, asks = world.tape.book(SPOT, 1000)
    assert now == last
    assert mine == {True: dict(bids), False: dict(asks)}


def test_funding_times_and_rates_are_those_of_the_data() -> None:
    world = exchange(flat(20), (PERP,), funding={5: 0.0003, 12: -0.0001})
    world.advance(START + 6 * MINUTE)
    premium = world.tape.premium(PERP)
    assert (premium.next_funding_time, premium.funding_rate) == (START + 12 * MINUTE, D("-0.0001"))
    history = world.tape.funding_history(PERP, START)
    assert [(f.time, f.rate) for f in history if f.rate != D("0.0001")] == [(START + 5 * MINUTE, D("0.0003"))]


def test_funding_history_tells_the_marks_that_were_charged() -> None:
    world = exchange(BARS, (PERP,), funding=dict.fromkeys(range(1, 60, 3), 0.0001))
    charged: list = []
    world.subscribe(lambda e: charged.append(e.funding) if type(e).__name__ == "FundingTick" else None)
    world.watch(PERP, "mark")
    world.advance(START + 60 * MINUTE)
    assert len(charged) == 20
    assert world.tape.funding_history(PERP, START + 1, START + 60 * MINUTE) == charged


def test_without_recorded_funding_it_is_due_every_eight_hours_of_utc() -> None:
    hour = 60 * MINUTE
    schedule = exchange(flat(20), (PERP,)).tape.desks[PERP].funding
    assert [(t - START) // hour for t in schedule.between(START + 5 * hour, START + 24 * hour)] == [8, 16, 24]
    assert (schedule.next_ms(START), schedule.rate(START)) == (START + 8 * hour, D("0.0001"))


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    wednesday = START  # 2023-11-15
    assert Interval.of("1w").floor(wednesday) == wednesday - 2 * 86_400_000
    assert Interval.of("1M").floor(wednesday) == wednesday - 14 * 86_400_000
    assert Interval.of("1M").next(wednesday - 14 * 86_400_000) == wednesday + 16 * 86_400_000
    assert Interval.of("4h").floor(wednesday + 1) == wednesday
