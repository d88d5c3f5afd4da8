"""From weights to lots: sizing, band, minimum, and what money can pay."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from tests.simulator.markets import (
    fills_of,
    market_of,
    perpetual,
    simulator_of,
    spot,
    trade,
)
from tradewind.market import FeeAsset


def test_a_fee_in_base_is_not_asked_of_the_cash() -> None:
    """The coin pays its fee from what is received: 1,000 buy 10 at 100, and 0.1 of them is the fee."""
    market = market_of(spot(taker_fee=0.01, fee_asset=FeeAsset.BASE), [100, 100])
    simulator = trade(market, 1.0)
    assert fills_of(simulator)[0]["lots"] == 10_000
    assert simulator.positions[0, 0]["lots"] == 9_900
    assert simulator.accounts[0]["wallet"] == pytest.approx(0.0)


def test_a_fee_in_quote_must_fit_into_the_cash() -> None:
    market = market_of(spot(taker_fee=0.01), [100, 100])
    simulator = trade(market, 1.0)
    assert simulator.positions[0, 0]["lots"] == math.floor(1000 / 101 * 1000)
    assert 0 <= simulator.accounts[0]["wallet"] < 0.2


@pytest.mark.parametrize(("exempt", "lots"), [(True, 0), (False, 100)])
def test_a_flip_that_shrinks_under_the_minimum_closes_whole_or_not_at_all(exempt: bool, lots: int) -> None:
    """Long 10, wants short 500; the other position falls at the open and leaves money for 29.80 of it."""
    flipping = perpetual("AAA/USDT:USDT", min_notional=Decimal(50), closes_below_minimum=exempt)
    binding = perpetual("BBB/USDT:USDT")
    market = market_of((flipping, binding), [100, 100], [100, 2])
    simulator = simulator_of(market)
    simulator.positions[0, 0]["lots"], simulator.positions[0, 0]["entry"] = 100, 100.0
    simulator.positions[0, 1]["lots"], simulator.positions[0, 1]["entry"] = 4_900, 100.0
    simulator.step(np.array([[-0.5, math.nan]]))
    assert simulator.positions[0, 0]["lots"] == lots
