"""Subscriptions that are kept up: a line that ends is dialled again, one that died without a word is cut."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt

from tradewind.market import Clock

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.25, 30.0
HEALTHY_SECONDS = 60.0  # a line that stood so long is dialled again without a wait

log = logging.getLogger(__name__)

Hear = Callable[[Any, Any], bool]


def tap(client: Any, handler: str, hear: Hear) -> Callable[[], None]:
    """Give each frame of a ccxt handler to `hear(line, message)` first; one that it takes goes no further.

    An error in a handler would end ccxt's reading of the line without a word, so `hear` must not raise. Call what
    is returned to undo it.
    """
    before = getattr(client, handler)

    def handle(line: Any, message: Any) -> Any:
        if not hear(line, message):
            before(line, message)

    setattr(client, handler, handle)

    def undo() -> None:
        if getattr(client, handler) is handle:
            setattr(client, handler, before)

    return undo


class KeptLine:
    """One subscription for several symbols. `since` is when it was last asked for, in ms of the clock."""

    def __init__(
        self,
        listen: Callable[[], Awaitable[None]],
        clock: Clock,
        chances: random.Random | None = None,
        on_end: Callable[[str], None] | None = None,
    ) -> None:
        self.since = clock.now_ms()
        self.ends = 0
        self.last_error = ""
        self._listen, self._clock = listen, clock
        self._chances = chances or random.Random()
        self._on_end = on_end or (lambda reason: None)

    async def keep(self) -> None:
        """Subscribe again and again, with growing waits between failures, until cancelled."""
        failures = 0
        while True:
            self.since = self._clock.now_ms()
            try:
                await self._listen()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                self.last_error = "ccxt closed the line"  # it cancels what waits on one
            except Exception as error:  # noqa: BLE001 - whatever ended it, it is dialled again
                self.last_error = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            log.warning("a line ended: %s", self.last_error)
            self.ends += 1
            self._on_end(self.last_error)
            stood = self._clock.now_ms() - self.since
            failures = 1 if stood >= HEALTHY_SECONDS * 1000 else failures + 1
            longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (failures - 1))
            await self._clock.sleep(longest * (0.5 + 0.5 * self._chances.random()))


def cut(line: Any, reason: str) -> None:
    """End a ccxt connection as its own ping does when no pong comes: all who wait on it get the error."""
    line.on_error(ccxt.RequestTimeout(reason))
