"""What changes the books: a fill, a cash flow, a mark."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.simulator.markets import FREE, perpetual, spot

from tradewind.account import apply_fill, instrument_records, open_account, position_value
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
