"""Little first, more after days without a fault, less on any: judged on histories that can be checked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.validation.test_evidence import evidence
from tradewind.statistics import DAY_MS
from tradewind.validation.evidence import SessionEvidence
from tradewind.validation.ramp import FEATURE_DRIFT, RampVerdict, next_stage
from tradewind.validation.stages import STAGES, StageBegan, first_stage, stage_of

BEGAN = [StageBegan(0, "b", 0, "the first start")]
AT_QUARTER = [*BEGAN, StageBegan(0, "b", 1, "went well")]
AT_ALL = [*AT_QUARTER, StageBegan(0, "b", 2, "went well")]
NOW = 400 * DAY_MS


def judged(history: list[StageBegan], *sessions: SessionEvidence, **more: Any) -> RampVerdict:
    return next_stage(history, sessions, "b", NOW, **more)


def test_the_stages_are_a_twentieth_a_quarter_and_all() -> None:
    assert [(s.share, s.days) for s in STAGES] == [(0.05, 14), (0.25, 30), (1.0, None)]


def test_a_bundle_begins_at_the_first_stage_and_another_begins_anew() -> None:
    assert stage_of([], "b").share == 0.05
    assert stage_of(AT_QUARTER, "b").share == 0.25
    assert stage_of(AT_QUARTER, "another").share == 0.05
    assert first_stage([], "b", 7) == StageBegan(7, "b", 0, "the first start")
    assert first_stage(AT_QUARTER, "b", 7) is None
    anew = first_stage(AT_QUARTER, "another", 7)
    assert anew is not None
    assert stage_of([*AT_QUARTER, anew], "b").share == 0.05


@pytest.mark.parametrize(("history", "needed"), [(BEGAN, 14), (AT_QUARTER, 30)])
def test_it_goes_up_after_its_days_and_not_before(history: list[StageBegan], needed: int) -> None:
    early = judged(history, evidence(0, needed - 0.01))
    assert early.next is None
    assert early.against == ()
    enough = judged(history, evidence(0, needed / 2), evidence(needed / 2, needed))
    assert enough.next is not None
    assert enough.next.stage == history[-1].stage + 1
    assert enough.next.at == NOW


def test_the_last_stage_has_none_above() -> None:
    assert judged(AT_ALL, evidence(0, 300)).next is None


def test_days_in_which_nothing_ran_show_nothing() -> None:
    assert judged(BEGAN, evidence(0, 5), evidence(300, 305)).next is None


@pytest.mark.parametrize(
    "other", [{"environment": "testnet"}, {"environment": "paper"}, {"real_time": False}, {"bundle": "c"}]
)
def test_only_live_sessions_of_this_bundle_count(other: dict[str, Any]) -> None:
    verdict = judged(BEGAN, evidence(0, 300, **other))
    assert (verdict.days, verdict.next) == (0, None)


def test_a_session_before_the_stage_is_not_judged_again() -> None:
    history = [*BEGAN, StageBegan(20 * DAY_MS, "b", 0, "drawdown")]
    bad = evidence(0, 20, drawdown=0.5, backtest_drawdown_95=0.1)
    assert judged(history, bad).next is None
    assert judged(history, bad, evidence(20, 34)).next is not None


FAULTS: dict[str, dict[str, Any]] = {
    "drawdown 26.0%, more than 1.25 x 20.0%": {"drawdown": 0.26, "backtest_drawdown_95": 0.2},
    "slippage above 2 x the model on 3 trading days": {"daily_slippage_ratio": (1.0, 2.1, None, 2.2, 3.0)},
    "sigma less return than the backtest": {
        "daily_returns": (-0.01, -0.012) * 5,
        "expected_daily_returns": (0.001, 0.001) * 5,
    },
    "Sharpe ratio is above -0.5 is 0.0%": {"daily_returns": (-0.01, -0.012) * 10},
    "the model is 91 days old, more than 90": {"model_age_days": 91.0},
}


@pytest.mark.parametrize("said", FAULTS)
def test_any_criterion_sends_it_back_one_stage(said: str) -> None:
    bad = evidence(0, 20, **FAULTS[said])
    for history, to in ((AT_ALL, 1), (AT_QUARTER, 0), (BEGAN, 0)):
        verdict = judged(history, evidence(20, 60), bad, retrain_after_days=90)
        assert verdict.next is not None
        assert verdict.next.stage == to
        assert said in verdict.next.reason
        assert said in verdict.against[0]


@pytest.mark.parametrize(
    "near",
    [
        {"drawdown": 0.25, "backtest_drawdown_95": 0.2},
        {"daily_slippage_ratio": (2.1, 2.2, 2.0, 2.1, 2.2)},
        {"daily_returns": (0.001, -0.001) * 10, "expected_daily_returns": (0.001, -0.0012) * 10},
        {"model_age_days": 90.0},
    ],
)
def test_at_the_limit_it_stays(near: dict[str, Any]) -> None:
    assert judged(AT_ALL, evidence(0, 20, **near), retrain_after_days=90).next is None


@pytest.mark.parametrize(
    ("doubt", "said"),
    [
        ({"unreconciled": 1}, "1 differences between books and venue"),
        ({"orphan_orders": 2}, "2 orders at the venue belonged to nobody"),
        ({"parity_share": 0.998}, "only 99.80% of its decisions come out again"),
        ({"trades": 0}, "it has not traded"),
    ],
)
def test_what_is_unexplained_holds_it_where_it_is(doubt: dict[str, Any], said: str) -> None:
    verdict = judged(BEGAN, evidence(0, 20, **doubt))
    assert verdict.next is None
    assert said in verdict.against[0]


def test_what_is_not_measured_is_left_out_by_name() -> None:
    nothing = judged(BEGAN, evidence(0, 20))
    assert nothing.left_out == (
        "drawdown",
        "return against the backtest",
        "Sharpe ratio",
        "slippage",
        "age of the model",
        FEATURE_DRIFT,
    )
    returns = {"daily_returns": (0.01, -0.01) * 10, "expected_daily_returns": (0.01, -0.011) * 10}
    measured = {"backtest_drawdown_95": 0.2, "daily_slippage_ratio": (1.0,), "model_age_days": 1.0}
    known = judged(BEGAN, evidence(0, 20, **returns, **measured), retrain_after_days=90)
    assert known.left_out == (FEATURE_DRIFT,)


def sent_back(shortfall: float, looks: range, runs: int) -> float:
    """The share of runs that the return sends back on any of these days; it differs from the backtest by noise of
    1 % a day, and by `shortfall`.
    """
    generator, count = np.random.default_rng(5), 0
    for _ in range(runs):
        expected = generator.normal(0.001, 0.02, max(looks))
        made = expected + generator.normal(-shortfall, 0.01, max(looks))
        count += any(
            any(
                "sigma" in said
                for said in judged(AT_ALL, evidence(0, days, **of(made, expected, days))).against
            )
            for days in looks
        )
    return count / runs


def of(made: Any, expected: Any, days: int) -> dict[str, Any]:
    return {"daily_returns": tuple(made[:days]), "expected_daily_returns": tuple(expected[:days])}


def test_how_often_the_return_sends_a_good_run_back_and_how_surely_a_bad_one() -> None:
    assert sent_back(0.0, range(10, 31), 300) <= 0.05
    assert sent_back(0.005, range(60, 61), 300) >= 0.6
