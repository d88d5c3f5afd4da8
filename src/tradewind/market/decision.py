"""What a policy wants, what risk made of it, and the record of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntFlag

from tradewind.market.errors import DataError
from tradewind.market.orders import Order


class Reason(IntFlag):
    """Why risk or the rules cut a target, or why nothing was decided. Combined per instrument.

    The numbers stand in journals: a new reason takes a new one. Until features have warmed up no decision is made,
    so there is no reason for it.
    """

    NONE = 0
    WEIGHT_CAP = 1
    GROSS_CAP = 2
    NET_CAP = 4
    ORDER_CAP = 8
    DAILY_LOSS = 16
    KILL_SWITCH = 32
    COOLDOWN = 64
    LOSS_STREAK = 128
    MASKED = 256
    MISSING_FEATURE = 1024
    SPOT_RANGE = 2048
    RESERVE = 4096
    NO_NUMBER = 8192


@dataclass(frozen=True, slots=True)
class TargetWeights:
    """Signed fraction of equity per instrument, in the order of the run; None means hold."""

    weights: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if any(w is not None and not math.isfinite(w) for w in self.weights):
            raise DataError(f"target weights must be finite or None for hold, got {self.weights}")


@dataclass(frozen=True, slots=True)
class Review:
    """The targets that risk lets through, and why each was cut. Risk may only reduce exposure."""

    approved: TargetWeights
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, also the decision to do nothing. `at` is the close time of the bar it was made on.

    `reward` is that of the bar which has just closed. `latency_us` is measured by whoever runs the engine.
    """

    at: int
    wanted: TargetWeights
    review: Review
    orders: tuple[Order, ...]
    equity: float
    reward: float
    observation: tuple[float, ...] = ()
    observation_hash: str = ""
    model_hash: str = ""
    latency_us: float = 0.0
