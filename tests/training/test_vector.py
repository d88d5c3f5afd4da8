from __future__ import annotations

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from tradewind.simulator import Rules
from tradewind.training import TradingEnv, TradingVecEnv, TradingVectorEnv


def actions(generator: np.random.Generator, environments: int) -> np.ndarray:
    return generator.uniform(-1, 1, (environments, 1)).astype(np.float32)


def test_every_account_of_a_vector_does_what_it_would_do_alone(tape):
    vector = TradingVecEnv(tape, Rules(), 4, episode_bars=30)
    vector.seed(0)
    vector.reset()
    accounts = vector.batch.simulator.accounts
    singles = []
    for n in range(4):
        env = TradingEnv(tape, Rules())
        env.reset(options={"start": int(accounts["row"][n]), "end": int(accounts["end"][n])})
        singles.append(env)
    generator = np.random.default_rng(1)
    over = np.zeros(4, bool)
    for _ in range(30):
        chosen = actions(generator, 4)
        observations, rewards, dones, infos = vector.step(chosen)
        for n in np.flatnonzero(~over):
            observation, reward, terminated, truncated, _ = singles[n].step(chosen[n])
            assert np.float32(reward) == rewards[n]
            assert dones[n] == (terminated or truncated)
            seen = infos[n]["terminal_observation"] if dones[n] else observations[n]
            np.testing.assert_array_equal(observation, seen)
        over |= dones
    assert over.all()


def test_stable_baselines_sees_the_last_observation_and_whether_time_was_up(tape):
    vector = TradingVecEnv(tape, Rules(), 3, episode_bars=6)
    vector.seed(0)
    vector.reset()
    ended = 0
    for _ in range(12):
        observations, _, dones, infos = vector.step(np.full((3, 1), 0.5, np.float32))
        for n in range(3):
            assert ("terminal_observation" in infos[n]) == dones[n]
            if dones[n]:
                ended += 1
                assert infos[n]["TimeLimit.truncated"] is True
                weight = vector.batch.simulator.observation_names.index("weight C0/USDT:USDT")
                assert infos[n]["terminal_observation"][weight] > 0.3
                assert observations[n, weight] == 0
    assert ended >= 3


def test_a_termination_is_not_reported_as_a_time_limit(tape_of):
    vector = TradingVecEnv(tape_of(volatility=0.05), Rules(), 8)
    vector.seed(0)
    vector.reset()
    terminations = []
    for _ in range(300):
        _, _, dones, infos = vector.step(np.ones((8, 1), np.float32))
        terminations += [infos[n]["TimeLimit.truncated"] for n in np.flatnonzero(dones)]
    assert False in terminations


def test_while_nothing_ends_the_same_empty_infos_return(tape):
    vector = TradingVecEnv(tape, Rules(), 3, episode_bars=300)
    vector.seed(0)
    vector.reset()
    vector.batch.results[:] = 0
    first = vector.step(np.zeros((3, 1), np.float32))[3]
    second = vector.step(np.zeros((3, 1), np.float32))[3]
    assert first is second
    assert first == [{}, {}, {}]


def test_episodes_do_not_all_end_together(tape):
    vector = TradingVecEnv(tape, Rules(), 10, episode_bars=100)
    vector.seed(0)
    vector.reset()
    ends = np.array([vector.step(np.zeros((10, 1), np.float32))[2] for _ in range(200)])
    assert ends.sum(axis=1).max() == 1
    assert ends[:100].sum() == ends[100:].sum() == 10


def test_what_was_returned_is_the_callers_to_change(tape):
    plain, edited = (TradingVecEnv(tape, Rules(), 4, episode_bars=20) for _ in range(2))
    for vector in (plain, edited):
        vector.seed(0)
        vector.reset()
    generator = np.random.default_rng(0)
    for _ in range(60):
        chosen = actions(generator, 4)
        wanted = [part.copy() for part in plain.step(chosen)[:3]]
        got = edited.step(chosen)[:3]
        for ours, theirs in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(ours, theirs)
            ours[:] = 7


def test_counterfactuals_of_all_accounts_equal_their_steps(tape):
    vector = TradingVecEnv(tape, Rules(), 5, episode_bars=1000)
    vector.seed(0)
    vector.reset()
    assert vector.exogenous_prices
    generator = np.random.default_rng(0)
    for _ in range(50):
        chosen = actions(generator, 5)
        observations, rewards, terminated = (a.copy() for a in vector.counterfactual(chosen))
        stepped = vector.step(chosen)
        going = ~stepped[2]
        np.testing.assert_array_equal(rewards, stepped[1])
        np.testing.assert_array_equal(observations[going], stepped[0][going])
        assert not (terminated & going).any()


def test_gymnasium_vector_renews_in_the_same_step(tape):
    vector = TradingVectorEnv(tape, Rules(), 3, episode_bars=6)
    with pytest.raises(ResetNeeded):
        vector.step(np.zeros((3, 1), np.float32))
    observations, infos = vector.reset(seed=0)
    assert vector.observation_space.contains(observations)
    ended = 0
    for _ in range(12):
        observations, rewards, terminated, truncated, infos = vector.step(np.full((3, 1), 0.5, np.float32))
        assert vector.observation_space.contains(observations)
        assert rewards.shape == terminated.shape == truncated.shape == (3,)
        assert not terminated.any()
        if truncated.any():
            np.testing.assert_array_equal(infos["_final_obs"], truncated)
            for n in np.flatnonzero(truncated):
                assert infos["final_obs"][n].shape == observations[n].shape
                assert infos["final_info"]["equity"][n] != 10_000
                assert vector.batch.simulator.accounts["equity"][n] == 10_000
                ended += 1
        else:
            assert infos == {}
    assert ended >= 3


def test_gymnasium_vector_repeats_itself_for_a_seed(tape):
    def play() -> np.ndarray:
        vector = TradingVectorEnv(tape, Rules(), 3, episode_bars=6)
        vector.reset(seed=11)
        return np.array([vector.step(np.full((3, 1), 0.5, np.float32))[1] for _ in range(30)])

    np.testing.assert_array_equal(play(), play())


def test_a_state_can_be_restored(tape):
    vector = TradingVecEnv(tape, Rules(), 4, episode_bars=20)
    vector.seed(0)
    vector.reset()
    generator = np.random.default_rng(0)
    played = [actions(generator, 4) for _ in range(60)]
    for chosen in played[:15]:
        vector.step(chosen)
    state = vector.batch.state()
    once = [vector.step(chosen)[1] for chosen in played[15:]]
    vector.batch.restore(state)
    again = [vector.step(chosen)[1] for chosen in played[15:]]
    np.testing.assert_array_equal(once, again)
