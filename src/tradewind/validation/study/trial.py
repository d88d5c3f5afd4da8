"""A trial while its runs are done: which run is next, whether it is given up, what it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tradewind.training.recipe import Recipe
from tradewind.validation.entries import Status
from tradewind.validation.study.runs import Outcome, Run
from tradewind.validation.study.scores import objective
from tradewind.validation.study.search import Values, below_others
from tradewind.validation.study.settings import StudySettings


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What became of a trial. `reports` are its objective after so many runs; `sharpe_daily` is not annualised."""

    number: int
    values: Values
    configuration: str
    status: Status
    reason: str
    objective: float | None
    sharpe_daily: float | None
    reports: Mapping[int, float]
    runs: int
    seconds: float  # that its runs took, in all


@dataclass(slots=True)
class RunningTrial:
    """`recipe` is None where its values make none: then it has failed before it began."""

    number: int
    values: Values
    configuration: str
    recipe: Recipe | None
    order: tuple[Run, ...]
    rungs: tuple[int, ...]  # numbers of runs after which it is judged; the last is all of them
    scores: dict[Run, Outcome] = field(default_factory=dict)
    status: Status | None = None
    reason: str = ""
    reports: dict[int, float] = field(default_factory=dict)

    def open_runs(self) -> list[Run]:
        """Those that may be done now, in order: none beyond the next judgement."""
        if self.status is not None:
            return []
        return [run for run in self.order[: self.rungs[len(self.reports)]] if run not in self.scores]

    def judge(self, others: Mapping[int, Sequence[float]], settings: StudySettings) -> None:
        """Once all runs up to a judgement are done: failed, pruned, done, or on to the next.

        `others` are the reports of the trials of earlier batches, by the number of runs.
        """
        while self.status is None and not self.open_runs():
            done = self.rungs[len(self.reports)]
            finished = [self.scores[run] for run in self.order[:done]]
            broken = next((one.error for one in finished if one.error), None)
            if broken is not None:
                self.status, self.reason = "failed", broken
                return
            score = objective([one.sharpe for one in finished if one.sharpe is not None])
            self.reports[done] = score
            if done == len(self.order):
                self.status = "done"
            elif below_others(score, others.get(done, ()), settings):
                self.status = "pruned"
                self.reason = (
                    f"after {done} of {len(self.order)} runs it scored {score:.3g}, below earlier trials"
                )

    def result(self, sharpe_daily: float | None) -> TrialResult:
        assert self.status is not None
        counted = [self.scores[run] for run in self.order if run in self.scores]
        return TrialResult(
            number=self.number,
            values=self.values,
            configuration=self.configuration,
            status=self.status,
            reason=self.reason,
            objective=self.reports[len(self.order)] if self.status == "done" else None,
            sharpe_daily=sharpe_daily,
            reports=dict(self.reports),
            runs=len(counted),
            seconds=sum(one.seconds for one in counted),
        )


def order_of(trial: int, seeds: int, splits: int) -> tuple[Run, ...]:
    """All splits with the first seed, then with the second: after each seed all of development has been tested."""
    return tuple(Run(trial, seed, split) for seed in range(seeds) for split in range(splits))


def rungs_of(runs: int, splits: int, every_runs: int | None) -> tuple[int, ...]:
    """After how many runs a trial is judged; by default after each half of a seed's splits."""
    every = every_runs or max(1, -(-splits // 2))
    return (*range(every, runs, every), runs)
