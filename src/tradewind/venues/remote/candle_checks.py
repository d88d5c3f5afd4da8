"""Snapshots that were given out, and what the venue says of them later."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tradewind.market import Bar, Snapshot
from tradewind.market.bar import Prices
from tradewind.trading.terms.feed_records import Revision
from tradewind.venues.remote.candle_feed import Counters
from tradewind.venues.remote.candle_join import with_bars

KEPT = 256  # snapshots that can still be revised
ALARM_REVISIONS, ALARM_BARS = 3, 100


@dataclass(frozen=True, slots=True)
class Revised:
    """A snapshot that was given out is now this one: features are to be computed anew from it on.

    No decision is made again. `revisions` are for the journal.
    """

    snapshot: Snapshot
    revisions: tuple[Revision, ...]


@dataclass(slots=True)
class Given:
    snapshot: Snapshot
    known_at: int  # when the close became known, ms of the clock
    check_at: int
    unchecked: set[int]  # symbols that no REST answer has told of since


class GivenOut:
    """The newest snapshots, each with the symbols that are still to be checked by REST."""

    def __init__(
        self,
        symbols: Sequence[str],
        counters: Counters,
        on_revised: Callable[[Revised], None],
        on_alarm: Callable[[str], None],
    ) -> None:
        self.waiting: deque[Snapshot] = deque()  # those that nobody has taken yet
        self._symbols, self._counters = tuple(symbols), counters
        self._on_revised, self._on_alarm = on_revised, on_alarm
        self._kept: OrderedDict[int, Given] = OrderedDict()
        self._revised: deque[int] = deque(maxlen=ALARM_REVISIONS)

    def give(self, snapshot: Snapshot, known_at: int, check_at: int) -> None:
        self.waiting.append(snapshot)
        self._kept[snapshot.open_time] = Given(snapshot, known_at, check_at, set(range(len(self._symbols))))
        while len(self._kept) > KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._counters.unchecked += len(oldest.unchecked)

    def known_at(self, snapshot: Snapshot) -> int | None:
        """When its close became known; None for one of the warm-up or long ago."""
        found = self._kept.get(snapshot.open_time)
        return found.known_at if found else None

    def due(self, now: int) -> dict[int, int]:
        """By symbol, the open time of the oldest bar that is to be checked now."""
        found: dict[int, int] = {}
        for opened, given in self._kept.items():
            if given.unchecked and given.check_at <= now:
                for index in given.unchecked:
                    found.setdefault(index, opened)
        return found

    def holds(self, open_time: int) -> bool:
        return open_time in self._kept

    def compare(self, index: int, bar: Bar) -> None:
        """A bar as the venue tells it now."""
        given = self._kept[bar.open_time]
        given.unchecked.discard(index)
        before = given.snapshot.bars[index]
        if before == bar or (before is not None and _prices(before) == _prices(bar)):
            return
        revision = Revision(
            bar.close_time,
            self._symbols[index],
            bar.open_time,
            None if before is None else _prices(before),
            _prices(bar),
        )
        if before is not None:  # funding and marks stay as they were told
            o, h, low, c, v = _prices(bar)
            bar = replace(before, open=o, high=h, low=low, close=c, volume=v)
        changed = with_bars(given.snapshot, [(index, bar)])
        taken = given.snapshot not in self.waiting
        if not taken:
            self.waiting[self.waiting.index(given.snapshot)] = changed
        given.snapshot = changed
        self._count(revision, bar)
        if taken:
            self._on_revised(Revised(changed, (revision,)))

    def passed(self, index: int, start: int, until: int) -> None:
        """The venue told all that it has of a symbol in [start, until): what it left out does not exist."""
        for opened, given in self._kept.items():
            if start <= opened < until:
                given.unchecked.discard(index)

    def _count(self, revision: Revision, bar: Bar) -> None:
        if revision.before is None:
            self._counters.late += 1
            return
        self._counters.revisions += 1
        self._revised.append(bar.open_time)
        span = ALARM_BARS * (bar.close_time - bar.open_time)
        if len(self._revised) == ALARM_REVISIONS and max(self._revised) - min(self._revised) <= span:
            self._on_alarm(
                f"{ALARM_REVISIONS} closed bars were revised by the venue within {ALARM_BARS}, the last one of "
                f"{revision.symbol}: what the agent sees may not be what it was trained on"
            )
            self._revised.clear()


def _prices(bar: Bar) -> Prices:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume)
