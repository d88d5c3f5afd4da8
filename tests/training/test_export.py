from __future__ import annotations

import numpy as np
import pytest
import torch

from tradewind.market import Kind
from tradewind.policy import Bundle, BundlePolicy, Network
from tradewind.policy.spec import Fees
from tradewind.simulator import Rules
from tradewind.training import ALGORITHMS, TrainingSettings, make_bundle, network_of, train
from tradewind.training.learners import Course, make_learner
from tradewind.training.vector import TradingVecEnv


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_network_answers_as_stable_baselines_does(tape_of, algorithm, activation):
    tape = tape_of(instruments=2, kind=Kind.SPOT)
    settings = TrainingSettings(algorithm=algorithm, environments=4, net=(24, 17), activation=activation)
    environment = TradingVecEnv(tape, Rules(), 4, episode_bars=50)
    course = Course(make_learner(settings, environment, 1), 10)
    with torch.no_grad():  # as large as trained weights may become, so that some answers are clipped
        for parameter in course.learner.policy.parameters():
            parameter.mul_(3.0)
        if algorithm in ("ppo", "a2c"):  # begins with a last layer of almost nothing
            course.learner.policy.action_net.weight.mul_(10.0)
    environment.seed(0)
    observations = [environment.reset()]
    generator = np.random.default_rng(0)
    for _ in range(100):
        observations.append(environment.step(generator.uniform(-1, 1, (4, 2)).astype(np.float32))[0])
    met = np.concatenate(observations)
    network = Network(*network_of(course.learner))
    ours = np.array([network(row).copy() for row in met])
    theirs = course.actions(met)
    assert theirs.std() > 0.1
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_run_ends_in_a_bundle_that_acts_like_the_learner(tape_of, tmp_path, algorithm):
    tape, rules = tape_of(bars=400, instruments=2, lookback=3), Rules(lookback=3)
    settings = TrainingSettings(
        algorithm=algorithm,
        steps=4_000,
        environments=16,
        net=(16, 16),
        episode_bars=100,
        evaluate_every=2_000,
    )
    result = train(tape, rules, settings)
    make_bundle(result, tape, rules, features={"plan": "x"}, scaler={"clip": 5}).save(tmp_path / "model")
    bundle = Bundle.load(tmp_path / "model")
    assert result.steps >= 4_000
    assert bundle.spec.algorithm == algorithm
    assert bundle.spec.seeds["root"] == 0
    assert bundle.spec.observation.lookback == 3
    assert len(bundle.spec.observation.names) == 3 * 3 + 5 * 2 + 1 + 4
    np.testing.assert_allclose(bundle.golden_actions, result.golden_actions, atol=1e-6, rtol=0)
    assert np.isfinite(result.golden_observations).all()
    assert len(np.unique(result.golden_observations, axis=0)) == 64
    bundle.require(
        symbols=tape.market.symbols, timeframe="1h", rules=rules.as_dict(), kinds=["perpetual"] * 2
    )
    assert BundlePolicy(bundle).sha256 == bundle.sha256


def test_a_bundle_records_what_it_was_trained_under(tape):
    settings = TrainingSettings(steps=512, environments=16, net=(8,), seed=4)
    result = train(tape, Rules(), settings)
    bundle = make_bundle(result, tape, Rules(), data_sha256="a" * 64)
    assert bundle.spec.fees == {i.symbol: Fees(i.taker_fee, i.maker_fee) for i in tape.traded}
    spec = bundle.spec
    assert Rules.from_dict(dict(spec.rules)) == Rules()
    assert TrainingSettings.from_dict(dict(spec.hyperparameters)) == settings
    assert spec.data.sha256 == "a" * 64
    assert spec.data.end_ms - spec.data.start_ms == 600 * 3_600_000
    assert spec.instruments[0]["lot"] == "0.0001"
    assert (spec.action.offset, spec.action.scale) == ((0.0,), (1.0,))
