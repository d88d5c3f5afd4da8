"""What the journal keeps of differences between its books and the venue's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Settled(StrEnum):
    """What became of a difference."""

    HALTED = "halted"  # a person must look
    ADOPTED = "adopted"  # the books follow the venue, as configured
    NOT_OURS = "not_ours"  # the user's own coins came or went: nothing of the run


class Policy(StrEnum):
    """What follows when the user's own hands touched what is the run's."""

    HALT = "halt"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What the books expected the venue to hold, and what it held in three readings in a row.

    In base units of `symbol`; without a symbol, the wallet in quote.
    """

    at: int  # UTC ms
    symbol: str
    expected: Decimal
    found: Decimal
    settled: Settled


@dataclass(frozen=True, slots=True)
class Epoch:
    """The venue began anew (a testnet was reset): what stands before is history of another account."""

    at: int  # UTC ms
    text: str


ReconcileRecord = Discrepancy | Epoch
