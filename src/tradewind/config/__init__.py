"""One validated tree of settings, from TOML and the command line; each component takes its part.

"off" switches a setting off that may be absent: TOML has no null.
"""

from tradewind.config.live import (
    AlertSettings,
    DatabaseSettings,
    Level,
    MetricsSettings,
    OnStop,
    RunSettings,
    filled_in,
)
from tradewind.config.reading import OFF, typed
from tradewind.config.rules import parse_rules, with_leverage
from tradewind.config.shown import effective_toml, settings_hash
from tradewind.config.training import SCALINGS, AccountSettings, FeatureSettings, MarketSettings
from tradewind.config.tree import Settings, load_settings, parse_settings

__all__ = [
    "OFF",
    "SCALINGS",
    "AccountSettings",
    "AlertSettings",
    "DatabaseSettings",
    "FeatureSettings",
    "Level",
    "MarketSettings",
    "MetricsSettings",
    "OnStop",
    "RunSettings",
    "Settings",
    "effective_toml",
    "filled_in",
    "load_settings",
    "parse_rules",
    "parse_settings",
    "settings_hash",
    "typed",
    "with_leverage",
]
