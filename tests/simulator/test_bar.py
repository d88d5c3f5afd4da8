"""Between two closes: funding, fills at the open, stops and liquidation on the path inside the bar."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulator.markets import (
    FREE,
    fills_of,
    market_of,
    perpetual,
    trade,
)
from tradewind.market import FillReason


def test_what_the_insurance_fund_takes_is_no_cost_of_slippage() -> None:
    """Long 10 at 100 with leverage 10, margin 100: the open at 80 would lose 200, so the price gives way to 90."""
    market = market_of(perpetual(), [100, 100, 80])
    simulator = trade(market, 1.0, 1.0, rules=replace(FREE, leverage=10.0))
    _, exit_ = fills_of(simulator)
    assert exit_["reason"] == FillReason.LIQUIDATION
    assert exit_["price"] == pytest.approx(90.0)
    assert exit_["cost_of_slippage"] == pytest.approx(-100.0)
    assert simulator.accounts[0]["slippage"] == pytest.approx(-100.0)
    assert simulator.accounts[0]["equity"] == pytest.approx(900.0)
