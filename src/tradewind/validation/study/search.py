"""Which trial comes next: Optuna's TPE, asked so that the same history gives the same trials.

Every trial has a sampler of its own, seeded by its number, that sees the trials of earlier batches alone. So what
is asked depends on the study and on what was told, not on when a worker was ready or how often the study was killed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from tradewind.validation.entries import Status
from tradewind.validation.study.settings import Choice, Domain, StudySettings

ALGORITHM = "training.algorithm"
Values = dict[str, Any]

_STATES = {
    "done": optuna.trial.TrialState.COMPLETE,
    "pruned": optuna.trial.TrialState.PRUNED,
    "failed": optuna.trial.TrialState.FAIL,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a trial: its objective when done, and what it had scored after so many runs."""

    number: int
    status: Status
    objective: float | None
    reports: Mapping[int, float]  # by the number of finished runs


class Search:
    """Asks trials in order of their number, and hears of them in the same order."""

    def __init__(self, settings: StudySettings) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._settings = settings
        self._space = settings.space()
        self._study = optuna.create_study(direction="maximize")
        self._asked: list[optuna.trial.Trial] = []

    def ask(self) -> Values:
        """The values of the next trial, by the name of the setting; the algorithm is among them."""
        number = len(self._asked)
        seed = int(np.random.SeedSequence([self._settings.seed, number]).generate_state(1)[0])
        self._study.sampler = optuna.samplers.TPESampler(seed=seed)
        trial = self._study.ask()
        self._asked.append(trial)
        algorithm = trial.suggest_categorical(ALGORITHM, list(self._settings.algorithms))
        values: Values = {ALGORITHM: algorithm}
        for name, domain in self._space.items():
            if not domain.only or algorithm in domain.only:
                values[name] = _suggest(trial, name, domain)
        return values

    def tell(self, told: Told) -> None:
        """Let the trials of the next batches know of it."""
        trial, state = self._asked[told.number], _STATES[told.status]
        for step, score in sorted(told.reports.items()):
            trial.report(score, step)
        self._study.tell(trial, told.objective if told.status == "done" else None, state=state)


def _suggest(trial: optuna.trial.Trial, name: str, domain: Domain) -> Any:
    if isinstance(domain, Choice):
        texts = [json.dumps(value) for value in domain.values]  # a list is no category, its text is
        return json.loads(trial.suggest_categorical(name, texts))
    if domain.whole:
        return trial.suggest_int(name, int(domain.low), int(domain.high), log=domain.log)
    return trial.suggest_float(name, domain.low, domain.high, log=domain.log)


def below_others(score: float, others: Sequence[float], settings: StudySettings) -> bool:
    """Is a trial to be given up, by what earlier trials had scored after as many runs?"""
    pruning = settings.pruning
    if pruning.quantile is None or len(others) < pruning.warmup_trials:
        return False
    return score < float(np.quantile(np.array(others), pruning.quantile))
