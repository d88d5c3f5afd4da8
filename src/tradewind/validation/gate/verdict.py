"""The verdict: every criterion of every gate judged, and all that stand in the way named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tradewind.validation.gate.criterion import Criterion, Line
from tradewind.validation.gate.economics import economics
from tradewind.validation.gate.facts import Facts, Tried
from tradewind.validation.gate.integrity import integrity, worlds
from tradewind.validation.gate.robustness import robustness
from tradewind.validation.gate.skill import skill
from tradewind.validation.gate.thresholds import Thresholds, thresholds
from tradewind.words import counted

GATES = ("G0", "G1", "G2", "G3", "G4")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`thresholds` is the version of the numbers it was judged by."""

    thresholds: int
    criteria: tuple[Criterion, ...]

    @property
    def promoted(self) -> bool:
        """Every gate was judged, and nothing stands in the way."""
        return {one.gate for one in self.criteria} >= set(GATES) and not self.against

    @property
    def against(self) -> tuple[Criterion, ...]:
        """All that failed or are undefined."""
        return tuple(one for one in self.criteria if not one.holds)

    @property
    def sentence(self) -> str:
        if self.promoted:
            return f"Promoted: {counted(len(self.criteria), 'line')} of the gate hold."
        names = ", ".join(f"{one.gate} {one.name} ({one.verdict})" for one in self.against)
        return f"Not promoted: {names or 'no gate was judged'}."

    def of(self, gate: str) -> tuple[Criterion, ...]:
        return tuple(one for one in self.criteria if one.gate == gate)

    def to_json(self) -> dict[str, Any]:
        return {
            "promoted": self.promoted,
            "sentence": self.sentence,
            "thresholds": self.thresholds,
            "criteria": [one.to_json() for one in self.criteria],
        }


def judged(facts: Facts, tried: Tried, limits: Thresholds | None = None) -> Verdict:
    """All gates on what was measured; a gate of which nothing was is one undefined line."""
    by = thresholds() if limits is None else limits
    parts = {
        "G0": None if facts.integrity is None else integrity(facts.integrity, by.integrity),
        "G1": None if facts.worlds is None else worlds(facts.worlds, by.worlds),
        "G2": None if facts.skill is None else skill(facts.skill, tried, by.statistics, by.bootstrap),
        "G3": None if facts.economics is None else economics(facts.economics, by.economics, by.bootstrap),
        "G4": None
        if facts.robustness is None
        else robustness(facts.robustness, by.robustness, by.economics.instruments, by.bootstrap),
    }
    criteria = [
        one
        for gate, found in parts.items()
        for one in (found or (Line(gate, "evidence").undefined("nothing was measured"),))
    ]
    return Verdict(by.version, tuple(criteria))
