"""Every feature by name: which indicator it reads, with which parameters, and from which bar on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tradewind.features.kernels import advance as codes
from tradewind.features.kernels.cycle import FIRST_OUTPUT, HILBERT_SIZE
from tradewind.market.errors import ConfigError

LONGEST_WINDOW = 5_000

Value = int | float | str
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named setting of a feature: whole number, fraction or one of `choices` (coded by position)."""

    name: str
    default: Value
    low: float = 2
    high: float = LONGEST_WINDOW
    choices: tuple[str, ...] = ()

    def check(self, feature: str, value: object) -> Value:
        """The value as it is stored; `ConfigError` when it is not one."""
        if self.choices:
            if value not in self.choices:
                raise ConfigError(
                    f"{feature}: {self.name} is {value!r}, expected one of {', '.join(self.choices)}"
                )
            return str(value)
        whole = isinstance(self.default, int)
        kind = "a whole number" if whole else "a number"
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise ConfigError(f"{feature}: {self.name} is {value!r}, expected {kind}")
        if whole and not float(value).is_integer():
            raise ConfigError(f"{feature}: {self.name} is {value!r}, expected {kind}")
        if not self.low <= value <= self.high:
            raise ConfigError(f"{feature}: {self.name} is {value}, expected {self.low:g} to {self.high:g}")
        return int(value) if whole else float(value)

    def coded(self, value: Value) -> float:
        return float(self.choices.index(str(value))) if self.choices else float(value)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One compiled step: `size` floats of state, outputs included; its first output is on bar `warmup`."""

    code: int
    parameters: tuple[Parameter, ...]
    outputs: int
    size: Callable[[Values], int]
    warmup: Callable[[Values], int]
    rising: tuple[str, ...] = ()  # parameters that must rise strictly in this order
    fading: Callable[[Values], float] = lambda values: (
        0.0
    )  # bars beyond warmup until older ones are forgotten


@dataclass(frozen=True, slots=True)
class Feature:
    """A name a plan can use: one output of an indicator. `extra_warmup` for outputs that come later."""

    name: str
    indicator: Indicator
    output: int
    says: str
    extra_warmup: Callable[[Values], int] = lambda values: 0

    def warmup(self, values: Values) -> int:
        """Bars until the feature has its full history; the first value shows on the last of them."""
        return self.indicator.warmup(values) + self.extra_warmup(values)

    def memory(self, values: Values) -> float:
        """Bars after which any longer history gives the same value to 1e-9 of its scale; inf for never."""
        return self.warmup(values) + self.indicator.fading(values)


def _bars(default: int, low: int = 2) -> tuple[Parameter, ...]:
    return (Parameter("bars", default, low),)


def _n(values: Values, name: str = "bars") -> int:
    return int(values[name])


_FADED = 25.0  # time constants until exp(-x) is far below 1e-9


def _averages_fade(*names: str) -> Callable[[Values], float]:
    """Exponential averages of span n, one after the other: a time constant of (n + 1) / 2 each."""
    return lambda values: _FADED * sum((_n(values, name) + 1) / 2 for name in names)


def _wilder_fades(values: Values) -> float:
    return _FADED * _n(values)


def _wilder_fades_twice(values: Values) -> float:
    return (_FADED + 7.0) * _n(values)  # DX, then its average


_SEED = Parameter("seed", "mean", choices=("mean", "first"))
_FAST, _SLOW = Parameter("fast", 12), Parameter("slow", 26)
_WAVE = ("short", "middle", "long")

_BAR = Indicator(codes.BAR, (), 5, lambda v: 5, lambda v: 1)
_SHAPE = Indicator(codes.SHAPE, (), 3, lambda v: 3, lambda v: 1)
_RETURN = Indicator(codes.LAG, _bars(1, 1), 3, lambda v: 5 + _n(v), lambda v: _n(v) + 1)
_MOMENTUM = Indicator(codes.LAG, _bars(12, 1), 3, _RETURN.size, _RETURN.warmup)
_ROC = Indicator(codes.LAG, _bars(10, 1), 3, _RETURN.size, _RETURN.warmup)
_SMA = Indicator(codes.SMA, _bars(20), 2, lambda v: 4 + _n(v), _n)
_EMA = Indicator(codes.EMA, (*_bars(12), _SEED), 2, lambda v: 4, _n, fading=_averages_fade("bars"))
_TREND = Indicator(
    codes.TREND,
    (_FAST, _SLOW),
    1,
    lambda v: 5,
    lambda v: _n(v, "slow"),
    ("fast", "slow"),
    _averages_fade("slow"),
)
_MACD = Indicator(
    codes.MACD,
    (_FAST, _SLOW, Parameter("signal", 9), _SEED),
    6,
    lambda v: 13,
    lambda v: _n(v, "slow") + _n(v, "signal") - 1,
    ("fast", "slow"),
    _averages_fade("slow", "signal"),
)
_RSI = Indicator(
    codes.RSI,
    (*_bars(14), _SEED),
    3,
    lambda v: 7,
    lambda v: _n(v) + (1 if v["seed"] == "mean" else 0),
    (),
    _wilder_fades,
)
_DIRECTIONAL = Indicator(
    codes.DIRECTIONAL, _bars(14), 6, lambda v: 14, lambda v: _n(v) + 1, (), _wilder_fades_twice
)
_CCI = Indicator(codes.CCI, _bars(14), 1, lambda v: 3 + _n(v), _n)
_WILLR = Indicator(codes.WILLR, _bars(14), 1, lambda v: 4 + 2 * _n(v), _n)
_ULTOSC = Indicator(
    codes.ULTOSC,
    (Parameter("short", 7), Parameter("middle", 14), Parameter("long", 28)),
    1,
    lambda v: 5 + 2 * _n(v, "long"),
    lambda v: _n(v, "long") + 1,
    _WAVE,
)
_ATR = Indicator(codes.ATR, _bars(14), 2, lambda v: 5, lambda v: _n(v) + 1, (), _wilder_fades)
_BOLLINGER = Indicator(
    codes.BOLLINGER, (*_bars(20), Parameter("width", 2.0, 0.01, 100)), 5, lambda v: 7 + _n(v), _n
)
_Z_SCORE = Indicator(codes.Z_SCORE, _bars(20), 1, lambda v: 3 + _n(v), _n)
_SPREAD = Indicator(
    codes.SPREAD,
    (Parameter("mean", 60), Parameter("window", 120)),
    3,
    lambda v: 7 + _n(v, "mean") + _n(v, "window"),
    lambda v: _n(v, "mean") + _n(v, "window") - 1,
)
_VOLATILITY = Indicator(codes.VOLATILITY, _bars(20), 1, lambda v: 4 + _n(v), lambda v: _n(v) + 1)
_OBV = Indicator(
    codes.OBV,
    (Parameter("unchanged", "none", choices=("none", "plus")),),
    1,
    lambda v: 3,
    lambda v: 1,
    (),
    lambda v: math.inf,
)
_FLOW = Indicator(codes.VOLUME_FLOW, _bars(20), 1, lambda v: 5 + 2 * _n(v), lambda v: _n(v) + 1)
_VWAP = Indicator(codes.VWAP, _bars(20), 2, lambda v: 5 + 2 * _n(v), _n)
_VOLUME_RATIO = Indicator(codes.VOLUME_RATIO, _bars(20), 1, lambda v: 3 + _n(v), _n)
_HILBERT = Indicator(
    codes.HILBERT, (), 3, lambda v: HILBERT_SIZE, lambda v: FIRST_OUTPUT + 1, (), lambda v: 600.0
)


def _until_adx(values: Values) -> int:
    return _n(values) - 1


def _one_more(values: Values) -> int:
    return 1


_ALL = (
    Feature("open", _BAR, 0, "opening price"),
    Feature("high", _BAR, 1, "highest price"),
    Feature("low", _BAR, 2, "lowest price"),
    Feature("close", _BAR, 3, "closing price"),
    Feature("volume", _BAR, 4, "volume, base units"),
    Feature("body", _SHAPE, 0, "ln(close / open)"),
    Feature("range", _SHAPE, 1, "ln(high / low)"),
    Feature("close_location", _SHAPE, 2, "-1 close at the low, 1 at the high; 0 on a bar without range"),
    Feature("log_return", _RETURN, 0, "ln(close / close `bars` ago), one bar by default"),
    Feature("pct_change", _RETURN, 1, "close / close `bars` ago - 1, a fraction"),
    Feature("momentum", _MOMENTUM, 0, "ln(close / close `bars` ago), over a longer horizon"),
    Feature("roc", _ROC, 2, "TA-Lib ROC: change over `bars` in percent"),
    Feature("sma", _SMA, 0, "simple mean of closes"),
    Feature("sma_distance", _SMA, 1, "close / sma - 1"),
    Feature("ema", _EMA, 0, "exponential average of closes"),
    Feature("ema_distance", _EMA, 1, "close / ema - 1"),
    Feature("trend_strength", _TREND, 0, "(ema fast - ema slow) / close"),
    Feature("macd", _MACD, 0, "MACD line, in price"),
    Feature("macd_signal", _MACD, 1, "MACD signal, in price"),
    Feature("macd_histogram", _MACD, 2, "MACD line - signal, in price"),
    Feature("macd_fraction", _MACD, 3, "MACD line / close"),
    Feature("macd_signal_fraction", _MACD, 4, "MACD signal / close"),
    Feature("macd_histogram_fraction", _MACD, 5, "MACD histogram / close"),
    Feature("rsi", _RSI, 0, "Wilder's RSI, 0 to 100; without any move 0 (seed `first`: 100)"),
    Feature("rsi_fraction", _RSI, 1, "RSI / 100"),
    Feature("rsi_centered", _RSI, 2, "-1 only falls, 1 only rises; 0 without any move"),
    Feature("dx", _DIRECTIONAL, 0, "directional movement index, 0 to 100; 0, later unchanged, without range"),
    Feature("adx", _DIRECTIONAL, 1, "average of DX, 0 to 100", _until_adx),
    Feature("plus_di", _DIRECTIONAL, 2, "+DI, 0 to 100"),
    Feature("minus_di", _DIRECTIONAL, 3, "-DI, 0 to 100"),
    Feature("adx_fraction", _DIRECTIONAL, 4, "ADX / 100", _until_adx),
    Feature("directional_balance", _DIRECTIONAL, 5, "(+DI - -DI) / (+DI + -DI), -1 to 1"),
    Feature("cci", _CCI, 0, "commodity channel index; 0 in a flat window"),
    Feature("willr", _WILLR, 0, "Williams %R, -100 to 0; 0 in a flat window"),
    Feature("ultosc", _ULTOSC, 0, "ultimate oscillator, 0 to 100; a window without range adds 0"),
    Feature("atr", _ATR, 0, "average true range, in price"),
    Feature("atr_fraction", _ATR, 1, "average true range / close"),
    Feature("bollinger_upper", _BOLLINGER, 0, "upper band, in price"),
    Feature("bollinger_middle", _BOLLINGER, 1, "middle band, in price"),
    Feature("bollinger_lower", _BOLLINGER, 2, "lower band, in price"),
    Feature("bollinger_position", _BOLLINGER, 3, "0 at the lower band, 1 at the upper; 0.5 in a flat window"),
    Feature("bollinger_width", _BOLLINGER, 4, "(upper - lower) / middle"),
    Feature("z_score", _Z_SCORE, 0, "(close - mean) / population deviation; 0 in a flat window"),
    Feature("spread_z", _SPREAD, 0, "z-score (sample deviation + 1e-8) of close - mean over `window`"),
    Feature("spread_zone", _SPREAD, 1, "spread_z in five zones: -1, -0.5, 0, 0.5, 1"),
    Feature("spread_z_change", _SPREAD, 2, "spread_z minus that of the bar before", _one_more),
    Feature("volatility", _VOLATILITY, 0, "sample deviation of `bars` log returns, per bar; 0 if all equal"),
    Feature(
        "obv", _OBV, 0, "on-balance volume since the fragment began; `unchanged` close adds none or plus"
    ),
    Feature("volume_flow", _FLOW, 0, "rising minus falling volume / volume, -1 to 1; NaN without volume"),
    Feature("vwap", _VWAP, 0, "volume-weighted typical price; NaN without volume"),
    Feature("vwap_deviation", _VWAP, 1, "close / vwap - 1; NaN without volume"),
    Feature("volume_ratio", _VOLUME_RATIO, 0, "volume / its mean - 1; NaN without volume"),
    Feature("ht_dcphase", _HILBERT, 0, "phase of the dominant cycle, -45 to 315 degrees"),
    Feature("ht_sine", _HILBERT, 1, "sine of the phase"),
    Feature("ht_leadsine", _HILBERT, 2, "sine of the phase + 45 degrees"),
)
CATALOGUE: Mapping[str, Feature] = {feature.name: feature for feature in _ALL}
