"""Many accounts as one environment: for Gymnasium's vector interface and for Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from tradewind.simulator import Rules, Tape
from tradewind.training.batch import REWARD, TERMINATED, TRUNCATED, EpisodeBatch, EpisodeChoices
from tradewind.training.environment import action_space, observation_space


class TradingVectorEnv(gymnasium.vector.VectorEnv[NDArray[np.float32], NDArray[np.float32], NDArray[Any]]):
    """N accounts behind Gymnasium's vector interface. Ended episodes are renewed in the same step.

    Then `infos["final_obs"]` (object array, `_final_obs` is its mask) holds the last observations.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}  # noqa: RUF012
    exogenous_prices = EpisodeBatch.exogenous_prices

    def __init__(
        self, tape: Tape, rules: Rules, environments: int, **choices: Unpack[EpisodeChoices]
    ) -> None:
        self.batch = EpisodeBatch(tape, rules.for_training(), environments=environments, **choices)
        self.num_envs = environments
        self.single_observation_space = observation_space(self.batch.simulator)
        self.single_action_space = action_space(self.batch.simulator)
        self.observation_space = batch_space(self.single_observation_space, environments)
        self.action_space = batch_space(self.single_action_space, environments)
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.batch.sampler.generator = self.np_random
        self.batch.begin_all()
        self._begun = True
        return self.batch.observations.copy(), {}

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        if not self._begun:
            raise gymnasium.error.ResetNeeded("no episode was begun: call reset() before step()")
        batch = self.batch
        infos: dict[str, Any] = {}
        ended = batch.advance(actions)
        rewards = batch.results[:, REWARD].copy()
        terminated = batch.results[:, TERMINATED] != 0
        truncated = batch.results[:, TRUNCATED] != 0
        if ended:
            over = batch.ended()
            infos = self._final_infos(over)
            batch.renew(over)
        return batch.observations.copy(), rewards, terminated, truncated, infos

    def _final_infos(self, over: NDArray[np.int64]) -> dict[str, Any]:
        final = np.full(self.num_envs, None, object)
        for n in over:
            final[n] = self.batch.observations[n].copy()
        mask = np.zeros(self.num_envs, bool)
        mask[over] = True
        equity = np.where(mask, self.batch.simulator.accounts["equity"], 0.0)
        return {
            "final_obs": final,
            "_final_obs": mask,
            "final_info": {"equity": equity, "_equity": mask.copy()},
            "_final_info": mask.copy(),
        }

    def counterfactual(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """(observations, rewards, terminated) that other actions would have led to; nothing is committed."""
        rewards, observations, terminated = self.batch.counterfactual(actions)
        return observations, rewards, terminated


class TradingVecEnv(VecEnv):
    """N accounts behind the interface of Stable-Baselines3.

    While nothing ends, every step returns the same list of empty infos. What ended has `terminal_observation`
    and `TimeLimit.truncated`, and its row of the observations already belongs to the next episode.
    """

    exogenous_prices = EpisodeBatch.exogenous_prices
    render_mode = None

    def __init__(
        self,
        tape: Tape,
        rules: Rules,
        environments: int,
        *,
        generator: np.random.Generator | None = None,
        **choices: Unpack[EpisodeChoices],
    ) -> None:
        self.batch = EpisodeBatch(
            tape, rules.for_training(), environments=environments, generator=generator, **choices
        )
        simulator = self.batch.simulator
        super().__init__(environments, observation_space(simulator), action_space(simulator))
        self._no_infos: list[dict[str, Any]] = [{} for _ in range(environments)]
        self._ended = 0

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Start the episodes anew from this seed, at the next reset."""
        self.batch.sampler.generator = np.random.default_rng(seed)
        return [seed] * self.num_envs

    def reset(self) -> NDArray[np.float32]:
        self.batch.begin_all()
        return self.batch.observations.copy()

    def step_async(self, actions: NDArray[np.float32]) -> None:
        self._ended = self.batch.advance(actions)

    def step_wait(
        self,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        batch = self.batch
        rewards = batch.results[:, REWARD].astype(np.float32)
        if not self._ended:
            return batch.observations.copy(), rewards, np.zeros(self.num_envs, bool), self._no_infos
        over = batch.ended()
        dones = np.zeros(self.num_envs, bool)
        dones[over] = True
        infos = self._no_infos.copy()
        for n in over:
            infos[n] = {
                "terminal_observation": batch.observations[n].copy(),
                "TimeLimit.truncated": bool(batch.results[n, TERMINATED] == 0),
            }
        batch.renew(over)
        return batch.observations.copy(), rewards, dones, infos

    def counterfactual(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """(observations, rewards, terminated) that other actions would have led to; nothing is committed."""
        rewards, observations, terminated = self.batch.counterfactual(actions)
        return observations, rewards, terminated

    def close(self) -> None:
        """Nothing is held open."""

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        value = getattr(self, attr_name)
        return [value] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """One object serves all environments, so an attribute is set for all of them."""
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        value = getattr(self, method_name)(*method_args, **method_kwargs)
        return [value] * len(list(self._get_indices(indices)))

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        return [False] * len(list(self._get_indices(indices)))
