from __future__ import annotations

import numpy as np
import torch

from tradewind.simulator import Rules
from tradewind.training import OnPolicy, TrainingSettings
from tradewind.training.learners import Course, make_learner
from tradewind.training.vector import TradingVecEnv


def test_the_advantage_is_the_drawn_action_against_the_mean_action(tape):
    """Recomputed account by account from a second environment in the same state."""
    parts = OnPolicy(rollout_bars=6, counterfactual=True)
    settings = TrainingSettings(environments=8, net=(8,), hyperparameters=parts)
    rules = Rules(reward_scale=100.0)
    environment, twin = (TradingVecEnv(tape, rules, 8, episode_bars=5) for _ in range(2))
    course = Course(make_learner(settings, environment, 3), 1_000)
    learner = course.learner
    twin.batch.restore(environment.batch.state())
    learner.collect_rollouts(environment, course._callback, learner.rollout_buffer, 6)
    buffer = learner.rollout_buffer

    def value(observations: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return learner.policy.predict_values(torch.as_tensor(observations)).numpy()[:, 0]

    seen, ended = twin.batch.observations.copy(), 0
    for t in range(6):
        np.testing.assert_array_equal(buffer.observations[t], seen)
        mean, _ = learner.predict(seen, deterministic=True)
        other, other_reward, _ = twin.counterfactual(mean)
        drawn, reward, _ = twin.counterfactual(np.clip(buffer.actions[t], -1, 1))
        expected = reward + 0.95 * value(drawn) - other_reward - 0.95 * value(other)
        np.testing.assert_allclose(buffer.advantages[t], expected, atol=1e-5)
        fresh, stepped, dones, infos = twin.step(np.clip(buffer.actions[t], -1, 1))
        for n in np.flatnonzero(dones):
            ended += 1
            assert infos[n]["TimeLimit.truncated"]
            stepped[n] += 0.95 * value(infos[n]["terminal_observation"][None, :])[0]
        np.testing.assert_allclose(buffer.rewards[t], stepped, atol=1e-6)
        seen = fresh
    assert ended >= 8
    assert np.abs(buffer.advantages).max() > 0
