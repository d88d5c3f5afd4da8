"""The features of a history: warm-up, fragments, masks, and what they may depend on."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tradewind.features import CATALOGUE, FeaturePlan, FeatureSpec, compute, preset, presets
from tradewind.market import DataError, Market


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_each_feature_is_nan_until_its_whole_history_is_there_and_finite_from_then_on(
    make_market: Any, name: str
) -> None:
    market = make_market(1, rows=400, width=1)
    plan = FeaturePlan.of(name)
    values = compute(market, plan).values[:, 0]
    assert np.isnan(values[: plan.warmup_bars - 1]).all()
    assert np.isfinite(values[plan.warmup_bars - 1 :]).all()


def test_ready_begins_with_the_bar_that_warmup_bars_counts(make_market: Any) -> None:
    for name in presets():
        matrix = compute(make_market(2, rows=300), preset(name))
        assert int(matrix.ready.argmax()) == preset(name).warmup_bars - 1
        assert matrix.ready[preset(name).warmup_bars :].all()


def test_each_fragment_is_as_if_it_were_alone(
    make_market: Any, full_plan: FeaturePlan, identical: Any
) -> None:
    market = make_market(3, rows=700, cuts=[250, 431])
    whole = compute(market, full_plan).values
    for start, stop in market.fragments.tolist():
        alone = compute(market.rows(start, stop), full_plan).values
        assert identical(whole[start:stop], alone)


def test_a_masked_bar_leaves_its_instrument_as_if_the_bar_had_not_been(
    make_market: Any, identical: Any
) -> None:
    market = make_market(4, rows=500, width=1)
    missing = np.zeros(500, bool)
    missing[[70, 71, 72, 200, 333]] = True
    bars = {
        n: np.where(missing[:, None], np.nan, getattr(market, n))
        for n in ("open", "high", "low", "close", "volume")
    }
    masked = replace(market, **bars, tradable=~missing[:, None])
    kept = np.flatnonzero(~missing)
    short = {n: getattr(market, n)[kept] for n in bars}
    shorter = replace(
        market, open_time=market.open_time[: len(kept)].copy(), **short,
        tradable=np.ones((len(kept), 1), bool), fragments=np.array([[0, len(kept)]]),
    )  # fmt: skip
    plan = FeaturePlan.of(*CATALOGUE)
    values = compute(masked, plan).values
    assert identical(values[kept], compute(shorter, plan).values)
    assert identical(values[missing], values[np.flatnonzero(missing) - 1])


def test_permuting_the_instruments_permutes_the_columns(
    make_market: Any, full_plan: FeaturePlan, identical: Any
) -> None:
    market = make_market(5, rows=400, width=4, masked=0.05)
    order = [2, 0, 3, 1]
    bars = {
        n: np.ascontiguousarray(getattr(market, n)[:, order])
        for n in ("open", "high", "low", "close", "volume", "tradable")
    }
    other = replace(market, instruments=tuple(market.instruments[i] for i in order), **bars)
    first, second = compute(market, full_plan), compute(other, full_plan)
    place = [first.columns.index(name) for name in second.columns]
    assert identical(first.values[:, place], second.values)


def test_scale_free_presets_do_not_know_the_price_of_a_coin(make_market: Any) -> None:
    market = make_market(6, rows=400)
    scaled = {n: getattr(market, n) * 1024.0 for n in ("open", "high", "low", "close")}
    one = compute(market, preset("default")).values
    other = compute(replace(market, **scaled, volume=market.volume * 8.0), preset("default")).values
    seen = np.isfinite(one)
    assert np.allclose(one[seen], other[seen], rtol=1e-9, atol=1e-12)


def test_rows_outside_all_fragments_are_nan_and_not_ready(make_market: Any) -> None:
    market = replace(make_market(7, rows=200), fragments=np.array([[0, 80], [120, 200]]))
    matrix = compute(market, FeaturePlan.of("close"))
    assert np.isnan(matrix.values[80:120]).all()
    assert matrix.ready.tolist() == [True] * 80 + [False] * 40 + [True] * 80


@pytest.mark.parametrize(
    ("name", "value"), [("close", np.nan), ("low", -1.0), ("high", np.inf), ("volume", -1.0), ("high", 1e-9)]
)
def test_a_tradable_bar_that_is_no_bar_is_refused_by_name_and_time(
    make_market: Any, name: str, value: float
) -> None:
    market = make_market(8, rows=50)
    array = np.array(getattr(market, name))
    array[20, 1] = value
    with pytest.raises(DataError, match=rf"C1/USDT: the bar at {market.open_time[20]}"):
        compute(replace(market, **{name: array}), preset("default"))


def test_missing_rows_inside_a_fragment_are_refused(make_market: Any) -> None:
    market = make_market(9, rows=50, cuts=[30])
    with pytest.raises(DataError, match="mask the missing rows"):
        compute(replace(market, fragments=np.array([[0, 50]])), preset("default"))


def test_ranks_compare_the_unmasked_instruments_of_a_row(make_market: Any) -> None:
    market = make_market(12, rows=4, width=4)
    volume = np.array([[1.0, 2, 3, 4], [5, 5, 1, 9], [7, 8, 9, 1], [1, 2, np.nan, np.nan]])
    tradable = np.ones((4, 4), bool)
    tradable[2, 2] = False
    tradable[3, 1:] = False
    matrix = compute(
        replace(market, volume=volume, tradable=tradable), FeaturePlan.of(FeatureSpec("volume", rank=True))
    )
    third = 1 / 3
    assert np.allclose(
        matrix.values,
        [
            [-1, -third, third, 1],
            [0, 0, -1, 1],  # ties share the middle
            [0, 1, -1, -1],  # the third is masked: it keeps its rank and the others rank without it
            [0, 1, -1, -1],  # alone there is nothing to compare with
        ],
    )
    assert matrix.columns[0] == "C0/USDT rank_volume"


def test_with_columns_joins_market_wide_data_and_judges_readiness_anew(make_market: Any) -> None:
    market = make_market(10, rows=5, width=1)
    matrix = compute(market, FeaturePlan.of("close"))
    joined = matrix.with_columns(["mood"], np.array([np.nan, 0.1, 0.2, np.nan, 0.3]))
    assert joined.columns == ("C0/USDT close", "mood")
    assert joined.ready.tolist() == [False, True, True, False, True]
    with pytest.raises(DataError, match="2 columns of values came with 1 names"):
        matrix.with_columns(["mood"], np.zeros((5, 2)))


def test_the_default_features_of_five_instruments_over_a_quarter_take_a_fraction_of_a_second(
    make_market: Any,
) -> None:
    market: Market = make_market(11, rows=26_000, width=5)
    compute(market.rows(0, 200), preset("default"))  # compiled here
    began = time.perf_counter()
    compute(market, preset("default"))
    assert time.perf_counter() - began < 1.0
