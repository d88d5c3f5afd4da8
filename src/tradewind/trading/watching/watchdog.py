"""Notices when the event loop stands still: a policy that thinks for half a minute, say."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

LIMIT_SECONDS = 5.0
BEAT_SECONDS = 0.5


class Watchdog:
    """`keep` it as a task of the loop; a thread of its own looks whether the loop still turns.

    `stands` hears, from that thread and once for each time, where the loop has been since the limit passed. `stood`
    hears from the loop how many seconds it was in all. Both are of the machine: no clock of a run can stop with it.
    """

    def __init__(
        self,
        stands: Callable[[str], None],
        stood: Callable[[float, str], None],
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self.stalls = 0
        self._stands, self._stood, self._limit = stands, stood, limit_seconds
        self._beat = 0.0
        self._where = "somewhere"

    async def keep(self) -> None:
        """Until cancelled."""
        over, self._beat = threading.Event(), time.monotonic()
        looking = threading.Thread(target=self._look, args=(threading.get_ident(), over), daemon=True)
        looking.start()
        try:
            while True:
                await asyncio.sleep(min(BEAT_SECONDS, self._limit / 4))
                before, self._beat = self._beat, time.monotonic()
                if self._beat - before >= self._limit:
                    self.stalls += 1
                    self._stood(self._beat - before, self._where)
        finally:
            over.set()

    def _look(self, loop: int, over: threading.Event) -> None:
        told = 0.0
        while not over.wait(self._limit / 5):
            beat = self._beat
            if beat != told and time.monotonic() - beat >= self._limit:
                told, self._where = beat, _place(sys._current_frames().get(loop))
                self._stands(self._where)


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return "somewhere"
    return (
        f"{frame.f_code.co_qualname} (line {frame.f_lineno} of {frame.f_code.co_filename.rpartition('/')[2]})"
    )
