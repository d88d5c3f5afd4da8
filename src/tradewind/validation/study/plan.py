"""Before any compute: how many runs, how long, how much disk, and what such a study could prove at all."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from tradewind.market import TradewindError
from tradewind.simulator import Tape
from tradewind.statistics import DAY_MS, DAYS_PER_YEAR, expected_maximum, min_trl
from tradewind.training.learn import TrainingResult, train
from tradewind.training.recipe import Recipe
from tradewind.validation.ledger import Ledger
from tradewind.validation.splits import segments
from tradewind.validation.study.data import tested_days
from tradewind.validation.study.runs import packed
from tradewind.validation.study.search import ALGORITHM
from tradewind.validation.study.study import Design

CONFIDENCE = 0.95  # of the deflated Sharpe ratio, as the gate asks it
BATCH_OVERHEAD = 1.1  # workers that wait for the last run of a batch
BACKTEST_BARS_A_SECOND = 20_000.0
EQUITY_BYTES = 8.0  # a tested bar, before it is packed


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """At most: pruned trials end earlier. `least_sharpe` is annual, None where no Sharpe ratio could pass."""

    study: str
    trials: int
    splits: int
    seeds: int
    runs: int
    steps: int
    steps_per_second: float
    workers: int
    seconds: float
    disk_bytes: int
    days: int  # of development that are tested
    configurations_before: int  # in the ledger, that compete
    configurations_after: int
    least_sharpe: float | None
    vault_days: int


def plan(design: Design, ledger: Ledger, workers: int) -> StudyPlan:
    """The cost of a study, measured by a short training on its first split."""
    settings, data = design.settings, design.data
    rate, model_bytes = measure(design)
    splits = data.scheme.splits
    runs = settings.trials * design.runs_per_trial
    tested = (
        sum(len(group) for split in splits for group in split.test) * len(settings.seeds) * settings.trials
    )
    seconds = (runs * settings.steps / rate + tested / BACKTEST_BARS_A_SECOND) / workers * BATCH_OVERHEAD
    before = ledger.configurations(data.scope)
    tested_groups = {group for split in splits for group in split.test}
    days = len(tested_days(data.scheme, tested_groups))
    return StudyPlan(
        study=design.hash,
        trials=settings.trials,
        splits=len(splits),
        seeds=len(settings.seeds),
        runs=runs,
        steps=settings.steps,
        steps_per_second=rate,
        workers=workers,
        seconds=seconds,
        disk_bytes=int(runs * model_bytes + tested * EQUITY_BYTES),
        days=days,
        configurations_before=before,
        configurations_after=before + settings.trials,
        least_sharpe=least_sharpe(days, before + settings.trials),
        vault_days=0 if data.vault is None else (data.vault.end_ms - data.vault.start_ms) // DAY_MS,
    )


def least_sharpe(days: int, configurations: int, confidence: float = CONFIDENCE) -> float | None:
    """The smallest annual Sharpe ratio whose deflated Sharpe ratio reaches `confidence` over so many days.

    Trials without skill are taken to vary as chance alone makes them, by 1 / days, and returns to be normal: real ones
    have fatter tails and need more. None where even a Sharpe ratio of 100 would not do.
    """
    if days < 2:
        return None
    lucky = expected_maximum(configurations) / math.sqrt(days)
    low, high = lucky, 100 / math.sqrt(DAYS_PER_YEAR)
    if high <= low or min_trl(high, 0.0, 3.0, lucky, confidence) > days:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        enough = middle > lucky and min_trl(middle, 0.0, 3.0, lucky, confidence) <= days
        low, high = (low, middle) if enough else (middle, high)
    return high * math.sqrt(DAYS_PER_YEAR)


def measure(design: Design) -> tuple[float, int]:
    """Of the slowest algorithm: training steps a second on one core of this machine, and the bytes of a model."""
    training = segments(design.data.scheme.splits[0].train)
    measured = []
    for algorithm in design.settings.algorithms:
        recipe = design.recipe_of({ALGORITHM: algorithm})
        tape, scaler = recipe.prepare(design.data.market, training)
        rate, result = _timed(recipe, tape)
        measured.append((rate, len(packed(recipe.bundle(result, tape, scaler)))))
    return min(measured)


def check(design: Design) -> None:
    """Can the recipe of the file be laid out on every split? `TradewindError` says why not, before anything is done."""
    for algorithm in design.settings.algorithms:
        recipe = design.recipe_of({ALGORITHM: algorithm})
        for split in design.data.scheme.splits:
            try:
                recipe.prepare(design.data.market, segments(split.train))
            except TradewindError as error:
                error.add_note(f"that is split {split.number} of the {design.data.scheme.name}")
                raise


def _timed(recipe: Recipe, tape: Tape) -> tuple[float, TrainingResult]:
    """Steps a second of a short run, after one that compiles and warms up."""
    settings = recipe.settings
    steps = settings.parallel * 16 * (1 if settings.on_policy else 8)
    short = replace(settings, steps=steps, evaluate_every=steps, tensorboard=False)
    train(tape, recipe.rules, short)
    began = time.perf_counter()
    result = train(tape, recipe.rules, short)
    return result.steps / (time.perf_counter() - began), result
