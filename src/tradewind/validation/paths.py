"""Tests of several splits put together: one curve over all tested groups, without a position across a seam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.market import DataError
from tradewind.statistics import simple_returns
from tradewind.validation.splits import UNTESTED, Group, Scheme, Times

Floats = NDArray[np.float64]
Pieces = Mapping[tuple[int, int], Floats]  # (split, group) -> equity at the close of each of its rows

_DUST = 0.01  # what is too small to sell stays over a gap, and may move equity by this much of it


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Equity at the closes of all tested rows, beginning at 1. Paths share data: they are no independent samples."""

    number: int
    close_time: Times  # [T] UTC ms
    equity: Floats  # [T]


def stitch(scheme: Scheme, pieces: Pieces) -> tuple[Path, ...]:
    """All paths of a scheme, each group's returns after those of the group before it.

    A piece starts flat and ends closed out: its first return is none, and that after a gap inside it is of dust at
    most. A piece that is missing, has another number of rows or carries a position over a gap is a `DataError`.
    """
    returns = {
        (split.number, group.number): _piece(split.number, group, pieces)
        for split in scheme.splits
        for group in split.test
    }
    return tuple(
        _path(scheme, number, returns, scheme.paths[:, number].tolist())
        for number in range(scheme.paths.shape[1])
    )


def _piece(split: int, group: Group, pieces: Pieces) -> Floats:
    equity, name = pieces.get((split, group.number)), f"the test of group {group.number} by split {split}"
    if equity is None:
        raise DataError(f"{name} is missing: a path needs the tests of all its groups")
    if len(equity) != len(group):
        raise DataError(f"{name} has {len(equity)} marks, expected one for each of its {len(group)} rows")
    returns = np.concatenate([[0.0], simple_returns(equity)])
    begins = np.cumsum([0, *(len(one) for one in group.fragments[:-1])])
    carried = np.abs(returns[begins]) > _DUST
    if carried.any():
        row = group.fragments[int(np.argmax(carried))].start
        raise DataError(f"{name} moved over the gap before row {row}: a position was carried across a seam")
    return returns


def _path(
    scheme: Scheme, number: int, returns: Mapping[tuple[int, int], Floats], by_group: list[int]
) -> Path:
    tested = [
        (split, group) for split, group in zip(by_group, scheme.groups, strict=True) if split != UNTESTED
    ]
    rows = np.concatenate([np.arange(f.start, f.stop) for _, group in tested for f in group.fragments])
    growth = np.concatenate([returns[split, group.number] for split, group in tested])
    equity: Floats = np.cumprod(1.0 + growth, dtype=np.float64)
    return Path(number, scheme.timeline.close_time[rows], equity)
