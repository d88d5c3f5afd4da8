"""What a run says of itself, and what `tradewind status` makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Told
from tests.promises.agents import moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tests.trading.conftest import describe, session_of
from tests.trading.ordering import VirtualClock
from tradewind.cli.live.bulletin import Bulletin
from tradewind.market import Kind
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.told.tally import Tally

ABOUT = {"mode": "paper", "venue": "binance", "symbols": ["BTC/USDT"]}
LOOK = {"positions": {"BTC/USDT": "0.5"}, "degraded": [], "decisions": 3}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "one")
    folder.describe(ABOUT)
    return folder


@pytest.fixture
def status(folder: RunFolder, command: Callable[..., Told]) -> Callable[..., Told]:
    """`tradewind status` of the run, which is not at work."""
    return lambda *more: command("status", "one", "--home", folder.path.parent.parent, *more)


def test_every_number_is_of_the_same_moment(folder: RunFolder, tmp_path: Path) -> None:
    market = wild_market(200, 2, Kind.PERPETUAL, seed=5)
    agent = moody_agent(market, rules_for(Kind.PERPETUAL))
    session_of(tmp_path / "run.sqlite", agent, market)
    clock, tally = VirtualClock(), Tally(describe(agent, market))
    bulletin, told = Bulletin(folder, clock, tally, lambda: dict(LOOK)), 0

    async def story() -> None:
        nonlocal told
        keeping = asyncio.create_task(bulletin.keep())
        with Journal.open(tmp_path / "run.sqlite") as journal:
            for number, (_, record) in enumerate(journal.records()):
                tally.apply(record)
                if number % 50 == 0:
                    await clock.advance(5.0)
                    status, metrics = folder.status or {}, tally.metrics()
                    assert status["equity"] == metrics.end_equity
                    for name in ("decisions", "net_return", "profit", "max_drawdown", "trades", "fees"):
                        assert status["metrics"][name] == getattr(metrics, name)
                    told += 1
        keeping.cancel()

    asyncio.run(story())
    assert told > 5


def test_the_last_word_stands(folder: RunFolder, status: Callable[..., Told]) -> None:
    market = wild_market(200, 2, Kind.SPOT, seed=1)
    tally = Tally(describe(moody_agent(market, rules_for(Kind.SPOT)), market))
    bulletin = Bulletin(folder, VirtualClock(), tally, lambda: dict(LOOK))
    bulletin.end(bulletin.now())
    bulletin.stands("a policy that was slow")  # the thread of the watchdog was late
    assert (folder.status or {})["stopped"] is True
    assert (folder.status or {})["degraded"] == []
    assert status().code == 0


def told(folder: RunFolder, **status: Any) -> None:
    folder.tell({"at": 1_000, "equity": 1.0, **LOOK, **status})


def test_a_run_that_ended_without_a_word_is_to_be_looked_at(
    folder: RunFolder, status: Callable[..., Told]
) -> None:
    told(folder)
    said = status()
    assert said.code == 1
    assert "it ended without a word, a position is open: start it again" in said.out
    told(folder, positions={"BTC/USDT": "0"})
    assert "it ended without a word: start it again" in status().out
    assert '"died": true' in status("--json").out
    told(folder, stopped=True)
    said = status()
    assert (said.code, "without a word" in said.out) == (0, False)
    told(folder, ended="ended by an error")
    said = status()
    assert said.code == 1
    assert "ended by an error" in said.out
    assert "without a word" not in said.out


def test_halted_symbols_are_to_be_looked_at(folder: RunFolder, status: Callable[..., Told]) -> None:
    told(folder, stopped=True, halted_symbols=["BTC/USDT", "ETH/USDT"])
    said = status()
    assert said.code == 1
    assert "halted: BTC/USDT, ETH/USDT" in said.out


def test_one_order_in_doubt_is_one(folder: RunFolder, status: Callable[..., Told]) -> None:
    told(folder, stopped=True, in_doubt=1)
    assert "1 order in doubt" in status().out
    told(folder, stopped=True, in_doubt=2)
    assert "2 orders in doubt" in status().out


def test_decisions_of_all_starts_are_counted_beside_the_return_of_all(
    folder: RunFolder, status: Callable[..., Told]
) -> None:
    told(folder, stopped=True, metrics={"decisions": 1_234, "net_return": 0.05, "max_drawdown": 0.01})
    assert "+5.00%" in status().out
    assert "1,234" in status().out
