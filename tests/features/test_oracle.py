"""Every indicator that TA-Lib has equals it to 1e-9 of its own scale, from TA-Lib's first value on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import talib

from tradewind.features import FeaturePlan, FeatureSpec, compute
from tradewind.market import Market

Bars = dict[str, np.ndarray]
Oracle = Callable[[Bars], np.ndarray]

# name, parameters, oracle
CASES: list[tuple[str, dict[str, Any], Oracle]] = [
    ("sma", {"bars": 20}, lambda b: talib.SMA(b["c"], 20)),
    ("sma", {"bars": 200}, lambda b: talib.SMA(b["c"], 200)),
    ("ema", {"bars": 12}, lambda b: talib.EMA(b["c"], 12)),
    ("ema", {"bars": 50}, lambda b: talib.EMA(b["c"], 50)),
    ("rsi", {"bars": 14}, lambda b: talib.RSI(b["c"], 14)),
    ("rsi", {"bars": 2}, lambda b: talib.RSI(b["c"], 2)),
    ("macd", {}, lambda b: talib.MACD(b["c"], 12, 26, 9)[0]),
    ("macd_signal", {}, lambda b: talib.MACD(b["c"], 12, 26, 9)[1]),
    ("macd_histogram", {}, lambda b: talib.MACD(b["c"], 12, 26, 9)[2]),
    ("macd", {"fast": 5, "slow": 35, "signal": 5}, lambda b: talib.MACD(b["c"], 5, 35, 5)[0]),
    ("atr", {"bars": 14}, lambda b: talib.ATR(b["h"], b["l"], b["c"], 14)),
    ("bollinger_upper", {}, lambda b: talib.BBANDS(b["c"], 20, 2, 2)[0]),
    ("bollinger_middle", {}, lambda b: talib.BBANDS(b["c"], 20, 2, 2)[1]),
    ("bollinger_lower", {}, lambda b: talib.BBANDS(b["c"], 20, 2, 2)[2]),
    ("dx", {"bars": 14}, lambda b: talib.DX(b["h"], b["l"], b["c"], 14)),
    ("adx", {"bars": 14}, lambda b: talib.ADX(b["h"], b["l"], b["c"], 14)),
    ("adx", {"bars": 5}, lambda b: talib.ADX(b["h"], b["l"], b["c"], 5)),
    ("plus_di", {"bars": 14}, lambda b: talib.PLUS_DI(b["h"], b["l"], b["c"], 14)),
    ("minus_di", {"bars": 14}, lambda b: talib.MINUS_DI(b["h"], b["l"], b["c"], 14)),
    ("cci", {"bars": 14}, lambda b: talib.CCI(b["h"], b["l"], b["c"], 14)),
    ("roc", {"bars": 10}, lambda b: talib.ROC(b["c"], 10)),
    ("pct_change", {"bars": 3}, lambda b: talib.ROCP(b["c"], 3)),
    ("willr", {"bars": 14}, lambda b: talib.WILLR(b["h"], b["l"], b["c"], 14)),
    ("ultosc", {}, lambda b: talib.ULTOSC(b["h"], b["l"], b["c"], 7, 14, 28)),
    ("obv", {}, lambda b: talib.OBV(b["c"], b["v"])),
    ("ht_dcphase", {}, lambda b: talib.HT_DCPHASE(b["c"])),
    ("ht_sine", {}, lambda b: talib.HT_SINE(b["c"])[0]),
    ("ht_leadsine", {}, lambda b: talib.HT_SINE(b["c"])[1]),
]
IDS = [f"{name}-{'-'.join(map(str, params.values()))}" for name, params, _ in CASES]

# The phase agrees to 1e-9 of its 360 degrees; its sine feels the same distance 57 times. It is the drift
# of TA-Lib's running price average: with a running average like that in ours it shrinks a hundredfold.
TOLERANCE = {"ht_sine": 3e-9, "ht_leadsine": 3e-9}


def bars_of(market: Market, instrument: int, start: int, stop: int) -> Bars:
    arrays = {"h": market.high, "l": market.low, "c": market.close, "v": market.volume}
    return {key: np.ascontiguousarray(array[start:stop, instrument]) for key, array in arrays.items()}


def assert_agrees(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    assert np.array_equal(np.isnan(ours), np.isnan(theirs)), f"{name}: warm-up differs from TA-Lib's"
    seen = np.isfinite(theirs)
    apart = np.abs(ours[seen] - theirs[seen])
    if name == "ht_dcphase":
        apart = np.minimum(apart, 360.0 - apart)
    scale = max(1e-12, float(np.max(np.abs(theirs[seen]))))
    limit = TOLERANCE.get(name, 1e-9)
    assert apart.max() <= limit * scale, (
        f"{name}: {apart.max() / scale:.1e} of its scale, row {apart.argmax()}"
    )


def check(market: Market, name: str, params: dict[str, Any], oracle: Oracle) -> None:
    values = compute(market, FeaturePlan.of(FeatureSpec(name, params))).values
    for start, stop in market.fragments.tolist():
        for a in range(len(market.instruments)):
            if market.tradable[start:stop, a].all() and stop - start > 250:
                assert_agrees(name, values[start:stop, a], oracle(bars_of(market, a, start, stop)))


@pytest.mark.parametrize(("name", "params", "oracle"), CASES, ids=IDS)
def test_equals_talib_over_real_history(
    load_real: Any, name: str, params: dict[str, Any], oracle: Oracle
) -> None:
    check(load_real("perp_5m", ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT"], "5m"), name, params, oracle)
    check(load_real("binance_spot_1h", ["BTCUSDT", "ETHUSDT"], "1h"), name, params, oracle)


@pytest.mark.parametrize(("name", "params", "oracle"), CASES, ids=IDS)
def test_equals_talib_over_random_walks(
    make_market: Any, name: str, params: dict[str, Any], oracle: Oracle
) -> None:
    for seed in range(3):
        check(make_market(seed, rows=1500), name, params, oracle)


# On a flat market the phase is the rounding noise of a price sum that should be zero, in TA-Lib too.
FLAT = [case for case in CASES if not case[0].startswith("ht_")]


@pytest.mark.parametrize(("name", "params", "oracle"), FLAT, ids=[i for i in IDS if not i.startswith("ht_")])
@pytest.mark.parametrize("flat", [0.6, 0.95, 1.0])
def test_degenerate_windows_have_talibs_neutral_values(
    make_market: Any, flat: float, name: str, params: dict[str, Any], oracle: Oracle
) -> None:
    market = make_market(5, rows=800, flat=flat)
    check(market, name, params, oracle)
