"""Calls to a venue that are repeated while repeating can help, and told in one sentence when it cannot."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import ccxt

from tradewind.clients.outcomes import Throttled, may_pass, of_error
from tradewind.market import Clock, ConfigError, VenueUnavailable, WallClock
from tradewind.market.errors import Stopped

_WALL = WallClock()  # the time of the wire, in which venues tell the end of a ban


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, and how long the waits in between may grow."""

    attempts: int = 6
    first_attempts: int = 2  # without any connection so far: then it is mostly ours that is missing
    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    longest_ban_seconds: float = (
        300.0  # where a venue wants silence for longer, a call ends at once and says so
    )

    def wait_seconds(self, failures: int, chance: float) -> float:
        """The wait after that many failures: doubling, spread by `chance` in [0, 1) so that calls part."""
        longest = float(min(self.longest_seconds, self.first_seconds * 2 ** (failures - 1)))
        return longest * (0.5 + 0.5 * chance)


class VenueReader:
    """Reads from a venue through a ccxt client. Reading twice does no harm, so failures are repeated.

    `on_retry` hears, before the wait, which attempt of how many comes next. Until the venue has said anything a
    connection that fails is tried less often.
    """

    def __init__(
        self,
        client: Any,
        clock: Clock,
        patience: Patience | None = None,
        chances: random.Random | None = None,
        on_retry: Callable[[int, int], None] | None = None,
    ) -> None:
        self.client = client
        self.clock = clock
        self.patience = patience or Patience()
        self._on_retry = on_retry or (lambda attempt, attempts: None)
        self._chances = chances or random.Random()
        self._reached = False
        self._quiet_until_ms = 0  # a rate limit counts for all calls, not only for the one that met it

    async def call(self, method: str, *arguments: Any, **parameters: Any) -> Any:
        """The client's answer. `VenueUnavailable` after the last attempt, `ConfigError` when it refuses."""
        name = self.client.id
        for failures in range(1, self.patience.attempts + 1):
            try:
                await self._wait_for_quiet()
                answer = await getattr(self.client, method)(*arguments, **parameters)
            except Stopped as stopped:
                if failures >= self.patience.attempts or stopped.seconds > self.patience.longest_ban_seconds:
                    raise
                await self.clock.sleep(stopped.seconds)
            except ccxt.BaseError as error:
                self._mind_limits(error)
                self._reached = self._reached or not _is_no_connection(error)
                most, first = self.patience.attempts, self.patience.first_attempts
                attempts = most if self._reached else min(first, most)
                if not _may_pass(error):
                    raise ConfigError(f"{name} refuses {method}: {_reason(error)}") from error
                if failures >= attempts:
                    raise VenueUnavailable(
                        f"{name} did not answer {method} in {failures} attempts ({_reason(error)}): "
                        "check the connection, or run the same command later"
                    ) from error
                self._on_retry(failures + 1, attempts)
                await self._pause(error, failures)
            else:
                self._reached = True
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _wait_for_quiet(self) -> None:
        """`Stopped` where the wait would be too long, or this is the only attempt."""
        left = (self._quiet_until_ms - self.clock.now_ms()) / 1000
        if left > self.patience.longest_ban_seconds or (left > 0 and self.patience.attempts == 1):
            raise Stopped(
                f"{self.client.id} wants no request for another {left:.0f} s: run the same command later",
                left,
            )
        if left > 0:
            await self.clock.sleep(left)

    def _mind_limits(self, error: ccxt.BaseError) -> None:
        """A limit that one call met holds for all; asked again before its end, venues ban for longer."""
        outcome = of_error(error)
        if isinstance(outcome, Throttled):
            seconds = outcome.seconds_from(_WALL.now_ms()) or 0.0
            self._quiet_until_ms = max(self._quiet_until_ms, self.clock.now_ms() + int(seconds * 1000))

    async def _pause(self, error: ccxt.BaseError, failures: int) -> None:
        wait = self.patience.wait_seconds(failures, self._chances.random())
        if isinstance(error, ccxt.DDoSProtection | ccxt.RateLimitExceeded):
            self._quiet_until_ms = max(self._quiet_until_ms, self.clock.now_ms() + int(wait * 1000))
        await self.clock.sleep(wait)


def _may_pass(error: ccxt.BaseError) -> bool:
    """Whether the next try may succeed.

    By the venue's own code first: ccxt makes an ExchangeError of codes that it does not know, and of a broken answer,
    which has its cause.
    """
    return bool(
        may_pass(error)
        or isinstance(error, ccxt.OperationFailed)
        or isinstance(error.__cause__, aiohttp.ClientError)
    )


def _is_no_connection(error: ccxt.BaseError) -> bool:
    """Whether nobody was reached at all, by name or address, or nobody answered in time."""
    return isinstance(error.__cause__, aiohttp.ClientConnectionError | OSError | TimeoutError)


def _reason(error: ccxt.BaseError) -> str:
    text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientSSLError):
        return f"{text}, whose certificate cannot be trusted: {' '.join(str(cause).split())[:200]}"
    return text
