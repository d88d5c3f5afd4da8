"""How much of its allocation a run may use: little first, more when days have shown nothing wrong, less when they do.

Pure functions over the history of the stages and the evidence of sessions. What the evidence does not hold is left
out by name, never taken for good; drift of features is not measured yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tradewind.statistics import DAYS_PER_YEAR, MIN_DAYS, Undefined, kurtosis, psr, skew
from tradewind.validation.evidence import SessionEvidence, days_covered
from tradewind.validation.stages import STAGES, Stage, StageBegan, stage_of

LIVE = "live"
DRAWDOWN_FACTOR = 1.25  # of the backtest's 95 % drawdown
CUMULATIVE_SIGMAS, LEAST_DAYS, MONTH = 3.0, 10, 30
SHARPE_BENCHMARK = -0.5  # annual
LEAST_PSR = 0.05
MOST_SLIPPAGE, SLIPPAGE_DAYS = 2.0, 3
LEAST_PARITY = 0.999
FEATURE_DRIFT = "drift of features (PSI)"


@dataclass(frozen=True, slots=True)
class RampVerdict:
    """`next` is what to journal, None to stay. The others are sentences."""

    stage: Stage
    days: float  # shown in this stage
    next: StageBegan | None
    against: tuple[str, ...]  # why not to go on, or to go back
    left_out: tuple[str, ...]  # criteria that could not be judged


def next_stage(
    history: Sequence[StageBegan],
    sessions: Iterable[SessionEvidence],
    bundle: str,
    now: int,
    *,
    retrain_after_days: float | None = None,
) -> RampVerdict:
    """Whether the stage ends: one up after its days, one down on any criterion; in the first its days begin anew.

    Only live sessions of this bundle that began in this stage are judged: one that runs on through a change of stage
    gives evidence anew from there. `now` is UTC ms.
    """
    stage = stage_of(history, bundle)
    since = history[-1].at if history and history[-1].bundle == bundle else 0
    judged = [
        s
        for s in sessions
        if s.counts and s.environment == LIVE and s.bundle == bundle and s.started_at >= since
    ]
    days = days_covered(judged, since)
    alarms, left_out = _alarms(judged, retrain_after_days)
    if alarms:
        lower = STAGES[max(stage.number - 1, 0)]
        return RampVerdict(
            stage, days, StageBegan(now, bundle, lower.number, "; ".join(alarms)), alarms, left_out
        )
    doubts = _doubts(judged)
    if stage.days is None or days < stage.days or doubts:
        return RampVerdict(stage, days, None, doubts, left_out)
    reason = f"{days:.1f} days at {stage.share:.0%} showed nothing against it"
    return RampVerdict(stage, days, StageBegan(now, bundle, stage.number + 1, reason), (), left_out)


def _alarms(
    sessions: Sequence[SessionEvidence], retrain_after_days: float | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What sends a run back, as sentences, and the names of the criteria that the evidence does not hold."""
    judged = {
        "drawdown": _drawdown(sessions),
        "return against the backtest": _shortfall(sessions),
        "Sharpe ratio": _no_skill(sessions),
        "slippage": _slippage(sessions),
        "age of the model": _age(sessions, retrain_after_days),
        FEATURE_DRIFT: None,
    }
    alarms = tuple(said for said in judged.values() if said)
    return alarms, tuple(name for name, said in judged.items() if said is None)


def _drawdown(sessions: Sequence[SessionEvidence]) -> str | None:
    known = [(s.drawdown, s.backtest_drawdown_95) for s in sessions if s.backtest_drawdown_95 is not None]
    for found, usual in known:
        if found > DRAWDOWN_FACTOR * usual:
            return f"drawdown {found:.1%}, more than {DRAWDOWN_FACTOR:g} x {usual:.1%} of the backtest"
    return "" if known else None


def _shortfall(sessions: Sequence[SessionEvidence]) -> str | None:
    """Has the sum of all days, or of the last month, fallen short of the backtest's on the same bars?"""
    pairs = [(a, b) for s in sessions for a, b in zip(s.daily_returns, s.expected_daily_returns)]
    if len(pairs) < LEAST_DAYS:
        return None
    shortfalls = np.array([expected - made for made, expected in pairs])
    for days in {len(shortfalls), min(len(shortfalls), MONTH)}:
        part = shortfalls[-days:]
        deviation = float(np.std(part, ddof=1))
        sigmas = float(part.sum()) / (deviation * math.sqrt(days)) if deviation else 0.0
        if sigmas > CUMULATIVE_SIGMAS:
            return f"{sigmas:.1f} sigma less return than the backtest on the same bars, over {days} days"
    return ""


def _no_skill(sessions: Sequence[SessionEvidence]) -> str | None:
    returns = np.array([r for s in sessions for r in s.daily_returns])
    if len(returns) < MIN_DAYS or float(np.std(returns)) == 0:
        return None
    ratio = float(returns.mean() / returns.std(ddof=1))
    try:
        chance = psr(
            ratio, len(returns), skew(returns), kurtosis(returns), SHARPE_BENCHMARK / math.sqrt(DAYS_PER_YEAR)
        )
    except Undefined:
        return None
    if chance < LEAST_PSR:
        return f"the chance that its annual Sharpe ratio is above {SHARPE_BENCHMARK:g} is {chance:.1%}"
    return ""


def _slippage(sessions: Sequence[SessionEvidence]) -> str | None:
    known = [ratio for s in sessions for ratio in s.daily_slippage_ratio if ratio is not None]
    if not known:
        return None
    in_a_row = 0
    for ratio in known:
        in_a_row = in_a_row + 1 if ratio > MOST_SLIPPAGE else 0
        if in_a_row == SLIPPAGE_DAYS:
            return f"slippage above {MOST_SLIPPAGE:g} x the model on {SLIPPAGE_DAYS} trading days in a row"
    return ""


def _age(sessions: Sequence[SessionEvidence], limit: float | None) -> str | None:
    ages = [s.model_age_days for s in sessions if s.model_age_days is not None]
    if limit is None or not ages:
        return None
    return f"the model is {max(ages):.0f} days old, more than {limit:g}" if max(ages) > limit else ""


def _doubts(sessions: Sequence[SessionEvidence]) -> tuple[str, ...]:
    """What is no reason to go back, but none to go on either."""
    said = []
    if unexplained := sum(s.unreconciled for s in sessions):
        said.append(f"{unexplained} differences between books and venue were not explained")
    if orphans := sum(s.orphan_orders for s in sessions):
        said.append(f"{orphans} orders at the venue belonged to nobody")
    parity = [s.parity_share for s in sessions if s.parity_share is not None]
    if parity and min(parity) < LEAST_PARITY:
        said.append(f"only {min(parity):.2%} of its decisions come out again in a replay")
    if sessions and not any(s.trades for s in sessions):
        said.append("it has not traded")
    return tuple(said)
