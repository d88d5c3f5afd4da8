"""Bar by bar gives the bits of the batch; a snapshot goes on as if nothing had happened, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.features import FeaturePlan, FeatureSpec, FeatureStream, compute, preset
from tradewind.features.kernels.advance import advance, first_unusable, rank_columns
from tradewind.market import DataError, Market, Timeframe


def stream_of(market: Market, plan: FeaturePlan) -> FeatureStream:
    return FeatureStream(plan, market.symbols, market.timeframe)


def test_batch_and_stream_agree_bit_for_bit_over_real_candles(
    load_real: Any, full_plan: FeaturePlan, stream_rows: Any, identical: Any
) -> None:
    names = ["BTCUSDT", "XRPUSDT", "BNBUSDT"]  # XRP starts and ends a bar later: masked rows at both ends
    market = load_real("perp_5m", names, "5m")
    assert not market.tradable.all()
    values = compute(market, full_plan).values[:2500]
    assert identical(stream_rows(stream_of(market, full_plan), market, 0, 2500), values)


@pytest.mark.slow
@pytest.mark.parametrize("folder", [("perp_5m", "5m"), ("binance_spot_1h", "1h")])
def test_batch_and_stream_agree_over_all_real_candles(
    load_real: Any, folder: tuple[str, str], full_plan: FeaturePlan, stream_rows: Any, identical: Any
) -> None:
    market = load_real(folder[0], ["BTCUSDT", "ETHUSDT", "SOLUSDT"], folder[1])
    plan = full_plan if folder[1] == "5m" else FeaturePlan.of(*preset("default").features, "ht_dcphase")
    assert identical(
        stream_rows(stream_of(market, plan), market, 0, len(market)), compute(market, plan).values
    )


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    masked=st.sampled_from([0.0, 0.1, 0.6]),
    flat=st.sampled_from([0.0, 0.5, 1.0]),
    width=st.integers(1, 4),
    cuts=st.lists(st.integers(1, 179), max_size=2, unique=True).map(sorted),
    minutes=st.integers(0, 11),
)
def test_batch_and_stream_agree_bit_for_bit_over_any_market(
    seed: int,
    masked: float,
    flat: float,
    width: int,
    cuts: list[int],
    minutes: int,
    full_plan: FeaturePlan,
    make_market: Any,
    stream_rows: Any,
    identical: Any,
) -> None:
    begin = 1_700_006_400_000 + minutes * 300_000  # any place within an hour
    market = make_market(seed, 180, width, masked, cuts=cuts, flat=flat, start=begin)
    plan = full_plan
    assert identical(
        stream_rows(stream_of(market, plan), market, 0, len(market)), compute(market, plan).values
    )


@settings(max_examples=10, deadline=None)
@given(kill=st.integers(1, 349), seed=st.integers(0, 1000))
def test_saved_killed_and_restored_goes_on_as_if_uninterrupted(
    kill: int, seed: int, full_plan: FeaturePlan, make_market: Any, stream_rows: Any, identical: Any
) -> None:
    market = make_market(seed, 350, 2, masked=0.1)
    plan = full_plan
    before = stream_of(market, plan)
    stream_rows(before, market, 0, kill)
    snapshot = json.loads(json.dumps(before.state()))
    after = stream_of(market, plan)
    after.restore(snapshot)
    assert after.last_open_time == market.open_time[kill - 1]
    assert identical(stream_rows(after, market, kill, 350), compute(market, plan).values[kill:])


def test_a_gap_is_refused_and_leaves_the_stream_as_it_was_until_backfilled(
    make_market: Any, stream_rows: Any, identical: Any
) -> None:
    market = make_market(1, rows=200)
    plan = preset("default")
    stream = stream_of(market, plan)
    stream_rows(stream, market, 0, 150)
    held = stream.state()
    with pytest.raises(DataError, match=r"leaves a gap.*back-fill about 10 bars"):
        stream_rows(stream, market, 160, 161)
    with pytest.raises(DataError, match="not after the last one"):
        stream_rows(stream, market, 149, 150)
    assert stream.state() == held
    assert identical(stream_rows(stream, market, 150, 200), compute(market, plan).values[150:])


def test_restart_begins_a_new_fragment_and_warms_up_anew(
    make_market: Any, stream_rows: Any, identical: Any
) -> None:
    market = make_market(2, rows=300)
    stream = stream_of(market, preset("default"))
    stream_rows(stream, market, 0, 120)
    assert stream.ready
    stream.restart()
    assert not stream.ready
    assert stream.last_open_time is None
    values = stream_rows(stream, market, 150, 300)
    assert identical(values, compute(market.rows(150, 300), preset("default")).values)


def test_a_bar_that_is_no_bar_is_refused_before_any_feature_moves(make_market: Any, stream_rows: Any) -> None:
    market = make_market(3, rows=120)
    stream = stream_of(market, preset("default"))
    stream_rows(stream, market, 0, 100)
    held = stream.state()
    close = np.array(market.close)
    close[100, 2] = np.nan
    with pytest.raises(DataError, match="C2/USDT"):
        stream_rows(stream, replace(market, close=close), 100, 101)
    assert stream.state() == held
    with pytest.raises(DataError, match=r"expected \(3, 5\) and \(3,\)"):
        stream.push(int(market.open_time[100]), np.ones((2, 5)), np.ones(2, bool))


def test_what_push_returns_is_the_callers_own(make_market: Any, stream_rows: Any) -> None:
    market = make_market(4, rows=3)
    stream = stream_of(market, FeaturePlan.of("close"))
    first = stream_rows(stream, market, 0, 1)[0]
    kept = first.copy()
    first[:] = 0.0
    assert stream_rows(stream, market, 1, 2)[0][0] == market.close[1, 0]
    assert kept[0] == market.close[0, 0]


def test_a_snapshot_of_other_symbols_timeframe_or_plan_is_refused(make_market: Any, stream_rows: Any) -> None:
    market = make_market(5, rows=50, width=2)
    stream = stream_of(market, preset("default"))
    stream_rows(stream, market, 0, 50)
    snapshot = stream.state()
    others = {
        "symbols": FeatureStream(preset("default"), market.symbols[::-1], market.timeframe),
        "timeframe": FeatureStream(preset("default"), market.symbols, Timeframe("1h")),
        "plan": FeatureStream(FeaturePlan.of("close"), market.symbols, market.timeframe),
    }
    for word, other in others.items():
        held = other.state()
        with pytest.raises(DataError, match=word):
            other.restore(snapshot)
        assert other.state() == held


@pytest.mark.parametrize("key", ["memory", "values", "origin", "last_open_time", "sha256", "format"])
def test_a_damaged_snapshot_is_refused(make_market: Any, key: str, stream_rows: Any) -> None:
    market = make_market(6, rows=50)
    stream = stream_of(market, preset("default"))
    stream_rows(stream, market, 0, 50)
    for wrong in (None, "AAAA", 7, {}):
        damaged = {**stream.state(), key: wrong}
        with pytest.raises(DataError, match="snapshot"):
            stream_of(market, preset("default")).restore(damaged)
    missing = stream.state()
    del missing[key]
    with pytest.raises(DataError, match="snapshot"):
        stream_of(market, preset("default")).restore(missing)


def test_batch_and_stream_run_the_same_machine_code(make_market: Any, full_plan: FeaturePlan) -> None:
    market = make_market(9, rows=60)
    compute(market, full_plan)
    stream = stream_of(market, full_plan)
    stream.push(int(market.open_time[0]), np.ones((3, 5)), np.ones(3, bool))
    stream.restore(stream.state())
    stream.push(int(market.open_time[1]), np.ones((3, 5)), np.ones(3, bool))
    for function in (advance, rank_columns, first_unusable):
        assert len(function.signatures) == 1  # type: ignore[attr-defined]


def test_times_and_masks_may_come_from_numpy(make_market: Any) -> None:
    market = make_market(8, rows=2, width=1)
    stream = stream_of(market, FeaturePlan.of("close"))
    values = stream.push(market.open_time[0], np.ones((1, 5), np.float32), np.ones(1, np.int64))
    assert values.dtype == np.float64
    assert json.loads(json.dumps(stream.state()))["last_open_time"] == market.open_time[0]


def test_the_stamp_says_what_the_snapshot_belongs_to(make_market: Any, stream_rows: Any) -> None:
    market = make_market(7, rows=10, width=2)
    plan = FeaturePlan.of("close", FeatureSpec("sma", {"bars": 3}))
    stream = stream_of(market, plan)
    stream_rows(stream, market, 0, 10)
    snapshot = stream.state()
    assert snapshot["symbols"] == ["C0/USDT", "C1/USDT"]
    assert snapshot["timeframe"] == "5m"
    assert snapshot["plan"] == plan.schema_hash(market.symbols)
    assert snapshot["last_open_time"] == market.open_time[9]
