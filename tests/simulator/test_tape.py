"""A market laid out for the kernels: what is ready, what is typical, what a seam cuts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.simulator.markets import FREE, market_of, perpetual, random_market, spot, tape_of
from tradewind.market.errors import DataError
from tradewind.simulator import build_tape


def test_bars_keep_every_number_of_the_market() -> None:
    market = random_market(np.random.default_rng(0), [spot("AAA/USDT"), spot("BBB/USDT")], 20, missing=0.2)
    tape = tape_of(market)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(tape.bars[name], getattr(market, name))
    np.testing.assert_array_equal(tape.bars["tradable"] != 0, market.tradable)
    np.testing.assert_array_equal(tape.rows["close_time"], market.close_time)
    assert not tape.bars.flags.writeable


def test_the_mark_is_the_price_where_none_is_given() -> None:
    mark = [(1.0, 2.0, 0.5, math.nan), (math.nan,) * 4]
    tape = tape_of(market_of(perpetual(), [10, 20], mark=mark))
    assert [float(tape.bars[0, 0][f"mark_{k}"]) for k in ("open", "high", "low", "close")] == [1, 2, 0.5, 10]
    assert float(tape.bars[1, 0]["mark_close"]) == 20


def test_the_typical_volume_is_a_trailing_mean_over_bars_that_were_there() -> None:
    market = market_of(spot(), [1, 1, None, 1, 1], volume=[10, 30, 999, 50, 70])
    tape = tape_of(market, replace(FREE, costs=replace(FREE.costs, volume_window=2)))
    assert tape.bars["typical_volume"][:, 0].tolist() == [10, 20, 20, 40, 60]


def test_nothing_before_a_seam_counts() -> None:
    market = replace(
        market_of(spot(), [1, 2, 4, 8], volume=[10, 30, 50, 70]), fragments=np.array([[0, 2], [2, 4]])
    )
    tape = tape_of(market)
    assert tape.bars["typical_volume"][:, 0].tolist() == [10, 20, 50, 60]
    assert tape.rows["benchmark_return"].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert tape.rows["segment_end"].tolist() == [0, 1, 0, 1]


def test_a_window_is_ready_when_all_of_it_is_known_inside_one_fragment() -> None:
    features = np.array([[math.nan], [1], [1], [1], [math.nan], [1], [1], [1]])
    market = replace(market_of(spot(), [1] * 8), fragments=np.array([[0, 6], [6, 8]]))
    tape = tape_of(market, replace(FREE, lookback=2), features)
    assert tape.rows["ready"].tolist() == [0, 0, 1, 1, 0, 0, 0, 1]
    assert tape.segments.tolist() == [[2, 6]]


def test_a_window_longer_than_the_history_leaves_no_segment() -> None:
    tape = tape_of(market_of(spot(), [1] * 4), replace(FREE, lookback=9))
    assert tape.segments.shape == (0, 2)
    assert not tape.rows["ready"].any()


def test_features_of_another_length_are_refused() -> None:
    market = market_of(spot(), [1, 1, 1])
    with pytest.raises(DataError, match="expected \\(3, 1\\)"):
        build_tape(market, np.zeros((2, 1), np.float32), np.zeros((2, 1)), ("f",))
