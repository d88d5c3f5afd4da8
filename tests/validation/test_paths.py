from __future__ import annotations

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.backtest.run import backtest
from tradewind.market import DataError, FeeAsset, Kind
from tradewind.validation.paths import stitch
from tradewind.validation.schemes import cpcv, k_fold, walk_forward
from tradewind.validation.splits import Fragment, Margins, Timeline, spans

MARGINS = Margins(1, 0)


def timeline(bars: int, gap_at: int | None = None) -> Timeline:
    closes = np.arange(1, bars + 1, dtype=np.int64)
    if gap_at is None:
        return Timeline(closes, 1, (Fragment(0, bars),))
    return Timeline(
        np.where(closes > gap_at, closes + 10, closes), 1, (Fragment(0, gap_at), Fragment(gap_at, bars))
    )


def test_a_path_goes_on_where_the_group_before_it_ended():
    scheme = k_fold(timeline(6), 2, MARGINS)
    (path,) = stitch(scheme, {(0, 0): np.array([100.0, 110, 99]), (1, 1): np.array([50.0, 50, 75])})
    assert path.close_time.tolist() == [1, 2, 3, 4, 5, 6]
    assert path.equity == pytest.approx([1, 1.1, 0.99, 0.99, 0.99, 1.485])


def test_each_path_takes_the_tests_that_the_matrix_names():
    scheme = cpcv(timeline(12), 3, 2, MARGINS)  # splits test 01, 02, 12
    pieces = {
        (split.number, group.number): np.array([1.0, 1, 1, 1 + split.number / 10])
        for split in scheme.splits
        for group in split.test
    }
    ends = [path.equity[-1] for path in stitch(scheme, pieces)]
    assert scheme.paths.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert ends == pytest.approx([1.0 * 1.0 * 1.1, 1.1 * 1.2 * 1.2])


def test_a_walk_forward_path_has_only_what_was_tested():
    scheme = walk_forward(timeline(9), 2, MARGINS)
    path = stitch(scheme, {(0, 1): np.ones(3), (1, 2): np.array([1.0, 1, 2])})[0]
    assert path.close_time.tolist() == [4, 5, 6, 7, 8, 9]
    assert path.equity.tolist() == [1, 1, 1, 1, 1, 2]


def test_ruin_is_for_good():
    scheme = k_fold(timeline(6), 2, MARGINS)
    path = stitch(scheme, {(0, 0): np.array([1.0, 0, 0]), (1, 1): np.array([1.0, 2, 2])})[0]
    assert path.equity.tolist() == [1, 0, 0, 0, 0, 0]


def test_no_position_is_carried_over_a_gap():
    scheme = k_fold(timeline(10, gap_at=8), 2, MARGINS)
    first, second = np.ones(5), np.array([1.0, 1.1, 1.2, 1.2, 1.5])
    assert stitch(scheme, {(0, 0): first, (1, 1): second})[0].equity[-1] == pytest.approx(1.5)
    with pytest.raises(DataError, match="moved over the gap before row 8"):
        stitch(scheme, {(0, 0): first, (1, 1): np.array([1.0, 1.1, 1.2, 1.3, 1.5])})


def test_every_test_has_to_be_there_and_whole():
    scheme = k_fold(timeline(6), 2, MARGINS)
    with pytest.raises(DataError, match="group 1 by split 1 is missing"):
        stitch(scheme, {(0, 0): np.ones(3)})
    with pytest.raises(DataError, match="has 2 marks, expected one for each of its 3 rows"):
        stitch(scheme, {(0, 0): np.ones(3), (1, 1): np.ones(2)})


@pytest.mark.parametrize("kind", list(Kind))
def test_backtests_of_each_test_make_paths(kind):
    """Over gaps inside a group, and with fees in the base coin, which leave dust."""
    fee_asset = FeeAsset.BASE if kind is Kind.SPOT else FeeAsset.QUOTE
    market = wild_market(1_200, 1, kind, seed=4, fragments=3, fee_asset=fee_asset)
    agent = moody_agent(market, rules_for(kind))
    tape = agent.tape(market)
    line = Timeline.of(market, tape.segments)
    scheme = cpcv(line, 4, 2, Margins(1, 20, 22))
    assert any(len(group.fragments) > 1 for group in scheme.groups)
    pieces = {
        (split.number, group.number): backtest(
            agent, tape, spans=spans(group.fragments), capital=CAPITAL
        ).result.equity
        for split in scheme.splits
        for group in split.test
    }
    paths = stitch(scheme, pieces)
    assert len(paths) == 3
    for path in paths:
        assert path.close_time.tolist() == market.close_time[line.rows].tolist()
        assert path.equity[-1] == pytest.approx(paths[0].equity[-1])  # the agent learns nothing: all alike
        assert path.equity.std() > 0
