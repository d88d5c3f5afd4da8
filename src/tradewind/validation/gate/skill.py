"""G2: is it skill? Out of sample, net of base costs, and told apart from the luck of many tries."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tradewind import statistics as st
from tradewind.market import DataError
from tradewind.validation.gate.criterion import Criterion, Line
from tradewind.validation.gate.facts import SkillFacts, Tried
from tradewind.validation.gate.measures import annual_sharpe, middle_path, path_sharpes, returns
from tradewind.validation.gate.thresholds import Bootstrap, Statistics
from tradewind.words import counted

Floats = NDArray[np.float64]
GATE = "G2"


def paths(by_path: Floats, benchmarks: Mapping[str, Floats], limits: Statistics) -> tuple[Criterion, ...]:
    """(a) Daily returns [P, D] of the paths, mean of seeds, against benchmarks [D] on the same days."""
    values = returns(by_path, 2, "the paths")
    against = {name: returns(one, 1, name) for name, one in benchmarks.items()}

    def lead() -> float:
        if not against:
            raise st.Undefined("there is no benchmark to beat")
        return float(np.median(path_sharpes(values))) - max(annual_sharpe(one) for one in against.values())

    return (
        Line(GATE, "(a) median path").at_least(
            limits.median_sharpe,
            lambda: float(np.median(path_sharpes(values))),
            "the Sharpe ratio of the median path",
        ),
        Line(GATE, "(a) positive paths").at_least(
            limits.positive_paths,
            lambda: float((path_sharpes(values) > 0).mean()),
            "the share of paths with a Sharpe ratio above zero",
        ),
        Line(GATE, "(a) worst path").above(
            limits.worst_path,
            lambda: float(path_sharpes(values).min()),
            "the Sharpe ratio of the worst path",
        ),
        Line(GATE, "(a) best baseline").above(
            0.0, lead, "the Sharpe ratio of the median path less that of the best baseline"
        ),
    )


def walk_forward(stitched: Floats, limits: Statistics) -> Criterion:
    """(b) Daily returns [D] of the stitched walk-forward, mean of seeds."""
    values = returns(stitched, 1, "the walk-forward")
    return Line(GATE, "(b) walk-forward PSR").at_least(
        limits.walk_forward_psr, lambda: st.psr_of(values), "the PSR of the stitched walk-forward"
    )


def deflated(by_path: Floats, configurations: int, variance: float | None, limits: Statistics) -> Criterion:
    """(c) The middle one of paths [P, D], deflated by what was tried.

    `configurations` are all distinct ones of the ledger; `variance` that of the Sharpe ratios per day of those that
    were finished, None for that of estimates without skill, 1 / D.
    """
    values = returns(by_path, 2, "the paths")
    spread = 1 / values.shape[1] if variance is None else variance

    def measure() -> float:
        if configurations < 1:
            raise st.Undefined("the ledger has no trial on these symbols, timeframe and days")
        return st.psr_of(middle_path(values), math.sqrt(spread) * st.expected_maximum(configurations))

    tried = counted(configurations, "configuration")
    return Line(GATE, "(c) DSR").at_least(limits.dsr, measure, f"the DSR of the middle path after {tried}")


def choice(trials: Floats, limits: Statistics) -> tuple[Criterion, ...]:
    """(d) Daily returns [D, N] of all finished trials: does the best of the past earn later, and was it no toss?"""
    values = np.asarray(trials, dtype=np.float64)
    why = st.Reasons()
    found = why.value("cscv", lambda: st.cscv(values, st.most_blocks(len(values))))
    loss, safe = Line(GATE, "(d) chance of a loss"), Line(GATE, "(d) PBO or family PSR")
    if found is None:
        reason = f"CSCV is undefined: {why.found['cscv']}"
        return loss.undefined(reason, limits.loss_probability), safe.undefined(reason, limits.pbo)
    family = why.value("family", lambda: st.family_psr(values))
    told = (
        f"PBO is {found.pbo:.4g}, expected at most {limits.pbo:g}, or else a PSR of the family, "
        f"which is {'undefined' if family is None else f'{family:.4g}'}, of at least {limits.family_psr:g}"
    )
    holds = found.pbo <= limits.pbo or (family is not None and family >= limits.family_psr)
    return (
        loss.at_most(
            limits.loss_probability, lambda: found.loss_probability, "the chance of a loss out of sample"
        ),
        (safe.passed if holds else safe.failed)(found.pbo, told, limits.pbo),
    )


def superior(
    trials: Floats, benchmarks: Mapping[str, Floats], limits: Statistics, bootstrap: Bootstrap
) -> tuple[Criterion, ...]:
    """(e) Daily returns [D, N] of all finished trials against each benchmark [D], by the consistent p of SPA."""
    values = np.asarray(trials, dtype=np.float64)
    if not values.shape[1]:
        return (Line(GATE, "(e) SPA").undefined("no trial ever traded", limits.spa_p),)
    if not benchmarks:
        return (Line(GATE, "(e) SPA").undefined("there is no benchmark to beat", limits.spa_p),)

    def p_value(benchmark: Floats) -> float:
        return st.spa(values, benchmark, np.random.default_rng(bootstrap.seed), bootstrap.draws).consistent

    return tuple(
        Line(GATE, f"(e) SPA against {name}").at_most(
            limits.spa_p,
            lambda one=one: p_value(returns(one, 1, "a benchmark")),  # type: ignore[misc]
            f"the p-value that no trial beats {name}",
        )
        for name, one in benchmarks.items()
    )


def seeds(by_seed: Floats, limits: Statistics, bootstrap: Bootstrap) -> tuple[Criterion, ...]:
    """(f) Daily returns [S, P, D] of the chosen configuration, by seed and path."""
    values = returns(by_seed, 3, "the seeds")

    def scores() -> Floats:
        return np.array([path_sharpes(one) for one in values])

    def low() -> float:
        rng = np.random.default_rng(bootstrap.seed)
        return st.iqm_interval(scores(), rng, bootstrap.draws, bootstrap.confidence).low

    def spread() -> float:
        middle = st.iqm(scores())
        if len(values) < 2:
            raise st.Undefined("one seed says nothing about others: run two or more")
        if middle <= 0:
            raise st.Undefined(
                f"their interquartile mean is {middle:.3g}, so there is no edge to compare it with"
            )
        return float(np.median(scores(), axis=1).std(ddof=1)) / middle

    return (
        Line(GATE, "(f) seeds").at_least(limits.seeds, lambda: len(values), "the number of seeds"),
        Line(GATE, "(f) IQM of seeds").above(
            0.0, low, "the lower end of the interquartile mean of the seeds' Sharpe ratios"
        ),
        Line(GATE, "(f) positive seeds").at_least(
            limits.positive_seeds,
            lambda: float((np.median(scores(), axis=1) > 0).mean()),
            "the share of seeds with a Sharpe ratio above zero",
        ),
        Line(GATE, "(f) spread of seeds").at_most(
            limits.seed_deviation,
            spread,
            "the deviation of the seeds' Sharpe ratios over their interquartile mean",
        ),
    )


def beats_chance(by_path: Floats, random_sharpes: Floats, limits: Statistics) -> Criterion:
    """(g) Paths [P, D] against the annual Sharpe ratios [R] of random policies that trade as much."""
    values = returns(by_path, 2, "the paths")
    line = Line(GATE, "(g) random policies")
    drawn = np.asarray(random_sharpes, dtype=np.float64)
    if drawn.ndim != 1 or len(drawn) < limits.random_policies or not np.isfinite(drawn).all():
        return line.undefined(f"{drawn.size} random policies were run, expected {limits.random_policies}")
    bar = float(np.quantile(drawn, limits.random_quantile))
    return line.above(
        bar,
        lambda: float(np.median(path_sharpes(values))),
        f"the Sharpe ratio of the median path, against the best {1 - limits.random_quantile:.0%} of random policies,",
    )


def skill(facts: SkillFacts, tried: Tried, limits: Statistics, bootstrap: Bootstrap) -> tuple[Criterion, ...]:
    """All of G2. A trial that never moved is one of the configurations, but no column to compare."""
    by_seed = returns(facts.by_seed, 3, "the seeds")
    by_path = np.asarray(by_seed.mean(axis=0))
    moved = returns(facts.trials, 2, "the trials")
    _same_days(by_path.shape[1], {"the trials": moved} | dict(facts.benchmarks))
    moved = moved[:, moved.any(axis=0)]
    return (
        *paths(by_path, facts.benchmarks, limits),
        walk_forward(facts.walk_forward, limits),
        deflated(by_path, tried.configurations, tried.variance, limits),
        *choice(moved, limits),
        *superior(moved, facts.benchmarks, limits, bootstrap),
        *seeds(by_seed, limits, bootstrap),
        beats_chance(by_path, facts.random_sharpes, limits),
    )


def _same_days(days: int, others: Mapping[str, Floats]) -> None:
    for name, values in others.items():
        if len(values) != days:
            raise DataError(
                f"{name}: {len(values)} days against {days} of the paths, the same days are needed"
            )
