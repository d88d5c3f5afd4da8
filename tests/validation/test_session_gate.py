"""G5 and G6: each criterion on its own, at its limit and beyond; what was not measured never passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.validation.test_evidence import evidence
from tradewind.validation.evidence import SessionEvidence
from tradewind.validation.session_gate import EXERCISES, Criterion, gate_of_paper, gate_of_testnet, passes

GOOD_PAPER: dict[str, Any] = {
    "environment": "paper",
    "decisions": 200,
    "parity_share": 0.999,
    "uptime_share": 0.995,
    "slippage_mean_ratio": 1.5,
    "slippage_p95_ratio": 3.0,
    "daily_returns": (0.01, -0.01) * 7,
    "expected_daily_returns": (0.011, -0.012) * 7,
}
GOOD_TESTNET: dict[str, Any] = {"environment": "testnet", "exercised": EXERCISES, "position_drift_lots": 0}


def failed(criteria: tuple[Criterion, ...]) -> list[str]:
    return [one.name for one in criteria if not one.passed]


def paper(days: float = 14, **changes: Any) -> SessionEvidence:
    return evidence(0, days, **GOOD_PAPER | changes)


def on_testnet(days: float = 7, **changes: Any) -> SessionEvidence:
    return evidence(0, days, **GOOD_TESTNET | changes)


def test_good_sessions_pass() -> None:
    assert failed(gate_of_paper([paper()], "b")) == []
    assert passes(gate_of_paper([paper()], "b"))
    assert passes(gate_of_testnet([on_testnet()], "b"))
    assert passes(gate_of_testnet([on_testnet(4), on_testnet(7, environment="demo")], "b"))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"days": 13.9}, "days"),
        ({"decisions": 199}, "decisions"),
        ({"parity_share": 0.9989}, "parity with a replay"),
        ({"parity_share": None}, "parity with a replay"),
        ({"uptime_share": 0.9949}, "uptime"),
        ({"slippage_mean_ratio": 1.51}, "mean slippage"),
        ({"slippage_p95_ratio": 3.01}, "95 % slippage"),
        ({"slippage_p95_ratio": None}, "95 % slippage"),
        ({"unreconciled": 1}, "unreconciled positions"),
        ({"daily_returns": (0.0, -0.02) * 7}, "return within the backtest's band"),
        ({"daily_returns": (), "expected_daily_returns": ()}, "return within the backtest's band"),
    ],
)
@pytest.mark.fault("D8")
def test_each_criterion_of_paper_fails_on_its_own(changes: dict[str, Any], name: str) -> None:
    assert failed(gate_of_paper([paper(**changes)], "b")) == [name]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"days": 6.9}, "days"),
        ({"orphan_orders": 1}, "orphan orders"),
        ({"position_drift_lots": 1}, "position drift"),
        ({"position_drift_lots": None}, "position drift"),
        *(({"exercised": tuple(e for e in EXERCISES if e != left)}, left) for left in EXERCISES),
    ],
)
@pytest.mark.fault("D8")
def test_each_criterion_of_a_testnet_fails_on_its_own(changes: dict[str, Any], name: str) -> None:
    assert failed(gate_of_testnet([on_testnet(**changes)], "b")) == [name]


@pytest.mark.parametrize("changes", [{"real_time": False}, {"environment": "local"}, {"bundle": "c"}])
def test_what_proves_nothing_passes_nothing(changes: dict[str, Any]) -> None:
    for gate in (gate_of_paper([paper(**changes)], "b"), gate_of_testnet([on_testnet(**changes)], "b")):
        assert failed(gate) == [one.name for one in gate]
