"""However bars come, snapshots are contiguous, in order, each once, with every bar that came in time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tradewind.market import Bar, Snapshot
from tradewind.venues.remote.candle_feed import SymbolFeed, within
from tradewind.venues.remote.candle_frames import Told
from tradewind.venues.remote.candle_join import SnapshotJoin

STEP = 60_000


def bar(open_time: int, price: float = 2.0) -> Bar:
    return Bar(open_time, open_time + STEP, price, price, price, price, 1.0)


@given(st.integers(1, 4), st.integers(1, 12), st.randoms(use_true_random=False))
def test_any_order_of_bars_gives_every_snapshot_once(symbols: int, count: int, chance: random.Random) -> None:
    join = SnapshotJoin(symbols, STEP, 0)
    coming = [(a, bar(t * STEP)) for a in range(symbols) for t in range(count)] * 2
    chance.shuffle(coming)
    got: list[Snapshot] = []
    for now, (index, one) in enumerate(coming):
        join.add(index, one, now)
        while (whole := join.take()) is not None:
            got.append(whole[0])
    assert [s.open_time for s in got] == [t * STEP for t in range(count)]
    assert all(None not in s.bars for s in got)


def test_the_deadline_runs_from_the_close_and_where_all_is_late_from_the_first_bar() -> None:
    join = SnapshotJoin(2, STEP, 0)
    closing = join.closing(0, now=1_000)
    assert closing.due(5_000) == 6_000
    join.add(0, bar(0), now=1_200)
    assert closing.due(5_000) == 6_000
    late = join.closing(STEP, now=2_000)
    join.add(0, bar(STEP), now=60_000)
    assert late.due(5_000) == 65_000
    assert late.lacking() == [1]


def test_a_flag_before_the_end_closes_nothing_and_one_at_the_last_millisecond_does() -> None:
    feed = SymbolFeed(STEP, 0)
    early = Told("A", 0, (1, 1, 1, 1, 1), True, STEP - 2)
    assert feed.closes(early) is None
    assert feed.closes(early._replace(at=STEP - 1)) is not None


def test_without_flags_a_successor_closes_what_formed_unless_the_line_broke_between() -> None:
    feed = SymbolFeed(STEP, 0)
    first = Told("A", 0, (1, 1, 1, 1, 1), None, None)
    older = first._replace(open_time=-STEP)
    assert feed.closes(first) is None
    assert feed.closes(older) is None
    assert feed.closes(first._replace(open_time=STEP)) == first
    feed.broken()
    assert feed.closes(first._replace(open_time=3 * STEP)) is None


def test_prices_within_a_factor_of_anything_known_are_believed() -> None:
    assert within(bar(0, 2.0), [], 3.0)
    assert within(bar(0, 2.0), [6.0], 3.0)
    assert not within(bar(0, 2.0), [6.1], 3.0)
    assert not within(bar(0, 2.0), [0.6], 3.0)
    assert within(bar(0, 2.0), [0.6, 1.9], 3.0)
