"""A study from its first trial to its last: asked in fixed batches; told, pruned and recorded in order of number.

So the same study gives the same trials and the same ledger however many workers it has, and also when it was killed on
the way: everything that is finished is found in the storage and nothing of it is done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tradewind.market import ConfigError
from tradewind.statistics import Undefined
from tradewind.training.export import code_version
from tradewind.training.recipe import Recipe
from tradewind.validation.entries import Trial, configuration_hash
from tradewind.validation.ledger import Ledger
from tradewind.validation.study.data import StudyData, configuration_of, study_hash
from tradewind.validation.study.executor import Executor
from tradewind.validation.study.runs import Job, Outcome, Run
from tradewind.validation.study.scores import TrialReturns, returns_of
from tradewind.validation.study.search import ALGORITHM, Search, Told, Values
from tradewind.validation.study.settings import StudySettings
from tradewind.validation.study.storage import Storage
from tradewind.validation.study.trial import RunningTrial, TrialResult, order_of, rungs_of

POLL_SECONDS = 1.0  # between two looks at what other machines have finished

RecipeOf = Callable[[Values], Recipe]


@dataclass(frozen=True, slots=True)
class Design:
    """What a study is: settings, candles, and how the values of a trial become a recipe (`ConfigError`: not at all)."""

    settings: StudySettings
    data: StudyData
    recipe_of: RecipeOf
    capital: float

    @property
    def hash(self) -> str:
        """Equal for equal studies in any home; the vault is opened once for each."""
        base = {
            name: configuration_of(self.recipe_of({ALGORITHM: name})) for name in self.settings.algorithms
        }
        return study_hash(self.settings, self.data, {"recipes": base, "capital": self.capital})

    @property
    def runs_per_trial(self) -> int:
        return len(self.settings.seeds) * len(self.data.scheme.splits)

    def job(self, run: Run, recipe: Recipe) -> Job:
        """A run with all that its worker needs."""
        split = self.data.scheme.splits[run.split]
        return Job(run, self.settings.seeds[run.seed_index], split, recipe, self.capital)


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """`runs` of at most `most_runs` are done; `seconds_left` is at most, None until a run has ended here."""

    trial: int  # trials that are over
    trials: int
    runs: int
    most_runs: int
    running: tuple[Run, ...]
    pruned: int
    failed: int
    best: float | None
    seconds_left: float | None


OnStudyProgress = Callable[[StudyProgress], None]


class Study:
    """Runs a design with its storage, ledger and workers. `run` may be called again at any time."""

    def __init__(
        self,
        design: Design,
        storage: Storage,
        ledger: Ledger,
        executor: Executor,
        on_progress: OnStudyProgress = lambda progress: None,
    ) -> None:
        self.design, self.storage, self.ledger, self.executor = design, storage, ledger, executor
        self._on_progress = on_progress
        self._settings = design.settings
        self._search = Search(design.settings)
        self._hash = design.hash
        self._reports: dict[int, list[float]] = {}  # of the trials that were told, by the number of runs
        self._seconds: list[float] = []  # of the runs done here
        self.results: list[TrialResult] = []

    def run(self) -> tuple[TrialResult, ...]:
        """All trials, in order. `ConfigError` when a worker died: what is finished is kept."""
        trials, size = self._settings.trials, self._settings.batch
        for first in range(len(self.results), trials, size):
            batch = [self._ask(number) for number in range(first, min(first + size, trials))]
            self._finish(batch)
            for trial in batch:
                self._tell(trial)
        return tuple(self.results)

    def _ask(self, number: int) -> RunningTrial:
        values = self._search.ask()
        self.storage.asked(number, values)
        splits, seeds = len(self.design.data.scheme.splits), len(self._settings.seeds)
        order = order_of(number, seeds, splits)
        rungs = rungs_of(len(order), splits, self._settings.pruning.every_runs)
        trial = RunningTrial(number, values, "", None, order, rungs)
        try:
            trial.recipe = self.design.recipe_of(values)
            trial.configuration = configuration_hash(configuration_of(trial.recipe))
        except ConfigError as error:
            trial.configuration = configuration_hash({"no recipe": values, "study": self._hash})
            trial.status, trial.reason = "failed", str(error)
        trial.scores = self.storage.scores(number)
        return trial

    def _finish(self, batch: Sequence[RunningTrial]) -> None:
        """Do the runs of a batch until each of its trials is done, failed or pruned."""
        flying: dict[Future[Outcome], tuple[RunningTrial, Run]] = {}
        try:
            while True:
                for trial in batch:
                    trial.judge(self._reports, self._settings)
                self._start(batch, flying)
                self._show(batch, flying)
                if flying:
                    self._land(flying)
                elif all(trial.status is not None for trial in batch):
                    return
                else:  # others are at work on what is left
                    time.sleep(POLL_SECONDS)
        finally:
            for _, run in flying.values():
                self.storage.release(run)

    def _start(
        self, batch: Sequence[RunningTrial], flying: dict[Future[Outcome], tuple[RunningTrial, Run]]
    ) -> None:
        if self.storage.shared:
            for trial in batch:
                trial.scores |= {
                    run: one
                    for run, one in self.storage.scores(trial.number).items()
                    if run not in trial.scores
                }
                trial.judge(self._reports, self._settings)
        under_way = {run for _, run in flying.values()}
        for trial, run in _waiting(batch):
            if len(flying) >= self.executor.workers:
                return
            if run in under_way or not self.storage.claim(run):
                continue
            if self.storage.shared and run in self.storage.scores(trial.number):
                self.storage.release(run)  # it was finished elsewhere just now
                continue
            assert trial.recipe is not None
            flying[self.executor.submit(self.design.job(run, trial.recipe))] = (trial, run)

    def _land(self, flying: dict[Future[Outcome], tuple[RunningTrial, Run]]) -> None:
        """Keep what is finished, in order of the runs; wait for something if nothing is."""
        patience = POLL_SECONDS if self.storage.shared else None
        done, _ = wait(flying, timeout=patience, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda one: flying[one][1]):
            trial, run = flying[future]
            try:
                outcome = future.result()
            except BrokenExecutor:
                raise ConfigError(
                    f"a worker died during trial {run.trial} (killed, or out of memory): what is finished is kept, "
                    "go on with tradewind study resume, with fewer --workers if memory is short"
                ) from None
            self.storage.keep(run, outcome)
            self.storage.release(run)
            trial.scores[run] = replace(outcome, equity={}, bundle=b"")
            self._seconds.append(outcome.seconds)
            del flying[future]

    def _tell(self, trial: RunningTrial) -> None:
        """In the ledger first, then to the search, so that no trial ever counts for one and not for the other."""
        sharpe = None
        if trial.status == "done":
            try:
                sharpe = self.returns(trial.number).sharpe
            except Undefined as error:
                trial.status, trial.reason = "failed", str(error)
        result = trial.result(sharpe)
        self.ledger.append(self._entry(result))
        for done, score in result.reports.items():
            self._reports.setdefault(done, []).append(score)
        self._search.tell(Told(result.number, result.status, result.objective, result.reports))
        self.results.append(result)

    def _entry(self, result: TrialResult) -> Trial:
        return Trial(
            study=self._hash,
            trial=result.number,
            configuration=result.configuration,
            values=result.values,
            scope=self.design.data.scope,
            algorithm=str(result.values[ALGORITHM]),
            seeds=self._settings.seeds,
            splits=self._settings.told(),
            status=result.status,
            code_version=code_version(),
            sharpe_daily=result.sharpe_daily,
            objective=result.objective,
            reason=result.reason,
        )

    def returns(self, number: int) -> TrialReturns:
        """The daily returns of a trial that is done, along the paths of the scheme, for each seed."""
        scheme, seeds = self.design.data.scheme, self._settings.seeds
        pieces: dict[int, Mapping[tuple[int, int], Any]] = {}
        for index, seed in enumerate(seeds):
            equity = {
                split.number: self.storage.outcome(Run(number, index, split.number)).equity
                for split in scheme.splits
            }
            pieces[seed] = {
                (split, group): curve for split, tests in equity.items() for group, curve in tests.items()
            }
        return returns_of(scheme, pieces)

    @property
    def best(self) -> TrialResult:
        """The trial with the best objective, the first of equals; `ConfigError` when none is done."""
        done = [one for one in self.results if one.objective is not None]
        if not done:
            reason = next((one.reason for one in self.results if one.reason), "none was run")
            raise ConfigError(
                f"no trial of {self._settings.name} is done ({reason}): look at its search space"
            )
        return max(done, key=lambda one: (one.objective or 0.0, -one.number))

    def _show(
        self, batch: Sequence[RunningTrial], flying: Mapping[Future[Outcome], tuple[RunningTrial, Run]]
    ) -> None:
        over, each = len(self.results), self.design.runs_per_trial
        ahead = max(0, self._settings.trials - over - len(batch)) * each
        pending = sum(len(trial.order) - len(trial.scores) for trial in batch if trial.status is None)
        runs = sum(one.runs for one in self.results) + sum(len(trial.scores) for trial in batch)
        left = None
        if self._seconds:
            left = (ahead + pending) * sum(self._seconds) / len(self._seconds) / self.executor.workers
        statuses = [one.status for one in self.results] + [one.status for one in batch]
        best = None
        with suppress(ConfigError):
            best = self.best.objective
        self._on_progress(
            StudyProgress(
                trial=over + sum(trial.status is not None for trial in batch),
                trials=self._settings.trials,
                runs=runs,
                most_runs=runs + pending + ahead,
                running=tuple(sorted(run for _, run in flying.values())),
                pruned=statuses.count("pruned"),
                failed=statuses.count("failed"),
                best=best,
                seconds_left=left,
            )
        )


def _waiting(batch: Sequence[RunningTrial]) -> Iterator[tuple[RunningTrial, Run]]:
    """All runs that may be done now, in order of number."""
    for trial in batch:
        for run in trial.open_runs():
            yield trial, run
