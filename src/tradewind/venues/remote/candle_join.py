"""Bars of single symbols become snapshots: in order, without a hole, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tradewind.market import Bar, Snapshot


@dataclass(slots=True)
class Closing:
    """One bar that closed, as far as it is known. `known_at`: when the close became known here, ms of the clock."""

    bars: list[Bar | None]
    known_at: int
    first_at: int | None = None  # when the first symbol had its bar
    absent: set[int] = field(default_factory=set)  # symbols that go without

    def lacking(self) -> list[int]:
        return [a for a, bar in enumerate(self.bars) if bar is None and a not in self.absent]

    def due(self, limit_ms: int) -> int:
        """When who lacks it goes without: so long after the close, or after the first bar where all came late."""
        first_at = self.known_at if self.first_at is None else self.first_at
        return (first_at if first_at > self.known_at + limit_ms else self.known_at) + limit_ms


class SnapshotJoin:
    """`next_open`: the bar that comes next. A snapshot is whole when every symbol has its bar or is masked."""

    def __init__(self, symbols: int, step: int, next_open: int) -> None:
        self.next_open = next_open
        self._symbols, self._step = symbols, step
        self._waiting: dict[int, Closing] = {}

    def closing(self, open_time: int, now: int) -> Closing:
        """The bar that opened then, of which is now known that it closed."""
        found = self._waiting.get(open_time)
        if found is None:
            found = self._waiting[open_time] = Closing([None] * self._symbols, now)
        return found

    def waiting(self) -> Iterator[tuple[int, Closing]]:
        """Bars that closed and are not whole, oldest first."""
        return ((t, self._waiting[t]) for t in sorted(self._waiting))

    def add(self, index: int, bar: Bar, now: int) -> bool:
        """False for a bar that is there already, or too old."""
        if bar.open_time < self.next_open:
            return False
        closing = self.closing(bar.open_time, now)
        if closing.bars[index] is not None:
            return False
        closing.bars[index] = bar
        closing.first_at = now if closing.first_at is None else closing.first_at
        closing.absent.discard(index)
        return True

    def take(self) -> tuple[Snapshot, int] | None:
        """The next snapshot, if it is whole, and when its close became known."""
        closing = self._waiting.get(self.next_open)
        if closing is None or closing.lacking():
            return None
        del self._waiting[self.next_open]
        opened = self.next_open
        self.next_open += self._step
        return Snapshot(opened, self.next_open, tuple(closing.bars)), closing.known_at


def with_bars(snapshot: Snapshot, bars: Sequence[tuple[int, Bar]]) -> Snapshot:
    """The same snapshot with other bars of some symbols."""
    changed = list(snapshot.bars)
    for index, bar in bars:
        changed[index] = bar
    return Snapshot(snapshot.open_time, snapshot.close_time, tuple(changed))
