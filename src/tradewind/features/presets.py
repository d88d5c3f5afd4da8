"""Feature plans by name."""

from __future__ import annotations

from tradewind.features.plan import FeaturePlan, FeatureSpec
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion

_SEEDED = {"seed": "first"}

_PRESETS = {
    # Scale-free: no price, no volume in coins. What each says is in the catalogue.
    "default": FeaturePlan.of(
        "log_return",
        FeatureSpec("momentum", {"bars": 6}),
        FeatureSpec("momentum", {"bars": 24}),
        FeatureSpec("momentum", {"bars": 96}),
        "close_location",
        "rsi_centered",
        "z_score",
        "trend_strength",
        "macd_histogram_fraction",
        "atr_fraction",
        FeatureSpec("volatility", {"bars": 24}),
        "directional_balance",
        "adx_fraction",
        "volume_ratio",
        FeatureSpec("vwap_deviation", {"bars": 24}),
    ),
    # Seven raw columns of each coin, in the order in which imported models of that kind expect them.
    "finrl7": FeaturePlan.of("close", "volume", "rsi", "dx", "ultosc", "obv", "ht_dcphase"),
    # The market inputs of a 15-number ETH state by its training formulas: raw, before clip and scaling.
    "eth15": FeaturePlan.of(
        "spread_z",
        "spread_zone",
        "pct_change",
        "spread_z_change",
        FeatureSpec("macd", _SEEDED),
        FeatureSpec("macd_signal", _SEEDED),
        FeatureSpec("macd_histogram", _SEEDED),
        FeatureSpec("rsi_fraction", _SEEDED),
        "bollinger_middle",
        "bollinger_upper",
        "bollinger_lower",
        FeatureSpec("obv", {"unchanged": "plus"}),
    ),
}


def preset(name: str) -> FeaturePlan:
    """The plan called `default`, `finrl7` or `eth15`; `ConfigError` on any other name."""
    if name not in _PRESETS:
        raise ConfigError(f"unknown feature preset {name!r}: {suggestion(name, _PRESETS)}")
    return _PRESETS[name]


def presets() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(_PRESETS)
