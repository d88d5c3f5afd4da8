"""What the venue says later of bars that were given out."""

from __future__ import annotations

from tradewind.market import Bar, Snapshot
from tradewind.venues.remote.candle_checks import KEPT, GivenOut, Revised
from tradewind.venues.remote.candle_feed import Counters

STEP = 60_000


def bar(open_time: int, close: float = 2.0) -> Bar:
    return Bar(open_time, open_time + STEP, 2.0, max(2.0, close), min(2.0, close), close, 1.0)


def given(revised: list[Revised]) -> GivenOut:
    out = GivenOut(["A", "B"], Counters(), revised.append, lambda text: None)
    out.give(Snapshot(0, STEP, (bar(0), None)), known_at=STEP, check_at=STEP + 1_000)
    return out


def test_a_snapshot_that_nobody_took_is_replaced_where_it_waits() -> None:
    revised: list[Revised] = []
    out = given(revised)
    out.compare(0, bar(0, 3.0))
    assert revised == []
    assert out.waiting.popleft().bars[0] == bar(0, 3.0)


def test_one_that_was_taken_is_told_whole_with_what_changed() -> None:
    revised: list[Revised] = []
    out = given(revised)
    out.waiting.clear()
    out.compare(0, bar(0))
    assert revised == []
    out.compare(0, bar(0, 3.0))
    out.compare(1, bar(0, 4.0))
    assert revised[-1].snapshot.bars == (bar(0, 3.0), bar(0, 4.0))
    first, late = (r.revisions[0] for r in revised)
    assert (first.symbol, first.before, first.after) == ("A", (2, 2, 2, 2, 1), (2, 3, 2, 3, 1))
    assert (late.symbol, late.before, late.after) == ("B", None, (2, 4, 2, 4, 1))


def test_what_was_not_checked_is_due_from_the_oldest_on_until_it_is_told_or_left_out() -> None:
    out = given([])
    out.give(Snapshot(STEP, 2 * STEP, (bar(STEP), bar(STEP))), 2 * STEP, 2 * STEP + 1_000)
    assert out.due(STEP + 999) == {}
    assert out.due(STEP + 1_000) == {0: 0, 1: 0}
    out.compare(0, bar(0))
    out.passed(1, start=0, until=STEP)
    assert out.due(3 * STEP) == {0: STEP, 1: STEP}


def test_memory_is_bounded_and_what_leaves_it_unchecked_is_counted() -> None:
    counters = Counters()
    out = GivenOut(["A"], counters, lambda revised: None, lambda text: None)
    for t in range(KEPT + 5):
        out.give(Snapshot(t * STEP, (t + 1) * STEP, (bar(t * STEP),)), 0, 0)
    assert counters.unchecked == 5
    assert not out.holds(0)
    assert out.holds(5 * STEP)
