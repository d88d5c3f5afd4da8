"""What a person may set."""

from __future__ import annotations

import math

import pytest

from tradewind.market.errors import ConfigError
from tradewind.risk import RiskLimits


def test_the_defaults_are_those_of_the_design() -> None:
    limits = RiskLimits()
    assert (limits.stop_loss, limits.max_drawdown, limits.daily_loss) == (0.05, 0.15, 0.10)
    assert (limits.cooldown_bars, limits.streak_losses, limits.max_weight) == (1, None, None)


def test_a_percentage_is_refused_with_the_fraction_that_was_meant() -> None:
    with pytest.raises(ConfigError, match=r"stop_loss is 5, .*did you mean 0.05"):
        RiskLimits(stop_loss=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_drawdown": 0.0},
        {"daily_loss": 1.0},
        {"trailing_stop": -0.1},
        {"max_weight": 0.0},
        {"max_order_notional": -5.0},
        {"cooldown_bars": -1},
        {"streak_losses": 0},
        {"stop_loss": math.nan},
        {"max_gross": math.nan},
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        RiskLimits(**wrong)  # type: ignore[arg-type]


def test_baselines_live_without_any() -> None:
    limits = RiskLimits.none()
    assert limits.max_weight == math.inf
    assert (limits.stop_loss, limits.trailing_stop, limits.daily_loss, limits.max_drawdown) == (None,) * 4
