"""A figure that a curve does not have is refused with the reason; it becomes neither NaN nor zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tradewind.market.errors import DataError

T = TypeVar("T")


class Undefined(DataError):
    """The figure does not exist for this curve; the text says why."""


MIN_DAYS = 20  # below this an annual figure is a story, not a measurement


def need_days(days: float, needed: int = MIN_DAYS) -> None:
    """Raise `Undefined` when there are fewer days than an annual figure needs."""
    if days < needed:
        raise Undefined(f"too few days: {days:.3g}, needs {needed}")


class Reasons:
    """Collects why figures are undefined."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def value(self, name: str, compute: Callable[[], T]) -> T | None:
        try:
            return compute()
        except Undefined as reason:
            self.found[name] = str(reason)
            return None

    def ratio(self, name: str, above: float, below: float, reason: str) -> float | None:
        """above / below where below is positive, else None for that reason."""
        if below > 0:
            return above / below
        self.found[name] = reason
        return None
