"""The market time of a local exchange that works in another process: asked now and then, counted on in between."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tradewind.market import ConfigError, VenueUnavailable

ASK_SECONDS = 1.0
TIMEOUT_SECONDS = 5.0


class LocalClock:
    """`Clock` of the exchange at `address`: `now_ms` is market time, waiting is done by the wall.

    `ask` once before the first use; `keep` beside the work, so that a change of speed is heard of.
    """

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._base_ms, self._speed = 0, 1.0
        self._asked_at = time.monotonic()

    @property
    def speed(self) -> float:
        """Market seconds in a second of the wall, as last heard; 1 while market time stands."""
        return self._speed or 1.0

    def now_ms(self) -> int:
        return self._base_ms + int((time.monotonic() - self._asked_at) * 1000 * self._speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def ask(self) -> None:
        """`VenueUnavailable` where nothing answers, `ConfigError` where it is no local exchange that does."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        began = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self._address}/tradewind/state") as reply,
            ):
                state: Any = await reply.json() if reply.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VenueUnavailable(
                f"no local exchange answers at {self._address} ({type(error).__name__}): start it with "
                "`tradewind exchange`"
            ) from error
        except ValueError:
            state = None
        if not isinstance(state, dict) or "market_ms" not in state:
            raise ConfigError(f"{self._address} is no local exchange: write the address that it printed")
        self._asked_at = (began + time.monotonic()) / 2
        self._base_ms, self._speed = int(state["market_ms"]), float(state["speed"])

    async def keep(self) -> None:
        """Ask again every second, until cancelled. While it does not answer, time goes on as it went."""
        while True:
            await asyncio.sleep(ASK_SECONDS)
            try:
                await self.ask()
            except VenueUnavailable:
                continue
