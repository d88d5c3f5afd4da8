"""The presets give what their users know, from formulas written out a second time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tradewind.features import compute, preset


def moving_mean(x: np.ndarray, n: int) -> np.ndarray:
    out = np.full(len(x), np.nan)
    for t in range(n - 1, len(x)):
        out[t] = np.mean(x[t - n + 1 : t + 1])
    return out


def exponential(x: np.ndarray, alpha: float) -> np.ndarray:
    """ewm(adjust=False): seeded by the first value that is there."""
    out = np.full(len(x), np.nan)
    for t in range(len(x)):
        if np.isfinite(x[t]):
            last = out[t - 1] if t and np.isfinite(out[t - 1]) else x[t]
            out[t] = (1 - alpha) * last + alpha * x[t]
    return out


def training_formulas(close: np.ndarray, volume: np.ndarray) -> dict[str, np.ndarray]:
    spread = close - moving_mean(close, 60)
    z = np.full(len(close), np.nan)
    for t in range(178, len(close)):
        window = spread[t - 119 : t + 1]
        z[t] = (spread[t] - window.mean()) / (window.std(ddof=1) + 1e-8)
    zone = np.select([np.isnan(z), z > 2, z > 0.5, z >= -0.5, z >= -2], [np.nan, 1, 0.5, 0, -0.5], -1)
    fast, slow = exponential(close, 2 / 13), exponential(close, 2 / 27)
    line = np.where(np.arange(len(close)) >= 25, fast - slow, np.nan)
    signal = exponential(line, 2 / 10)
    change = np.diff(close, prepend=close[0])
    up, down = exponential(np.maximum(change, 0), 1 / 14), exponential(np.maximum(-change, 0), 1 / 14)
    middle = moving_mean(close, 20)
    deviation = np.array([np.nan] * 19 + [close[t - 19 : t + 1].std() for t in range(19, len(close))])
    falling = np.append(False, close[1:] < close[:-1])
    return {
        "spread_z_60_120": z,
        "spread_zone_60_120": zone,
        "pct_change_1": np.append(np.nan, close[1:] / close[:-1] - 1),
        "spread_z_change_60_120": np.append(np.nan, np.diff(z)),
        "macd_12_26_9_first": line,
        "macd_signal_12_26_9_first": signal,
        "macd_histogram_12_26_9_first": line - signal,
        "rsi_fraction_14_first": 1 - 1 / (1 + up / np.where(down == 0, np.nan, down)),
        "bollinger_middle_20_2": middle,
        "bollinger_upper_20_2": middle + 2 * deviation,
        "bollinger_lower_20_2": middle - 2 * deviation,
        "obv_plus": np.where(falling, -volume, volume).cumsum(),
    }


def test_eth15_follows_the_training_formulas(make_market: Any) -> None:
    market = make_market(1, rows=700, width=1, flat=0.1)  # equal closes: the rule of ties shows
    matrix = compute(market, preset("eth15"))
    expected = training_formulas(market.close[:, 0], market.volume[:, 0])
    assert matrix.columns == tuple(f"C0/USDT {label}" for label in expected)
    for k, (label, theirs) in enumerate(expected.items()):
        ours = matrix.values[:, k]
        seen = np.isfinite(ours)
        assert seen[180:].all(), label
        assert np.allclose(ours[seen], theirs[seen], rtol=1e-9, atol=1e-9), label


def test_eth15_counts_an_equal_close_as_bought(make_market: Any) -> None:
    market = make_market(2, rows=300, width=1, flat=1.0)
    still = np.array(market.volume)
    still[:] = 2.0

    values = compute(replace(market, volume=still), preset("eth15")).values
    assert values[-1, -1] == 600.0


def test_finrl7_is_close_volume_rsi_dx_ultosc_obv_phase_of_each_coin_raw(make_market: Any) -> None:
    market = make_market(3, rows=200, width=2)
    matrix = compute(market, preset("finrl7"))
    labels = ["close", "volume", "rsi_14", "dx_14", "ultosc_7_14_28", "obv", "ht_dcphase"]
    assert matrix.columns == tuple(f"{s} {label}" for s in ("C0/USDT", "C1/USDT") for label in labels)
    assert np.array_equal(matrix.values[:, 7], market.close[:, 1])
    assert np.array_equal(matrix.values[:, 8], market.volume[:, 1])
    assert int(matrix.ready.argmax()) == 63  # missing history is waited for, never zero


def test_default_is_between_11_and_15_features_of_moderate_size(make_market: Any) -> None:
    plan = preset("default")
    assert 11 <= len(plan.features) <= 15
    matrix = compute(make_market(4, rows=2000), plan)
    assert np.abs(matrix.values[matrix.ready]).max() < 100
