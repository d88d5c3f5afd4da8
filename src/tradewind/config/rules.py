"""The trading rules as a table of settings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from tradewind.config.reading import typed
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion
from tradewind.simulator import Reward, Rules

_SHARES_OF_EQUITY = ("max_weight", "max_gross", "max_net")


def parse_rules(table: dict[str, Any]) -> Rules:
    """The trading rules of a table [rules]; `ConfigError` on unknown keys, wrong types and percents."""
    given = typed(Rules, table, "rules.")
    if isinstance(given.get("reward"), str):
        names = [r.name.lower() for r in Reward]
        if given["reward"] not in names:
            raise ConfigError(f"rules.reward is {given['reward']!r}: {suggestion(given['reward'], names)}")
    rules = Rules.from_dict(given)
    return with_leverage(rules, rules.leverage)


def with_leverage(rules: Rules, leverage: float) -> Rules:
    """The rules under another leverage. A cap above it would never bind, so it is refused as a slip."""
    for name in _SHARES_OF_EQUITY:
        value = getattr(rules.risk, name)
        if value is not None and leverage < value < math.inf:
            meant = f"; did you mean {value / 100:g}?" if value / 100 <= leverage and value >= 2 else ""
            raise ConfigError(
                f"rules.risk.{name} is {value:g}, above the leverage of {leverage:g}: expected a share of "
                f"equity up to it, such as 0.25{meant}"
            )
    return replace(rules, leverage=leverage)
