"""What the sessions of a run show, as the facts that the gates and the ramp judge by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Fill
from tradewind.reports.daily import daily_growth, drawdown_within, simulated_growth
from tradewind.reports.exercises import exercised
from tradewind.statistics import DAY_MS
from tradewind.trading.acting.slippage import Slipped
from tradewind.trading.journal.records import Record
from tradewind.trading.session.replaying import ReplayReport
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.discrepancy import Discrepancy, Settled
from tradewind.trading.terms.order_states import Alarm
from tradewind.trading.terms.session_records import TRAINED_UNTIL, BooksCompared, SessionBegan
from tradewind.trading.told.tally import Tally
from tradewind.validation.evidence import NOT_REAL, SessionEvidence
from tradewind.validation.stages import StageBegan, stage_of
from tradewind.venues.rehearsal import Rehearsal

LEAST_PATH = 30  # days: the falls within a day are no part of a path, so a short one would be judged too hard
Growth = NDArray[np.float64]


def evidence_of_sessions(
    session: Mapping[str, Any],
    about: Mapping[str, Any],
    records: Sequence[Record],
    rehearsal: Rehearsal,
    repeated: ReplayReport,
) -> tuple[SessionEvidence, ...]:
    """One for each start that decided something, oldest first. What could not be measured is None.

    A day counts for the session in which it ended, the drawdown from the peak since the stage began: a restart is
    no way out of either.
    """
    tally, found = Tally(session), list[SessionEvidence]()
    expected = daily_growth(*simulated_growth(float(session["capital"]), records, rehearsal.decisions))
    stages: list[StageBegan] = []
    stage_decisions, days_told = 0, 0
    for part in _sessions(records):
        first, before = tally.glance().decisions, _Counts.of(tally)
        for record in part:
            if isinstance(record, StageBegan):
                stages.append(record)
                stage_decisions = tally.glance().decisions
            tally.apply(record)
        last = tally.glance().decisions
        if last == first:
            continue
        at, growth = tally.curve()
        days = {day: made for day, made in daily_growth(at, growth).items() if day >= days_told}
        days_told = max(days, default=days_told - DAY_MS) + DAY_MS
        ended_at = max(r.at for r in part if not isinstance(r, ApiCall))
        began_at = (
            max(r.at for r in part if isinstance(r, SessionBegan | StageBegan)) if _told(part) else part[0].at
        )
        known = {d: e for d, e in expected.items() if d < days_told}
        in_stage = round((ended_at - (stages[-1].at if stages else began_at)) / DAY_MS)
        new, slipped = _Counts.of(tally) - before, tally.slippage.slipped[before.slipped :]
        agreed = _agreed(first, last, repeated)
        trained = about.get(TRAINED_UNTIL)
        environment = "local" if about.get("at") else session.get("place") or session["mode"]
        uptime = tally.glance().uptime_share
        found.append(
            SessionEvidence(
                run=str(session["run"]),
                bundle=session["model_hash"],
                venue=str(session.get("venue", "")),
                environment=environment,
                real_time="venue" in session and environment not in NOT_REAL,
                started_at=began_at,
                ended_at=max(ended_at, began_at),
                share=stage_of(stages, session["model_hash"]).share if stages else 1.0,
                decisions=last - first,
                trades=sum(isinstance(r, Fill) for r in part),
                parity_share=agreed,
                uptime_share=1.0 if uptime is None else min(1.0, uptime),
                slippage_mean_ratio=_mean_ratio(slipped),
                slippage_p95_ratio=_p95_ratio(slipped),
                daily_slippage_ratio=_daily_ratios(tally.slippage.slipped, list(days)),
                unreconciled=sum(isinstance(r, Discrepancy) and r.settled is Settled.HALTED for r in part),
                orphan_orders=new.alarms[Alarm.FOREIGN.value],
                position_drift_lots=_drift(part),
                faults_survived=tuple(sorted(+new.faults)),
                exercised=exercised(part, new.faults),
                drawdown=_fall(growth[stage_decisions:], first - stage_decisions),
                backtest_drawdown_95=drawdown_within(list(known.values()), max(in_stage, LEAST_PATH)),
                daily_returns=tuple(days.values()),
                expected_daily_returns=tuple(expected[d] for d in days)
                if days.keys() <= expected.keys()
                else (),
                model_age_days=None if trained is None else (ended_at - trained) / DAY_MS,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a tally counts, at one moment or between two."""

    slipped: int
    faults: Counter[str]
    alarms: Counter[str]

    @classmethod
    def of(cls, tally: Tally) -> _Counts:
        return cls(len(tally.slippage.slipped), Counter(tally.faults), Counter(tally.alarms))

    def __sub__(self, before: _Counts) -> _Counts:
        slipped = self.slipped - before.slipped
        return _Counts(slipped, self.faults - before.faults, self.alarms - before.alarms)


def _sessions(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records of each start; what stands before the first one belongs to it."""
    begins = [i for i, record in enumerate(records) if isinstance(record, SessionBegan)][1:]
    for start, end in zip([0, *begins], [*begins, len(records)], strict=True):
        if end > start:
            yield records[start:end]


def _told(part: Sequence[Record]) -> bool:
    return any(isinstance(r, SessionBegan | StageBegan) for r in part)


def _agreed(first: int, last: int, repeated: ReplayReport) -> float | None:
    """Of the decisions numbered `first` to `last`, the share that came out again; unknown beyond a difference."""
    if repeated.identical:
        return 1.0
    same = repeated.decisions - 1
    return None if same < first else min(1.0, (same - first) / (last - first))


def _drift(part: Sequence[Record]) -> int | None:
    """By how many lots the venue held other than the books when the session ended; None where nobody looked."""
    looked = [record.drift_lots for record in part if isinstance(record, BooksCompared)]
    return looked[-1] if looked else None


def _fall(growth: Growth, first: int) -> float:
    """The deepest fall from the peak, from the decision `first` on."""
    falls = 1.0 - growth / np.maximum.accumulate(np.maximum(growth, 0.0))
    return float(max(0.0, falls[max(first, 0) :].max(initial=0.0)))


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
