"""What every policy is: something that looks at one observation and says what it wants."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Observation

Weights = NDArray[np.float64]


@runtime_checkable
class Policy(Protocol):
    """Looks at what is known at a closed bar and names target weights."""

    def decide(self, observation: Observation) -> Weights:
        """Signed fraction of equity [A] per instrument, in the order of the run; NaN means hold.

        An infinite one is no answer: all is held, with an alarm.         The array is a new one at every call.
        """

    def reset(self) -> None:
        """Forget everything since the start, as before a new run."""


@runtime_checkable
class Resumable(Protocol):
    """A policy that remembers something between decisions, and can go on after a restart."""

    def state(self) -> dict[str, list[float]]:
        """What it remembers, as plain numbers."""

    def restore(self, state: dict[str, list[float]]) -> None:
        """Go on from there."""
