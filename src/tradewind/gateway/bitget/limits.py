"""Rate limits: so many calls of an endpoint in a second, by address or by account, and a limit of all."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.house import LimitProfile

SECOND_MS = 1000
MINUTE_MS = 60_000
MOST_A_MINUTE = 6000  # of all endpoints, by address


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
