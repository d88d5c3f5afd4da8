from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tradewind.backtest.result import FILL_ROW, trades
from tradewind.market import FillReason
from tradewind.market.errors import DataError


def test_trades_and_fees_account_for_the_whole_profit(made):
    result = made("flipping")
    trips = trades(result)
    assert trips["profit"].sum() == pytest.approx(result.equity[-1] - result.equity[0], abs=1e-6)
    assert trips["fees"].sum() == pytest.approx(result.fills["fee"].sum())


def test_what_is_open_at_the_end_has_no_exit(made):
    trips = trades(made("hold"))
    assert trips["exit_row"].tolist() == [-1, -1]
    assert trips["exit_reason"].tolist() == [-1, -1]


def test_the_reason_of_an_exit_is_that_of_its_fill(made):
    closed = trades(made("flipping", reason=FillReason.STOP))
    assert set(closed["exit_reason"][closed["exit_row"] >= 0]) == {FillReason.STOP}


def test_the_last_price_is_the_last_one_known(made):
    result = made("flat")
    close = result.close.copy()
    close[-5:, 0] = np.nan
    masked = dataclasses.replace(result, close=close)
    assert masked.last_price.tolist() == [close[-6, 0], close[-1, 1]]


def test_arrays_cannot_be_written(made):
    with pytest.raises(ValueError):
        made("flat").equity[0] = 1.0


def test_notional_is_in_quote_currency_and_unsigned(made):
    result = made("hold", width=1)
    assert result.fill_notional == pytest.approx([9_800], rel=2e-3)
    assert result.equity_before.tolist() == [10_000.0]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("equity", np.ones(3), "equity has shape"),
        ("equity", None, "not finite"),
        ("fills", np.zeros(1), "FILL_ROW"),
        ("fills", np.array([(9_999, 0, 1, 1.0, 0, 0, 0, 0, 0)], FILL_ROW), "outside"),
        ("fills", np.array([(0, 2, 1, 1.0, 0, 0, 0, 0, 0)], FILL_ROW), "outside"),
        (
            "fills",
            np.array([(5, 0, 1, 1.0, 0, 0, 0, 0, 0), (4, 0, 1, 1.0, 0, 0, 0, 0, 0)], FILL_ROW),
            "order of time",
        ),
        ("fills", np.array([(5, 0, 1, np.nan, 0, 0, 0, 0, 0)], FILL_ROW), "price that is not finite"),
        ("close_time", None, "increase"),
        ("kinds", (), "0 kinds"),
    ],
)
def test_what_does_not_fit_together_is_refused(made, field, value, says):
    result = made("flat", days=2)
    if value is None:
        value = getattr(result, field).copy()
        value[3] = np.nan if value.dtype.kind == "f" else value[2]
    with pytest.raises(DataError, match=says):
        dataclasses.replace(result, **{field: value})
