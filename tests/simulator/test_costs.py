"""What a trade costs beside its fee, and how much of it the market gives."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.markets import FREE, with_costs
from tradewind.market import Kind
from tradewind.simulator import costs


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
