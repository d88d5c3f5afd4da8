"""Does the learner learn? Train it on worlds whose best attainable result is known, and compare.

Prices are a stream: each row is met about once, so nothing can be learnt by heart. The policy is judged on
fresh draws, by the positions that it takes at constant exposure, in the world's own objective: arithmetic
profit, log growth (W6) or Sharpe ratio (W7), beside oracle and naive sign.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds import (
    Comparison,
    Profit,
    World,
    WorldMarket,
    WorldPaths,
    arithmetic_profit,
    compare,
    log_growth,
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

_REWARDS = {
    "mean profit": Reward.SIMPLE_RETURN,
    "log growth": Reward.LOG_RETURN,
    "Sharpe ratio": Reward.DIFFERENTIAL_SHARPE,
}

WORLD_SETTINGS = TrainingSettings(
    algorithm="ppo",
    steps=1_000_000,
    net=(32, 32),
    episode_bars=None,
    reward_scale=100.0,
    hyperparameters=OnPolicy(),
)

SHARPE_SETTINGS = replace(WORLD_SETTINGS, reward_scale=1.0, hyperparameters=OnPolicy(counterfactual=False))
"""For W7: the differential Sharpe ratio is of the order of 1 by itself, and depends on the past returns of the
account, of which the counterfactual advantage knows little (86 % of the optimum instead of 88 %)."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A value per step in the world's objective, and how far luck may have moved it."""

    value: float
    standard_error: float


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
    reached: Reached  # expected profit, or realised growth or Sharpe ratio
    attainable: Reached  # the oracle's, on the same draws
    positions: NDArray[np.float64] = field(repr=False, compare=False)  # [S, T, A]
    paths: WorldPaths = field(repr=False, compare=False)  # where they were taken

    @property
    def share(self) -> float:
        """Of the oracle's value on the same draws; NaN where nothing can be earned."""
        best = self.attainable.value
        return self.reached.value / best if best > 0 else math.nan


def world_tape(market: WorldMarket) -> Tape:
    """The market with its predictors, which have unit variance, as features."""
    features = np.ascontiguousarray(market.predictors)
    return build_tape(market.market, features.astype(np.float32), features, market.names)


def world_rules(world: World) -> Rules:
    """The rules of every world, with its limit on the position shared out and its objective as the reward."""
    risk = replace(RiskLimits.none(), max_weight=world.limit / world.instruments)
    return replace(WORLD_RULES, risk=risk, leverage=world.limit, reward=_REWARDS[world.objective])


def learn_world(
    world: World,
    settings: TrainingSettings = WORLD_SETTINGS,
    *,
    taught_in: World | None = None,
    judged_streams: int = 256,
    judged_bars: int = 2_000,
) -> WorldResult:
    """Train on a stream of the world and judge the last policy on fresh draws.

    `taught_in` is the world to learn in where that is another: a hedged one, or one before its break. Only
    its law may differ. `seconds` is the learning alone.
    """
    seeds = Seeds.grow(settings.seed)
    with reproducible():
        course = _course(taught_in or world, settings, seeds)
        began = time.perf_counter()
        while not course.done:
            course.update()
        seconds = time.perf_counter() - began
        fresh = stream(world, judged_streams, judged_bars, seeds.golden)
        positions = positions_of(course, fresh)
    paths = fresh.paths
    return WorldResult(
        world=world.name,
        cost=world.cost,
        seed=settings.seed,
        steps=course.step,
        seconds=seconds,
        expected=compare(world, positions, paths, expected=True),
        realised=compare(world, positions, paths),
        naive=arithmetic_profit(naive_sign(paths), paths, world.cost, expected=True),
        reached=_value(world, positions, paths),
        attainable=_value(world, world.optimal().positions(paths), paths),
        positions=positions,
        paths=paths,
    )


def _value(world: World, positions: NDArray[np.float64], paths: WorldPaths) -> Reached:
    if world.objective == "log growth":
        growth = log_growth(positions, paths)
        return Reached(growth.mean, growth.standard_error)
    if world.objective == "Sharpe ratio":
        earned = arithmetic_profit(positions, paths, world.cost)
        # the error of the deviation adds sharpe**2 / 2 to the variance: little at what a step can earn
        error = earned.standard_error / earned.deviation if earned.deviation > 0 else 0.0
        return Reached(earned.sharpe, error)
    earned = arithmetic_profit(positions, paths, world.cost, expected=True)
    return Reached(earned.mean, earned.standard_error)


def _course(world: World, settings: TrainingSettings, seeds: Seeds) -> Course:
    """One stream for each environment, long enough that no row is met twice."""
    bars = max(64, settings.steps // settings.parallel + 2)
    tape = world_tape(stream(world, settings.parallel, bars, seeds.episodes))
    rules = replace(world_rules(world), reward_scale=settings.reward_scale)
    environment = TradingVecEnv(tape, rules, settings.parallel, episode_bars=settings.episode_bars)
    learner = make_learner(settings, environment, seeds.learner)
    environment.seed(seeds.episodes)
    return Course(learner, settings.steps)


def positions_of(course: Course, market: WorldMarket) -> NDArray[np.float64]:
    """Positions [S, T, A] that the deterministic policy takes along every stream, each from a flat start."""
    streams, bars, width = market.paths.returns.shape
    batch = EpisodeBatch(world_tape(market), world_rules(market.world), environments=streams)
    for k in range(streams):
        batch.begin(k, Episode(k * bars, (k + 1) * bars - 1))
    positions = np.zeros((streams, bars, width))
    for t in range(bars - 1):
        batch.advance(course.actions(batch.observations))
        positions[:, t] = batch.weights
    positions[:, -1] = positions[:, -2]
    return positions
