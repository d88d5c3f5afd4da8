"""Faults as a user sees them: a whole run, from the bar to the order and its stop, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trading.composed import Composed, played
from tests.trading.ordering import Fault


@pytest.mark.fault("O1")
@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.LATE, Fault.BROKEN])
def test_o1_an_entry_whose_answer_got_lost_is_one_order_with_a_stop(tmp_path: Path, fault: Fault) -> None:
    async def story(run: Composed) -> None:
        run.venue.silent, run.venue.fault = True, fault
        await run.bar(want=[0.5], seconds=20)
        assert run.held() == 5_000
        assert len([i for i in run.sent if not i.reduce_only]) == 1
        assert run.stops() == [-5_000]

    played(story, tmp_path)
