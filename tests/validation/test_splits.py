from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from skfolio.model_selection import CombinatorialPurgedCV, WalkForward

from tradewind.market import ConfigError, DataError
from tradewind.validation.schemes import cpcv, hold_out, k_fold, walk_forward
from tradewind.validation.splits import UNTESTED, Fragment, Margins, Timeline, segments, spans

BAR = 3_600_000
NONE = Margins(label_bars=1, embargo_bars=0)


def timeline(*pieces: tuple[int, int]) -> Timeline:
    """Fragments of (bars, bars missing after them)."""
    closes, fragments, at, row = [], [], 0, 0
    for bars, missing in pieces:
        closes += [at + BAR * (i + 1) for i in range(bars)]
        fragments.append(Fragment(row, row + bars))
        row, at = row + bars, at + BAR * (bars + missing)
    return Timeline(np.array(closes, np.int64), BAR, tuple(fragments))


def ranges(fragments: tuple[Fragment, ...]) -> list[tuple[int, int]]:
    return [(one.start, one.stop) for one in fragments]


@pytest.mark.parametrize(
    ("groups", "tested", "splits", "paths"),
    [(5, 2, 10, 4), (6, 2, 15, 5), (8, 2, 28, 7), (10, 2, 45, 9), (10, 8, 45, 36), (12, 2, 66, 11)],
)
def test_how_many_splits_and_paths_there_are(groups, tested, splits, paths):
    scheme = cpcv(timeline((groups * 10, 0)), groups, tested, NONE)
    assert (len(scheme.splits), scheme.paths.shape) == (splits, (groups, paths))
    oracle = CombinatorialPurgedCV(n_folds=groups, n_test_folds=tested)
    assert (oracle.n_splits, oracle.n_test_paths) == (splits, paths)


def test_three_of_twelve_groups():
    scheme = cpcv(timeline((120, 0)), 12, 3, NONE)
    assert (len(scheme.splits), scheme.paths.shape[1]) == (220, 55)


def test_the_path_matrix_of_the_book():
    assert cpcv(timeline((60, 0)), 6, 2, NONE).paths.tolist() == [
        [0, 1, 2, 3, 4],
        [0, 5, 6, 7, 8],
        [1, 5, 9, 10, 11],
        [2, 6, 9, 12, 13],
        [3, 7, 10, 12, 14],
        [4, 8, 11, 13, 14],
    ]


@pytest.mark.parametrize(("groups", "tested"), [(5, 2), (6, 3), (7, 2)])
def test_paths_are_those_of_skfolio(groups, tested):
    scheme = cpcv(timeline((groups * 12, 0)), groups, tested, NONE)
    oracle = CombinatorialPurgedCV(n_folds=groups, n_test_folds=tested)
    oracle.split(np.zeros((groups * 12, 1)))
    ids = oracle.get_path_ids()  # [splits, tested] the path of each test
    for split in scheme.splits:
        for k, group in enumerate(split.test):
            assert scheme.paths[group.number, ids[split.number, k]] == split.number


def test_train_runs_of_the_page():
    scheme = cpcv(timeline((600, 0)), 6, 2, Margins(label_bars=3, embargo_bars=5))
    assert ranges(scheme.splits[0].train) == [(208, 600)]
    assert ranges(scheme.splits[1].train) == [(108, 197), (308, 600)]
    assert [group.number for group in scheme.splits[1].test] == [0, 2]


@pytest.mark.parametrize(("groups", "tested", "label", "embargo"), [(6, 2, 3, 5), (5, 3, 1, 0), (8, 2, 2, 7)])
def test_training_and_tests_are_those_of_skfolio(groups, tested, label, embargo):
    bars = groups * 40
    scheme = cpcv(timeline((bars, 0)), groups, tested, Margins(label, embargo))
    oracle = CombinatorialPurgedCV(
        n_folds=groups, n_test_folds=tested, purged_size=label, embargo_size=embargo
    )
    for split, (train, tests) in zip(scheme.splits, oracle.split(np.zeros((bars, 1))), strict=True):
        rows = np.concatenate([np.arange(one.start, one.stop) for one in split.train])
        assert rows.tolist() == train.tolist()
        for group, theirs in zip(split.test, tests, strict=True):
            assert ranges(group.fragments) == [(theirs[0], theirs[-1] + 1)]


@pytest.mark.parametrize("rolling", [False, True])
def test_walking_forward_is_that_of_skfolio(rolling):
    scheme = walk_forward(timeline((400, 0)), 6, Margins(3, 50), first_groups=2, rolling=rolling)
    # It counts the purge within its train size, and takes it off the end.
    oracle = WalkForward(test_size=50, train_size=97, purged_size=3, expand_train=not rolling)
    for split, (train, test) in zip(scheme.splits, oracle.split(np.zeros((400, 1))), strict=True):
        assert ranges(split.train) == [(train[0], train[-1] + 1)]
        assert ranges(split.test[0].fragments) == [(test[0], test[-1] + 1)]


def test_walking_forward_has_one_path_that_begins_after_the_first_training():
    scheme = walk_forward(timeline((90, 0)), 6, NONE, first_groups=3)
    assert scheme.paths[:, 0].tolist() == [UNTESTED, UNTESTED, UNTESTED, 0, 1, 2, 3, 4, 5]
    assert all(split.train[-1].stop <= split.test[0].fragments[0].start for split in scheme.splits)


def test_each_group_of_a_k_fold_is_tested_once():
    scheme = k_fold(timeline((100, 0)), 4, Margins(2, 3))
    assert scheme.paths.tolist() == [[0], [1], [2], [3]]
    assert ranges(scheme.splits[1].train) == [(0, 23), (55, 100)]


def test_the_last_group_takes_the_remainder():
    assert [len(group) for group in cpcv(timeline((107, 0)), 5, 2, NONE).groups] == [21, 21, 21, 21, 23]


def test_a_gap_ends_a_fragment_and_counts_as_time():
    with_gap = timeline((30, 4), (70, 0))
    scheme = k_fold(with_gap, 4, Margins(label_bars=2, embargo_bars=8))
    # Tests of group 0 close until hour 25, their labels until 27, the embargo until 35: row 31 closes at 36.
    assert ranges(scheme.splits[0].train) == [(31, 100)]
    assert ranges(scheme.splits[2].train) == [(0, 30), (30, 48), (85, 100)]
    assert ranges(scheme.groups[1].fragments) == [(25, 30), (30, 50)]


def test_over_a_long_gap_there_is_nothing_to_purge():
    scheme = k_fold(timeline((50, 1000), (50, 0)), 2, Margins(label_bars=3, embargo_bars=20))
    assert [ranges(split.train) for split in scheme.splits] == [[(50, 100)], [(0, 50)]]


PIECES = some.lists(some.tuples(some.integers(1, 60), some.integers(1, 40)), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(PIECES, some.integers(2, 7), some.integers(1, 3), some.integers(1, 5), some.integers(0, 9))
def test_no_training_row_lies_in_purge_or_embargo_of_a_test(pieces, groups, tested, label, embargo):
    line, margins = timeline(*pieces), Margins(label, embargo)
    assume(tested < groups)
    try:
        scheme = cpcv(line, groups, tested, margins)
    except ConfigError:
        return
    for split in scheme.splits:
        tests = [row for group in split.test for one in group.fragments for row in range(one.start, one.stop)]
        trained = [row for one in split.train for row in range(one.start, one.stop)]
        clean = [row for row in line.rows.tolist() if all(_apart(line, row, test, margins) for test in tests)]
        assert trained == clean


def _apart(line: Timeline, row: int, test: int, margins: Margins) -> bool:
    """By the book: the labels of both do not meet, and the row does not begin within the embargo."""
    begins, other = int(line.close_time[row]), int(line.close_time[test])
    ends, other_ends = begins + margins.label_bars * BAR, other + margins.label_bars * BAR
    meet = begins <= other_ends and other <= ends
    return not meet and not other_ends < begins <= other_ends + margins.embargo_bars * BAR


@settings(max_examples=60, deadline=None)
@given(PIECES, some.integers(1, 5), some.integers(1, 3), some.booleans(), some.integers(1, 5))
def test_walking_forward_never_sees_the_future(pieces, folds, first, rolling, label):
    line = timeline(*pieces)
    try:
        scheme = walk_forward(line, folds, Margins(label, 9), first_groups=first, rolling=rolling)
    except ConfigError:
        return
    for split in scheme.splits:
        last_label = line.close_time[split.train[-1].stop - 1] + label * BAR
        assert last_label < line.close_time[split.test[0].fragments[0].start]


@settings(max_examples=60, deadline=None)
@given(PIECES, some.integers(2, 7), some.integers(1, 6))
def test_groups_and_fragments_hold_every_row_once_and_no_gap(pieces, groups, tested):
    line = timeline(*pieces)
    assume(tested < groups)
    try:
        scheme = cpcv(line, groups, tested, NONE)
    except ConfigError:
        return
    fragments = [one for group in scheme.groups for one in group.fragments]
    assert [row for one in fragments for row in range(one.start, one.stop)] == line.rows.tolist()
    for one in fragments:
        assert line.close_time[one.stop - 1] - line.close_time[one.start] == (len(one) - 1) * BAR


@given(some.integers(2, 8), some.integers(1, 7))
def test_every_test_belongs_to_one_path(groups, tested):
    assume(tested < groups)
    scheme = cpcv(timeline((groups * 5, 0)), groups, tested, NONE)
    pairs = [(split, g) for g, row in enumerate(scheme.paths.tolist()) for split in row]
    assert len(set(pairs)) == len(pairs) == comb(groups, tested) * tested
    chosen = list(combinations(range(groups), tested))
    assert all(g in chosen[split] for split, g in pairs)


def test_the_vault_is_the_latest_part_and_development_does_not_know_it():
    line = timeline((100, 0))
    held = hold_out(line, 0.2, Margins(label_bars=2, embargo_bars=5))
    assert ranges(held.vault) == [(80, 100)]
    assert ranges(held.development.fragments) == [(0, 73)]
    assert len(held.development.close_time) == 73


def test_fragments_are_what_training_and_backtests_take():
    fragments = (Fragment(2, 5), Fragment(7, 9))
    assert segments(fragments).tolist() == [[2, 5], [7, 9]]
    assert spans(fragments) == [(2, 5), (7, 9)]
    assert segments(()).shape == (0, 2)


def test_the_usual_margins():
    assert Margins.usual(1000, lookback_bars=30, execution_delay_bars=1) == Margins(2, 30, 32)
    assert Margins.usual(8760, lookback_bars=30) == Margins(1, 88, 32)
    assert Margins.usual(1000, lookback_bars=30, embargo_bars=4).embargo_bars == 4


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: cpcv(timeline((100, 0)), 2, 3, NONE), "3 of 2 groups tested leave nothing"),
        (lambda: cpcv(timeline((100, 0)), 1, 1, NONE), "1 groups cannot be split"),
        (lambda: cpcv(timeline((100, 0)), 4, 0, NONE), "0 groups tested is no test"),
        (lambda: cpcv(timeline((100, 0)), 30, 15, NONE), "155,117,520 splits, more than 10,000"),
        (lambda: cpcv(timeline((5, 0)), 6, 2, NONE), "5 bars make no 6 groups"),
        (lambda: k_fold(timeline((100, 0)), 5, Margins(2, 18)), "swallow whole groups of 20"),
        (lambda: k_fold(timeline((100, 0)), 5, Margins(2, 3, 16)), "has a fragment of 15 bars"),
        (lambda: k_fold(timeline((53, 1), (47, 0)), 2, Margins(1, 0, 4)), "group 1 of 2 has a fragment of 3"),
        (lambda: walk_forward(timeline((100, 0)), 0, NONE), "folds is 0"),
        (lambda: hold_out(timeline((100, 0)), 1.5, NONE), "vault_share is 1.5"),
        (lambda: hold_out(timeline((100, 0)), 0.01, Margins(1, 0, 5)), "the vault has a fragment of 1 bars"),
        (lambda: hold_out(timeline((40, 0)), 0.5, Margins(1, 30)), "leaves nothing to train on"),
        (lambda: Margins(0, 1), "label_bars is 0"),
    ],
)
def test_what_cannot_be_split_is_refused_in_one_sentence(make, said):
    with pytest.raises(ConfigError, match=said) as refused:
        make()
    assert "\n" not in str(refused.value)


def test_a_timeline_is_what_it_says():
    closes = np.arange(1, 11, dtype=np.int64) * BAR
    for fragments, said in [
        ((), "no row can be decided on"),
        ((Fragment(0, 11),), "ends at row 11 of 10"),
        ((Fragment(0, 5), Fragment(4, 9)), "overlap at row 4"),
    ]:
        with pytest.raises(DataError, match=said):
            Timeline(closes, BAR, fragments)
    with pytest.raises(DataError, match="hold a gap"):
        Timeline(np.array([1, 2, 4]) * BAR, BAR, (Fragment(0, 3),))
    with pytest.raises(DataError, match="must increase"):
        Timeline(closes[::-1], BAR, (Fragment(0, 3),))
    with pytest.raises(DataError, match="no range of rows"):
        Fragment(3, 3)
