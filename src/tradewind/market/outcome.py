"""What is known after a request to a venue: it was accepted, it was refused, or nobody can tell yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RejectKind(StrEnum):
    """Why an order has no effect, by what the caller does about it. All but `BARRED` are refusals of a venue."""

    FILTER = "filter"  # lot, tick or minimum: reload the instrument's rules, round once more
    BALANCE = "balance"  # not enough free balance or margin: read the balances again
    DUPLICATE = "duplicate"  # the client id is in use: an order with it was accepted before
    WOULD_TAKE = "would_take"  # a post-only order that would have traded at once
    WOULD_TRIGGER = "would_trigger"  # a stop that would have triggered at once
    REDUCE_ONLY = "reduce_only"  # there is nothing left to reduce: read the position again
    POSITION_MODE = "position_mode"  # position, margin or leverage mode is not the expected one
    NOT_TRADING = "not_trading"  # the symbol is halted or gone
    AUTH = "auth"  # key, signature or permission
    CLOCK = "clock"  # the request's time is outside the window: set the clock, then send once more
    LIMIT = "limit"  # too many requests or orders
    MAINTENANCE = "maintenance"  # the venue is closed for all
    NOT_FOUND = "not_found"  # no such order
    OTHER = "other"
    BARRED = "barred"  # never sent: a process beside this one closes everything


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order, or the cancellation of it, under its own id."""

    venue_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue refused for certain: this request will never have an effect.

    Except for `DUPLICATE`, which says that an earlier request with the same client id had one.
    """

    code: str  # the venue's own, as text
    text: str
    kind: RejectKind


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been accepted or not; only asking the venue tells. `text` says what happened."""

    text: str


Outcome = Accepted | Rejected | Unknown
