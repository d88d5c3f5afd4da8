"""The evidence of a session: exact through JSON, and nothing counts that proves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.market import DataError
from tradewind.statistics import DAY_MS
from tradewind.validation.evidence import SessionEvidence, days_covered

shares = st.floats(0, 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=8)


def evidence(start_day: float = 0, end_day: float = 1, **more: Any) -> SessionEvidence:
    facts: dict[str, Any] = {
        "run": "one",
        "bundle": "b",
        "venue": "binance",
        "environment": "live",
        "real_time": True,
        "started_at": round(start_day * DAY_MS),
        "ended_at": round(end_day * DAY_MS),
        "share": 0.05,
        "decisions": 200,
        "trades": 10,
        "uptime_share": 1.0,
        "drawdown": 0.01,
    }
    return SessionEvidence(**facts | more)


made = st.builds(
    SessionEvidence,
    run=texts,
    bundle=texts,
    venue=texts,
    environment=texts,
    real_time=st.booleans(),
    started_at=st.integers(0, 10**12),
    ended_at=st.integers(10**12, 10**13),
    share=shares,
    decisions=st.integers(0, 10**6),
    trades=st.integers(0, 10**6),
    parity_share=st.none() | shares,
    uptime_share=shares,
    slippage_mean_ratio=st.none() | numbers,
    daily_slippage_ratio=st.lists(st.none() | numbers, max_size=4).map(tuple),
    faults_survived=st.lists(texts, max_size=3).map(tuple),
    drawdown=st.floats(0, 1),
    backtest_drawdown_95=st.none() | shares,
    daily_returns=st.lists(numbers, max_size=4).map(tuple),
    model_age_days=st.none() | numbers,
)


@given(made)
def test_it_reads_back_the_same(one: SessionEvidence) -> None:
    assert SessionEvidence.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trades": -1}, "trades"),
        ({"uptime_share": 1.5}, "uptime_share"),
        ({"drawdown": -0.1}, "drawdown"),
        ({"ended_at": -1}, "before it starts"),
        ({"daily_returns": [0.1], "expected_daily_returns": [0.1, 0.2]}, "2 expected returns for 1 days"),
        ({"decisions": "200"}, "decisions"),
        ({"profit": 3}, "profit"),
        ({"format": 2}, "format"),
    ],
)
def test_what_is_no_evidence_is_refused(changes: dict[str, Any], said: str) -> None:
    data = json.loads(evidence().to_json()) | changes
    with pytest.raises(DataError, match=f"no evidence of a session: .*{said}"):
        SessionEvidence.from_json(json.dumps(data))
    with pytest.raises(DataError, match="no evidence of a session"):
        SessionEvidence.from_json("{")


def test_replayed_bars_and_the_local_exchange_prove_nothing() -> None:
    assert evidence().counts
    assert not evidence(real_time=False).counts
    assert not evidence(environment="local").counts


def test_days_are_covered_once() -> None:
    sessions = [evidence(0, 3), evidence(2, 4), evidence(6, 7.5), evidence(6.5, 7)]
    assert days_covered(sessions) == 5.5
    assert days_covered(sessions, since=3 * DAY_MS) == 2.5
    assert days_covered([]) == 0
