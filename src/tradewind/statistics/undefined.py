"""A figure that a curve does not have is refused with the reason; it becomes neither NaN nor zero."""

from __future__ import annotations

from tradewind.market.errors import DataError


class Undefined(DataError):
    """The figure does not exist for this curve; the text says why."""


MIN_DAYS = 20  # below this an annual figure is a story, not a measurement


def need_days(days: float, needed: int = MIN_DAYS) -> None:
    """Raise `Undefined` when there are fewer days than an annual figure needs."""
    if days < needed:
        raise Undefined(f"too few days: {days:.3g}, needs {needed}")
