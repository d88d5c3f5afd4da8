"""What a session came through, from its records."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Fill,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
)
from tradewind.reports.daily import drawdown_within, simulated_growth
from tradewind.reports.exercises import exercised
from tradewind.trading.terms.order_records import Risk, RiskState
from tradewind.trading.terms.order_states import Happening, Intent, OrderEvent

ASKED = Intent(1, "a", "C/USDT", 10, False, "1", "")
ACCEPTED = OrderEvent(2, "a", Happening.ACCEPTED)


def fill(lots: int) -> Fill:
    return Fill(f"t{lots}", "a", 3, "C/USDT", lots, Decimal(lots), Decimal(1), Decimal(0), "USDT")


def decided(reason: Reason) -> Decision:
    return Decision(
        1, TargetWeights((0.0,)), Review(TargetWeights((0.0,)), (reason,)), (), 1.0, 0.0, (), "", "", 1.0
    )


def test_an_order_has_lived_when_it_was_accepted_and_filled_whole() -> None:
    assert exercised([ASKED, ACCEPTED, fill(10)], {}) == ("order lifecycle",)
    assert exercised([ASKED, ACCEPTED, fill(4)], {}) == ()
    assert exercised([ASKED, fill(10)], {}) == ()
    assert exercised([ASKED, ACCEPTED, fill(4), fill(6)], {}) == ("order lifecycle", "partial fill")


@pytest.mark.parametrize("record", [RiskState(1, Risk.HALTED, "x"), Command(CommandKind.HALT, 1, "x")])
def test_a_halt_is_the_kill_switch_and_no_drawdown_stop(record: RiskState | Command) -> None:
    assert exercised([record], {}) == ("kill switch",)
    assert exercised([RiskState(1, Risk.REDUCING, "x"), decided(Reason.DAILY_LOSS)], {}) == ()


def test_what_was_barred_from_being_sent_is_no_reject_of_the_venue() -> None:
    refused = OrderEvent(2, "a", Happening.REFUSED, kind="filter")
    assert exercised([refused], {}) == ("reject",)
    assert exercised([replace(refused, kind="barred")], {}) == ()


def test_the_limit_of_the_rules_is_both() -> None:
    assert exercised([decided(Reason.KILL_SWITCH)], {}) == ("drawdown stop", "kill switch")


def test_money_that_comes_is_no_return_of_the_simulation() -> None:
    bars = [Snapshot(at - 1, at, ()) for at in (1, 2, 3)]
    decisions = [Decision(at, TargetWeights(()), Review(TargetWeights(()), ()), (), equity, 0.0, (), "", "", 1.0)
                 for at, equity in ((1, 50.0), (2, 55.0), (3, 255.0))]  # fmt: skip
    paid = CashFlow("share-1", 0, CashFlowKind.DEPOSIT, Decimal(-950))
    more = CashFlow("share-2", 2, CashFlowKind.DEPOSIT, Decimal(200))
    _, growth = simulated_growth(1000.0, [paid, bars[0], bars[1], more, bars[2]], decisions)
    assert growth.tolist() == pytest.approx([1.0, 1.1, 1.1])


def test_the_drawdown_of_paths_is_that_of_their_days() -> None:
    assert drawdown_within([0.01] * 19, 30) is None
    assert drawdown_within([0.01] * 20, 30) == 0.0
    assert drawdown_within([-0.01] * 20, 30) == pytest.approx(1 - 0.99**30)
    assert drawdown_within([-0.01] * 40, 10) == pytest.approx(1 - 0.99**10)
