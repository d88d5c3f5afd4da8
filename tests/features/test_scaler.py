"""The scaler learns from train rows only, is frozen, and gives a row the bits of the matrix."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tradewind.features import Scaler, compute, preset
from tradewind.market import ConfigError, DataError

numbers = st.floats(-1e6, 1e6) | st.just(float("nan"))


def test_robust_is_the_distance_from_the_median_in_normal_deviations() -> None:
    values = np.random.default_rng(0).normal(7.0, 3.0, (20_000, 1))
    scaler = Scaler.fit(values)
    assert scaler.center[0] == np.median(values)
    assert scaler.scale[0] == pytest.approx(3.0, rel=0.02)
    assert scaler.transform(np.array([10.0]))[0] == pytest.approx(1.0, rel=0.03)


def test_outliers_are_clipped_and_do_not_move_the_scale() -> None:
    values = np.append(np.arange(101.0), 1e12)[:, None]
    scaler = Scaler.fit(values, clip=3.0)
    assert scaler.scale[0] < 100
    assert scaler.transform(np.array([[1e12], [-1e12]])).ravel().tolist() == [3.0, -3.0]


def test_minmax_maps_the_quantiles_to_minus_one_and_one() -> None:
    values = np.arange(101.0)[:, None]
    whole = Scaler.fit(values, kind="minmax")
    assert whole.transform(np.array([[0.0], [50.0], [100.0], [150.0]])).ravel().tolist() == [-1, 0, 1, 1]
    narrow = Scaler.fit(values, kind="minmax", quantiles=(0.01, 0.99))
    assert narrow.transform(np.array([[0.0], [1.0], [50.0], [99.0]])).ravel().tolist() == [-1, -1, 0, 1]


def test_rows_that_are_not_train_change_nothing(make_market: Any) -> None:
    values = compute(make_market(1, rows=600), preset("default")).values
    train = np.arange(600) < 300
    other = values.copy()
    other[300:] = np.random.default_rng(1).normal(0, 1e9, other[300:].shape)
    assert Scaler.fit(values, train).to_json() == Scaler.fit(other, train).to_json()
    assert Scaler.fit(values, train).to_json() == Scaler.fit(values, slice(0, 300)).to_json()
    assert Scaler.fit(values, train).to_json() == Scaler.fit(values, np.arange(300)).to_json()


@given(arrays(np.float64, (12, 3), elements=numbers), st.sampled_from(["robust", "minmax", "none"]))
def test_matrix_and_row_have_the_same_bits(values: np.ndarray, kind: str) -> None:
    train = np.vstack([values, [[1.0, 2.0, 3.0]]])
    scaler = Scaler.fit(train, kind=kind)
    matrix = scaler.transform(train)
    rows = np.array([scaler.transform(row) for row in train])
    assert matrix.dtype == rows.dtype == np.float32
    assert np.array_equal(matrix.view(np.uint32), rows.view(np.uint32))
    assert np.array_equal(np.isnan(matrix), np.isnan(train))  # NaN stays NaN, nothing else becomes it


@given(arrays(np.float64, (9, 2), elements=st.floats(-1e9, 1e9)), st.sampled_from(["robust", "minmax"]))
def test_json_keeps_every_bit(values: np.ndarray, kind: str) -> None:
    scaler = Scaler.fit(values, kind=[kind, "none"])
    again = Scaler.from_json(scaler.to_json())
    assert again.to_json() == scaler.to_json()
    for name in ("center", "scale", "clip"):
        assert np.array_equal(getattr(again, name), getattr(scaler, name))


def test_a_constant_column_has_scale_one_and_becomes_zero() -> None:
    values = np.full((50, 2), 42.0)
    for kind in ("robust", "minmax"):
        scaler = Scaler.fit(values, kind=kind)
        assert scaler.scale.tolist() == [1.0, 1.0]
        assert scaler.transform(values).tolist() == np.zeros((50, 2)).tolist()


def test_rounding_noise_on_a_constant_is_not_blown_up() -> None:
    values = (0.3 + np.random.default_rng(2).integers(-3, 4, 200) * 1e-17 * 5)[:, None]
    assert len(np.unique(values)) > 1
    for kind in ("robust", "minmax"):
        assert np.abs(Scaler.fit(values, kind=kind).transform(values)).max() < 1e-12


def test_a_column_that_is_mostly_one_value_is_scaled_by_its_deviation() -> None:
    values = np.array([0.0] * 90 + [1.0] * 10)[:, None]
    scaler = Scaler.fit(values)
    assert scaler.scale[0] == pytest.approx(0.3)
    assert scaler.transform(np.array([1.0]))[0] == pytest.approx(1 / 0.3)


def test_it_is_frozen() -> None:
    scaler = Scaler.fit(np.arange(10.0)[:, None])
    with pytest.raises(ValueError, match="read-only"):
        scaler.center[0] = 5.0
    with pytest.raises(AttributeError):
        scaler.center = np.zeros(1)  # type: ignore[misc]


def test_what_it_cannot_learn_or_apply_is_refused() -> None:
    with pytest.raises(DataError, match="column 1 has no finite value on the train rows"):
        Scaler.fit(np.array([[1.0, np.nan], [2.0, np.nan]]))
    with pytest.raises(DataError, match="no finite value"):
        Scaler.fit(np.arange(4.0)[:, None], np.zeros(4, bool))
    with pytest.raises(DataError, match=r"expected \[rows, columns\]"):
        Scaler.fit(np.arange(4.0))
    with pytest.raises(ConfigError, match="scaling 'zscore' is unknown"):
        Scaler.fit(np.arange(4.0)[:, None], kind="zscore")
    with pytest.raises(ConfigError, match="2 kinds of scaling came for 1 columns"):
        Scaler.fit(np.arange(4.0)[:, None], kind=["none", "none"])
    with pytest.raises(ConfigError, match="must rise"):
        Scaler.fit(np.arange(4.0)[:, None], kind="minmax", quantiles=(0.9, 0.1))
    with pytest.raises(DataError, match="fitted on 1 columns, got shape"):
        Scaler.fit(np.arange(4.0)[:, None]).transform(np.zeros((2, 3)))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"center": [0.0, 1.0]}, {"scale": [0.0]}, {"scale": [None]}, {"clip": [-1.0]},
        {"kinds": ["other"]}, {"extra": 1}, {"center": "x"},
    ],
)  # fmt: skip
def test_another_json_is_refused(change: dict[str, Any]) -> None:
    data = json.loads(Scaler.fit(np.arange(4.0)[:, None]).to_json())
    with pytest.raises(ConfigError):
        Scaler.from_json(json.dumps({**data, **change}))
    for text in ("", "[]", "{}", "null"):
        with pytest.raises(ConfigError):
            Scaler.from_json(text)
