from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradewind.backtest.result import FILL_ROW
from tradewind.market import FillReason
from tradewind.market.errors import DataError
from tradewind.statistics import round_trips

ONE = np.array([1.0])


def fills(*rows: tuple[int, int, int, float, float], reason: FillReason = FillReason.ORDER) -> np.ndarray:
    """(row, instrument, lots, price, fee)"""
    return np.array([(*r, 0.0, 0.0, int(reason), 0) for r in rows], FILL_ROW)


def test_a_long_trade_earns_the_move_less_both_fees():
    trips = round_trips(fills((1, 0, 10, 100.0, 1.0), (4, 0, -10, 110.0, 1.1)), np.array([0.5]), ONE)
    assert len(trips) == 1
    trip = trips[0]
    assert (trip["side"], trip["entry_row"], trip["exit_row"], trip["lots"]) == (1, 1, 4, 10)
    assert (trip["entry_price"], trip["exit_price"]) == (100.0, 110.0)
    assert trip["profit"] == pytest.approx(10 * 0.5 * 10 - 2.1)


def test_a_short_trade_earns_the_fall():
    trip = round_trips(fills((0, 0, -2, 50.0, 0.1), (1, 0, 2, 40.0, 0.1)), ONE, ONE)[0]
    assert trip["side"] == -1
    assert trip["profit"] == pytest.approx(20 - 0.2)


def test_entries_and_exits_are_averaged_by_volume():
    trip = round_trips(
        fills((0, 0, 1, 100.0, 0), (1, 0, 3, 104.0, 0), (2, 0, -1, 110.0, 0), (3, 0, -3, 114.0, 0)), ONE, ONE
    )[0]
    assert (trip["entry_price"], trip["exit_price"], trip["lots"]) == (103.0, 113.0, 4)
    assert trip["profit"] == pytest.approx(40.0)


def test_a_fill_through_zero_ends_one_trade_and_begins_the_next():
    trips = round_trips(fills((0, 0, 2, 100.0, 2.0), (5, 0, -6, 90.0, 6.0), (7, 0, 4, 80.0, 4.0)), ONE, ONE)
    assert trips["side"].tolist() == [1, -1]
    assert trips["profit"] == pytest.approx([-20 - 2 - 2, 40 - 4 - 4])
    assert trips["entry_row"].tolist() == [0, 5]
    assert trips["exit_row"].tolist() == [5, 7]


def test_what_is_open_at_the_end_is_valued_at_the_mark():
    trip = round_trips(fills((3, 0, 2, 100.0, 1.0)), ONE, np.array([130.0]))[0]
    assert trip["exit_row"] == -1
    assert np.isnan(trip["exit_price"])
    assert trip["profit"] == pytest.approx(60 - 1)


def test_the_reason_of_the_last_fill_is_kept():
    stop = fills((2, 0, -1, 95.0, 0.0), reason=FillReason.STOP)
    trip = round_trips(np.concatenate([fills((1, 0, 1, 100.0, 0.0)), stop]), ONE, ONE)[0]
    assert trip["exit_reason"] == FillReason.STOP


def test_instruments_do_not_mix():
    trips = round_trips(
        fills((0, 0, 1, 10.0, 0), (0, 1, -1, 20.0, 0), (1, 1, 1, 15.0, 0), (2, 0, -1, 11.0, 0)),
        np.array([1.0, 2.0]),
        np.array([11.0, 15.0]),
    )
    assert trips["instrument"].tolist() == [0, 1]
    assert trips["profit"] == pytest.approx([1.0, 10.0])


def test_no_fills_are_no_trades():
    assert len(round_trips(fills(), ONE, ONE)) == 0


def test_a_fill_of_nothing_is_refused():
    with pytest.raises(DataError, match="0 lots"):
        round_trips(fills((0, 0, 0, 1.0, 0.0)), ONE, ONE)


moves = some.lists(
    some.tuples(
        some.integers(0, 1), some.integers(-5, 5).filter(bool), some.floats(1, 200), some.floats(0, 3)
    ),
    max_size=40,
)


@given(moves)
def test_the_profit_of_all_trades_is_the_money_that_moved(moves):
    rows = [(i, a, lots, price, fee) for i, (a, lots, price, fee) in enumerate(moves)]
    lot, mark = np.array([0.5, 2.0]), np.array([70.0, 90.0])
    book = fills(*rows)
    trips = round_trips(book, lot, mark)
    cash = -(book["lots"] * lot[book["instrument"]] * book["price"]).sum() - book["fee"].sum()
    position = np.array([book["lots"][book["instrument"] == a].sum() for a in (0, 1)])
    assert trips["profit"].sum() == pytest.approx(cash + (position * lot * mark).sum(), abs=1e-6)
    assert trips["fees"].sum() == pytest.approx(book["fee"].sum(), abs=1e-9)
    assert (trips["exit_row"] < 0).sum() == (position != 0).sum()
    assert (trips["side"] * trips["lots"] != 0).all()
