"""Where a position is stopped, and where the venue would liquidate it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.markets import FREE, perpetual, spot, with_risk
from tradewind.account import instrument_records, open_account
from tradewind.market import Instrument, Kind, MaintenanceTier
from tradewind.risk import liquidation_price, stop_level

TIERS = (
    MaintenanceTier(0, 0.004, 0),
    MaintenanceTier(50_000, 0.005, 50),
    MaintenanceTier(250_000, 0.01, 1_300),
    MaintenanceTier(1_000_000, 0.025, 16_300),
)


def position_of(lots: int, entry: float) -> Any:
    _, positions = open_account(1000.0, 1)
    positions[0, 0]["lots"], positions[0, 0]["entry"] = lots, entry
    return positions[0, 0]


def level(lots: int, entry: float, peak: float, **limits: Any) -> float:
    rules = with_risk(**limits).record(1, Kind.PERPETUAL)[0]
    return float(stop_level(position_of(lots, entry), rules, peak))


def test_the_stop_loss_stands_below_a_long_and_above_a_short() -> None:
    assert level(1, 100.0, 120.0, stop_loss=0.05) == pytest.approx(95.0)
    assert level(-1, 100.0, 80.0, stop_loss=0.05) == pytest.approx(105.0)


def test_the_trailing_stop_follows_the_peak() -> None:
    assert level(1, 100.0, 120.0, trailing_stop=0.1) == pytest.approx(108.0)
    assert level(-1, 100.0, 80.0, trailing_stop=0.1) == pytest.approx(88.0)


def test_of_two_stops_the_nearer_counts() -> None:
    assert level(1, 100.0, 100.0, stop_loss=0.05, trailing_stop=0.1) == pytest.approx(95.0)
    assert level(1, 100.0, 120.0, stop_loss=0.05, trailing_stop=0.1) == pytest.approx(108.0)
    assert level(-1, 100.0, 100.0, stop_loss=0.05, trailing_stop=0.1) == pytest.approx(105.0)
    assert level(-1, 100.0, 80.0, stop_loss=0.05, trailing_stop=0.1) == pytest.approx(88.0)


def test_without_stops_there_is_no_level() -> None:
    assert level(1, 100.0, 120.0) == 0.0


def ruin(lots: int, entry: float, leverage: float, instrument: Instrument) -> float:
    rules = replace(FREE, leverage=leverage).record(1, Kind.PERPETUAL)[0]
    return float(liquidation_price(position_of(lots, entry), instrument_records([instrument])[0], rules))


def test_the_liquidation_price_by_hand() -> None:
    """Long 1 at 100, leverage 10, maintenance 0.5 %: 10 + (p - 100) = 0.005 p at 90 / 0.995."""
    instrument = perpetual(tiers=(MaintenanceTier(0, 0.005),))
    assert ruin(1_000, 100.0, 10.0, instrument) == pytest.approx(90 / 0.995)
    assert ruin(-1_000, 100.0, 10.0, instrument) == pytest.approx(110 / 1.005)


def test_a_long_without_leverage_and_spot_are_never_liquidated() -> None:
    assert ruin(1_000, 100.0, 1.0, perpetual()) == 0.0
    assert ruin(1_000, 100.0, 1.0, spot()) == 0.0
    assert ruin(0, 0.0, 10.0, perpetual()) == 0.0


def maintenance(notional: float) -> float:
    """Told as a tax: each slice of the notional at the rate of its own tier."""
    floors = [t.notional_floor for t in TIERS] + [float("inf")]
    return sum(
        tier.rate * max(0.0, min(notional, ceiling) - tier.notional_floor)
        for tier, ceiling in zip(TIERS, floors[1:], strict=True)
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(1, 5_000_000), st.sampled_from([-1, 1]), st.floats(0.1, 5_000.0), st.floats(1.0, 100.0))
def test_at_the_liquidation_price_margin_and_profit_equal_maintenance(
    lots: int, sign: int, entry: float, leverage: float
) -> None:
    quantity = lots * 0.001
    price = ruin(sign * lots, entry, leverage, perpetual(tiers=TIERS))

    def excess(at: float) -> float:
        return quantity * entry / leverage + sign * quantity * (at - entry) - maintenance(quantity * at)

    if price == 0.0:
        assert sign == 1
        assert excess(0.0) >= -1e-9 * quantity * entry
    else:
        assert excess(price) == pytest.approx(0.0, abs=1e-9 * quantity * (entry + price))
