"""A run climbs from 5 to 25 to 100 % of its allocation and falls back, by what its sessions wrote down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_grant import WHY, WORDS, types
from tests.promises.worldlets import instruments
from tradewind.cli.live.asked import AskedRun, plan_of
from tradewind.cli.live.closing import write_report
from tradewind.cli.live.gates import gates_of
from tradewind.cli.live.grant import grant, kept_evidence
from tradewind.cli.live.plan import Plan, open_journal
from tradewind.data.replaying import snapshot_of
from tradewind.market import Kind, ManualClock, Market, Snapshot, Timeframe
from tradewind.statistics import DAY_MS
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk
from tradewind.trading.session.recovery import resume
from tradewind.trading.session.replaying import engine_for
from tradewind.trading.session.session import run_session
from tradewind.trading.terms.session_records import SessionBegan
from tradewind.validation.stages import StageBegan
from tradewind.venues import PaperVenue

HOUR, DAYS, WARM, WILD = 3_600_000, 56, 3, 52
SLOW = 100  # bars of the agent's longer average
BEGIN = 19_676 * DAY_MS  # of the bars; the run begins when the features are warm


def calm_then_wild() -> Market:
    """Hours that rise and fall in waves of eight days; then a day that leaps up and down by a quarter."""
    rng = np.random.default_rng(11)
    steps = rng.standard_normal(DAYS * 24) * 0.001 + 0.002 * np.sign(
        np.sin(np.arange(DAYS * 24) / 192 * 2 * np.pi)
    )
    steps[WILD * 24 : WILD * 24 + 24] = np.tile([0.25, -0.25], 12)
    close = 100 * np.exp(np.cumsum(steps))[:, None]
    opened = np.vstack([[[100.0]], close[:-1]])
    opened[WILD * 24 : WILD * 24 + 24] = close[WILD * 24 : WILD * 24 + 24]
    high, low = np.maximum(opened, close) * 1.0005, np.minimum(opened, close) * 0.9995
    rows = np.arange(DAYS * 24)
    btc = replace(instruments(1, Kind.PERPETUAL)[0], venue="binance", symbol="BTC/USDT:USDT", base="BTC")
    shape, whole = (len(rows), 1), np.array([[0, len(rows)]], np.int64)
    volume, tradable = np.full(shape, 1e6), np.ones(shape, bool)
    return Market(
        (btc,), Timeframe("1h"), BEGIN + rows * HOUR, opened, high, low, close, volume, tradable, whole
    )  # fmt: skip


class Walk:
    """The sessions of one run, each from where the last ended; the clock stands where it ended."""

    def __init__(self, home: Path) -> None:
        symbol = "BTC/USDT:USDT"
        asked = AskedRun("live", "moving_average_cross", home, "one", "binance", (symbol,), "1h", 1000.0)
        self.plan: Plan = plan_of(asked, asked.settings(), "live", "f" * 16)
        self.market, self.clock = calm_then_wild(), ManualClock(BEGIN + WARM * DAY_MS)
        self.fed = BEGIN

    def journal(self) -> Journal:
        return open_journal(self.plan, self.market.instruments, self.clock.now_ms())

    def session(self, until_day: float, *, killed: bool = False) -> float:
        """One start, and its bars until that day; the share of the allocation that it was granted."""
        agent = self.plan.named.agent
        with self.journal() as journal:
            journal.note(SessionBegan(self.clock.now_ms(), "1"))
            share = grant(self.plan, journal, types(WORDS), WHY, self.clock.now_ms()).share
            engine = engine_for(journal, agent)
            venue = PaperVenue(engine.instruments, agent.rules, self.plan.allocation)
            found = asyncio.run(resume(journal, engine, venue=venue))
            until = BEGIN + round(until_day * DAY_MS)
            desk = BarDesk(engine, venue, journal, found.ahead)
            asyncio.run(run_session(engine, self._bars(until), desk))
        self.clock.advance((until - self.clock.now_ms()) / 1000)
        self.fed = until
        if not killed:
            write_report(self.plan)
        return share

    async def _bars(self, until: int) -> AsyncIterator[Snapshot]:
        for row, opened in enumerate(self.market.open_time.tolist()):
            if self.fed <= opened < until:
                yield snapshot_of(self.market, row)

    def stages(self) -> list[StageBegan]:
        with self.journal() as journal:
            return [r for _, r in journal.records() if isinstance(r, StageBegan)]


def test_a_run_climbs_and_falls_by_the_sessions_that_it_recorded(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    assert walk.session(10.0) == 0.05
    assert walk.session(17.5, killed=True) == 0.05  # 7 days are not 14
    assert walk.session(33.0) == 0.25  # what the killed one showed was found in the journal
    assert walk.session(48.0) == 0.25
    assert walk.session(54.0) == 1.0
    assert walk.session(55.0) == 0.25
    reasons = [stage.reason for stage in walk.stages()]
    assert reasons[:3] == [
        "the first start",
        "14.5 days at 5% showed nothing against it",
        "30.5 days at 25% showed nothing against it",
    ]
    assert reasons[3].startswith("drawdown 22.1%, more than 1.25 x 12.1% of the backtest")

    shown = kept_evidence(walk.plan.folder)
    assert [one.share for one in shown] == [0.05, 0.05, 0.25, 0.25, 1.0, 0.25]
    assert [round(one.days, 1) for one in shown] == [7.0, 7.5, 15.5, 15.0, 6.0, 1.0]
    assert sum(one.decisions for one in shown) == 55 * 24 - SLOW + 1
    assert all(one.parity_share == 1.0 for one in shown)
    assert all(one.position_drift_lots is None for one in shown)  # nobody asked a venue
    assert [one.backtest_drawdown_95 is None for one in shown] == [True, True, False, False, False, False]
    assert shown[4].drawdown > 1.25 * (shown[4].backtest_drawdown_95 or 1.0)
    assert shown[3].drawdown < 0.1
    days = [returned for one in shown for returned in one.daily_returns]
    assert len(days) == 54 - 5  # whole ones: each counts once, though two sessions shared it
    assert [e for one in shown for e in one.expected_daily_returns] == pytest.approx(days)

    gates = gates_of(tmp_path, walk.plan.named.agent.model_hash)
    assert not any(criterion.passed for criterion in gates["G5, paper"] if criterion.name == "days")


def test_what_was_never_trained_has_no_age(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.session(5.0)
    assert kept_evidence(walk.plan.folder)[0].model_age_days is None  # a baseline was never trained
