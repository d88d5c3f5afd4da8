"""Fees reach the books in coins that the books know."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.trading.ordering import VirtualClock
from tradewind.market import Instrument, Kind, VenueUnavailable
from tradewind.venues.remote.fees import Fees, TradeRow

D = Decimal
SPOT = Instrument("binance", "BNB/USDT", "BNB", "USDT", Kind.SPOT, lot=D("0.001"))
PERP = Instrument("binance", "BNB/USDT:USDT", "BNB", "USDT", Kind.PERPETUAL, lot=D("0.01"))


@pytest.mark.fault("O17")
@pytest.mark.parametrize(
    ("instrument", "quantity", "coin", "fee", "booked"),
    [
        (SPOT, "2", "BNB", "0.002", (D("0.002"), "BNB")),  # taken from what was received
        (SPOT, "-2", "BNB", "0.0015", (D("0.9"), "USDT")),  # a discount coin that is traded itself
        (PERP, "2", "BNB", "0.0009", (D("0.54"), "USDT")),
        (SPOT, "-2", "USDT", "1.2", (D("1.2"), "USDT")),
        (SPOT, "-2", "MX", "3", (D("6"), "USDT")),
        (SPOT, "-2", "", "0", (D("0"), "USDT")),
    ],
)
def test_a_fee_in_each_coin(
    instrument: Instrument, quantity: str, coin: str, fee: str, booked: tuple[Decimal, str]
) -> None:
    async def price_of(coin: str, quote: str) -> Decimal:
        assert (coin, quote) == ("MX", "USDT")
        return D(2)

    row = TradeRow("1", "2", "", 3, D(quantity), D(600), D(fee), coin)
    fill = asyncio.run(Fees(VirtualClock(), price_of).trade(instrument, row)).fill
    assert (fill.fee, fill.fee_asset) == booked


@pytest.mark.fault("O17")
@pytest.mark.parametrize(("fee", "coin"), [(None, ""), (D(3), ""), (D(3), "MX")])
def test_a_fee_that_is_not_told_or_that_nobody_can_value_has_no_coin(fee: Decimal | None, coin: str) -> None:
    async def nobody(coin: str, quote: str) -> Decimal:
        raise VenueUnavailable(f"there is no ticker of {coin}{quote}")

    row = TradeRow("1", "2", "", 3, D(-2), D(600), fee, coin)
    fill = asyncio.run(Fees(VirtualClock(), nobody).trade(SPOT, row)).fill
    assert (fill.lots, fill.fee, fill.fee_asset) == (-2_000, 0, "")
