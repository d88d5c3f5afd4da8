"""The settings: what docs/configuration.md says is what is read, and what is wrong is named."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.cli.train import make_recipe
from tradewind.config import (
    AccountSettings,
    FeatureSettings,
    MarketSettings,
    Settings,
    load_settings,
    parse_rules,
    parse_settings,
    with_leverage,
)
from tradewind.market import ConfigError
from tradewind.risk.limits import RiskLimits
from tradewind.simulator import Costs, Reward, Rules

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
EVERYTHING, ON_POLICY, OFF_POLICY = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_documented_file_is_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "all.toml"
    path.write_text(EVERYTHING + ON_POLICY)
    read, defaults = load_settings(path), Settings()
    assert read.market == defaults.market
    assert read.features == defaults.features
    assert read.account == defaults.account
    assert read.rules == defaults.rules


def test_the_documented_training_is_the_default_of_its_algorithm() -> None:
    import tradewind.training as training

    recipe = make_recipe(parse_settings(tomllib.loads(EVERYTHING + ON_POLICY)))
    assert recipe.settings == training.TrainingSettings()
    assert recipe == make_recipe(Settings())
    for algorithm in ("ddpg", "td3", "sac"):
        table = tomllib.loads(EVERYTHING + OFF_POLICY)
        table["training"]["algorithm"] = algorithm
        assert make_recipe(parse_settings(table)).settings == training.TrainingSettings(algorithm=algorithm)
    a2c = training.TrainingSettings(algorithm="a2c").hyperparameters
    own = {
        **asdict(training.TrainingSettings().hyperparameters),
        "learning_rate": 0.002,
        "counterfactual": False,
    }
    assert asdict(a2c) == own


def test_every_setting_is_documented() -> None:
    from tradewind.training.settings import OffPolicy, OnPolicy, TrainingSettings

    given_or_shown = re.sub(r"^# (\w+ = )", r"\1", EVERYTHING, flags=re.MULTILINE)
    table = tomllib.loads(given_or_shown)
    documented = {
        MarketSettings: set(table["market"]),
        FeatureSettings: set(table["features"]),
        AccountSettings: set(table["account"]),
        Rules: set(table["rules"]),
        Costs: set(table["rules"]["costs"]),
        RiskLimits: set(table["rules"]["risk"]),
        TrainingSettings: set(table["training"]) | {"hyperparameters"},
        OnPolicy: set(tomllib.loads(ON_POLICY)["training"]["hyperparameters"]),
        OffPolicy: set(tomllib.loads(OFF_POLICY)["training"]["hyperparameters"]),
    }
    for part, keys in documented.items():
        known = getattr(part, "model_fields", None) or [f.name for f in fields(part)]  # type: ignore[arg-type]
        assert keys == set(known), part


def test_what_is_shown_as_a_comment_is_read_too() -> None:
    shown = re.sub(r"^# (\w+ = )", r"\1", EVERYTHING, flags=re.MULTILINE)
    settings = parse_settings(tomllib.loads(shown))
    assert settings.market.venue == "binance"
    assert settings.market.end == "2/3"
    assert [spec.name for spec in settings.features.feature_plan().features] == ["log_return", "rsi"]


def test_an_override_wins_over_the_file_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[rules]\nleverage = 3\n[rules.risk]\nstop_loss = 0.02\n")
    read = load_settings(path, ["rules.risk.stop_loss=0.03", 'market.symbols=["A/B"]', "rules.reward=excess"])
    assert read.rules == Rules(leverage=3, risk=RiskLimits(stop_loss=0.03), reward=Reward.EXCESS)
    assert read.market.symbols == ["A/B"]
    assert read.stated == {"rules", "market"}


def test_off_switches_off_what_may_be_absent() -> None:
    rules = parse_rules(
        {"risk": {"stop_loss": "off", "max_weight": "inf"}, "costs": {"participation_cap": "off"}}
    )
    assert rules.risk.stop_loss is None
    assert rules.risk.max_weight == math.inf
    assert rules.costs.participation_cap is None
    with pytest.raises(ConfigError, match=r"rules\.leverage is 'off', expected a number$"):
        parse_rules({"leverage": "off"})


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"rulse": {}}, r"unknown table \[rulse\]: did you mean rules\?"),
        ({"rules": 3}, r"rules is 3, expected a table \[rules\]"),
        ({"market": {"symbol": []}}, r"unknown setting market\.symbol: did you mean market\.symbols\?"),
        ({"market": {"symbols": [1]}}, r"market\.symbols\.0 is 1, expected a valid string"),
        ({"market": {"start": 2024}}, r"market\.start is 2024, expected a valid string"),
        ({"account": {"capital": math.nan}}, r"account\.capital is nan"),
        ({"features": {"clip": math.inf}}, r"features\.clip is inf"),
        ({"rules": {"costs": {"slipage": 1}}}, r"did you mean rules\.costs\.slippage\?"),
        ({"rules": {"zzz": 1}}, r"unknown setting rules\.zzz: known are costs, risk, leverage"),
        ({"rules": {"lookback": 2.0}}, r"rules\.lookback is 2\.0, expected a whole number"),
        ({"rules": {"reward": ["log_return"]}}, r"expected a text in quotes"),
        ({"rules": {"risk": {"max_weight": 2.0}}}, r"above the leverage of 1: .*did you mean 0\.02\?"),
    ],
)
def test_what_is_wrong_is_named_with_a_suggestion(tree: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_settings(tree)


def test_an_error_in_a_file_names_the_file_and_one_on_the_command_line_does_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[rules.risk]\nstop_loss = 5\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: stop_loss is 5, .*did you mean 0\.05\?"):
        load_settings(path)
    path.write_text("[rules]\n")
    with pytest.raises(ConfigError) as raised:
        load_settings(path, ["rules.risk.stop_loss=5"])
    assert "mine.toml" not in str(raised.value)


def test_a_cap_follows_the_leverage() -> None:
    rules = with_leverage(Rules(risk=RiskLimits(max_weight=0.5)), 3)
    assert rules.leverage == 3
    assert with_leverage(Rules(leverage=3, risk=RiskLimits(max_gross=2)), 2).risk.max_gross == 2
    with pytest.raises(ConfigError, match="above the leverage of 1"):
        with_leverage(Rules(leverage=3, risk=RiskLimits(max_gross=2)), 1)


FRACTIONS = ["stop_loss", "trailing_stop", "daily_loss", "max_drawdown", "max_weight", "max_gross", "max_net"]


@given(st.sampled_from(FRACTIONS), st.floats(min_value=0.001, max_value=0.99))
def test_a_percent_is_never_taken_for_a_fraction(name: str, fraction: float) -> None:
    assert getattr(parse_rules({"risk": {name: fraction}}).risk, name) == fraction
    percent = fraction * 100
    if percent > 1:
        with pytest.raises(ConfigError, match=name):
            parse_rules({"risk": {name: percent}})


@given(
    st.dictionaries(st.sampled_from(["leverage", "band", "lookback", "clock", "risk", "reward"]), st.none())
)
def test_any_value_of_a_wrong_type_is_refused_as_a_setting(table: dict[str, None]) -> None:
    if table:
        with pytest.raises(ConfigError, match=r"rules\."):
            parse_rules(dict(table))
    else:
        assert parse_rules(table) == Rules()
