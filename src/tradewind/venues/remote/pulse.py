"""When a subscription spoke last, and whether REST says that it should have spoken since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Patiences:
    """Seconds that a stream may be silent before REST is asked about it, and between two questions."""

    first_message: float = 15.0
    idle: float = 30.0
    between: float = 5.0


class Pulse:
    """Of one symbol. Times in ms of the clock; `since` is when its line was last asked for."""

    __slots__ = ("_asked_at", "_gap_ms", "_rest", "heard_at")

    def __init__(self, now: int) -> None:
        self.heard_at = now
        self._gap_ms = 0.0  # between frames, usually
        self._asked_at = 0
        self._rest: Any = None

    def beat(self, now: int) -> None:
        self._gap_ms += 0.05 * (now - self.heard_at - self._gap_ms)
        self.heard_at = now
        self._rest = None

    def silent(self, now: int, since: int, patiences: Patiences) -> bool:
        """Longer than it may be: than three of its usual gaps and the least for a stream that spoke."""
        usual = max(patiences.idle * 1000, 3 * self._gap_ms)
        limit = usual if self.heard_at > since else patiences.first_message * 1000
        return now - max(self.heard_at, since) > limit

    def asks(self, now: int, patiences: Patiences) -> bool:
        """Whether it is time to ask REST; then it counts as asked."""
        if now - self._asked_at < patiences.between * 1000:
            return False
        self._asked_at = now
        return True

    def contradicted(self, said: Any, by_rest: Any) -> bool:
        """Whether REST knows more than what the stream said last, or, None, than REST itself did before."""
        before = self._rest if said is None else said
        if before is None:
            self._rest = by_rest
            return False
        return bool(before != by_rest)
