"""Which rows a model may learn from and which it is tested on.

A timeline is cut into contiguous groups. Each split tests some of them and trains on what is far enough from them in
time: purged, so that no label of training reaches into a test, and embargoed, so that no feature of training looks
back into one (Lopez de Prado 2018, chapters 7 and 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tradewind.data.timestamps import utc_text
from tradewind.market import ConfigError, DataError, Market

Times = NDArray[np.int64]
Rows = NDArray[np.int64]
UNTESTED = -1  # in a path matrix: no split tests this group


@dataclass(frozen=True, slots=True, order=True)
class Fragment:
    """Rows [start, stop) without a gap: an episode lies in one fragment, never across two."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise DataError(f"[{self.start}, {self.stop}) is no range of rows: expected 0 <= start < stop")

    def __len__(self) -> int:
        return self.stop - self.start


def segments(fragments: tuple[Fragment, ...]) -> Rows:
    """Fragments as the half-open ranges [K, 2] that training takes."""
    return np.array([(one.start, one.stop) for one in fragments], np.int64).reshape(-1, 2)


def spans(fragments: tuple[Fragment, ...]) -> list[tuple[int, int]]:
    """Fragments as the spans that a backtest takes."""
    return [(one.start, one.stop) for one in fragments]


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The rows that may be decided on: `close_time` [T] of every row of the market (UTC ms), and their fragments."""

    close_time: Times
    bar_ms: int
    fragments: tuple[Fragment, ...]

    def __post_init__(self) -> None:
        if self.bar_ms < 1 or (len(self.close_time) > 1 and np.diff(self.close_time).min() < self.bar_ms):
            raise DataError(f"close times must increase by at least one bar of {self.bar_ms} ms")
        if not self.fragments:
            raise DataError("no row can be decided on: give more history, or a shorter lookback")
        if self.fragments[-1].stop > len(self.close_time):
            raise DataError(f"a fragment ends at row {self.fragments[-1].stop} of {len(self.close_time)}")
        for one, following in pairwise(self.fragments):
            if following.start < one.stop:
                raise DataError(f"fragments overlap at row {following.start}: each row belongs to one")
        for one in self.fragments:
            if self.close_time[one.stop - 1] - self.close_time[one.start] != (len(one) - 1) * self.bar_ms:
                raise DataError(f"rows [{one.start}, {one.stop}) hold a gap: a gap ends a fragment")

    @classmethod
    def of(cls, market: Market, ready: Rows | None = None) -> Timeline:
        """That of a market: its fragments, or the `ready` segments [K, 2], where every feature is there."""
        ranges = market.fragments if ready is None else ready
        fragments = tuple(Fragment(int(start), int(stop)) for start, stop in ranges)
        return cls(market.close_time, market.timeframe.ms, fragments)

    def __len__(self) -> int:
        """The rows within fragments."""
        return sum(len(one) for one in self.fragments)

    @property
    def rows(self) -> Rows:
        """All rows within fragments, in order."""
        return np.concatenate([np.arange(one.start, one.stop) for one in self.fragments])

    def of_rows(self, rows: Rows) -> tuple[Fragment, ...]:
        """Increasing row numbers as fragments; a gap in the data ends one."""
        if not len(rows):
            return ()
        begins = np.array([one.start for one in self.fragments])
        where = np.searchsorted(begins, rows, side="right")
        seams = np.flatnonzero((np.diff(rows) != 1) | (np.diff(where) != 0)) + 1
        return tuple(Fragment(int(run[0]), int(run[-1]) + 1) for run in np.split(rows, seams))

    def told(self, fragment: Fragment) -> str:
        """From when to when, in words."""
        first, last = self.close_time[fragment.start], self.close_time[fragment.stop - 1]
        return f"{utc_text(first)} to {utc_text(last)}"


@dataclass(frozen=True, slots=True)
class Margins:
    """How far training stays from a test, in bars of time, and how long a fragment has to be.

    The label of a row ends `label_bars` after it. `embargo_bars` follow the last label of a test. A fragment shorter
    than `least_bars` is refused.
    """

    label_bars: int
    embargo_bars: int
    least_bars: int = 2

    def __post_init__(self) -> None:
        for name, least in (("label_bars", 1), ("embargo_bars", 0), ("least_bars", 2)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} is {getattr(self, name)}, expected {least} or more")

    @classmethod
    def usual(
        cls,
        rows: int,
        *,
        lookback_bars: int,
        execution_delay_bars: int = 0,
        embargo_bars: int | None = None,
        least_bars: int = 2,
    ) -> Margins:
        """Labels of the delay and one bar; an embargo of the lookback or 1 % of the rows, whichever is longer.

        A fragment has to hold the lookback and `least_bars`.
        """
        if embargo_bars is None:
            embargo_bars = max(lookback_bars, -(-rows // 100))
        return cls(execution_delay_bars + 1, embargo_bars, lookback_bars + least_bars)


@dataclass(frozen=True, slots=True)
class Group:
    """One contiguous part of the timeline; a gap makes several fragments of it."""

    number: int
    fragments: tuple[Fragment, ...]

    def __len__(self) -> int:
        return sum(len(one) for one in self.fragments)


@dataclass(frozen=True, slots=True)
class Split:
    """Train on these fragments, test on these groups."""

    number: int
    train: tuple[Fragment, ...]
    test: tuple[Group, ...]

    @property
    def train_rows(self) -> int:
        return sum(len(one) for one in self.train)


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """Splits over the groups of one timeline, and how their tests are put together.

    `paths` [groups, paths] holds the number of the split whose test of the group belongs to the path, or `UNTESTED`.
    Every test of every split belongs to exactly one path.
    """

    name: str
    timeline: Timeline
    margins: Margins
    groups: tuple[Group, ...]
    splits: tuple[Split, ...]
    paths: Rows
