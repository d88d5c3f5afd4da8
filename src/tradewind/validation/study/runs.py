"""One run of a study: train a recipe on a split with a seed, and test what it learnt on bars that it never saw."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tradewind.backtest.run import backtest
from tradewind.market import Market, TradewindError
from tradewind.policy import Bundle
from tradewind.policy.agent import agent_of_bundle
from tradewind.training.learn import train
from tradewind.training.recipe import Recipe
from tradewind.validation.splits import Split, segments, spans
from tradewind.validation.study.scores import run_sharpe

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """Which run of a study. Runs of a trial are done in the order of seeds, then splits."""

    trial: int
    seed_index: int
    split: int


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker needs beside the market. `seed` is that of the training."""

    run: Run
    seed: int
    split: Split
    recipe: Recipe
    capital: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a run left: its score, its tests and its model; or why it failed, and nothing else."""

    sharpe: float | None = None  # annual, of daily returns
    equity: Mapping[int, Floats] = field(
        default_factory=dict
    )  # by tested group, at each of its rows; begins at 1
    bundle: bytes = b""  # packed
    error: str = ""
    seconds: float = 0.0

    def model(self) -> Bundle:
        """What it learnt, verified."""
        with zipfile.ZipFile(io.BytesIO(self.bundle)) as archive:
            return Bundle.of_files({name: archive.read(name) for name in archive.namelist()})

    def packed_equity(self) -> bytes:
        """The tests as bytes; equal tests are equal bytes."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **{str(group): curve for group, curve in self.equity.items()})  # type: ignore[arg-type]
        return buffer.getvalue()


def unpacked_equity(content: bytes) -> dict[int, Floats]:
    """What `packed_equity` made."""
    if not content:
        return {}
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {int(name): arrays[name] for name in arrays.files}


def execute(market: Market, job: Job) -> Outcome:
    """Do one run. A recipe that cannot be trained or tested is a failed outcome, in words; a bug is raised."""
    began = time.perf_counter()
    try:
        outcome = _execute(market, job)
    except (TradewindError, ArithmeticError, ValueError) as error:
        outcome = Outcome(error=" ".join(str(error).split()) or type(error).__name__)
    return replace(outcome, seconds=time.perf_counter() - began)


def _execute(market: Market, job: Job) -> Outcome:
    recipe, split = job.recipe, job.split
    tape, scaler = recipe.prepare(market, segments(split.train))
    result = train(tape, recipe.rules, replace(recipe.settings, seed=job.seed))
    bundle = recipe.bundle(result, tape, scaler)
    agent = agent_of_bundle(bundle, f"trial {job.run.trial}")
    equity: dict[int, Floats] = {}
    for group in split.test:  # each from a flat start with the capital, and closed out at its end
        tested = backtest(agent, tape, spans=spans(group.fragments), capital=job.capital).result
        equity[group.number] = tested.equity / job.capital
    return Outcome(run_sharpe(market.close_time, split.test, equity), equity, packed(bundle))


def packed(bundle: Bundle) -> bytes:
    """The files of a bundle in one, without a time: equal bundles are equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(bundle.files().items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
