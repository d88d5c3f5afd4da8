"""What an instrument refuses: the kernels rely on what is asked here."""

from __future__ import annotations

import math

import pytest

from tradewind.market import ConfigError, Instrument, Kind, MaintenanceTier


def perpetual(*tiers: MaintenanceTier) -> Instrument:
    return Instrument("binance", "BTC/USDT:USDT", "BTC", "USDT", Kind.PERPETUAL, tiers=tiers)


def test_tiers_as_venues_publish_them_are_taken() -> None:
    """At 50,000 both rates ask 200, at 250,000 both ask 1,200; a published amount may be rounded to cents."""
    lower = MaintenanceTier(0, 0.004), MaintenanceTier(50_000, 0.005, 50)
    assert perpetual(*lower, MaintenanceTier(250_000, 0.01, 1_300)).tiers[2].amount == 1_300
    assert perpetual(*lower, MaintenanceTier(250_000, 0.01, 1_300.004)).tiers[2].amount == 1_300.004


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ([], "must begin at notional_floor 0"),
        ([(1.0, 0.01, 0.0)], "must begin at notional_floor 0"),
        ([(0.0, 0.01, 5.0)], "notional_floor 0 has amount 5, .* give it amount 0"),
        (
            [(0.0, 0.01, 0.0), (2_000.0, 0.02, 0.0)],
            "has amount 0, at which the margin jumps: give it amount 20",
        ),
        ([(0.0, 0.01, 0.0), (2_000.0, 0.02, 20.01)], "has amount 20.01, .* give it amount 20"),
        ([(0.0, 0.01, 0.0), (2_000.0, 0.02, math.nan)], "has amount nan, .* give it amount 20"),
        (
            [(0.0, 0.01, 0.0), (9_000.0, 0.02, 90.0), (2_000.0, 0.03, 110.0)],
            "notional_floor 2000 stands after one at 9000: put them in order",
        ),
        ([(0.0, 0.01, 0.0), (0.0, 0.01, 0.0)], "put them in order"),
        ([(0.0, 0.01, 0.0), (math.inf, 0.01, 0.0)], "put them in order"),
        ([(0.0, 5.0, 0.0)], "rate is 5.0, expected a fraction: 0.005 for 0.5 %"),
        ([(0.0, math.nan, 0.0)], "rate is nan, expected a fraction"),
    ],
)
def test_tiers_that_are_not_continuous_and_in_order_are_refused(
    tiers: list[tuple[float, float, float]], said: str
) -> None:
    with pytest.raises(ConfigError, match=f"BTC/USDT:USDT: .*{said}"):
        perpetual(*(MaintenanceTier(*tier) for tier in tiers))
