"""What a run shows, as the facts that the gate and the ramp judge by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Decision, Fill, FillReason, OrderId, Reason
from tradewind.statistics import DAY_MS, Undefined, daily_returns
from tradewind.trading.acting.slippage import Slipped
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.discrepancy import Discrepancy, Settled
from tradewind.trading.terms.order_states import Alarm, Happening, OrderEvent
from tradewind.trading.told.tally import Tally
from tradewind.validation.evidence import NOT_REAL, SessionEvidence
from tradewind.validation.stages import StageBegan, stage_of
from tradewind.venues.rehearsal import Rehearsal


def evidence_of(
    session: Mapping[str, Any],
    about: Mapping[str, Any],
    records: Sequence[Record],
    tally: Tally,
    rehearsal: Rehearsal,
    parity_share: float | None,
) -> SessionEvidence | None:
    """None while nothing was decided. What could not be measured stays None."""
    metrics = tally.metrics()
    if metrics.started_at is None or metrics.ended_at is None:
        return None
    environment = "local" if about.get("at") else session.get("place") or session["mode"]
    made = daily(*tally.curve())
    at = np.array([d.at for d in rehearsal.decisions], np.int64)
    expected = daily(at, np.array([d.equity for d in rehearsal.decisions]))
    slipped = tally.slippage.slipped
    stages = [record for record in records if isinstance(record, StageBegan)]
    return SessionEvidence(
        run=str(session["run"]),
        bundle=session["model_hash"],
        venue=str(session.get("venue", "")),
        environment=environment,
        real_time="venue" in session and environment not in NOT_REAL,
        started_at=metrics.started_at,
        ended_at=max(metrics.ended_at, metrics.started_at),
        share=stage_of(stages, session["model_hash"]).share if stages else 1.0,
        decisions=metrics.decisions,
        trades=metrics.trades,
        parity_share=parity_share,
        uptime_share=min(1.0, metrics.uptime_share if metrics.uptime_share is not None else 1.0),
        slippage_mean_ratio=_mean_ratio(slipped),
        slippage_p95_ratio=_p95_ratio(slipped),
        daily_slippage_ratio=_daily_ratios(slipped, list(made)),
        unreconciled=sum(isinstance(r, Discrepancy) and r.settled is Settled.HALTED for r in records),
        orphan_orders=metrics.alarms.get(Alarm.FOREIGN.value, 0),
        faults_survived=tuple(sorted(metrics.faults)),
        exercised=_exercised(records, metrics.faults),
        drawdown=metrics.max_drawdown,
        daily_returns=tuple(made.values()),
        expected_daily_returns=tuple(expected[day] for day in made) if made.keys() <= expected.keys() else (),
    )


def daily(at: NDArray[np.int64], equity: NDArray[np.float64]) -> dict[int, float]:
    """Returns of whole UTC days, by the day: the first and the last are left out."""
    try:
        found = daily_returns(at, equity)
    except Undefined:
        return {}
    return {int(d): float(v) for d, v in list(zip(found.day, found.value, strict=True))[1:-1]}


def _mean_ratio(slipped: Sequence[Slipped]) -> float | None:
    """Of the means: a single small figure below the line says nothing."""
    modelled = float(np.mean([s.modelled for s in slipped])) if slipped else 0.0
    return float(np.mean([s.paid for s in slipped])) / modelled if modelled > 0 else None


def _p95_ratio(slipped: Sequence[Slipped]) -> float | None:
    modelled = float(np.percentile([s.modelled for s in slipped], 95)) if slipped else 0.0
    return float(np.percentile([s.paid for s in slipped], 95)) / modelled if modelled > 0 else None


def _daily_ratios(slipped: Sequence[Slipped], days: Sequence[int]) -> tuple[float | None, ...]:
    by_day: dict[int, list[Slipped]] = defaultdict(list)
    for one in slipped:
        by_day[one.at // DAY_MS * DAY_MS].append(one)
    return tuple(_mean_ratio(by_day.get(day, [])) for day in days)


def _exercised(records: Sequence[Record], faults: Mapping[str, int]) -> tuple[str, ...]:
    """What the run has met and come through."""
    fills_of: dict[OrderId, int] = defaultdict(int)
    found = {name for name in ("reconnect", "restart") if faults.get(name)}
    for record in records:
        match record:
            case Fill(reason=FillReason.STOP | FillReason.TRAILING_STOP):
                found.add("protective stop")
            case Fill():
                fills_of[record.order_id] += 1
            case OrderEvent(happening=Happening.REFUSED):
                found.add("reject")
            case OrderEvent(happening=Happening.DOUBTED):
                found.add("unknown order")
            case Decision() if any(Reason.KILL_SWITCH in r for r in record.review.reasons):
                found.add("kill switch")
    if any(count > 1 for count in fills_of.values()):
        found.add("partial fill")
    return tuple(sorted(found))
