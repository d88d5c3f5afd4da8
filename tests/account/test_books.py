"""What changes the books: a fill, a cash flow, a mark."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.markets import FREE, perpetual, spot
from tradewind.account import apply_cash_flow, apply_fill, instrument_records, open_account, position_value
from tradewind.account.books import EXTERNAL, FUNDING, apply_fee
from tradewind.market import FeeAsset, FillReason, Instrument


class Books:
    """One account with one position, and fills said in one line."""

    def __init__(self, instrument: Instrument, capital: float = 1000.0) -> None:
        self.accounts, self.positions = open_account(capital, 1)
        self.instrument = instrument_records([instrument])[0]
        self.rules = FREE.record(1, instrument.kind)[0]

    @property
    def account(self) -> Any:
        return self.accounts[0]

    @property
    def position(self) -> Any:
        return self.positions[0, 0]

    def fill(self, lots: int, price: float, fee: float = 0.0, reason: FillReason = FillReason.ORDER) -> float:
        """The profit of what it closed."""
        return apply_fill(
            self.account, self.position, self.instrument, self.rules, lots, price, fee, int(reason)
        )


@pytest.mark.parametrize("thousands", [1, 3, 7, 29, 58, 113, 10**6 + 1])
@pytest.mark.parametrize("lot", ["0.1", "0.001", "0.00001", "0.00000001", "0.03"])
def test_a_fee_of_whole_lots_takes_exactly_those_lots(thousands: int, lot: str) -> None:
    """0.1 % of 3,000 lots is 3 lots, though 3,000 * 0.001 * 0.001 is not 0.003 in binary."""
    books = Books(spot(lot=Decimal(lot), fee_asset=FeeAsset.BASE))
    size = float(Decimal(lot))
    books.fill(thousands * 1000, 1.0, thousands * 1000 * size * 0.001)
    assert books.position["lots"] == thousands * 999
    assert abs(books.position["dust"]) < 1e-14 * thousands * 1000 * size


def test_a_fee_in_base_leaves_dust_that_is_promoted_at_a_lot() -> None:
    """Four buys of 1 lot with a fee of 0.4 lots: 0.6, 1.2, 1.8, 2.4 lots are owned."""
    books = Books(spot(lot=Decimal(1), fee_asset=FeeAsset.BASE))
    owned = []
    for _ in range(4):
        books.fill(1, 10.0, 0.4)
        owned.append((int(books.position["lots"]), round(float(books.position["dust"]), 9)))
    assert owned == [(0, 0.6), (1, 0.2), (1, 0.8), (2, 0.4)]
    assert books.account["wallet"] == pytest.approx(1000.0 - 40.0)
    assert books.account["fees"] == pytest.approx(4 * 0.4 * 10.0)


def test_stops_and_liquidations_are_counted_apart_and_both_cool_down() -> None:
    for reason, stops, liquidations in (
        (FillReason.STOP, 1, 0),
        (FillReason.TRAILING_STOP, 1, 0),
        (FillReason.LIQUIDATION, 0, 1),
        (FillReason.ORDER, 0, 0),
        (FillReason.CLOSE_OUT, 0, 0),
    ):
        books = Books(perpetual())
        books.rules["cooldown_bars"] = 3
        books.fill(10, 100.0)
        books.fill(-10, 90.0, reason=reason)
        assert (books.account["stops"], books.account["liquidations"]) == (stops, liquidations)
        assert books.position["cooldown"] == 3 * (stops + liquidations)


def test_spot_is_worth_its_price_and_a_perpetual_its_mark() -> None:
    for instrument, value in ((spot(), 10 * 110.0), (perpetual(), 10 * (120.0 - 100.0))):
        books = Books(instrument)
        books.fill(10_000, 100.0)
        books.position["price"], books.position["mark"] = 110.0, 120.0
        assert position_value(books.position, books.instrument) == pytest.approx(value)


def test_buying_spot_moves_cash_into_coins() -> None:
    books = Books(spot())
    assert books.fill(2_000, 100.0, fee=0.2) == 0.0
    assert books.position["lots"] == 2_000
    assert books.account["wallet"] == pytest.approx(1000 - 200 - 0.2)
    assert (books.position["entry"], books.position["peak"]) == (100.0, 100.0)


def test_the_entry_is_weighted_by_volume() -> None:
    books = Books(perpetual())
    books.fill(1_000, 100.0)
    books.fill(3_000, 120.0)
    assert books.position["entry"] == pytest.approx(115.0)
    books.fill(-1_000, 150.0)
    assert books.position["entry"] == pytest.approx(115.0)


def test_a_perpetual_pays_into_the_wallet_only_what_it_closed() -> None:
    """2 coins at 100; half of them sold at 130, fee 1: 30 - 1 realised, 30 more on paper."""
    books = Books(perpetual())
    books.fill(2_000, 100.0)
    assert books.fill(-1_000, 130.0, fee=1.0) == pytest.approx(29.0)
    assert books.account["wallet"] == pytest.approx(1029.0)
    books.position["mark"] = 130.0
    assert position_value(books.position, books.instrument) == pytest.approx(30.0)
    assert (books.account["closed_profit"], books.account["closed_trades"]) == (pytest.approx(29.0), 1)


def test_a_flip_closes_the_old_side_and_opens_the_new_with_entry_and_peak_of_its_own() -> None:
    """Long 1 at 100, sell 3 at 90: loses 10, and is short 2 from 90. A third of the fee closed."""
    books = Books(perpetual())
    books.fill(1_000, 100.0)
    books.position["peak"], books.position["bars_held"] = 140.0, 7
    assert books.fill(-3_000, 90.0, fee=3.0) == pytest.approx(-10.0 - 1.0)
    position = books.position
    assert (position["lots"], position["entry"], position["peak"]) == (-2_000, 90.0, 90.0)
    assert position["bars_held"] == 0
    assert books.account["wallet"] == pytest.approx(1000 - 10 - 3)


def test_increasing_keeps_the_peak_and_closing_forgets_everything() -> None:
    books = Books(perpetual())
    books.fill(1_000, 100.0)
    books.position["peak"] = 140.0
    books.fill(1_000, 120.0)
    assert books.position["peak"] == 140.0
    books.fill(-2_000, 130.0)
    assert (books.position["entry"], books.position["peak"], books.position["lots"]) == (0.0, 0.0, 0)


def test_shorts_earn_when_the_price_falls() -> None:
    books = Books(perpetual())
    books.fill(-1_000, 100.0)
    assert books.fill(1_000, 80.0) == pytest.approx(20.0)


def test_the_sum_of_turnover_and_fees_is_counted_at_the_price_paid() -> None:
    books = Books(perpetual())
    books.fill(1_000, 100.0, fee=0.5)
    books.fill(-2_000, 50.0, fee=0.25)
    assert books.account["bar_turnover"] == pytest.approx(100 + 100)
    assert (books.account["fees"], books.account["fills"]) == (pytest.approx(0.75), 2)


def test_a_sale_of_base_fee_spot_pays_its_fee_in_quote() -> None:
    books = Books(spot(fee_asset=FeeAsset.BASE))
    books.fill(1_000, 100.0, fee=0.0)
    books.fill(-1_000, 100.0, fee=0.1)
    assert books.account["wallet"] == pytest.approx(999.9)
    assert books.position["dust"] == 0.0


def test_funding_is_profit_and_a_deposit_is_not() -> None:
    """A deposit moves what profit is measured from; funding does not."""
    books = Books(perpetual())
    apply_cash_flow(books.account, -3.0, FUNDING)
    assert (books.account["wallet"], books.account["funding"]) == (997.0, -3.0)
    assert books.account["peak_equity"] == 1000.0
    apply_cash_flow(books.account, 500.0, EXTERNAL)
    assert (books.account["wallet"], books.account["external"]) == (1497.0, 500.0)
    for name in ("previous_equity", "peak_equity", "day_start_equity", "start_equity"):
        assert books.account[name] == 1500.0


def test_a_fee_that_is_told_later_leaves_the_books_as_if_it_had_been_told_at_once() -> None:
    """Bought 1,000 lots of 0.001 at 100: 0.1 % in base is one lot, in quote 0.1."""
    at_once, later = Books(spot(fee_asset=FeeAsset.BASE)), Books(spot(fee_asset=FeeAsset.BASE))
    at_once.fill(1_000, 100.0, 0.0015)
    later.fill(1_000, 100.0)
    apply_fee(later.account, later.position, later.instrument, 100.0, 0.0015)
    assert (later.position["lots"], later.position["dust"]) == (
        at_once.position["lots"],
        pytest.approx(0.0005),
    )
    assert later.account["wallet"] == at_once.account["wallet"]
    assert later.account["fees"] == pytest.approx(float(at_once.account["fees"]))
    quoted = Books(spot())
    quoted.fill(1_000, 100.0)
    apply_fee(quoted.account, quoted.position, quoted.instrument, 100.0, 0.1)
    assert (quoted.account["wallet"], quoted.account["fees"]) == (pytest.approx(899.9), pytest.approx(0.1))


def test_money_taken_out_after_a_loss_makes_no_drawdown() -> None:
    """2,500 that lost a fifth are scaled down to 500: a fifth is lost still, of the peak and of the day."""
    books = Books(perpetual(), capital=2_500.0)
    books.account["wallet"] = books.account["equity"] = 2_000.0
    apply_cash_flow(books.account, -1_500.0, EXTERNAL)
    assert books.account["equity"] == 500.0
    for name in ("previous_equity", "peak_equity", "day_start_equity", "start_equity"):
        assert books.account[name] == 625.0


def test_money_moves_the_marks_of_an_account_without_equity_by_its_amount() -> None:
    books = Books(perpetual())
    books.account["wallet"] = books.account["equity"] = -100.0
    apply_cash_flow(books.account, 600.0, EXTERNAL)
    assert (books.account["equity"], books.account["peak_equity"]) == (500.0, 1_600.0)


def test_dust_is_worth_its_price() -> None:
    books = Books(spot(fee_asset=FeeAsset.BASE))
    books.position["dust"], books.position["price"] = 0.0004, 1000.0
    assert position_value(books.position, books.instrument) == pytest.approx(0.4)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.floats(0.01, 1e5)), min_size=1, max_size=30))
def test_the_sum_of_the_fills_is_the_position_and_money_is_only_moved(
    fills: list[tuple[int, float]],
) -> None:
    """Perpetual: wallet + position = capital + what the price did to every fill since, less fees."""
    books = Books(perpetual(), capital=1e6)
    last = fills[-1][1]
    worth = 1e6
    for lots, price in fills:
        if lots:
            books.fill(lots, price, fee=1.0)
            worth += lots * 0.001 * (last - price) - 1.0
    assert books.position["lots"] == sum(lots for lots, _ in fills)
    books.position["mark"] = last
    equity = books.account["wallet"] + position_value(books.position, books.instrument)
    highest = max(price for _, price in fills)  # an entry is rounded as the largest price that went into it
    scale = 1e6 + sum(abs(lots) * 0.001 * highest for lots, _ in fills)
    assert equity == pytest.approx(worth, abs=1e-12 * scale * len(fills))


def test_selling_everything_never_leaves_a_lot_short() -> None:
    """The dust of a large fee may be a rounding error below 0; a sale must not take a lot for it."""
    random = np.random.default_rng(0)
    for _ in range(300):
        books = Books(spot(lot=Decimal("0.00001"), fee_asset=FeeAsset.BASE), capital=1e9)
        for bought in random.integers(10**6, 10**11, 3).tolist():
            books.fill(bought, 1.0, bought * 0.00001 * 0.02)
        books.fill(-int(books.position["lots"]), 1.0)
        assert books.position["lots"] == 0
        assert abs(books.position["dust"]) < 0.00001 * (1 + 1e-6)
