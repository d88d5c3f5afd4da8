"""What a trade costs beside its fee, and how much of it the market gives."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.simulator.markets import FREE, spot, with_costs
from tradewind.account import instrument_records
from tradewind.market import FeeAsset, Kind
from tradewind.simulator import Costs, costs


def record(**changes: Any) -> Any:
    return with_costs(FREE, **changes).record(1, Kind.SPOT)[0]


def test_impact_grows_with_the_root_of_the_participation() -> None:
    rules = record(impact=0.01)
    assert costs.slippage_rate(rules, 4.0, 100.0) == pytest.approx(0.01 * 0.2)
    assert costs.slippage_rate(rules, 1.0, 100.0) == pytest.approx(0.01 * 0.1)


def test_impact_is_full_where_nothing_trades_and_never_more() -> None:
    """The less volume, the dearer; a volume of zero is the limit of that, not an exception to it."""
    rules = record(impact=0.01)
    rates = [costs.slippage_rate(rules, 1.0, volume) for volume in (100.0, 2.0, 1.0, 1e-9, 0.0)]
    assert rates == sorted(rates)
    assert rates[-1] == rates[2] == pytest.approx(0.01)


def test_a_trade_pays_half_the_spread_and_slippage_against_its_side() -> None:
    rules = record(half_spread=0.001, slippage=0.002)
    assert costs.execution_price(rules, 100.0, 5, 0.001, 1e9) == pytest.approx(100.3)
    assert costs.execution_price(rules, 100.0, -5, 0.001, 1e9) == pytest.approx(99.7)


def test_the_whole_formula_by_hand() -> None:
    """100 * (1 + 0.001 + 0.002 + 0.05 * sqrt(9 / 900)) = 100.8"""
    rules = record(half_spread=0.001, slippage=0.002, impact=0.05)
    assert costs.execution_price(rules, 100.0, 9, 1.0, 900.0) == pytest.approx(100.8)


@pytest.mark.parametrize(
    ("x", "lots"),
    [
        (0.0, 0),
        (2.9999999995, 3),  # the nudge: what rounding took is given back
        (2.999999, 2),
        (-2.9999999995, -3),
        (-2.999999, -2),
        (3e15 - 0.5, 3 * 10**15),  # 4e-16 of it is more than a lot's half
        (0.9, 0),
        (1e300, 2**53),
        (-1e300, -(2**53)),
        (math.inf, 2**53),
        (-math.inf, -(2**53)),
    ],
)
def test_lots_are_truncated_with_a_nudge_and_clamped(x: float, lots: int) -> None:
    assert costs.to_lots(x) == lots


@pytest.mark.parametrize(("quantity", "lot"), [(0.3, 0.1), (2.3, 0.1), (1.0007, 0.0001), (0.0003, 0.0001)])
def test_binary_fractions_lose_no_lot(quantity: float, lot: float) -> None:
    assert costs.to_lots(quantity / lot) == round(quantity / lot)


def test_one_bar_fills_at_most_its_share_of_the_trailing_volume() -> None:
    assert costs.liquidity_lots(record(participation_cap=0.1), 0.01, 50.0) == 500
    assert costs.liquidity_lots(record(participation_cap=0.1), 0.01, 0.0) == 0
    assert costs.liquidity_lots(record(participation_cap=None), 0.01, 0.0) == 2**53
    assert costs.liquidity_lots(record(participation_cap=1.0), 1e-12, 1e9) == 2**53


@pytest.mark.parametrize(
    ("asset", "buy", "sell"),
    [(FeeAsset.QUOTE, 0.4, 0.4), (FeeAsset.OTHER, 0.4, 0.4), (FeeAsset.BASE, 0.002, 0.4)],
)
def test_fees_are_a_share_of_what_is_traded_in_the_asset_of_the_instrument(
    asset: FeeAsset, buy: float, sell: float
) -> None:
    """2 coins at 200 with 0.1 %: 0.4 in quote (also the quote value of a third coin), or 0.002 coins."""
    (instrument,) = instrument_records([spot(taker_fee=0.001, fee_asset=asset)])
    assert costs.fee_of(instrument, 2_000, 200.0) == pytest.approx(buy)
    assert costs.fee_of(instrument, -2_000, 200.0) == pytest.approx(sell)


def test_scaling_costs_scales_what_a_trade_pays_and_not_what_fills() -> None:
    double = Costs().scaled(2.0)
    assert (double.half_spread, double.slippage, double.impact) == (0.0002, 0.0004, 0.004)
    assert double.participation_cap == Costs().participation_cap
