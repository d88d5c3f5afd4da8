"""G0: can the numbers be believed? G1: can this learner learn what is there to be learnt?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tradewind.statistics import Undefined
from tradewind.validation.gate.criterion import Criterion, Line
from tradewind.validation.gate.facts import IntegrityFacts, WorldResult
from tradewind.validation.gate.thresholds import Integrity

_SHOWN = {
    "data_hash": "the data are those of the hash",
    "gaps_listed": "every gap beyond the tolerance ends a fragment and is listed",
    "nothing_filled": "no missing candle was filled in",
    "no_look_ahead": "deleting the future changes no feature of the past",
    "scaler_inside_training": "the scaler learnt from rows of training only",
    "same_seed_same_model": "the same seed gives the same model",
    "all_trials_in_ledger": "every trial is in the ledger",
}


def integrity(facts: IntegrityFacts, limits: Integrity) -> tuple[Criterion, ...]:
    """All of G0."""
    shown = tuple(_shown(name, getattr(facts, name), text) for name, text in _SHOWN.items())

    def difference() -> float:
        if facts.equity_difference is None:
            raise Undefined("it was not measured")
        return facts.equity_difference

    agrees = Line("G0", "environment equals backtest").at_most(
        limits.equity_difference, difference, "the difference of equity between environment and backtest"
    )
    return (*shown, agrees)


def _shown(name: str, found: bool | None, text: str) -> Criterion:
    line = Line("G0", name.replace("_", " "))
    if found is None:
        return line.undefined(f"not shown: {text}")
    return line.passed(1.0, text) if found else line.failed(0.0, f"not so: {text}")


def worlds(results: Sequence[WorldResult], limits: Mapping[str, float]) -> tuple[Criterion, ...]:
    """All of G1: every world that has a threshold, and those in which nothing is to be earned."""
    found = {one.world: one for one in results}
    missing = [
        Line("G1", name).undefined(f"the learner was not tried on {name}", limits[name])
        for name in limits
        if name not in found
    ]
    return (*(_world(one, limits) for one in results), *missing)


def _world(one: WorldResult, limits: Mapping[str, float]) -> Criterion:
    line, meaning = Line("G1", one.world), f"the share of the best possible in {one.world}"
    if not one.positive:
        return line.at_most(one.least or 0.0, lambda: one.share, meaning)
    limit = limits.get(one.world) if one.least is None else one.least
    if limit is None:
        return line.undefined(f"{one.world} has no threshold")
    return line.at_least(limit, lambda: one.share, meaning)
