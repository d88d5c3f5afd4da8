"""In which order things happen: the venue's events, the bar, the disk, the venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.promises.agents import CAPITAL
from tests.trading.conftest import describe
from tradewind.data.replaying import Replay
from tradewind.market import (
    CashFlow,
    Command,
    CommandKind,
    Decision,
    Fill,
    Inconsistent,
    Market,
    Order,
    Reason,
    Snapshot,
    VenueUnavailable,
)
from tradewind.policy.agent import Agent
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk
from tradewind.trading.session.session import SessionSummary, run_session
from tradewind.venues import PaperVenue


def read(path: Path) -> list[Any]:
    with Journal.open(path) as journal:
        return [record for _, record in journal.records()]


def test_fills_of_a_bar_come_before_it_and_its_decision_after(path: Path, summary: SessionSummary) -> None:
    records = read(path)
    assert summary.fills > 50
    closed = 0
    for this, following in zip(records, [*records[1:], None], strict=True):
        if isinstance(this, Snapshot):
            closed = this.close_time
        elif isinstance(this, Decision):
            assert this.at == closed
        elif isinstance(this, Fill | CashFlow):
            assert isinstance(following, Fill | CashFlow | Snapshot | Command)
            assert this.at == closed  # it happens at the open of the bar that follows, or at the seam
    assert [type(r) for r in records[-1:]] == [Command]


def test_the_summary_counts_what_the_journal_holds(
    path: Path, summary: SessionSummary, market: Market
) -> None:
    records = read(path)
    decisions = [r for r in records if isinstance(r, Decision)]
    assert summary.bars == sum(isinstance(r, Snapshot) for r in records) == len(market)
    assert summary.decisions == len(decisions)
    assert summary.orders == sum(len(d.orders) for d in decisions)
    assert summary.fills == sum(isinstance(r, Fill) for r in records)
    assert summary.cash_flows == sum(isinstance(r, CashFlow) for r in records)
    assert summary.start_equity == CAPITAL
    halted = [d.at for d in decisions if any(Reason.KILL_SWITCH in r for r in d.review.reasons)]
    assert summary.halted_at == (halted[0] if halted else None)


class Unreachable(PaperVenue):
    """Cannot be told anything."""

    async def submit(self, orders: Sequence[Order]) -> None:
        if orders:
            raise VenueUnavailable("the line is down")


def test_an_intent_is_on_disk_before_the_venue_hears_of_it(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL)
    venue = Unreachable(market.instruments, agent.rules, CAPITAL)
    path = tmp_path / "run.sqlite"
    with (
        Journal.create(path, describe(agent, market)) as journal,
        pytest.raises(VenueUnavailable, match="the line is down"),
    ):
        asyncio.run(run_session(engine, Replay(market), BarDesk(engine, venue, journal)))
    last = read(path)[-1]
    assert isinstance(last, Decision)
    assert len(last.orders) > 0


def test_what_the_venue_did_is_on_disk_even_if_the_engine_refuses_it(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    class Foreign(PaperVenue):
        async def events_before(self, item: Snapshot | Command) -> Sequence[Fill | CashFlow]:
            events = await super().events_before(item)
            return [replace(e, symbol="DOGE/USDT") for e in events]

    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL)
    path = tmp_path / "run.sqlite"
    venue = Foreign(market.instruments, agent.rules, CAPITAL)
    with Journal.create(path, describe(agent, market)) as journal, pytest.raises(Inconsistent, match="DOGE"):
        asyncio.run(run_session(engine, Replay(market), BarDesk(engine, venue, journal)))
    assert read(path)[-1].symbol == "DOGE/USDT"


def test_a_person_s_command_goes_through_engine_and_journal(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    class WithRearm:
        async def __aiter__(self) -> AsyncIterator[Snapshot | Command]:
            for item in Replay(market.rows(0, 200)):
                if isinstance(item, Snapshot) and item.open_time == market.open_time[180]:
                    yield Command(CommandKind.REARM, item.open_time, "by hand")
                yield item

    seen: list[type] = []
    path = tmp_path / "run.sqlite"
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL)
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
    with Journal.create(path, describe(agent, market)) as journal:
        asyncio.run(
            run_session(
                engine, WithRearm(), BarDesk(engine, venue, journal), lambda item, _: seen.append(type(item))
            )
        )
    assert Command(CommandKind.REARM, int(market.open_time[180]), "by hand") in read(path)
    assert seen.count(Command) == 2
    assert seen.count(Snapshot) == 200


def test_an_error_is_told_with_what_could_not_be_put_in_order(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    class Stuck(BarDesk):
        async def abandon(self) -> None:
            raise Inconsistent("a stop is missing")

    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL)
    venue = Unreachable(market.instruments, agent.rules, CAPITAL)
    with (
        Journal.create(tmp_path / "run.sqlite", describe(agent, market)) as journal,
        pytest.raises(VenueUnavailable, match="the line is down") as caught,
    ):
        asyncio.run(run_session(engine, Replay(market), Stuck(engine, venue, journal)))
    assert "a stop is missing" in caught.value.__notes__[0]
