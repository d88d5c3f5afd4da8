"""Does the learner learn? Train it on worlds whose best attainable result is known, and compare.

Prices are a stream: each row is met about once, so nothing can be learnt by heart. The policy is judged on
fresh draws, by the arithmetic profit of its positions at constant exposure, beside oracle and naive sign.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds import (
    Comparison,
    Profit,
    World,
    WorldMarket,
    arithmetic_profit,
    compare,
    naive_sign,
    stream,
)
from tradewind.risk.limits import RiskLimits
from tradewind.simulator import Costs, Reward, Rules, Tape, build_tape
from tradewind.training.batch import EpisodeBatch
from tradewind.training.episodes import Episode
from tradewind.training.learners import Course, make_learner
from tradewind.training.reproducible import Seeds, reproducible
from tradewind.training.settings import OnPolicy, TrainingSettings
from tradewind.training.vector import TradingVecEnv

WORLD_RULES = Rules(
    costs=Costs(half_spread=0.0, slippage=0.0, impact=0.0, participation_cap=None),
    risk=RiskLimits.none(),
    reserve=0.0,
    band=0.0,
    reward=Reward.SIMPLE_RETURN,
    ruin=0.0,
)
"""The taker fee is the only cost, and nothing but leverage 1 limits the position."""

WORLD_SETTINGS = TrainingSettings(
    algorithm="ppo",
    steps=1_000_000,
    net=(32, 32),
    episode_bars=None,
    reward_scale=100.0,
    hyperparameters=OnPolicy(),
)


@dataclass(frozen=True, slots=True)
class WorldResult:
    """What a learner reached. `expected` has the market's noise taken out; `realised` is what it earned."""

    world: str
    cost: float
    seed: int
    steps: int
    seconds: float
    expected: Comparison
    realised: Comparison
    naive: Profit  # expected, of the sign of the drift, on the same draws

    @property
    def share(self) -> float:
        """Of the oracle's expected profit on the same draws; NaN where nothing can be earned."""
        return self.expected.share


def world_tape(market: WorldMarket) -> Tape:
    """The market with its predictors, which have unit variance, as features."""
    features = np.ascontiguousarray(market.predictors)
    return build_tape(market.market, features.astype(np.float32), features, market.names)


def learn_world(
    world: World,
    settings: TrainingSettings = WORLD_SETTINGS,
    *,
    judged_streams: int = 256,
    judged_bars: int = 2_000,
) -> WorldResult:
    """Train on a stream of the world and judge the last policy on fresh draws.

    `seconds` is the learning alone.
    """
    seeds = Seeds.grow(settings.seed)
    with reproducible():
        course = _course(world, settings, seeds)
        began = time.perf_counter()
        while not course.done:
            course.update()
        seconds = time.perf_counter() - began
        fresh = stream(world, judged_streams, judged_bars, seeds.golden)
        positions = positions_of(course, fresh)
    return WorldResult(
        world=world.name,
        cost=world.cost,
        seed=settings.seed,
        steps=course.step,
        seconds=seconds,
        expected=compare(world, positions, fresh.paths, expected=True),
        realised=compare(world, positions, fresh.paths),
        naive=arithmetic_profit(naive_sign(fresh.paths), fresh.paths, world.cost, expected=True),
    )


def _course(world: World, settings: TrainingSettings, seeds: Seeds) -> Course:
    """One stream for each environment, long enough that no row is met twice."""
    bars = max(64, settings.steps // settings.parallel + 2)
    tape = world_tape(stream(world, settings.parallel, bars, seeds.episodes))
    rules = replace(WORLD_RULES, reward_scale=settings.reward_scale)
    environment = TradingVecEnv(tape, rules, settings.parallel, episode_bars=settings.episode_bars)
    learner = make_learner(settings, environment, seeds.learner)
    environment.seed(seeds.episodes)
    return Course(learner, settings.steps)


def positions_of(course: Course, market: WorldMarket) -> NDArray[np.float64]:
    """Positions [S, T, A] that the deterministic policy takes along every stream, each from a flat start."""
    streams, bars, width = market.paths.returns.shape
    batch = EpisodeBatch(world_tape(market), WORLD_RULES, environments=streams)
    for k in range(streams):
        batch.begin(k, Episode(k * bars, (k + 1) * bars - 1))
    positions = np.zeros((streams, bars, width))
    for t in range(bars - 1):
        batch.advance(course.actions(batch.observations))
        positions[:, t] = batch.weights
    positions[:, -1] = positions[:, -2]
    return positions
