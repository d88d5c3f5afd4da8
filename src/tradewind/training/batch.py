"""Episodes on many accounts at once: what the Gymnasium and the Stable-Baselines3 environments share."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from tradewind.market import ConfigError
from tradewind.simulator import Rules, Simulator, Tape
from tradewind.training.actions import ActionMap
from tradewind.training.episodes import Episode, EpisodeSampler, Segments
from tradewind.training.kernel import BoundStep

REWARD, EQUITY, TERMINATED, TRUNCATED = range(4)


class EpisodeChoices(TypedDict, total=False):
    """What may be chosen of the episodes; by default all of the tape, the standard map and 10,000 of quote.

    `segments` [K, 2] are the rows in which they live, `episode_bars` their length, `action_map` turns actions
    into weights, `capital` is what each account begins with.
    """

    segments: Segments | None
    episode_bars: int | None
    action_map: ActionMap | None
    capital: float


class EpisodeBatch:
    """N accounts, each in an episode of its own, driven by actions in [-1, 1].

    `observations` [N, D] float32 and `results` [N, 4] (reward, equity, terminated, truncated) are written by
    every `advance` and belong to the batch: copy what must last.
    """

    exogenous_prices = Simulator.exogenous_prices

    def __init__(
        self,
        tape: Tape,
        rules: Rules,
        *,
        environments: int = 1,
        segments: Segments | None = None,
        episode_bars: int | None = None,
        action_map: ActionMap | None = None,
        capital: float = 10_000.0,
        generator: np.random.Generator | None = None,
    ) -> None:
        if environments < 1:
            raise ConfigError(f"environments is {environments}, expected 1 or more")
        self.simulator = Simulator(tape, rules, accounts=environments, capital=capital)
        self.action_map = ActionMap.standard(tape, rules) if action_map is None else action_map
        width = self.simulator.width
        if len(self.action_map.scale) != width:
            raise ConfigError(f"the action map is for {len(self.action_map.scale)} instruments, not {width}")
        self.environments = environments
        self.sampler = EpisodeSampler(
            tape,
            tape.segments if segments is None else segments,
            np.random.default_rng() if generator is None else generator,
            episode_bars=episode_bars,
        )
        self.observations = self.simulator.observations
        self.actions = np.zeros((environments, width), np.float32)
        self.weights = np.zeros((environments, width))
        self.results = np.zeros((environments, 4))
        self._mapping = np.array([self.action_map.offset, self.action_map.scale])
        simulator = self.simulator
        self.bound_step = BoundStep(
            simulator.accounts,
            simulator.positions,
            tape.bars,
            tape.rows,
            tape.features,
            tape.clock,
            tape.instruments,
            simulator.rules_record,
            self.actions,
            self._mapping,
            self.weights,
            self.observations,
            simulator.log,
            self.results,
        )

    def begin(self, account: int, episode: Episode) -> None:
        self.simulator.begin(account, episode.start, episode.end)

    def begin_all(self) -> None:
        """A fresh episode everywhere, their ends spread over time."""
        for account, episode in enumerate(self.sampler.draw_first(self.environments)):
            self.begin(account, episode)

    def advance(self, actions: NDArray[Any]) -> int:
        """One bar for every account; returns how many episodes ended. Begin those anew before the next."""
        self.actions[:] = actions
        return self.bound_step()

    def ended(self) -> NDArray[np.int64]:
        """The accounts whose episodes have ended; their last observations are whole, as all are."""
        return np.flatnonzero(self.results[:, TERMINATED] + self.results[:, TRUNCATED])

    def renew(self, accounts: NDArray[np.int64]) -> None:
        for account in accounts:
            self.begin(int(account), self.sampler.draw())

    def counterfactual(
        self, actions: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """(rewards [N], observations [N, D], terminated [N]) that other actions would have led to.

        From the same state, over the same bar; nothing is committed. Ask before `advance`.
        """
        accounts, observations = self.simulator.counterfactual(self.action_map.weights(actions))
        rewards = accounts["reward"].astype(np.float32)
        return rewards, observations.copy(), accounts["terminated"] != 0

    def state(self) -> dict[str, Any]:
        """All that decides what comes next, as arrays and JSON-able values; `restore` goes on from there."""
        return {
            "accounts": self.simulator.accounts.copy(),
            "positions": self.simulator.positions.copy(),
            "observations": self.observations.copy(),
            "sampler": self.sampler.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.simulator.accounts[:] = state["accounts"]
        self.simulator.positions[:] = state["positions"]
        self.observations[:] = state["observations"]
        self.sampler.restore(state["sampler"])
