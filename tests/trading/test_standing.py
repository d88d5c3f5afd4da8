"""What guards and stops read of an engine, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.trading.ordering import PERP
from tradewind.market import Fill, FillReason, Timeframe
from tradewind.policy.agent import agent_of_baseline
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.engine.engine import Engine


def engine_holding(lots: int, **risk: float | None) -> Engine:
    """Entered at 100."""
    rules = Rules(risk=RiskLimits(**risk))  # type: ignore[arg-type]
    engine = Engine(
        agent_of_baseline("cash", [PERP.kind], Timeframe("1m"), rules), [PERP], Timeframe("1m"), 1000.0
    )
    if lots:
        engine.process(
            Fill("t", "o", 1, PERP.symbol, lots, PERP.quantity(lots), Decimal(100), Decimal(0), "USDT")
        )
    return engine


@pytest.mark.parametrize(
    ("lots", "risk", "level", "reason"),
    [
        (100, {"stop_loss": 0.05}, 95.0, FillReason.STOP),
        (-100, {"stop_loss": 0.05}, 105.0, FillReason.STOP),
        (100, {"stop_loss": 0.05, "trailing_stop": 0.02}, 98.0, FillReason.TRAILING_STOP),
        (-100, {"stop_loss": None, "trailing_stop": 0.02}, 102.0, FillReason.TRAILING_STOP),
        (100, {"stop_loss": None}, 0.0, FillReason.TRAILING_STOP),
        (0, {"stop_loss": 0.05}, 0.0, FillReason.TRAILING_STOP),
    ],
)
def test_the_protective_level(
    lots: int, risk: dict[str, float | None], level: float, reason: FillReason
) -> None:
    engine = engine_holding(lots, **risk)
    assert engine.protective_level(PERP.symbol) == pytest.approx(level, rel=1e-12)
    if level:
        assert engine.protective_reason(PERP.symbol) is reason


def test_equity_at_other_prices_changes_nothing() -> None:
    engine = engine_holding(100, stop_loss=0.05)
    before = engine.positions.copy(), engine.accounts.copy()
    assert engine.equity_at({PERP.symbol: 110.0}) == pytest.approx(1010.0)
    assert engine.equity_at({PERP.symbol: 90.0}) == pytest.approx(990.0)
    assert engine.day_start_equity == 1000.0
    assert (engine.positions.tobytes(), engine.accounts.tobytes()) == tuple(b.tobytes() for b in before)
