from __future__ import annotations

import json

import pytest

from tradewind.market import ConfigError
from tradewind.simulator import Reward
from tradewind.training import ALGORITHMS, ActionMap, OffPolicy, OnPolicy, TrainingSettings


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_settings_survive_json(algorithm):
    settings = TrainingSettings(algorithm=algorithm, net=(16,), reward=Reward.EXCESS, seed=3)
    assert TrainingSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_defaults_are_those_of_the_algorithm():
    assert TrainingSettings().parallel == 256
    assert TrainingSettings(algorithm="sac").parallel == 16
    assert isinstance(TrainingSettings(algorithm="td3").hyperparameters, OffPolicy)
    given = TrainingSettings.from_dict({"algorithm": "a2c", "hyperparameters": {"gamma": 0.9}})
    assert given.hyperparameters == OnPolicy(
        **{**TrainingSettings(algorithm="a2c").as_dict()["hyperparameters"], "gamma": 0.9}
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"step": 5}, "unknown setting step: did you mean steps?"),
        ({"hyperparameters": {"lerning_rate": 1}}, "did you mean hyperparameters.learning_rate?"),
        ({"algorithm": "sac", "hyperparameters": {"epochs": 1}}, "unknown setting hyperparameters.epochs"),
        (
            {"algorithm": "pp0"},
            "algorithm 'pp0' is not known: did you mean ppo?",
        ),
        ({"steps": 0}, "steps is 0, expected a whole number of 1 or more"),
        ({"steps": 1e6}, "steps is 1000000.0, expected a whole number"),
        ({"environments": True}, "environments is True"),
        ({"seed": -1}, "seed is -1"),
        ({"net": []}, "expected the widths of its hidden layers"),
        ({"net": 64}, "expected the widths of its hidden layers"),
        ({"validation_share": 15}, "did you mean 0.15?"),
        ({"reward": "log_retrun"}, "did you mean log_return?"),
        ({"reward_scale": 0}, "reward_scale is 0"),
        ({"purge_bars": -1}, "purge_bars is -1"),
        ({"score": "profit"}, "known are log_growth, daily_sharpe"),
        ({"hyperparameters": {"gamma": 95}}, "hyperparameters.gamma is 95, expected a number from 0 to 1"),
        (
            {"hyperparameters": {"learning_rate": "fast"}},
            "learning_rate is 'fast', expected a positive number",
        ),
        ({"hyperparameters": {"minibatch": 0.5}}, "minibatch is 0.5, expected a whole number"),
        ({"hyperparameters": {"entropy": float("nan")}}, "entropy is nan"),
        ({"hyperparameters": 3}, "expected a table"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(values, said):
    with pytest.raises(ConfigError) as caught:
        TrainingSettings.from_dict(values)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hyperparameters_of_another_family_are_refused():
    with pytest.raises(ConfigError, match="sac needs OffPolicy"):
        TrainingSettings(algorithm="sac", hyperparameters=OnPolicy())


def test_action_maps_survive_json_and_are_inverted(tape):
    mapping = ActionMap((0.5, 0.1), (0.5, 2.0))
    assert ActionMap.from_dict(json.loads(json.dumps(mapping.as_dict()))) == mapping
    assert mapping.weights([-1.0, 1.0]).tolist() == [0.0, 2.1]
    assert mapping.actions(mapping.weights([0.25, -0.5])) == pytest.approx([0.25, -0.5])
    for wrong in ({"kind": "lots", "offset": [0], "scale": [1]}, {"kind": "weights", "offset": [0]}):
        with pytest.raises(ConfigError, match="an action map is kind 'weights'"):
            ActionMap.from_dict(wrong)
    with pytest.raises(ConfigError, match="no scale 0"):
        ActionMap((0.0,), (0.0,))


def test_the_standard_map_reaches_what_the_rules_allow(tape_of):
    from tradewind.market import Kind
    from tradewind.simulator import Rules

    spot = ActionMap.standard(tape_of(kind=Kind.SPOT, instruments=2), Rules())
    assert spot.weights([-1.0, 1.0]).tolist() == [0.0, 0.25]
    perpetual = ActionMap.standard(tape_of(), Rules(leverage=3.0))
    assert perpetual.weights([-1.0]).tolist() == [-3.0]
    assert perpetual.weights([0.0]).tolist() == [0.0]
    free = ActionMap.standard(tape_of(instruments=2), Rules(leverage=2.0).for_baselines())
    assert free.weights([1.0, -1.0]).tolist() == [2.0, -2.0]
