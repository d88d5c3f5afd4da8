"""Bar lengths as people write them: 1m, 5m, 1h, 1d."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tradewind.market.errors import ConfigError

_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
FUNDING_JITTER_MS = 5_000  # venues stamp a payment some ms after the full hour
_TEXT = re.compile(r"^([1-9][0-9]*)([mhd])$")


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of a bar; `text` is the canonical spelling, `ms` its length in milliseconds."""

    text: str

    ms: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        match = _TEXT.match(self.text)
        if not match:
            raise ConfigError(
                f"timeframe {self.text!r} is not a bar length: write a number and m, h or d, such as 5m or 1h"
            )
        object.__setattr__(self, "ms", int(match[1]) * _UNIT_MS[match[2]])

    @property
    def bars_per_year(self) -> float:
        """Bars in 365 days."""
        return 365 * 86_400_000 / self.ms

    def charges_at(self, funding_ms: int) -> int:
        """The open at which a funding payment is charged: of the bar of its time, up to 5 s late, or of the next."""
        return -((FUNDING_JITTER_MS - funding_ms) // self.ms) * self.ms

    @classmethod
    def from_ms(cls, ms: int) -> Timeframe:
        """The canonical timeframe of that length; `ConfigError` when there is none."""
        for unit in ("d", "h", "m"):
            if ms > 0 and ms % _UNIT_MS[unit] == 0:
                return cls(f"{ms // _UNIT_MS[unit]}{unit}")
        raise ConfigError(f"{ms} ms is no whole number of minutes, so it is not a timeframe")

    def __str__(self) -> str:
        return self.text
