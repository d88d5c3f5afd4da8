"""What a person may set of the stops that protect positions at a venue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tradewind.market import ConfigError


class TriggerPrice(StrEnum):
    """What a stop watches."""

    MARK = "mark"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class ProtectionSettings:
    trigger: TriggerPrice = (
        TriggerPrice.MARK
    )  # of the local guard; spot has no mark and watches the last price
    at_venue: bool = True  # False: the venue has no stops, the local guard is all
    min_move: float = 0.001  # of the price: a trailing stop is not replaced for less
    budget_seconds: float = 3.0  # in which a stop is replaced where it locks the coins
    unfilled_seconds: float = (
        10.0  # after which a stop that was reached and did not fill is replaced by an exit
    )
    check_seconds: float = 10.0  # between questions whether a stop still rests
    retry_seconds: float = 2.0  # after a refusal; doubled each time, up to 30
    refusals: int = 3  # in a row, after which the run may only reduce

    def __post_init__(self) -> None:
        if not 0 <= self.min_move < 0.1:
            raise ConfigError(f"min_move is {self.min_move}, expected a fraction below 0.1: 0.001 for 0.1 %")
        for name in ("budget_seconds", "unfilled_seconds", "check_seconds", "retry_seconds"):
            if not 0 < getattr(self, name) <= 60:
                raise ConfigError(f"{name} is {getattr(self, name)}, expected more than 0 and at most 60")
        if self.refusals < 1:
            raise ConfigError(f"refusals is {self.refusals}, expected 1 or more")
