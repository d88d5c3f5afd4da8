"""What the doctor says of an account, where no socket adds anything."""

from __future__ import annotations

import pytest

from tests.trading.accounting import ScriptedAccount
from tests.trading.ordering import VirtualClock
from tradewind.trading.watching import doctor
from tradewind.trading.watching.findings import Grade


@pytest.mark.parametrize(
    ("takes", "resting", "wanted", "grade", "said"),
    [
        (True, True, True, Grade.PASS, "also while this machine is off"),
        (True, False, True, Grade.WARN, "as configured"),
        (False, True, True, Grade.WARN, "the venue takes no stop orders"),
        (False, True, False, Grade.PASS, "the rules have no stops"),
    ],
)
def test_who_closes_a_position_at_its_stop(
    takes: bool, resting: bool, wanted: bool, grade: Grade, said: str
) -> None:
    venue = ScriptedAccount(VirtualClock(), rests_stops=takes)
    found = doctor.stops(venue, wanted=wanted, resting=resting)
    assert found.grade is grade
    assert said in found.text
