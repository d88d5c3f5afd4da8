"""When a perpetual charges funding, and at what rate."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tradewind.exchange.listing import HOUR_MS
from tradewind.market import Market

USUAL_RATE = Decimal("0.0001")


class FundingSchedule:
    """Recorded payments of one column where the market has them; outside of them the usual rate at the grid.

    A market without funding charges the usual rate every interval of UTC.
    """

    def __init__(self, market: Market, column: int, interval_ms: int = 8 * HOUR_MS) -> None:
        self.interval_ms = interval_ms
        self._recorded: dict[int, Decimal] = {}
        if market.funding_rate is not None:
            rates = market.funding_rate[:, column]
            for row in np.flatnonzero(np.nan_to_num(rates)):
                self._recorded[int(market.open_time[row])] = Decimal(str(round(float(rates[row]), 10)))
        self._times = np.array(sorted(self._recorded), dtype=np.int64)

    def next_ms(self, after_ms: int) -> int:
        """The first funding time after `after_ms`."""
        index = int(np.searchsorted(self._times, after_ms, side="right"))
        grid = after_ms - after_ms % self.interval_ms + self.interval_ms
        if index < len(self._times) and (index > 0 or self._times[0] <= grid):
            return int(self._times[index])
        return grid

    def rate(self, time_ms: int) -> Decimal:
        """What is charged at a funding time."""
        return self._recorded.get(time_ms, USUAL_RATE)

    def set_rate(self, time_ms: int, rate: Decimal) -> None:
        """Charge another rate at a funding time that is still to come."""
        self._recorded[time_ms] = rate

    def between(self, first_ms: int, last_ms: int) -> list[int]:
        """All funding times in [first_ms, last_ms]."""
        found = []
        time = self.next_ms(first_ms - 1)
        while time <= last_ms:
            found.append(time)
            time = self.next_ms(time)
        return found
