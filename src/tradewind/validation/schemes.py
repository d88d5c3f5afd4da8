"""Ways to split a timeline: combinatorial, k-fold, walk-forward, and a hold-out whose last part stays shut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from tradewind.market import ConfigError
from tradewind.validation.purging import refuse_short, trainable
from tradewind.validation.splits import (
    UNTESTED,
    Fragment,
    Group,
    Margins,
    Rows,
    Scheme,
    Split,
    Timeline,
)

MOST_SPLITS = 10_000


def groups_of(timeline: Timeline, number: int, margins: Margins) -> tuple[Group, ...]:
    """`number` contiguous groups of equally many rows; the last takes the remainder."""
    rows = timeline.rows
    size = len(rows) // number
    if size < 1:
        raise ConfigError(f"{len(rows)} bars make no {number} groups: take fewer groups or more candles")
    edges = [g * size for g in range(number)] + [len(rows)]
    groups = tuple(Group(g, timeline.of_rows(rows[a:b])) for g, (a, b) in enumerate(pairwise(edges)))
    for group in groups:
        for fragment in group.fragments:
            refuse_short(timeline, fragment, margins, f"group {group.number} of {number}")
    return groups


def cpcv(timeline: Timeline, groups: int, tested: int, margins: Margins) -> Scheme:
    """Combinatorial purged cross-validation: every choice of `tested` groups is one split.

    C(N, k) splits, C(N - 1, k - 1) paths. It judges a method: models that trained on the future of their tests are
    never for trading.
    """
    _refuse_counts(groups, tested)
    name = f"CPCV N={groups}, k={tested}" if tested > 1 else f"k-fold N={groups}"
    return _scheme(name, timeline, margins, groups, combinations(range(groups), tested), None)


def k_fold(timeline: Timeline, groups: int, margins: Margins) -> Scheme:
    """Every group tested once, by a model that trained on the others, purged: one path."""
    return cpcv(timeline, groups, 1, margins)


def walk_forward(
    timeline: Timeline, folds: int, margins: Margins, *, first_groups: int = 1, rolling: bool = False
) -> Scheme:
    """Each of `folds` groups tested by a model of its past only: one path over them.

    The first `first_groups` groups, as long as a fold each, are for training alone. Anchored training begins at the
    first row; rolling training takes the last `first_groups` groups.
    """
    for name, value in (("folds", folds), ("first_groups", first_groups)):
        if value < 1:
            raise ConfigError(f"{name} is {value}, expected 1 or more")
    name = f"{'rolling' if rolling else 'anchored'} walk-forward, {folds} folds"
    tested = [(g,) for g in range(first_groups, first_groups + folds)]
    return _scheme(
        name, timeline, margins, first_groups + folds, tested, first_groups if rolling else math.inf
    )


def _scheme(
    name: str,
    timeline: Timeline,
    margins: Margins,
    groups: int,
    tested: Sequence[tuple[int, ...]] | combinations[tuple[int, ...]],
    past_groups: float | None,
) -> Scheme:
    """`past_groups` None trains on all other groups, else on so many before the test."""
    cut = groups_of(timeline, groups, margins)
    _refuse_swallowed(len(cut[0]), margins.label_bars + (margins.embargo_bars if past_groups is None else 0))
    rows = timeline.rows
    owner = np.minimum(np.arange(len(rows)) // (len(rows) // groups), groups - 1)
    splits = []
    for number, chosen in enumerate(tested):
        allowed = ~np.isin(owner, chosen)
        if past_groups is not None:
            allowed &= (owner < chosen[0]) & (owner >= chosen[0] - past_groups)
        tests = tuple(fragment for g in chosen for fragment in cut[g].fragments)
        train = trainable(timeline, rows[allowed], tests, margins, f"split {number} of the {name}")
        splits.append(Split(number, train, tuple(cut[g] for g in chosen)))
    return Scheme(name, timeline, margins, cut, tuple(splits), path_matrix(splits, groups))


def path_matrix(splits: Sequence[Split], groups: int) -> Rows:
    """[groups, paths]: path j takes group g from the split that tests it for the j-th time."""
    testing: list[list[int]] = [[] for _ in range(groups)]
    for split in splits:
        for group in split.test:
            testing[group.number].append(split.number)
    paths = np.full((groups, max(len(one) for one in testing)), UNTESTED, dtype=np.int64)
    for g, numbers in enumerate(testing):
        paths[g, : len(numbers)] = numbers
    return paths


@dataclass(frozen=True, slots=True, eq=False)
class HoldOut:
    """`development` knows no row of the vault; `vault` is the latest part, for one look at the very end."""

    development: Timeline
    vault: tuple[Fragment, ...]


def hold_out(timeline: Timeline, vault_share: float, margins: Margins) -> HoldOut:
    """The last `vault_share` of the rows is the vault; before it, purge and an embargo that belong to neither."""
    if not 0 < vault_share < 1:
        raise ConfigError(f"vault_share is {vault_share:g}, expected a share between 0 and 1, such as 0.2")
    rows = timeline.rows
    cut = round(len(rows) * (1 - vault_share))
    if not 0 < cut < len(rows):
        raise ConfigError(f"{len(rows)} bars leave no vault of {vault_share:.0%}: bring more candles")
    vault = timeline.of_rows(rows[cut:])
    for fragment in vault:
        refuse_short(timeline, fragment, margins, "the vault")
    apart = Margins(margins.label_bars + margins.embargo_bars, 0, margins.least_bars)
    train = trainable(timeline, rows[:cut], vault, apart, "the vault")
    closes = timeline.close_time[: train[-1].stop]
    return HoldOut(Timeline(closes, timeline.bar_ms, train), vault)


def _refuse_swallowed(group_bars: int, apart_bars: int) -> None:
    if apart_bars >= group_bars:
        raise ConfigError(
            f"purge and embargo of {apart_bars} bars swallow whole groups of {group_bars}: take fewer groups, "
            "a shorter lookback or embargo, or more candles"
        )


def _refuse_counts(groups: int, tested: int) -> None:
    if groups < 2:
        raise ConfigError(f"{groups} groups cannot be split: take 2 or more")
    if not 1 <= tested < groups:
        raise ConfigError(
            f"{tested} of {groups} groups tested leave nothing to train on: test 1 to {groups - 1} of them"
            if tested >= groups
            else f"{tested} groups tested is no test: test 1 to {groups - 1} of the {groups} groups"
        )
    count = math.comb(groups, tested)
    if count > MOST_SPLITS:
        raise ConfigError(
            f"{groups} groups with {tested} tested are {count:,} splits, more than {MOST_SPLITS:,}: take "
            "fewer groups, such as 6 with 2 tested"
        )
