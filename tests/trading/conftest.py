"""A small market, an agent that minds every input, and a session of both on disk."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.data.replaying import Replay
from tradewind.market import Kind, Market
from tradewind.market.instrument_json import instrument_to_dict
from tradewind.policy.agent import Agent
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk
from tradewind.trading.session.session import SessionSummary, run_session
from tradewind.venues import PaperVenue


@pytest.fixture(scope="session")
def market() -> Market:
    return wild_market(500, 2, Kind.PERPETUAL, seed=5, fragments=2)


@pytest.fixture
def agent(market: Market) -> Agent:
    return moody_agent(market, rules_for(Kind.PERPETUAL))


@pytest.fixture
def engine(agent: Agent, market: Market) -> Engine:
    return Engine(agent, market.instruments, market.timeframe, CAPITAL)


def describe(agent: Agent, market: Market, **changes: Any) -> dict[str, Any]:
    """The head of a journal."""
    return {
        "mode": "paper",
        "agent": {"baseline": agent.name},
        "model_hash": agent.model_hash,
        "symbols": list(market.symbols),
        "instruments": [instrument_to_dict(i) for i in market.instruments],
        "timeframe": market.timeframe.text,
        "capital": CAPITAL,
        "rules": agent.rules.as_dict(),
        "plan": agent.plan.schema_hash(market.symbols),
        "trade_from": 0,
        "run": "test",
        **changes,
    }


def session_of(path: Path, agent: Agent, market: Market) -> SessionSummary:
    """A session over a whole market, journaled at `path`."""
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
    with Journal.create(path, describe(agent, market)) as journal:
        return asyncio.run(run_session(engine, Replay(market), BarDesk(engine, venue, journal)))


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, market: Market) -> tuple[Path, SessionSummary]:
    """One session of the agent on the market; its journal is for copying only."""
    path = tmp_path_factory.mktemp("journals") / "played.sqlite"
    return path, session_of(path, moody_agent(market, rules_for(Kind.PERPETUAL)), market)


@pytest.fixture
def path(tmp_path: Path, played: tuple[Path, SessionSummary]) -> Path:
    """A copy of the journal of that session."""
    return shutil.copy(played[0], tmp_path / "run.sqlite")


@pytest.fixture
def summary(played: tuple[Path, SessionSummary]) -> SessionSummary:
    return played[1]
