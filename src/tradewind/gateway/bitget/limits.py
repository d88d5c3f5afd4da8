"""Rate limits: so many calls of an endpoint in a second, by address or by account, and a limit of all."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.house import LimitProfile

SECOND_MS = 1000
MINUTE_MS = 60_000
MOST_A_MINUTE = 6000  # of all endpoints, by address
FIVE_MINUTES_MS = 5 * MINUTE_MS
MOST_CONNECTIONS = 300  # in five minutes, by address
MOST_AT_ONCE = 100  # connections of one address


class Limits:
    """Counts of the present second and minute of wire time. `profile` may scale them or switch them off."""

    def __init__(self, profile: LimitProfile) -> None:
        self.profile = profile
        self._second = self._minute = -1
        self._calls: dict[tuple[str, str], int] = {}
        self._all: dict[str, int] = {}

    def admit_address(self, address: str, now_ms: int) -> None:
        """Count a call of whatever endpoint; `Failure` 429 when that is too many."""
        minute = now_ms // MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            self._all.clear()
        count = self._all[address] = self._all.get(address, 0) + 1
        if self.profile.on and count > MOST_A_MINUTE * self.profile.scale:
            raise known("429")

    def admit(self, endpoint: str, who: str, most: float, now_ms: int) -> None:
        """Count a call of an endpoint by an address or an account; `Failure` 429 when that is too many."""
        second = now_ms // SECOND_MS
        if second != self._second:
            self._second = second
            self._calls.clear()
        count = self._calls[endpoint, who] = self._calls.get((endpoint, who), 0) + 1
        if self.profile.on and count > most * self.profile.scale:
            raise known("429")


class Connections:
    """Sockets of each address: those of the present five minutes of wire time."""

    def __init__(self, profile: LimitProfile) -> None:
        self.profile = profile
        self._span = -1
        self._made: dict[str, int] = {}

    def admit(self, address: str, already_open: int, now_ms: int) -> None:
        """Count a socket; `Failure` 429 when that is too many, or too many at once."""
        span = now_ms // FIVE_MINUTES_MS
        if span != self._span:
            self._span = span
            self._made.clear()
        count = self._made[address] = self._made.get(address, 0) + 1
        if not self.profile.on:
            return
        if count > MOST_CONNECTIONS * self.profile.scale or already_open >= MOST_AT_ONCE:
            raise known("429")
