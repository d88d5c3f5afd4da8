"""PPO on Stable-Baselines3: samples a second, and seconds to a skill, on a world whose best result is known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from measure import Peer, Result, compared
from scenes import expected_profit
from tradewind.data.worlds import WORLDS, WorldMarket, stream
from tradewind.training import OnPolicy, TradingVecEnv, TrainingSettings
from tradewind.training.learners import Course, make_learner
from tradewind.training.reproducible import Seeds, reproducible
from tradewind.training.worlds import WORLD_RULES, positions_of, world_tape

WORLD = WORLDS["W2"]
PEER = "stock SB3 + Gym-Trading-Env"
NET = (64, 64)
SKILL = 0.90
PEER_BARS = 20_000
PEER_SAMPLES = 400_000
SETTINGS = TrainingSettings(steps=400_000, net=NET, episode_bars=None, reward_scale=100.0)
QUICK_SETTINGS = replace(
    SETTINGS,
    environments=64,
    hyperparameters=OnPolicy(rollout_bars=16, minibatch=256, learning_rate=5e-3),
)
"""For skill after few samples: updates small and often, where the defaults are for throughput."""


class Skill:
    """The share of the oracle's expected profit on draws that nobody learnt from."""

    def __init__(self) -> None:
        self.fresh = stream(WORLD, 64, 1000, seed=99)
        self.drift = self.fresh.paths.drift[:, :, 0]
        self.cost = WORLD.cost_or_default(None)
        oracle = WORLD.optimal().positions(self.fresh.paths)[:, :, 0]
        self.oracle = expected_profit(oracle, self.drift, self.cost)

    def share(self, course: Course) -> float:
        return expected_profit(positions_of(course, self.fresh)[:, :, 0], self.drift, self.cost) / self.oracle

    def save_for_peer(self, path: Path, seed: int) -> None:
        """One long history to learn on, and the fresh draws to be judged on."""
        history = stream(WORLD, 1, PEER_BARS, seed=seed)
        np.savez(
            path,
            close=history.market.close[:, 0],
            features=history.predictors,
            cost=self.cost,
            judged_features=_predictor(self.fresh),
            judged_returns=self.fresh.paths.returns[:, :, 0],
            judged_drift=self.drift,
            oracle=self.oracle,
        )


def _predictor(market: WorldMarket) -> NDArray[np.float64]:
    return market.paths.predictors[:, :, 0]


def course_of(seed: int, settings: TrainingSettings) -> Course:
    """A learner on a stream of the world that meets no row twice."""
    seeds = Seeds.grow(seed)
    bars = settings.steps // settings.parallel + 2
    tape = world_tape(stream(WORLD, settings.parallel, bars, seeds.episodes))
    rules = replace(WORLD_RULES, reward_scale=settings.reward_scale)
    environment = TradingVecEnv(tape, rules, settings.parallel, episode_bars=settings.episode_bars)
    course = Course(make_learner(settings, environment, seeds.learner), settings.steps)
    environment.seed(seeds.episodes)
    return course


def seconds_to_skill(seed: int, skill: Skill) -> tuple[float, float, int]:
    """(CPU seconds of learning, share reached, samples); judging takes no time."""
    with reproducible():
        course, spent, share = course_of(seed, QUICK_SETTINGS), 0.0, 0.0
        while share < SKILL and not course.done:
            began = time.process_time()
            course.update()
            spent += time.process_time() - began
            share = skill.share(course)
        return spent, share, course.step


def samples_per_second(samples: int) -> float:
    with reproducible():
        course = course_of(0, replace(SETTINGS, steps=samples))
        course.update()  # the first one warms up
        first, began = course.step, time.process_time()
        while not course.done:
            course.update()
        return (course.step - first) / (time.process_time() - began)


def measure(quick: bool) -> Iterator[Result]:
    skill = Skill()
    with tempfile.TemporaryDirectory() as folder, Peer("training.py") as peer:
        world_file = Path(folder) / "world.npz"
        skill.save_for_peer(world_file, seed=1)
        _stock(
            peer, world_file, seed=0, most_samples=4_096
        )  # torch imports much of itself at the first update
        yield _rate(peer, world_file, quick)
        yield _skill(peer, world_file, skill, seeds=range(1 if quick else 3))


def _stock(
    peer: Peer, world_file: Path, seed: int, most_samples: int, wanted_share: float = 1.0
) -> dict[str, float]:
    """Stock PPO until the wanted share; with a share of 1 it is not judged on the way."""
    arguments = {"world_file": str(world_file), "net": list(NET), "wanted_share": wanted_share}
    return dict(peer("ppo", seed=seed, most_samples=most_samples, **arguments))


def _rate(peer: Peer, world_file: Path, quick: bool) -> Result:
    ours, theirs = [], []
    for _ in range(1 if quick else 3):
        ours.append(samples_per_second(100_000 if quick else 200_000))
        answer = _stock(peer, world_file, seed=0, most_samples=8_192)
        theirs.append(answer["samples"] / answer["seconds"])
    note = f"net {NET}; ours {SETTINGS.parallel} accounts and minibatches of 1,024; theirs as it comes"
    return compared(
        "PPO end to end", "samples/s", PEER, (median(ours), median(theirs)), at_least=10.0, note=note
    )


def _skill(peer: Peer, world_file: Path, skill: Skill, seeds: range) -> Result:
    ours, theirs, notes = [], [], []
    for seed in seeds:
        seconds, share, samples = seconds_to_skill(seed, skill)
        answer = _stock(peer, world_file, seed, PEER_SAMPLES, SKILL)
        ours.append(seconds if share >= SKILL else np.inf)
        theirs.append(answer["seconds"])  # where it did not get there, so long it tried
        notes.append(
            f"{share:.2f} after {samples:,} against {answer['share']:.2f} after {answer['samples']:,}"
        )
    return compared(
        f"time to {SKILL:.0%} of the W2 oracle",
        "s",
        PEER,
        (median(ours), median(theirs)),
        at_least=8.0,
        less_is_better=True,
        note="; ".join(notes),
    )
