"""The learner on every synthetic world, beside the best that anyone could reach on the same draws.

PPO learns on a stream, so that it meets no row twice, and its last policy is judged on fresh draws. A world's
target has to be met by every seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from rich.table import Table

from measure import Result
from tradewind.data.worlds import WORLDS, RegimeBreak, World, WorldPaths, arithmetic_profit, best_momentum
from tradewind.training.settings import TrainingSettings
from tradewind.training.worlds import SHARPE_SETTINGS, WORLD_SETTINGS, Reached, WorldResult, learn_world

ORACLE = "oracle"
_Demand = Callable[[WorldResult], tuple[bool, str]]  # met or not, and what to tell beside the share


def _no_profit(result: WorldResult) -> tuple[bool, str]:
    earned = result.realised.policy
    told = f"earned {earned.mean:.1e} +- {earned.standard_error:.1e}, turnover {earned.turnover:.3f}"
    return earned.mean <= 2 * earned.standard_error, told


def _share(least: float) -> _Demand:
    """At least this share, and not above what is attainable: that would be a leak or an error."""

    def demand(result: WorldResult) -> tuple[bool, str]:
        too_good = result.expected.too_good or result.realised.too_good
        return result.share >= least and not too_good, "above the oracle: a leak" if too_good else ""

    return demand


def _beats_naive_sign(result: WorldResult) -> tuple[bool, str]:
    met, told = _share(0.92)(result)
    return met and result.reached.value > result.naive.mean, told or f"naive sign {result.naive.mean:.2e}"


def _beats_momentum(result: WorldResult) -> tuple[bool, str]:
    met, told = _share(0.90)(result)
    lookback, rival = best_momentum(result.paths, result.cost)
    earned = result.realised.policy.mean
    compared = f"earned {earned:.2e}, momentum over {lookback} bars {rival.mean:.2e}"
    return met and earned > rival.mean, told or compared


def _right_size(result: WorldResult) -> tuple[bool, str]:
    distance = float(np.abs(result.positions - 1).mean())
    return distance <= 0.25, f"mean |p - 1| {distance:.3f}"


def _sharpe_share(result: WorldResult) -> tuple[bool, str]:
    return result.share >= 0.80, ""


def _finds_the_leak(result: WorldResult) -> tuple[bool, str]:
    """The bound is what the leak is worth without costs: the mean of the absolute next return."""
    of_bound = result.reached.value / float(np.abs(result.paths.drift[:, :-1]).mean())
    return of_bound >= 0.85, f"{of_bound:.1%} of the bound without costs"


def _loses_after_the_break(result: WorldResult) -> tuple[bool, str]:
    after = _in_part(result, slice(_break_bar(result), None)).reached
    return result.reached.value > 0 > after.value, f"after the break {after.value:.2e}"


def _before_the_break(result: WorldResult) -> WorldResult:
    before = _in_part(result, slice(0, _break_bar(result)))
    return replace(result, reached=before.reached, attainable=before.attainable)


def _break_bar(result: WorldResult) -> int:
    world = WORLDS[result.world]
    assert isinstance(world, RegimeBreak)
    return world.break_bar(result.paths.bars)


def _in_part(result: WorldResult, bars: slice) -> WorldResult:
    """The same result with the values of some of the bars; both sides enter them flat."""
    paths = result.paths
    part = WorldPaths(
        paths.returns[:, bars], paths.predictors[:, bars], paths.signal[:, bars], paths.drift[:, bars]
    )
    oracle = WORLDS[result.world].optimal(result.cost).positions(part)
    mine, best = (
        arithmetic_profit(positions, part, result.cost, expected=True)
        for positions in (result.positions[:, bars], oracle)
    )
    return replace(
        result,
        reached=Reached(mine.mean, mine.standard_error),
        attainable=Reached(best.mean, best.standard_error),
    )


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a world is taught and what is asked for."""

    world: World
    steps: int
    target: str
    demand: _Demand
    settings: TrainingSettings = WORLD_SETTINGS
    taught_in: World | None = None
    restated: Callable[[WorldResult], WorldResult] = lambda result: result

    def learn(self, seed: int, streams: int, bars: int) -> WorldResult:
        settings = replace(self.settings, steps=self.steps, seed=seed)
        result = learn_world(
            self.world, settings, taught_in=self.taught_in, judged_streams=streams, judged_bars=bars
        )
        return self.restated(result)


LESSONS = (
    Lesson(WORLDS["W0"], 500_000, "<= +2 SE", _no_profit),
    Lesson(WORLDS["W1"], 500_000, ">= 80 %", _share(0.80)),
    Lesson(WORLDS["W2"], 300_000, ">= 90 %", _share(0.90)),
    Lesson(replace(WORLDS["W3"], cost=1e-3), 300_000, ">= 92 %, > naive sign", _beats_naive_sign),
    Lesson(WORLDS["W4"], 500_000, ">= 90 % of filter, > momentum", _beats_momentum),
    Lesson(WORLDS["W5"], 500_000, ">= 85 % hedged", _share(0.85)),
    Lesson(WORLDS["W6"], 500_000, "mean |p - 1| <= .25", _right_size),
    Lesson(WORLDS["W7"], 500_000, ">= 80 % of Sharpe", _sharpe_share, SHARPE_SETTINGS),
    Lesson(WORLDS["W8"], 200_000, ">= 85 % of bound", _finds_the_leak),
    Lesson(
        WORLDS["W9"],
        500_000,
        "before +, after -",
        _loses_after_the_break,
        restated=_before_the_break,
        taught_in=RegimeBreak(break_fraction=1.0),
    ),
)
"""Two million steps judge each policy. What W0 to W5, W8 and W9 earn is the expected profit, which has the
market's noise taken out: so W5 is judged hedged. All learn from the noisy market. W9 is taught before its
break, and its share is of that part."""


def measure(quick: bool) -> Iterator[Result]:
    seeds = range(1 if quick else 3)
    replace(LESSONS[0], steps=4_096).learn(0, 64, 64)  # the first one compiles
    for lesson in LESSONS:
        yield _row(lesson, [lesson.learn(seed, 512, 1_000 if quick else 4_000) for seed in seeds])


def _row(lesson: Lesson, results: list[WorldResult]) -> Result:
    world = lesson.world
    answers = [lesson.demand(result) for result in results]
    shares = [result.share for result in results]
    reached = median(result.reached.value for result in results)
    middle = min(results, key=lambda result: abs(result.reached.value - reached))
    told = answers[results.index(middle)][1]
    worst = "" if math.isnan(min(shares)) else f"worst of {len(shares)} seeds {min(shares):.1%}"
    return Result(
        name=f"{world.name} {world.title}, {world.cost * 1e4:g} bp",
        ours=middle.reached.value,
        peer=middle.attainable.value,
        ratio=None if math.isnan(middle.share) else middle.share,
        unit=f"{world.objective} per step",
        against=ORACLE,
        target=lesson.target,
        met=all(met for met, _ in answers),
        note="; ".join(part for part in (worst, told) if part),
        details={
            "standard_error": middle.reached.standard_error,
            "oracle_by_theory": middle.expected.gain,
            "shares_by_seed": None if math.isnan(min(shares)) else shares,
            "met_by_seed": [met for met, _ in answers],
            "learning_seconds": median(result.seconds for result in results),
            "steps": middle.steps,
        },
    )


def table(results: list[Result]) -> Table:
    """One row for each world: the median seed, and whether all of them met the target."""
    out = Table(show_lines=False)
    for title in ("world", "oracle", "reached", "share", "target", "met", "seconds", "steps", "beside"):
        out.add_column(title, justify="left" if title in ("world", "target", "met", "beside") else "right")
    for r in results:
        out.add_row(
            r.name,
            f"{r.peer:.3g}",
            f"{r.ours:.3g} +- {r.details['standard_error']:.0e}",
            "" if r.ratio is None else f"{r.ratio:.1%}",
            r.target,
            "[green]yes[/green]" if r.met else "[red]no[/red]",
            f"{r.details['learning_seconds']:.1f}",
            f"{r.details['steps'] // 1000} k",
            r.note,
        )
    return out
