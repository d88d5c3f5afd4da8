"""The whole tree of settings.

[run]        name, agent, venue, symbols, timeframe, allocation ...: a run on paper, testnet or live
[execution]  [stops] [guards] [margin]: how it trades at a venue
[alerts]     [metrics] [database]: whom it tells, where it writes
[market]     venue, symbols, timeframe, start, end, gap_tolerance_bars: of training and backtest
[features]   preset, or plan = [...]; scaling, clip
[rules]      lookback, leverage, band ...; [rules.costs], [rules.risk]
[training]   algorithm, steps, net, seed ...; [training.hyperparameters]
[account]    capital
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradewind.config.live import AlertSettings, DatabaseSettings, MetricsSettings, RunSettings
from tradewind.config.reading import Part, built, overridden, parse_part, read_toml, shown
from tradewind.config.rules import parse_rules
from tradewind.config.training import AccountSettings, FeatureSettings, MarketSettings
from tradewind.data.naming import parts
from tradewind.market import Kind
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion
from tradewind.simulator import Rules
from tradewind.trading.acting.settings import ExecutionSettings, MarginSettings, StopSettings
from tradewind.trading.journal.redaction import is_secret_name
from tradewind.trading.risk.guard_settings import GuardSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree. `training` stays a table: the training package validates it where torch is there.

    `stated` names the tables that a file or `--set` filled in; the others are defaults.
    """

    market: MarketSettings = field(default_factory=lambda: MarketSettings.model_validate({}))
    features: FeatureSettings = field(default_factory=lambda: FeatureSettings.model_validate({}))
    rules: Rules = field(default_factory=Rules)
    account: AccountSettings = field(default_factory=lambda: AccountSettings.model_validate({}))
    training: dict[str, Any] = field(default_factory=dict)
    run: RunSettings = field(default_factory=RunSettings)
    execution: ExecutionSettings = field(default_factory=ExecutionSettings)
    stops: StopSettings = field(default_factory=StopSettings)
    guards: GuardSettings = field(default_factory=GuardSettings)
    margin: MarginSettings = field(default_factory=MarginSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    stated: frozenset[str] = frozenset()


_PARTS: dict[str, type[Part]] = {
    "market": MarketSettings,
    "features": FeatureSettings,
    "account": AccountSettings,
}
LIVE_PARTS: dict[str, type[Any]] = {
    "run": RunSettings,
    "execution": ExecutionSettings,
    "stops": StopSettings,
    "guards": GuardSettings,
    "margin": MarginSettings,
    "alerts": AlertSettings,
    "metrics": MetricsSettings,
    "database": DatabaseSettings,
}
TABLES = (*LIVE_PARTS, *_PARTS, "rules", "training")


def load_settings(path: Path | None, overrides: Iterable[str] = ()) -> Settings:
    """The settings of a TOML file, all defaults without one, then `KEY=VALUE` overrides.

    `ConfigError` names the first wrong key.
    """
    tree = {} if path is None else read_toml(path)
    try:
        parse_settings(tree)  # so that an error names the file if it is the file's
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    for override in overrides:
        tree = overridden(tree, override)
    return parse_settings(tree)


def parse_settings(tree: dict[str, Any]) -> Settings:
    """As `load_settings`, from tables that are read already."""
    for key in _names(tree):
        if is_secret_name(key.rpartition(".")[2]):
            raise ConfigError(
                f"{key} would be a secret, and no secret stands in this file: put it into the environment or "
                ".env, as .env.example shows"
            )
    for key, value in tree.items():
        if key not in TABLES:
            raise ConfigError(f"unknown table [{key}]: {suggestion(key, TABLES)}")
        if not isinstance(value, dict):
            raise ConfigError(f"{key} is {shown(value)}, expected a table [{key}]")
    parts: dict[str, Any] = {
        name: parse_part(name, part, tree.get(name, {})) for name, part in _PARTS.items()
    }
    live = {name: built(part, tree.get(name, {}), f"{name}.") for name, part in LIVE_PARTS.items()}
    settings = Settings(
        **parts,
        **live,
        rules=parse_rules(tree.get("rules", {})),
        training=dict(tree.get("training", {})),
        stated=frozenset(tree),
    )
    _refuse_leverage_of_spot(settings)
    return settings


def _refuse_leverage_of_spot(settings: Settings) -> None:
    margin, symbols = settings.margin, settings.run.symbols
    if symbols and parts(symbols[0])[2] is Kind.SPOT and (margin.leverage or 1) > 1:
        raise ConfigError(
            f"margin.leverage is {margin.leverage}, but {symbols[0]} is spot, which has none: leave it out, or "
            f"trade {symbols[0]}:{parts(symbols[0])[1]}"
        )
    if "rules" in settings.stated:
        margin.leverage_for(settings.rules.leverage)


def _names(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{key}.")
