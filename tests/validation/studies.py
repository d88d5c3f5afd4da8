"""Tiny studies of a world, for the tests: seconds of training, everything else as it is."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tradewind.data.worlds import generate
from tradewind.features import FeaturePlan, FeatureSpec
from tradewind.market import Market
from tradewind.simulator import Rules
from tradewind.training import TrainingSettings
from tradewind.training.recipe import Recipe
from tradewind.validation.ledger import Ledger
from tradewind.validation.study.data import divide, reach_of
from tradewind.validation.study.runs import Job, Outcome, Run, execute
from tradewind.validation.study.search import Values
from tradewind.validation.study.settings import SplitSettings, StudySettings
from tradewind.validation.study.storage import Storage
from tradewind.validation.study.study import Design, Study

PLAN = FeaturePlan.of("log_return", FeatureSpec("momentum", {"bars": 6}))
SEARCH: dict[str, Any] = {
    "training.hyperparameters.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "training.net": {"choices": [[4], [6, 4]]},
}
SPLITS = SplitSettings(groups=3, tested=2, embargo_bars=12)


def market(bars: int = 2_400) -> Market:
    return generate("demo", bars, seed=5).market


def settings(**changes: Any) -> StudySettings:
    values: dict[str, Any] = {
        "name": "tiny",
        "trials": 3,
        "batch": 2,
        "steps": 64,
        "seeds": (1, 2),
        "splits": SPLITS,
        "search": SEARCH,
    }
    return StudySettings(**{**values, **changes})


def recipe_of(values: Values) -> Recipe:
    """As the command makes them from a file, without the file."""
    training: dict[str, Any] = {
        "algorithm": values["training.algorithm"],
        "steps": 64,
        "environments": 4,
        "net": (4,),
        "episode_bars": 20,
        "hyperparameters": {},
    }
    for name, value in values.items():
        if name.startswith("training.hyperparameters."):
            training["hyperparameters"][name.rpartition(".")[2]] = value
        elif name == "training.net":
            training["net"] = tuple(value)
    return Recipe(PLAN, Rules(), TrainingSettings.from_dict(training))


def design(chosen: StudySettings | None = None, bars: int = 2_400, recipes: Any = recipe_of) -> Design:
    chosen, candles = chosen or settings(), market(bars)
    reach = reach_of(recipe_of({"training.algorithm": "ppo"}), candles)
    return Design(chosen, divide(candles, chosen, reach), recipes, 10_000.0)


class Here:
    """Does runs in this process, one at a time, and counts them; `fails` makes outcomes of one's own."""

    workers = 1

    def __init__(self, chosen: Design, outcomes: Any = None) -> None:
        self.design, self.outcomes = chosen, outcomes
        self.done: list[Run] = []

    def submit(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self.done.append(job.run)
        made = None if self.outcomes is None else self.outcomes(job)
        future.set_result(made or execute(self.design.data.market, job))
        return future

    def stop(self) -> None:
        """Nothing runs beside this process."""


def study_in(home: Path, chosen: Design | None = None, outcomes: Any = None) -> Study:
    chosen = chosen or design()
    storage = Storage.in_file(home / "studies" / chosen.settings.name, chosen.hash)
    return Study(chosen, storage, Ledger(home / "ledger"), Here(chosen, outcomes))


def told(home: Path) -> list[dict[str, Any]]:
    """The trials of a home's ledger, without time stamps and what follows from them."""
    return [dataclasses.asdict(trial) for trial in Ledger(home / "ledger").trials()]
