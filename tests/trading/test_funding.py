"""How a stage of the ramp changes the money of a run, by hand-checked numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tradewind.market import CashFlow, CashFlowKind
from tradewind.trading.books.funding import change_of_share

ALLOCATION = 10_000.0


class Run:
    """Flows and equity of one run. It starts with the whole allocation, of which the first grant leaves a share."""

    def __init__(self) -> None:
        self.equity, self.flows, self.now = ALLOCATION, list[CashFlow](), 0

    def granted(self, share: float) -> float:
        """The equity after a start with this share."""
        self.now += 1
        flow = change_of_share(ALLOCATION, share, self.flows, self.equity, self.now)
        if flow is not None:
            assert flow.kind is CashFlowKind.DEPOSIT
            self.flows.append(flow)
            self.equity += float(flow.amount)
        return self.equity

    def earned(self, profit: float) -> None:
        self.equity += profit


def test_a_run_without_profit_or_loss_has_its_share_of_the_allocation() -> None:
    run = Run()
    assert [run.granted(share) for share in (0.05, 0.25, 1.0, 0.25, 0.05)] == [500, 2_500, 10_000, 2_500, 500]


def test_a_stage_back_after_a_loss_leaves_its_share_of_what_is_left() -> None:
    """By the allocation as it began it would be 500 - 600."""
    run = Run()
    run.granted(0.05), run.granted(0.25)
    run.earned(-600.0)
    assert run.granted(0.05) == pytest.approx(470.0)
    assert run.granted(0.25) == pytest.approx(0.25 * 9_400.0)


@pytest.mark.parametrize("loss", [0.0, 1_999.0, 2_001.0, 2_400.0, 2_500.0, 2_600.0])
def test_no_stage_back_takes_out_more_than_is_there_or_pays_in(loss: float) -> None:
    run = Run()
    run.granted(0.05), run.granted(0.25)
    run.earned(-loss)
    before = run.equity
    after = run.granted(0.05)
    assert min(before, 0.0) <= after <= before


def test_a_stage_that_begins_anew_makes_no_loss_good() -> None:
    run = Run()
    run.granted(0.05)
    run.earned(-100.0)
    assert run.granted(0.05) == 400.0
    assert len(run.flows) == 1


def test_a_profit_is_part_of_what_the_allocation_is_worth() -> None:
    run = Run()
    run.granted(0.05), run.granted(0.25)
    run.earned(400.0)
    assert run.granted(0.05) == pytest.approx(0.05 * 10_400.0)
    assert run.granted(1.0) == pytest.approx(10_400.0)


def test_a_journal_whose_flows_name_no_share_goes_on() -> None:
    flow = CashFlow("share-1", 1, CashFlowKind.DEPOSIT, Decimal("-9500.0"))
    assert change_of_share(ALLOCATION, 0.05, [flow], 480.0, 2) is None
    up = change_of_share(ALLOCATION, 0.25, [flow], 480.0, 2)
    assert up is not None
    assert float(up.amount) == pytest.approx(0.25 * 9_980.0 - 480.0)


def test_money_that_was_adjusted_is_neither_paid_in_nor_out_by_a_stage() -> None:
    """What went from the wallet is gone: the allocation is worth less."""
    run = Run()
    run.granted(0.05), run.granted(0.25)
    run.flows.append(CashFlow("adopted-9", 9, CashFlowKind.ADJUSTMENT, Decimal(-500)))
    run.earned(-500.0)
    assert run.granted(0.05) == pytest.approx(0.05 * 9_500.0)
