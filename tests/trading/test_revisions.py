"""Bars that are revised while a run trades: later decisions see them, and the journal gives the same again."""

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
from tradewind.market import Command, Decision, Market, Snapshot
from tradewind.policy.agent import Agent
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk, Item
from tradewind.trading.session.parity import backtest_parity
from tradewind.trading.session.recovery import resume
from tradewind.trading.session.replaying import replay
from tradewind.trading.session.session import run_session
from tradewind.trading.terms.feed_records import Revision
from tradewind.venues import PaperVenue

TOLD_AFTER = {180: 1, 181: 0, 235: 3, 400: 40}  # after this bar, one so many bars before it is told otherwise


class Told:
    """Items in order, for a session."""

    def __init__(self, items: Sequence[Item | Revision]) -> None:
        self.items = items

    async def __aiter__(self) -> AsyncIterator[Item | Revision]:
        for item in self.items:
            yield item


def revision_of(snapshot: Snapshot, symbols: Sequence[str]) -> Revision:
    """The close one percent higher, ten times the volume; a masked bar comes late."""
    a = 1 if snapshot.bars[1] is None else 0
    bar = snapshot.bars[a]
    if bar is None:
        return Revision(
            snapshot.close_time, symbols[a], snapshot.open_time, None, (100.0, 101.0, 99.0, 100.5, 7.0)
        )
    before = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    close = bar.close * 1.01
    after = (bar.open, max(bar.high, close), bar.low, close, bar.volume * 10)
    return Revision(snapshot.close_time, symbols[a], snapshot.open_time, before, after)


def items_of(market: Market) -> list[Item | Revision]:
    found: list[Item | Revision] = []
    snapshots: list[Snapshot] = []
    for item in Replay(market):
        found.append(item)
        if isinstance(item, Snapshot):
            snapshots.append(item)
            back = TOLD_AFTER.get(len(snapshots))
            if back is not None:
                found.append(revision_of(snapshots[-1 - back], market.symbols))
    return found


def play(
    path: Path, agent: Agent, market: Market, items: Sequence[Item | Revision], known: list[Any] | None = None
) -> list[Any]:
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)

    async def work(journal: Journal) -> None:
        found = await resume(journal, engine, venue=venue)
        await run_session(engine, Told(items), BarDesk(engine, venue, journal, found.ahead))

    with Journal.create(path, describe(agent, market)) as journal:
        journal.append(known or [])
        asyncio.run(work(journal))
        assert replay(journal, agent).identical
        return [replace(r, latency_us=0.0) if isinstance(r, Decision) else r for _, r in journal.records()]


@pytest.mark.fault("M5")
def test_a_revised_bar_changes_what_is_decided_later_and_nothing_before(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    items = items_of(market)
    with_them = play(tmp_path / "with.sqlite", agent, market, items)
    plain = [item for item in items if not isinstance(item, Revision)]
    without = play(tmp_path / "without.sqlite", agent, market, plain)
    first = next(k for k, r in enumerate(with_them) if isinstance(r, Revision))
    assert with_them[:first] == without[:first]
    assert isinstance(with_them[first - 1], Decision)
    assert len([r for r in with_them if isinstance(r, Revision)]) == len(TOLD_AFTER)
    ours = [r for r in with_them if isinstance(r, Decision)]
    theirs = [r for r in without if isinstance(r, Decision)]
    assert [d.at for d in ours] == [d.at for d in theirs]  # nothing is decided again
    k = next(k for k, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    assert ours[k].at > with_them[first - 1].at
    assert ours[k].observation_hash != theirs[k].observation_hash


def test_a_run_cut_off_around_a_revision_ends_as_if_it_never_had_been(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    items = items_of(market)
    whole = play(tmp_path / "whole.sqlite", agent, market, items)
    for first in [k for k, r in enumerate(whole) if isinstance(r, Revision)]:
        for at in (first, first + 1, first + 6):
            if isinstance(whole[at], Decision):
                continue  # it is one transaction with its bar
            taken = sum(isinstance(r, Snapshot | Command | Revision) for r in whole[:at])
            again = play(tmp_path / f"{at}.sqlite", agent, market, items[taken:], whole[:at])
            assert again == whole, f"cut after {at} records"


def test_parity_with_the_backtest_ends_at_the_first_revision_and_says_so(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    records = play(tmp_path / "run.sqlite", agent, market, items_of(market))
    first = next(k for k, r in enumerate(records) if isinstance(r, Revision))
    before = sum(isinstance(r, Decision) for r in records[:first])
    after = sum(isinstance(r, Decision) for r in records[first:])
    with Journal.open(tmp_path / "run.sqlite") as journal:
        found = backtest_parity(journal, agent)
    assert before > 50
    assert found == {
        "decisions": before,
        "difference": None,
        "left_out": f"{after} decisions after a revision",
    }
