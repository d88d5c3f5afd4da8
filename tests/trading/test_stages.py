"""A start that grants another share of the allocation leaves a run that is within its limits and halted by nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.composed import LIMITS, OTHER, Composed, played
from tests.trading.ordering import PERP
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.risk.guard_settings import GuardSettings

WIDE = replace(LIMITS, stop_loss=0.05, max_drawdown=0.3, daily_loss=0.3)
CAPPED = replace(LIMITS, max_weight=0.25, stop_loss=0.3)
NETTED = replace(LIMITS, max_net=0.5, stop_loss=0.3)


async def _at_work(one: Composed) -> None:
    """The stop fills while the run is there, after its last close."""
    one.venue.move(PERP.symbol, 94.0)
    await one.clock.advance(20.0)
    await one.die()


async def _away(one: Composed) -> None:
    """It fills while nobody is there."""
    await one.die()
    one.venue.move(PERP.symbol, 94.0)


@pytest.mark.parametrize("fall", [_at_work, _away])
def test_a_loss_after_the_last_close_is_in_the_share_and_the_fall_stays_as_deep(
    tmp_path: Path, fall: Callable[[Composed], object]
) -> None:
    async def story(one: Composed) -> None:
        await one.bar(want=[1.0])
        await fall(one)
        assert one.held() == 0
        left = 2_500.0 * 0.94
        one.share = 0.05
        await one.start()
        engine = one.outfit.engine
        assert engine.equity_at({}) == pytest.approx(0.05 * (left + 7_500.0), rel=0.002)
        assert engine.equity_at({}) / engine.peak_equity == pytest.approx(left / 2_500.0, rel=0.003)
        assert one.status["risk"] == "active"

    rules = Rules(risk=WIDE, band=0.0)
    played(story, tmp_path, share=0.25, guards=GuardSettings(max_drawdown=0.2), rules=rules)


@pytest.mark.parametrize(("risk", "most"), [(CAPPED, 0.25), (NETTED, 0.5)])
def test_a_stage_back_leaves_no_more_than_every_cap_allows(
    tmp_path: Path, risk: RiskLimits, most: float
) -> None:
    """One of two instruments is held: the limit of the gross alone would leave all of the equity in it."""

    async def story(one: Composed) -> None:
        await one.bar(want=[most, 0.0])
        await one.bar()
        await one.die()
        one.share = 0.05
        await one.start()
        weight = one.held() * 0.01 * 100 / one.outfit.engine.equity
        assert most * 0.98 < weight < most * 1.001

    played(story, tmp_path, share=0.25, symbols=(PERP, OTHER), rules=Rules(risk=risk, band=0.0))


def test_an_account_may_begin_with_no_more_than_its_first_share(tmp_path: Path) -> None:
    async def run() -> None:
        one = Composed(tmp_path, share=0.05)
        one.venue.cash = Decimal(520)
        await one.start()
        await one.clock.advance(40.0)  # compared once more
        assert one.outfit.engine.equity == 500.0
        assert one.status["halted_symbols"] == []
        await one.stop()

    asyncio.run(run())
