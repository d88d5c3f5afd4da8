"""A feature of a higher timeframe shows its last closed bar, never the one that is still open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tradewind.features import FeaturePlan, FeatureSpec, compute, truncation_test
from tradewind.market import Instrument, Kind, Market, Timeframe

HOUR = 3_600_000


def hourly(market: Market, first: int) -> Market:
    """The complete hours of a 5m market from row `first` on, folded with numpy."""
    hours = (len(market) - first) // 12
    rows = slice(first, first + hours * 12)
    shape = (hours, 12, len(market.instruments))
    opened, high, low, close, volume = (
        np.array(getattr(market, n)[rows]).reshape(shape) for n in ("open", "high", "low", "close", "volume")
    )
    return replace(
        market,
        timeframe=Timeframe("1h"),
        open_time=market.open_time[rows][::12].copy(),
        open=opened[:, 0].copy(), high=high.max(axis=1), low=low.min(axis=1),
        close=close[:, -1].copy(), volume=volume.cumsum(axis=1)[:, -1].copy(),
        tradable=np.ones((hours, shape[2]), bool), fragments=np.array([[0, hours]]),
    )  # fmt: skip


NAMES = ("open", "high", "low", "close", "volume", "rsi", "atr", "obv", "z_score")


def test_it_equals_the_feature_of_the_folded_market_from_the_close_of_its_bar_on(make_market: Any) -> None:
    for late in range(0, 12, 5):  # bars after the full hour at which the history begins
        market = make_market(1, rows=900, width=2, start=1_700_006_400_000 + late * 300_000)
        plan = FeaturePlan.of(*(FeatureSpec(name, timeframe="1h") for name in NAMES))
        first = (12 - late) % 12
        assert market.open_time[first] % HOUR == 0
        folded = compute(hourly(market, first), FeaturePlan.of(*NAMES)).values
        ours = compute(market, plan).values
        closed = np.arange(first + 11, first + 12 * len(folded), 12)
        assert np.array_equal(ours[closed], folded, equal_nan=True)
        for t in range(len(market)):
            hours_closed = (t + 1 - first) // 12
            expected = folded[hours_closed - 1] if hours_closed > 0 else np.full(ours.shape[1], np.nan)
            assert np.array_equal(ours[t], expected, equal_nan=True), t


def test_it_depends_on_no_later_bar(make_market: Any) -> None:
    market = make_market(2, rows=500, masked=0.1)
    plan = FeaturePlan.of(
        FeatureSpec("close", timeframe="15m"), FeatureSpec("rsi", {"bars": 3}, timeframe="1h")
    )
    assert truncation_test(lambda m: compute(m, plan), market, cuts=30) == []


def test_its_warm_up_is_never_longer_than_the_plan_says(make_market: Any) -> None:
    plan = FeaturePlan.of(FeatureSpec("sma", {"bars": 4}, timeframe="1h"))
    longest = 0
    for late in range(12):
        market = make_market(3, rows=100, width=1, start=1_700_006_400_000 + late * 300_000)
        longest = max(longest, int(compute(market, plan).ready.argmax()) + 1)
    assert longest == plan.warmup_on(Timeframe("5m"))


def market_of(rows: list[tuple[float, bool]], start: int) -> Market:
    """One instrument on 5m bars with the given closes and masks; highs and lows a tenth away."""
    close = np.array([[c] for c, _ in rows])
    tradable = np.array([[here] for _, here in rows])
    bars = {
        "open": close,
        "high": close + 0.1,
        "low": close - 0.1,
        "close": close,
        "volume": np.ones_like(close),
    }
    return Market(
        (Instrument("t", "X/USDT", "X", "USDT", Kind.SPOT),), Timeframe("5m"),
        start + np.arange(len(rows)) * 300_000, **{k: np.array(v) for k, v in bars.items()},
        tradable=tradable, fragments=np.array([[0, len(rows)]]),
    )  # fmt: skip


def test_a_higher_bar_is_made_of_the_bars_that_are_there_and_shows_late_when_its_last_is_masked() -> None:
    rows = [(1.0, True), (2.0, True), (3.0, False), (4.0, True), (5.0, False), (6.0, True)]
    market = market_of(rows, 1_700_006_400_000)
    plan = FeaturePlan.of(*(FeatureSpec(n, timeframe="15m") for n in ("open", "high", "close", "volume")))
    values = compute(market, plan).values
    assert np.isnan(values[:3]).all()  # the bar closed at row 2, but nothing came that could tell
    assert values[3].tolist() == [1.0, 2.1, 2.0, 2.0]
    assert values[4].tolist() == values[3].tolist()
    assert values[5].tolist() == [4.0, 6.1, 6.0, 2.0]


def test_a_fragment_that_begins_inside_a_higher_bar_leaves_it_out() -> None:
    market = market_of([(1.0, True), (2.0, True), (3.0, True), (4.0, True), (5.0, True)], 1_700_006_700_000)
    values = compute(market, FeaturePlan.of(FeatureSpec("open", timeframe="15m"))).values
    assert np.isnan(values[:4]).all()
    assert values[4, 0] == 3.0
