"""The latch only tightens; a restart finds it where it was; a person lifts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.market import Command, CommandKind
from tradewind.market.clock import ManualClock
from tradewind.trading.journal.journal import Journal
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.order_records import Risk, RiskState

CLOCK = ManualClock(1_000)


def fresh() -> tuple[Latch, list[RiskState]]:
    written: list[RiskState] = []
    return Latch(CLOCK, written.append), written


@given(st.lists(st.sampled_from(Risk)))
def test_it_allows_less_and_never_more_and_writes_each_step_once(steps: list[Risk]) -> None:
    latch, written = fresh()
    for state in steps:
        before = list(Risk).index(latch.state)
        moved = latch.tighten(state, "why")
        assert moved == (list(Risk).index(state) > before)
        assert list(Risk).index(latch.state) == max(before, list(Risk).index(state))
    states = [r.state for r in written]
    assert states == sorted(set(states), key=list(Risk).index)


@pytest.mark.parametrize(
    ("state", "reducing", "growing"),
    [
        (Risk.ACTIVE, True, True),
        (Risk.REDUCING, True, False),
        (Risk.HALTED, True, False),
        (Risk.FLATTENING, True, False),
        (Risk.FLAT, True, False),  # a fill that came late is closed too
    ],
)
def test_what_each_state_lets_pass(state: Risk, reducing: bool, growing: bool) -> None:
    latch, _ = fresh()
    latch.tighten(state, "the loss of the day")
    assert (latch.objection(reduces=True) == "") is reducing
    assert (latch.objection(reduces=False) == "") is growing
    assert latch.entries is growing


@pytest.mark.fault("A9")
def test_a_restart_is_no_reset_and_a_person_lifts_it(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with Journal.create(path, {}) as journal:
        Latch(CLOCK, lambda r: journal.append([r])).tighten(Risk.HALTED, "the loss of the day")
    with Journal.open(path) as journal:
        latch = Latch.of(journal, CLOCK, lambda r: journal.append([r]))
        assert (latch.state, latch.reason, latch.since) == (Risk.HALTED, "the loss of the day", 1_000)
        assert latch.objection(reduces=False) == (
            "the run is halted (the loss of the day): re-arm it to open positions"
        )
        journal.append([Command(CommandKind.REARM, 2_000, "looked at it")])
    with Journal.open(path) as journal:
        latch = Latch.of(journal, CLOCK, lambda r: journal.append([r]))
        assert (latch.state, latch.reason) == (Risk.ACTIVE, "looked at it")


def test_a_panic_elsewhere_silences_the_run_until_it_is_re_armed() -> None:
    latch, _ = fresh()
    latch.apply(Command(CommandKind.PANIC, 1, ""))
    assert latch.state is Risk.HALTED
    assert "another process" in latch.objection(reduces=True)
    latch.apply(Command(CommandKind.REARM, 2, "flat now"))
    assert latch.objection(reduces=False) == ""


def test_a_halt_does_not_loosen_a_flattening() -> None:
    latch, _ = fresh()
    latch.tighten(Risk.FLATTENING, "margin")
    latch.apply(Command(CommandKind.HALT, 1, "by hand"))
    assert latch.state is Risk.FLATTENING
