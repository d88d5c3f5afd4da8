"""One account as a Gymnasium environment."""

from __future__ import annotations

from typing import Any, Unpack

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from tradewind.simulator import Rules, Simulator, Tape
from tradewind.training.batch import EpisodeBatch, EpisodeChoices
from tradewind.training.episodes import Episode


def observation_space(simulator: Simulator) -> Any:
    return spaces.Box(-np.inf, np.inf, (simulator.observations.shape[1],), np.float32)


def action_space(simulator: Simulator) -> Any:
    return spaces.Box(-1.0, 1.0, (simulator.width,), np.float32)


class TradingEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Trade one tape, bar by bar. Actions in [-1, 1]^A become target weights through `action_map`.

    `info` holds `equity` and, per instrument, `reasons` (bits of `market.Reason`: what risk cut). Ruin and
    the kill switch terminate, the end of the episode truncates. `reset(options={"start": row, "end": row})`
    chooses the episode.
    """

    metadata = {"render_modes": []}  # noqa: RUF012
    exogenous_prices = Simulator.exogenous_prices

    def __init__(self, tape: Tape, rules: Rules, **choices: Unpack[EpisodeChoices]) -> None:
        self.batch = EpisodeBatch(tape, rules.for_training(), **choices)
        simulator = self.batch.simulator
        self.observation_space = observation_space(simulator)
        self.action_space = action_space(simulator)
        self.action_map = self.batch.action_map
        self._bound_step = self.batch.bound_step
        self._action = self.batch.actions[0]
        self._results = self.batch.results[0]
        self._observation = self.batch.observations[0]
        self._reasons = simulator.positions["reason"][0]
        self._over = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.batch.sampler.generator = self.np_random
        if options and "start" in options:
            last = int(self.batch.simulator.tape.segments[:, 1].max()) - 1
            episode = Episode(int(options["start"]), int(options.get("end", last)))
        else:
            episode = self.batch.sampler.draw()
        self.batch.begin(0, episode)
        self._over = False
        return self._observation.copy(), {
            "equity": self.batch.simulator.capital,
            "reasons": self._reasons.tolist(),
            "start": episode.start,
            "end": episode.end,
        }

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        if self._over:
            raise ResetNeeded("the episode is over, or none was begun: call reset() before step()")
        self._action[:] = action
        if self._bound_step():
            self._over = True
            self.batch.ended()
        reward, equity, terminated, truncated = self._results.tolist()
        info = {"equity": equity, "reasons": self._reasons.tolist()}
        return self._observation.copy(), reward, terminated != 0.0, truncated != 0.0, info

    def counterfactual(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool]:
        """(observation, reward, terminated) that another action would have led to; nothing is committed."""
        if self._over:
            raise ResetNeeded("the episode is over, or none was begun: call reset() before counterfactual()")
        rewards, observations, terminated = self.batch.counterfactual(np.asarray(action)[None, :])
        return observations[0].copy(), float(rewards[0]), bool(terminated[0])
