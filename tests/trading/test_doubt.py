"""When an order in doubt is asked about, and what proves it absent."""

from __future__ import annotations

from itertools import accumulate

import pytest

from tradewind.trading.orders.doubt import Evidence, wait_before


def test_questions_come_at_the_times_of_the_schedule_then_every_minute() -> None:
    times = list(accumulate(wait_before(asked) for asked in range(11)))
    assert times == [0.25, 0.5, 1, 2, 4, 8, 15, 30, 90, 150, 210]


def test_o2_replies_count_when_they_are_five_seconds_apart() -> None:
    evidence = Evidence(began=0)
    counted = []
    for at in (250, 500, 5_249, 5_250, 8_000, 10_249, 10_250):
        evidence = evidence.another(at)
        counted.append(evidence.replies)
    assert counted == [1, 1, 1, 2, 2, 2, 3]


@pytest.mark.parametrize(("began", "now", "enough"), [(0, 7_000, False), (0, 7_001, True), (5, 7_005, False)])
def test_o2_nothing_is_proven_while_the_venue_may_still_take_the_request(
    began: int, now: int, enough: bool
) -> None:
    assert Evidence(began, replies=3, last_reply=now).suffices(now) is enough
    assert not Evidence(began, replies=2, last_reply=now).suffices(now)
