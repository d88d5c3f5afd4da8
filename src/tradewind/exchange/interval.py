"""Lengths of candles as venues offer them, also weeks that begin on Monday and calendar months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from tradewind.market import ConfigError

_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONDAY_MS = 4 * 86_400_000  # 1970-01-05 was one
_TEXT = re.compile(r"^([1-9][0-9]{0,3})([smhdwM])$")


@dataclass(frozen=True, slots=True)
class Interval:
    """`text` as in 1s, 5m, 1h, 1d, 1w, 1M. All times are UTC ms."""

    text: str
    ms: int  # nominal: 30 days for a month
    offset_ms: int
    months: int

    @staticmethod
    @lru_cache(maxsize=256)
    def of(text: str) -> Interval:
        """The interval of that spelling; `ConfigError` when it is none."""
        match = _TEXT.match(text)
        if match is None:
            raise ConfigError(f"interval {text!r} is not a number and one of s, m, h, d, w, M")
        count, unit = int(match[1]), match[2]
        if unit == "M":
            return Interval(text, count * 30 * _UNIT_MS["d"], 0, count)
        return Interval(text, count * _UNIT_MS[unit], _MONDAY_MS if unit == "w" else 0, 0)

    def floor(self, ms: int) -> int:
        """Open time of the candle that holds `ms`."""
        if not self.months:
            return ms - (ms - self.offset_ms) % self.ms
        at = datetime.fromtimestamp(ms / 1000, UTC)
        month = at.year * 12 + at.month - 1
        return _month_ms(month - month % self.months)

    def next(self, open_ms: int) -> int:
        """Open time of the candle after the one that opens at `open_ms`."""
        if not self.months:
            return open_ms + self.ms
        at = datetime.fromtimestamp(open_ms / 1000, UTC)
        return _month_ms(at.year * 12 + at.month - 1 + self.months)

    def back(self, open_ms: int, count: int) -> int:
        """Open time of the candle `count` before the one that opens at `open_ms`."""
        if not self.months:
            return open_ms - count * self.ms
        at = datetime.fromtimestamp(open_ms / 1000, UTC)
        return _month_ms(max(1970 * 12, at.year * 12 + at.month - 1 - count * self.months))


def _month_ms(month: int) -> int:
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)
