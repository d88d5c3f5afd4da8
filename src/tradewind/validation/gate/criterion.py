"""One line of a verdict, and how a number becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from tradewind.statistics import Undefined


class Outcome(StrEnum):
    """`NOT_APPLICABLE` is of criteria that this market does not have; what could not be measured is `UNDEFINED`."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Criterion:
    """`gate` is "G2", `name` begins with the letter of the design: "(a) median path". `sentence` says it all."""

    gate: str
    name: str
    value: float | None
    threshold: float | None
    verdict: Outcome
    sentence: str

    @property
    def holds(self) -> bool:
        """It stands in nobody's way. What is undefined does."""
        return self.verdict in (Outcome.PASSED, Outcome.NOT_APPLICABLE)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Line:
    """Gate and name of a criterion that is yet to be judged."""

    gate: str
    name: str

    def at_least(self, limit: float, measure: Callable[[], float], meaning: str) -> Criterion:
        """Passed at the limit and above. `meaning` is what is measured; `Undefined` becomes its reason."""
        return self._compared(limit, measure, meaning, "at least", lambda value: value >= limit)

    def at_most(self, limit: float, measure: Callable[[], float], meaning: str) -> Criterion:
        return self._compared(limit, measure, meaning, "at most", lambda value: value <= limit)

    def above(self, limit: float, measure: Callable[[], float], meaning: str) -> Criterion:
        """Passed above the limit, and not at it."""
        return self._compared(limit, measure, meaning, "more than", lambda value: value > limit)

    def passed(self, value: float | None, why: str, limit: float | None = None) -> Criterion:
        return Criterion(self.gate, self.name, value, limit, Outcome.PASSED, why)

    def failed(self, value: float | None, why: str, limit: float | None = None) -> Criterion:
        return Criterion(self.gate, self.name, value, limit, Outcome.FAILED, why)

    def not_applicable(self, why: str) -> Criterion:
        return Criterion(self.gate, self.name, None, None, Outcome.NOT_APPLICABLE, why)

    def undefined(self, why: str, limit: float | None = None) -> Criterion:
        return Criterion(self.gate, self.name, None, limit, Outcome.UNDEFINED, why)

    def _compared(
        self,
        limit: float,
        measure: Callable[[], float],
        meaning: str,
        words: str,
        holds: Callable[[float], bool],
    ) -> Criterion:
        try:
            value = float(measure())
        except Undefined as reason:
            return self.undefined(f"{meaning} is undefined: {reason}", limit)
        verdict = Outcome.PASSED if holds(value) else Outcome.FAILED
        text = f"{meaning} is {value:.4g}, expected {words} {limit:g}"
        return Criterion(self.gate, self.name, value, limit, verdict, text)
