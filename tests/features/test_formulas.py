"""What TA-Lib does not have equals its formula written out with numpy; a window forgets what left it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tradewind.features import CATALOGUE, FeaturePlan, FeatureSpec, compute
from tradewind.market import Market, Timeframe


class Window:
    """The last n bars of one instrument, as arrays; `c1` are closes with the one before the window."""

    def __init__(self, market: Market, t: int, n: int) -> None:
        rows = slice(t - n + 1, t + 1)
        self.o, self.h, self.l, self.c, self.v = (
            getattr(market, name)[rows, 0] for name in ("open", "high", "low", "close", "volume")
        )
        self.c1 = market.close[max(0, t - n) : t + 1, 0]


def flow(w: Window) -> float:
    return float((np.sign(np.diff(w.c1)) * w.v).sum() / w.v.sum())


def vwap(w: Window) -> float:
    return float(((w.h + w.l + w.c) / 3 * w.v).sum() / w.v.sum())


CASES: list[tuple[str, int, int, Callable[[Window], float]]] = [  # name, bars, warm-up, formula
    ("body", 0, 1, lambda w: np.log(w.c[-1] / w.o[-1])),
    ("range", 0, 1, lambda w: np.log(w.h[-1] / w.l[-1])),
    ("close_location", 0, 1, lambda w: (2 * w.c[-1] - w.h[-1] - w.l[-1]) / (w.h[-1] - w.l[-1])),
    ("log_return", 1, 2, lambda w: np.log(w.c1[-1] / w.c1[-2])),
    ("momentum", 12, 13, lambda w: np.log(w.c1[-1] / w.c1[-13])),
    ("sma_distance", 20, 20, lambda w: w.c[-1] / w.c.mean() - 1),
    ("z_score", 20, 20, lambda w: (w.c[-1] - w.c.mean()) / w.c.std()),
    ("volatility", 20, 21, lambda w: np.diff(np.log(w.c1)).std(ddof=1)),
    ("bollinger_position", 20, 20, lambda w: (w.c[-1] - w.c.mean() + 2 * w.c.std()) / (4 * w.c.std())),
    ("bollinger_width", 20, 20, lambda w: 4 * w.c.std() / w.c.mean()),
    ("volume_flow", 20, 21, flow),
    ("vwap", 20, 20, vwap),
    ("vwap_deviation", 20, 20, lambda w: w.c[-1] / vwap(w) - 1),
    ("volume_ratio", 20, 20, lambda w: w.v[-1] / w.v.mean() - 1),
]


@pytest.mark.parametrize(("name", "bars", "warmup", "formula"), CASES, ids=[c[0] for c in CASES])
def test_equals_its_formula(
    make_market: Any, name: str, bars: int, warmup: int, formula: Callable[[Window], float]
) -> None:
    market = make_market(1, rows=300, width=1)
    plan = FeaturePlan.of(FeatureSpec(name, {"bars": bars} if bars else {}))
    values = compute(market, plan).values[:, 0]
    assert plan.warmup_bars == warmup
    expected = [formula(Window(market, t, max(bars, 1))) for t in range(warmup - 1, 300)]
    assert np.allclose(values[warmup - 1 :], expected, rtol=1e-9, atol=1e-12)


FRACTIONS = [
    ("macd_fraction", "macd"), ("macd_signal_fraction", "macd_signal"), ("atr_fraction", "atr"),
    ("macd_histogram_fraction", "macd_histogram"),
]  # fmt: skip


@pytest.mark.parametrize(("fraction", "plain"), FRACTIONS)
def test_a_fraction_is_the_plain_value_over_the_close(make_market: Any, fraction: str, plain: str) -> None:
    market = make_market(2, rows=200, width=1)
    values = compute(market, FeaturePlan.of(fraction, plain)).values
    assert np.allclose(values[:, 0], values[:, 1] / market.close[:, 0], rtol=1e-12, equal_nan=True)


def test_what_is_derived_from_another_feature_follows_it(make_market: Any) -> None:
    market = make_market(3, rows=300, width=1)
    names = ["rsi", "rsi_fraction", "rsi_centered", "adx", "adx_fraction", "plus_di", "minus_di",
             "directional_balance", "ema", "ema_distance", "trend_strength", "roc", "pct_change"]  # fmt: skip
    plan = FeaturePlan.of(
        *names[:-1], FeatureSpec("pct_change", {"bars": 10}), FeatureSpec("ema", {"bars": 26})
    )
    values = compute(market, plan).values[50:]
    is_ = dict(zip([*names, "ema_26"], values.T))
    close = market.close[50:, 0]
    assert np.allclose(is_["rsi_fraction"], is_["rsi"] / 100)
    assert np.allclose(is_["rsi_centered"], is_["rsi"] / 50 - 1)
    assert np.allclose(is_["adx_fraction"], is_["adx"] / 100)
    both = is_["plus_di"] + is_["minus_di"]
    assert np.allclose(is_["directional_balance"], (is_["plus_di"] - is_["minus_di"]) / both)
    assert np.allclose(is_["ema_distance"], close / is_["ema"] - 1)
    assert np.allclose(is_["trend_strength"], (is_["ema"] - is_["ema_26"]) / close)
    assert np.allclose(is_["roc"], 100 * is_["pct_change"])


def test_a_market_that_stands_still_has_neutral_values_and_without_volume_none(make_market: Any) -> None:
    market = make_market(4, rows=300, width=1, flat=1.0)
    neutral = {
        "close_location": 0.0, "z_score": 0.0, "bollinger_position": 0.5, "bollinger_width": 0.0,
        "volatility": 0.0, "momentum": 0.0, "rsi": 0.0, "rsi_centered": 0.0, "cci": 0.0, "willr": 0.0,
        "dx": 0.0, "adx": 0.0, "directional_balance": 0.0, "spread_z": 0.0, "spread_zone": 0.0,
        "ultosc": 0.0, "trend_strength": 0.0, "macd": 0.0, "atr": 0.0, "sma_distance": 0.0,
    }  # fmt: skip
    values = compute(market, FeaturePlan.of(*neutral)).values[-1]
    assert dict(zip(neutral, values.tolist())) == pytest.approx(neutral, abs=1e-12)
    silent = FeaturePlan.of("volume_flow", "volume_ratio", "vwap", "vwap_deviation")
    assert np.isnan(compute(market, silent).values).all()


def fades(name: str) -> bool:
    params = FeatureSpec(name).params
    return CATALOGUE[name].memory(params) > CATALOGUE[name].warmup(params)


WINDOWED = [name for name in CATALOGUE if not fades(name)]
FADING = [name for name in CATALOGUE if fades(name) and name != "obv"]


@pytest.mark.parametrize("name", WINDOWED)
def test_a_windowed_feature_does_not_know_where_the_history_began(
    make_market: Any, identical: Any, name: str
) -> None:
    market = make_market(5, rows=900, width=1)
    plan = FeaturePlan.of(name)
    late = plan.warmup_bars - 1
    for start in (1, 137, 512):
        ours = compute(market.rows(start, 900), plan).values[late:]
        assert identical(ours, compute(market, plan).values[start + late :])


@pytest.mark.parametrize("name", FADING)
def test_a_fading_feature_forgets_the_beginning_within_its_memory(make_market: Any, name: str) -> None:
    plan = FeaturePlan.of(name)
    memory = plan.memory_on(Timeframe("5m"))
    assert memory is not None
    for seed in range(4):
        market = make_market(seed, rows=memory + 700, width=1)
        whole = compute(market, plan).values[:, 0]
        scale = np.nanmax(np.abs(whole))
        for start in (1, 300):
            ours = compute(market.rows(start, len(market)), plan).values[memory - 1 :, 0]
            apart = np.abs(ours - whole[start + memory - 1 :])
            if name == "ht_dcphase":
                apart = np.minimum(apart, 360 - apart)
            assert apart.max() <= 1e-9 * scale
