"""The equity of a run: at each decision, and now."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray


class EquityCurve:
    """Takes in order what changes the equity, and says what it is. Growth is as if nothing had been paid in or out."""

    def __init__(self, capital: float) -> None:
        self.capital, self.paid_in = capital, 0.0
        self.deepest = 0.0  # fall from the highest mark at a decision, fraction
        self._at, self._growth = array("q"), array("d")
        self._last = capital  # equity at the last decision; since then:
        self._moved = 0.0  # by fills, at the marks of that time, and by funding
        self._paid = 0.0  # from outside
        self._peak = 0.0

    def decided(self, at: int, equity: float) -> None:
        """A close with its marks."""
        grown = (equity - self._paid) / self._last if self._last else 0.0
        growth = (self._growth[-1] if self._growth else 1.0) * grown
        self._at.append(at)
        self._growth.append(growth)
        self._last, self._moved, self._paid = equity, 0.0, 0.0
        self._peak = max(self._peak, growth)
        self.deepest = max(self.deepest, self.fall)

    def moved(self, amount: float) -> None:
        """Profit or loss since the last close."""
        self._moved += amount

    def paid(self, amount: float) -> None:
        """Money that came (negative: went) from outside."""
        self._paid += amount
        self.paid_in += amount

    def begin_anew(self) -> None:
        """The account of before is gone: neither profit nor loss."""
        self.paid(self.capital - self.equity)

    @property
    def equity(self) -> float:
        """Now: that of the last decision, with all that happened since."""
        return self._last + self._moved + self._paid

    @property
    def profit(self) -> float:
        return self.equity - self.capital - self.paid_in

    @property
    def growth(self) -> float:
        """Now; 1 at the start."""
        before = self._growth[-1] if self._growth else 1.0
        return before * (self._last + self._moved) / self._last if self._last else 0.0

    @property
    def fall(self) -> float:
        """Now, from the highest mark."""
        return max(0.0, 1.0 - self.growth / self._peak) if self._peak > 0 else 0.0

    @property
    def span(self) -> tuple[int, int] | None:
        """Of the decisions, UTC ms."""
        return (self._at[0], self._at[-1]) if self._at else None

    def points(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(close times, growth) of the decisions."""
        return np.array(self._at, np.int64), np.array(self._growth)
