"""A capital that cannot trade is refused before anything starts, with the numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tradewind.cli.common import refuse_capital
from tradewind.market import ConfigError, Instrument, Kind
from tradewind.risk.limits import RiskLimits
from tradewind.simulator import Rules

BTC = Instrument("v", "BTC/USDT", "BTC", "USDT", Kind.SPOT, lot=Decimal("0.00001"), min_notional=Decimal(5))
ETH = Instrument("v", "ETH/USDT", "ETH", "USDT", Kind.SPOT, lot=Decimal("0.01"), min_notional=Decimal(5))
PRICES = [60_000.0, 3_000.0]
RULES = Rules(risk=RiskLimits(max_weight=0.25))


def test_what_can_trade_one_of_them_is_enough() -> None:
    refuse_capital([BTC, ETH], PRICES, 20.0, RULES)


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("capital", "said"),
    [
        (0.0, "capital is 0, expected a positive amount of USDT"),
        (
            19.9,
            r"at most 4.975 \(weight cap 0.25\), below the smallest order of every symbol, 5 for BTC/USDT: .* 20 or",
        ),
        (1e20, r"buys 4.17e\+19 lots of BTC/USDT, more than can be counted exactly"),
        (float("inf"), "capital is inf"),
    ],
)
def test_zero_tiny_and_huge_are_refused_with_the_numbers(capital: float, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        refuse_capital([BTC, ETH], PRICES, capital, RULES)


@pytest.mark.fault("C5")
def test_a_lot_may_be_the_smallest_order() -> None:
    with pytest.raises(ConfigError, match="below the smallest order of every symbol, 30 for ETH/USDT"):
        refuse_capital([ETH], [3_000.0], 100.0, RULES)
