"""Every rule as one value: validated, and the same after a round trip."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest

from tradewind.market import Kind
from tradewind.market.errors import ConfigError
from tradewind.risk import RiskLimits
from tradewind.simulator import Costs, Reward, Rules


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules().for_baselines(),
        Rules(costs=Costs(participation_cap=None), risk=RiskLimits(max_gross=2.0), reward=Reward.EXCESS),
    ],
)
def test_rules_survive_a_round_trip_through_json(rules: Rules) -> None:
    assert Rules.from_dict(orjson.loads(orjson.dumps(rules.as_dict()))) == rules


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"leverge": 2}, "did you mean leverage"),
        ({"costs": {"slipage": 0.1}}, r"did you mean costs\.slippage"),
        ({"risk": {"stoploss": 0.1}}, r"did you mean risk\.stop_loss"),
        ({"nonsense_entirely": 1}, "known are"),
        ({"reward": "sharp"}, "expected one of"),
    ],
)
def test_unknown_settings_are_refused_with_a_suggestion(values: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        Rules.from_dict(values)


@pytest.mark.parametrize(
    "wrong",
    [{"leverage": 0.5}, {"leverage": 200}, {"reserve": 1.0}, {"band": -0.1}, {"ruin": 5}, {"lookback": 0}],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Rules(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"half_spread": -0.1},
        {"slippage": 5.0},
        {"impact": math.nan},
        {"participation_cap": 0.0},
        {"participation_cap": 1.5},
        {"volume_window": 0},
    ],
)
def test_costs_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Costs(**wrong)


def test_the_record_knows_the_defaults_that_depend_on_the_instruments() -> None:
    perpetual = Rules(leverage=4.0).record(3, Kind.PERPETUAL)[0]
    assert (perpetual["max_weight"], perpetual["max_gross"], perpetual["max_net"]) == (1.0, 4.0, 4.0)
    assert Rules(leverage=4.0).record(1, Kind.PERPETUAL)[0]["max_weight"] == 4.0
    spot = Rules(leverage=4.0).record(3, Kind.SPOT)[0]
    assert (spot["leverage"], spot["max_weight"], spot["max_gross"]) == (1.0, 0.25, 1.0)
    assert (spot["stop_loss"], spot["max_drawdown"], spot["daily_loss"]) == (0.05, 0.15, 0.10)
    assert spot["max_order_notional"] == math.inf


def test_limits_never_loosen_what_the_venue_allows() -> None:
    loose = Rules(leverage=2.0, risk=RiskLimits(max_weight=9.0, max_gross=9.0, max_net=9.0))
    record = loose.record(2, Kind.PERPETUAL)[0]
    assert (record["max_weight"], record["max_gross"], record["max_net"]) == (2.0, 2.0, 2.0)


def test_baselines_keep_costs_lots_and_fills_and_lose_every_limit() -> None:
    rules = Rules(costs=Costs(slippage=0.005), terminate_on_kill=True)
    baseline = rules.for_baselines()
    assert baseline.costs == rules.costs
    record = baseline.record(4, Kind.SPOT)[0]
    assert record["max_weight"] == record["max_gross"] == 1.0
    for name in ("stop_loss", "trailing_stop", "daily_loss", "max_drawdown", "terminate_on_kill"):
        assert record[name] == 0.0
    assert rules.for_training().record(4, Kind.SPOT)[0]["terminate_on_kill"] == 1
