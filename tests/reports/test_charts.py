from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradewind.reports.axes import factor_ticks, time_ticks, value_ticks
from tradewind.reports.charts import Line, averaged, histogram, line_chart, thin

HOUR_MS = 3_600_000


@given(some.floats(-1e6, 1e6), some.floats(1e-6, 1e6))
def test_value_ticks_lie_inside_and_are_few(low, width):
    ticks = value_ticks(low, low + width)
    assert 1 <= len(ticks) <= 7
    assert all(low - width * 1e-6 <= t <= low + width * (1 + 1e-6) for t in ticks)


@given(some.floats(0.01, 1.0), some.floats(6, 1e6))
def test_factor_ticks_lie_inside(low, factor):
    ticks = factor_ticks(low, low * factor)
    assert ticks
    assert all(low <= t <= low * factor for t in ticks)


@given(some.integers(0, 2 * 10**12), some.integers(HOUR_MS, 20 * 365 * 24 * HOUR_MS))
def test_time_ticks_lie_inside_in_order_and_are_few(start, length):
    ticks = time_ticks(start, start + length)
    assert len(ticks) <= 9
    assert [t for t, _ in ticks] == sorted({t for t, _ in ticks})
    assert all(start <= t <= start + length for t, _ in ticks)


def test_months_are_named_and_january_is_the_year():
    start, year = 1_767_225_600_000, 365 * 24 * HOUR_MS
    assert [text for _, text in time_ticks(start, start + year)] == [
        "2026",
        "Mar",
        "May",
        "Jul",
        "Sep",
        "Nov",
        "2027",
    ]


def test_thinning_keeps_the_ends_and_every_extreme():
    value = np.random.default_rng(0).normal(size=100_000)
    value[54_321] = 99.0
    time, thinned = thin(np.arange(100_000), value)
    assert len(thinned) <= 1202
    assert (thinned.max(), thinned.min()) == (99.0, value.min())
    assert (time[0], time[-1]) == (0, 99_999)


def test_averaging_keeps_the_mean():
    value = np.random.default_rng(0).normal(size=60_000)
    assert averaged(np.arange(60_000), value)[1].mean() == np.float64(value.mean()) or np.isclose(
        averaged(np.arange(60_000), value)[1].mean(), value.mean()
    )


def test_a_chart_draws_every_line_inside_its_frame():
    time = np.arange(50) * HOUR_MS
    lines = [Line(f"l{k}", time, np.sin(np.arange(50) / (k + 2)), f"c{k}") for k in range(3)]
    chart = line_chart(lines, str, label="x")
    paths = re.findall(r'<path class="line c\d" d="M([^"]+)"', chart)
    assert len(paths) == 3
    points = [tuple(map(float, p.split(","))) for path in paths for p in path.split("L")]
    assert all(0 <= x <= 1000 and 0 <= y <= 1000 for x, y in points)


def test_a_flat_curve_and_a_single_point_can_be_drawn():
    for rows in (1, 30):
        chart = line_chart(
            [Line("flat", np.arange(rows), np.zeros(rows), "c0")], str, label="x", reference=0.0
        )
        assert "nan" not in chart


def test_a_histogram_counts_every_day():
    values = np.random.default_rng(0).normal(0, 0.02, 200)
    bars = re.findall(r'height="([\d.]+)"/>', histogram(values, "x", str))
    assert max(map(float, bars)) == 1000
    assert "nan" not in histogram(np.zeros(30), "x", str)


def test_a_day_without_gain_or_loss_is_painted_as_neither():
    """Two days at nothing, one gain and one loss: the gain stands on the zeros of its column."""
    chart = histogram(np.array([0.0, 0.001, -0.01, 0.0]), "x", str)
    bars = re.findall(r'class="bar (\w+)" x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', chart)
    (still, at, still_top, still_high), (short, *_), (long, same, top, high) = bars
    assert (still, short, long) == ("still", "short", "long")
    assert same == at
    assert [float(v) for v in (still_high, still_top)] == pytest.approx([666.7, 333.3])
    assert [float(v) for v in (high, top)] == pytest.approx([333.3, 0.0], abs=0.1)
    assert set(re.findall(r'class="bar (\w+)"', histogram(np.zeros(30), "x", str))) == {"still"}
