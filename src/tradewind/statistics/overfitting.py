"""The probability of backtest overfitting by CSCV (Bailey, Borwein, Lopez de Prado and Zhu 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from tradewind.market.errors import DataError
from tradewind.statistics.returns import Floats
from tradewind.statistics.undefined import Undefined

LEAST_ROWS = 30  # of a block
_ALIKE = 1e-12  # one minus the cosine of two columns: below it they are the same bet
_LEVELS = 1000  # of the Sharpe ratio, at which two distributions are compared


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """What became of the trial that was best in one half of the blocks, in the other half, over all C(S, S/2) halves.

    `logits`: ln(w / (1 - w)) of its relative rank w in the other half; `pbo`: the share of them at or below zero.
    `best` and `outcome` are its Sharpe ratios per row in and out of sample. `slope` is that of outcome on best: on
    noise it is negative, as both halves make one sample. `dominance` of first and second order: whether choosing the
    best did better, at every level, than any trial at random.
    """

    pbo: float
    slope: float
    loss_probability: float  # share of outcomes below zero
    first_order_dominance: bool
    second_order_dominance: bool
    blocks: int
    logits: Floats
    best: Floats
    outcome: Floats


def cscv(returns: Floats, blocks: int = 16) -> Overfitting:
    """By returns [T, N] of N trials on the same T rows, out of sample and never in money.

    Rows beyond a multiple of `blocks` are dropped at the start. `Undefined` with fewer than two trials or 30 rows a
    block, with trials that are the same bet, or that do not vary in one of the halves.
    """
    values = _checked(returns, blocks)
    sharpes = _sharpe_of_halves(values, blocks)
    # Halves come in lexicographic order: the complement of the k-th is the k-th from the end.
    others = sharpes[::-1]
    chosen = np.arange(len(sharpes)), sharpes.argmax(axis=1)
    best, outcome = sharpes[chosen], others[chosen]
    level = outcome[:, None]
    rank = (others < level).sum(axis=1) + ((others == level).sum(axis=1) + 1) / 2
    share = rank / (sharpes.shape[1] + 1)
    logits = np.log(share / (1 - share))
    first, second = _dominance(outcome, sharpes)
    return Overfitting(
        pbo=float((logits <= 0).mean()),
        slope=_slope(best, outcome),
        loss_probability=float((outcome < 0).mean()),
        first_order_dominance=first,
        second_order_dominance=second,
        blocks=blocks,
        logits=logits,
        best=best,
        outcome=outcome,
    )


def most_blocks(rows: int, at_most: int = 16) -> int:
    """The largest even number of blocks that keeps 30 rows in each; below 8 CSCV says too little: `Undefined`."""
    found = min(at_most, rows // LEAST_ROWS // 2 * 2)
    if found < 8:
        raise Undefined(f"too few rows: {rows}, CSCV needs {8 * LEAST_ROWS}")
    return found


def _checked(returns: Floats, blocks: int) -> Floats:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2:
        raise DataError(f"returns have shape {values.shape}, expected rows and trials")
    if blocks < 2 or blocks % 2 or comb(blocks, blocks // 2) > 200_000:
        raise DataError(f"blocks is {blocks}, expected an even number from 2 to 20")
    if not np.isfinite(values).all():
        row, trial = np.argwhere(~np.isfinite(values))[0]
        raise DataError(f"trial {trial} has {values[row, trial]} at row {row}: every return must be finite")
    rows, trials = values.shape
    if trials < 2:
        raise Undefined("one trial cannot be the best of several: overfitting needs two or more")
    if rows < blocks * LEAST_ROWS:
        raise Undefined(f"too few rows: {rows}, {blocks} blocks need {blocks * LEAST_ROWS}")
    values = values[rows % blocks :]
    refuse_alike(values)
    return values


def refuse_alike(returns: Floats) -> None:
    """`Undefined` when two columns of [T, N] are the same bet, of any size: their ranks would be a coin toss."""
    size = np.sqrt(np.square(returns).sum(axis=0))
    if not size.all():
        raise Undefined(f"trial {int(np.argmin(size))} never had a return, so it has no Sharpe ratio")
    unit = returns / size
    alike = unit.T @ unit > 1 - _ALIKE
    np.fill_diagonal(alike, False)
    if alike.any():
        one, other = np.argwhere(alike)[0]
        raise Undefined(f"trials {one} and {other} are the same bet: leave one of them out")


def _sharpe_of_halves(values: Floats, blocks: int) -> Floats:
    """[C(S, S/2), N] Sharpe ratio per row of each trial in each half: two products of block sums."""
    by_block = (values - values.mean(axis=0)).reshape(blocks, -1, values.shape[1])
    halves = _halves(blocks)
    count = by_block.shape[1] * (blocks // 2)
    mean = halves @ by_block.sum(axis=1)
    mean /= count
    variance = halves @ np.square(by_block).sum(axis=1)
    variance /= count
    variance -= np.square(mean)
    scale = np.square(values).mean(axis=0)
    if (variance <= 1e-12 * scale).any():
        trial = int(np.argwhere((variance <= 1e-12 * scale).any(axis=0))[0, 0])
        raise Undefined(
            f"trial {trial} does not vary in one half of the rows, so it has no Sharpe ratio there"
        )
    mean += values.mean(axis=0)
    variance *= count / (count - 1)
    return np.asarray(mean / np.sqrt(variance, out=variance))


def _halves(blocks: int) -> Floats:
    """[C(S, S/2), S]: 1 where a block is in the half, in lexicographic order."""
    number, size = comb(blocks, blocks // 2), blocks // 2
    chosen = np.fromiter(chain.from_iterable(combinations(range(blocks), size)), np.intp, number * size)
    halves = np.zeros((number, blocks))
    halves[np.repeat(np.arange(number), size), chosen] = 1.0
    return halves


def _slope(best: Floats, outcome: Floats) -> float:
    centred = best - best.mean()
    spread = float(centred @ centred)
    if spread <= 0:
        raise Undefined("the best Sharpe ratio is the same in every half: there is no slope")
    return float(centred @ outcome) / spread


def _dominance(outcome: Floats, everything: Floats) -> tuple[bool, bool]:
    """Whether `outcome` dominates a trial at random, in first and in second order."""
    span = float(everything.min()), float(everything.max())
    below: list[NDArray[np.float64]] = []
    for sample in (outcome, everything):
        counts, _ = np.histogram(sample, bins=_LEVELS, range=span)
        below.append(np.cumsum(counts) / sample.size)
    ahead = below[1] - below[0]  # how much more often a trial at random lies below a level
    area = np.cumsum(ahead)
    rounding = 1e-12
    first = bool((ahead >= -rounding).all() and (ahead > rounding).any())
    second = bool((area >= -rounding * _LEVELS).all() and (area > rounding).any())
    return first, second
