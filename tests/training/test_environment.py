from __future__ import annotations

import warnings

import gymnasium.utils.env_checker
import numpy as np
import pytest
import stable_baselines3.common.env_checker
from gymnasium.error import ResetNeeded

from tradewind.market import Kind
from tradewind.market.decision import Reason
from tradewind.simulator import Rules, Simulator
from tradewind.training import ActionMap, TradingEnv


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("instruments", [1, 2])
def test_passes_the_checks_of_gymnasium_and_of_stable_baselines(tape_of, kind, instruments):
    env = TradingEnv(tape_of(kind=kind, instruments=instruments), Rules(), episode_bars=50)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Box observation space m.*")
        gymnasium.utils.env_checker.check_env(env, skip_render_check=True)
        stable_baselines3.common.env_checker.check_env(env)


def test_does_what_the_simulator_does(tape):
    env, simulator = TradingEnv(tape, Rules()), Simulator(tape, Rules().for_training())
    observation, info = env.reset(options={"start": 10, "end": 60})
    simulator.begin(0, 10, 60)
    assert info["equity"] == 10_000
    np.testing.assert_array_equal(observation, simulator.observations[0])
    generator = np.random.default_rng(0)
    for k in range(50):
        action = generator.uniform(-1, 1, 1).astype(np.float32)
        observation, reward, terminated, truncated, info = env.step(action)
        simulator.step(env.action_map.weights(action)[None, :])
        account = simulator.accounts[0]
        np.testing.assert_array_equal(observation, simulator.observations[0])
        assert (reward, info["equity"]) == (account["reward"], account["equity"])
        assert (terminated, truncated) == (False, k == 49)


def test_the_end_of_an_episode_truncates_and_wants_a_reset(tape):
    env = TradingEnv(tape, Rules(), episode_bars=5)
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(1, np.float32))
    env.reset(seed=1)
    ends = [env.step(np.zeros(1, np.float32))[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(1, np.float32))
    with pytest.raises(ResetNeeded):
        env.counterfactual(np.zeros(1, np.float32))


def test_the_kill_switch_terminates(tape_of):
    env = TradingEnv(tape_of(volatility=0.05), Rules())
    env.reset(seed=0)
    for _ in range(600):
        _, _, terminated, truncated, info = env.step(np.ones(1, np.float32))
        if terminated or truncated:
            break
    assert terminated
    assert not truncated
    assert info["equity"] < 10_000
    assert env.batch.simulator.accounts["halted"][0] == 1


def test_doing_nothing_earns_exactly_nothing(tape):
    env = TradingEnv(tape, Rules(), episode_bars=100)
    env.reset(seed=3)
    assert [env.step(np.zeros(1, np.float32))[1] for _ in range(100)] == [0.0] * 100


def test_says_why_risk_cut_a_target(tape_of):
    env = TradingEnv(
        tape_of(kind=Kind.SPOT, instruments=2), Rules(), action_map=ActionMap((0.0, 0.0), (1.0, 1.0))
    )
    env.reset(seed=0)
    reasons = env.step(np.array([0.9, 0.1], np.float32))[4]["reasons"]
    assert Reason(reasons[0]) & Reason.WEIGHT_CAP
    assert Reason(reasons[1]) == Reason.NONE


def test_a_counterfactual_is_what_the_step_would_have_done_and_commits_nothing(tape):
    env = TradingEnv(tape, Rules())
    env.reset(options={"start": 0, "end": 300})
    generator = np.random.default_rng(0)
    for _ in range(100):
        action = generator.uniform(-1, 1, 1).astype(np.float32)
        env.counterfactual(-action)
        observation, reward, terminated = env.counterfactual(action)
        stepped = env.step(action)
        np.testing.assert_array_equal(observation, stepped[0])
        assert reward == np.float32(stepped[1])
        assert terminated == stepped[2]


def test_the_same_seed_gives_the_same_episodes(tape):
    def play(seed: int) -> list[float]:
        env = TradingEnv(tape, Rules(), episode_bars=20)
        rewards = []
        env.reset(seed=seed)
        for _ in range(100):
            _, reward, terminated, truncated, _ = env.step(np.full(1, 0.5, np.float32))
            rewards.append(reward)
            if terminated or truncated:
                env.reset()
        return rewards

    assert play(5) == play(5)
    assert play(5) != play(6)


def test_rows_without_features_are_waited_through(tape_of):
    env = TradingEnv(tape_of(bars=60, unready=(20, 21, 22, 59)), Rules())
    _, info = env.reset(seed=0)
    assert (info["start"], info["end"]) == (0, 58)
    seen = []
    over = False
    while not over:
        observation, _, terminated, over, _ = env.step(np.ones(1, np.float32))
        assert np.isfinite(observation).all()
        assert not terminated
        seen.append(int(env.batch.simulator.accounts["row"][0]))
    assert seen == [row for row in range(1, 59) if row not in (20, 21, 22)]
