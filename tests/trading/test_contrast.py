"""A run that paid other prices and fees than its simulation: the differences, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trading.ordering import SPOT
from tradewind.market import Decision, Fill, Order, Review, TargetWeights
from tradewind.trading.told.contrast import contrast

BUY, SELL = 1_000, 2_000  # closes of the decided bars
BTC = replace(SPOT, symbol="BTC/USDT", base="BTC", quote="USDT", lot=Decimal("0.1"))


def decision(at: int, lots: int, equity: float) -> Decision:
    weights = TargetWeights((0.5,))
    orders = (Order(f"o{at}", BTC.symbol, lots),)
    return Decision(at, weights, Review(weights, (0,)), orders, equity, 0.0, (), "", "", 1.0)


def fill(of: int, lots: int, price: str, fee: str, asset: str = "USDT", *, after: int = 5) -> Fill:
    quantity, trade = lots * BTC.lot, f"{of} {lots} {price}"
    return Fill(trade, f"o{of}", of + after, BTC.symbol, lots, quantity, Decimal(price), Decimal(fee), asset)


RUN = [decision(BUY, 10, 1000.0), decision(SELL, -5, 998.5)]
SIMULATED = [decision(BUY, 10, 1000.0), decision(SELL, -5, 1000.5)]
# bought 0.4 at 100.5 and 0.6 at 102: 1.0 for 101.4, fee 0.0804 and 0.0012 BTC = 0.1224: 0.2028 = 20 bp
# sold 0.5 at 102, fee 0.102 = 20 bp
PAID = [
    fill(BUY, 4, "100.5", "0.0804"),
    fill(BUY, 6, "102", "0.0012", "BTC", after=9),
    fill(SELL, -5, "102", "0.102", after=7),
]
# bought 1.0 at 100, fee 0.1 = 10 bp; sold 0.5 at 100, fee 0.125 = 25 bp
EXPECTED = [fill(BUY, 10, "100", "0.1"), fill(SELL, -5, "100", "0.125")]


def test_prices_and_fees_that_were_paid_stand_beside_those_of_the_simulation() -> None:
    found = contrast([RUN[0], *PAID[:2], RUN[1], PAID[2]], SIMULATED, EXPECTED, [BTC])
    assert (found.fills_compared, found.fills_of_run_alone, found.fills_of_simulation_alone) == (2, 0, 0)
    # bought 1.4 % dearer: 140 bp worse; sold 2 % dearer: 200 bp better
    assert found.price_bp["mean"] == pytest.approx((140 - 200) / 2)
    assert found.price_bp["p50"] == pytest.approx(-30)
    assert found.price_bp["p99"] == pytest.approx(-200 + 0.99 * 340)
    # fees: 20 - 10 and 20 - 25 bp
    assert found.fee_bp["mean"] == pytest.approx((10 - 5) / 2)
    assert found.fee_bp["p99"] == pytest.approx(-5 + 0.99 * 15)
    assert (found.equity_end, found.equity_worst) == (-2.0, -2.0)
    assert found.close_to_fill_ms["p50"] == 7


def test_what_only_one_of_them_traded_is_counted_and_not_compared() -> None:
    found = contrast([RUN[0], *PAID[:2], RUN[1]], SIMULATED, EXPECTED[1:], [BTC])
    assert (found.fills_compared, found.fills_of_run_alone, found.fills_of_simulation_alone) == (0, 1, 1)
    assert (found.price_bp, found.fee_bp) == ({}, {})
