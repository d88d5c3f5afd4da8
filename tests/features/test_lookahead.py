"""Deleting or altering the future changes nothing, in any feature; a feature that peeks is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tradewind.features import FeatureMatrix, FeaturePlan, compute, truncation_test
from tradewind.features.batch import feature_matrix
from tradewind.market import DataError, Market


def test_no_feature_depends_on_the_future(make_market: Any, full_plan: FeaturePlan) -> None:
    market = make_market(1, rows=420, width=3, masked=0.05, cuts=[200])
    assert truncation_test(lambda m: compute(m, full_plan), market, cuts=12) == []


def test_no_feature_depends_on_the_future_of_real_candles(load_real: Any, full_plan: FeaturePlan) -> None:
    market = load_real("perp_5m", ["BTCUSDT", "XRPUSDT"], "5m").rows(0, 3000)
    assert truncation_test(lambda m: compute(m, full_plan), market) == []


def leaky(market: Market) -> FeatureMatrix:
    """The close scaled by the minimum and maximum of all rows; the next return; and an honest one."""
    close = market.close[:, 0]
    lowest, highest = np.nanmin(close), np.nanmax(close)
    coming = np.append(np.diff(np.log(close)), np.nan)
    values = np.column_stack([close, (close - lowest) / (highest - lowest + 1e-9), coming])
    return feature_matrix(values, ("close", "minmax", "next_return"))


def test_normalising_over_the_whole_set_and_peeking_at_the_next_bar_are_caught(make_market: Any) -> None:
    assert truncation_test(leaky, make_market(2, rows=100, width=1)) == ["minmax", "next_return"]


def test_a_single_planted_bit_of_the_future_is_enough(make_market: Any) -> None:
    def whisper(market: Market) -> FeatureMatrix:
        close = np.array(market.close[:, :1])
        up = np.append(np.diff(close[:, 0]) > 0, False)
        close[up, 0] = np.nextafter(close[up, 0], np.inf)
        return feature_matrix(close, ("whisper",))

    assert truncation_test(whisper, make_market(3, rows=200, width=1)) == ["whisper"]


def test_too_few_rows_are_refused(make_market: Any) -> None:
    with pytest.raises(DataError, match="at least 3"):
        truncation_test(leaky, make_market(4, rows=2, width=1))
