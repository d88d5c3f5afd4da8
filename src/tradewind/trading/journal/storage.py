"""Can what happens be written down? While it can not, nothing new is begun."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tradewind.market import Clock
from tradewind.trading.journal.journal import Journal

LEAST_FREE = 500 * 2**20  # bytes
LOOK_SECONDS = 10.0


class Storage:
    """`objection` says why no position may be opened now, empty if one may. `told` hears when that changes."""

    def __init__(self, folder: Path, journal: Journal, told: Callable[[str], None]) -> None:
        self._folder, self._journal, self._told = folder, journal, told
        self._free, self._last = LEAST_FREE, ""
        self.look()

    def objection(self) -> str:
        if self._journal.failing:
            return f"the journal cannot be written ({self._journal.failing}): nothing is opened until it can"
        if self._free < LEAST_FREE:
            return (
                f"{self._free / 2**20:,.0f} MB are free where the journal is, expected {LEAST_FREE / 2**20:.0f}: "
                "make room"
            )
        return ""

    def look(self) -> None:
        """Ask the disk how much room is left."""
        self._free = shutil.disk_usage(self._folder).free
        now = self.objection()
        if bool(now) != bool(self._last):
            self._told(now or "everything can be written down again")
        self._last = now

    async def keep(self, clock: Clock) -> None:
        """Look until cancelled; a journal that failed is tried again."""
        while True:
            await clock.sleep(LOOK_SECONDS)
            self._journal.flush()
            self.look()
