"""The matrix of panic, as a table: where it is pressed, in which state, beside which process, with which faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from tests.venues.remote.seats import (
    BINANCE_SPOT,
    BINANCE_USDM,
    BITGET_SPOT,
    BITGET_SWAP,
    UNIFIED_SPOT,
    UNIFIED_SWAP,
    Place,
)

PLACES = (BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP, UNIFIED_SPOT, UNIFIED_SWAP)


class State(StrEnum):
    """What the run and its account were at when the button was pressed."""

    FLAT = "flat"
    UNSENT = "entering, the order is on disk and was never sent"
    ON_ITS_WAY = "entering, the order arrives after the press"
    UNANSWERED = "entering, the order is filled and its answer was lost"
    RESTING = "entering, the order rests"
    PARTLY = "entering, the order is partly filled"
    PROTECTED = "holding, with a stop at the venue"
    STOP_LOST = "holding, the stop vanished"
    STOP_TRIGGERED = "the stop has triggered, the journal does not know"
    STOP_TRIGGERING = "the stop triggers during the panic"
    CLOSING = "closing, the order is partly filled"
    CLOSING_UNANSWERED = "closing, the order is filled and its answer was lost"
    CANCELLING = "a cancel is on its way"
    TWO = "another panic is at work"
    KILLED = "a panic was killed in the middle"
    HALTED = "halted, holding"
    FOREIGN = "orders and coins of the user in the account"
    DUST = "holding less than can be traded"
    SHORT = "holding a short"
    HEDGE = "the user holds both sides in hedge mode"


class Process(StrEnum):
    """What became of the run's own process."""

    KILLED = "killed"
    HUNG = "stopped by SIGSTOP"
    LOCKED = "holds its journal locked"
    ENDED = "ended cleanly"


class Trouble(StrEnum):
    """What the venue does to the panic."""

    NONE = "none"
    TIMEOUT = "the first order to close times out, done"
    LOST = "the first order to close never arrives"
    LIMITED = "rate limits"
    BROKEN = "5xx to the first questions and orders"
    REFUSED = "one symbol is refused for good"


@dataclass(frozen=True)
class Cell:
    place: Place
    state: State
    process: Process
    trouble: Trouble

    def __str__(self) -> str:
        parts = (self.place.name, self.state.name, self.process.name, self.trouble.name)
        return "-".join(part.lower().replace(" ", "_") for part in parts)

    @property
    def exists(self) -> bool:
        """Can it happen there?"""
        match self.state:
            case State.HEDGE:  # an open position keeps the account in one-way mode
                return not self.place.is_spot and self.trouble is not Trouble.REFUSED
            case State.SHORT:
                return not self.place.is_spot
            case State.STOP_LOST | State.STOP_TRIGGERED | State.STOP_TRIGGERING:
                return self.place is not UNIFIED_SPOT  # which has no stops
            case State.DUST:  # futures close below their minimum
                return self.place.is_spot
            case State.ON_ITS_WAY | State.CANCELLING:  # an orderly end waits for the answer
                return self.process is not Process.ENDED
        return True


def every_cell() -> Iterator[Cell]:
    """Each state at each place with each trouble, and with each process: what a panic meets, and what it reads from."""
    for place, state in product(PLACES, State):
        for trouble in Trouble:
            yield Cell(place, state, Process.KILLED, trouble)
        for process in (Process.HUNG, Process.LOCKED, Process.ENDED):
            yield Cell(place, state, process, Trouble.NONE)


def cells() -> list[Cell]:
    return [cell for cell in every_cell() if cell.exists]


def spread() -> list[Cell]:
    """About 40 of them, in which each state stands twice, and every place, process and trouble many times."""
    found = []
    for number, state in enumerate(State):
        there = [cell for cell in cells() if cell.state is state]
        for step in (7 * number, 7 * number + len(there) // 2 + 3):
            found.append(there[step % len(there)])
    return list(dict.fromkeys(found))
