"""A journal of paper, run once more, gives its decisions and fills again; what a guard refused is left out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tests.trading.conftest import describe, session_of
from tradewind.data.replaying import Replay
from tradewind.market import CashFlow, Command, CommandKind, Decision, Fill, Kind, Market, Snapshot
from tradewind.policy.agent import Agent
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.recorded import market_of
from tradewind.trading.journal.records import Record
from tradewind.trading.session.desk import BarDesk
from tradewind.trading.session.parity import backtest_parity
from tradewind.trading.session.session import run_session
from tradewind.trading.terms.order_records import Denied, FeeTold
from tradewind.trading.told.contrast import contrast
from tradewind.venues import PaperVenue
from tradewind.venues.rehearsal import rehearse
from tradewind.words import counted


@pytest.fixture(scope="module", params=list(Kind))
def market(request: pytest.FixtureRequest) -> Market:
    return wild_market(500, 2, request.param, seed=5, fragments=2)


@pytest.fixture
def agent(market: Market) -> Agent:
    return moody_agent(market, rules_for(market.instruments[0].kind))


def test_paper_and_its_rehearsal_are_the_same_bit_for_bit(
    tmp_path: Path, agent: Agent, market: Market
) -> None:
    session_of(tmp_path / "run.sqlite", agent, market)
    with Journal.open(tmp_path / "run.sqlite") as journal:
        records = [record for _, record in journal.records()]
        again = rehearse(journal, agent)
        parity = backtest_parity(journal, agent)
    assert again.fills == [r for r in records if isinstance(r, Fill)]
    found = contrast(records, again.decisions, again.fills, market.instruments)
    assert found.identical
    assert found.first_difference is None
    assert (found.same_targets, found.same_orders) == (1.0, 1.0)
    assert found.fills_compared > 30
    assert (found.fills_of_run_alone, found.fills_of_simulation_alone) == (0, 0)
    assert found.price_bp == {"mean": 0.0, "p50": 0.0, "p95": 0.0, "p99": 0.0}
    assert found.equity_worst == 0.0
    assert parity == {"decisions": found.decisions, "difference": None, "left_out": ""}


def test_the_bars_of_a_journal_are_the_market_again(tmp_path: Path, agent: Agent, market: Market) -> None:
    session_of(tmp_path / "run.sqlite", agent, market)
    with Journal.open(tmp_path / "run.sqlite") as journal:
        again = market_of(journal.session, (record for _, record in journal.records()))
    for name in market.array_names():
        ours, theirs = getattr(again, name), getattr(market, name)
        assert ours.tobytes() == theirs.tobytes() or (ours == theirs).all(), name


def with_a_late_bar(path: Path, agent: Agent, market: Market, late: int) -> None:
    """A session in which the orders of every bar after `late` decisions are refused, for ten bars."""
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
    seen = [0]

    def objection(snapshot: Snapshot) -> str:
        seen[0] += 1
        return "the bar became known too late" if late <= seen[0] < late + 10 else ""

    with Journal.create(path, describe(agent, market)) as journal:
        desk = BarDesk(engine, venue, journal, objection=objection)
        asyncio.run(run_session(engine, Replay(market), desk))


def test_what_was_refused_on_purpose_is_no_difference(tmp_path: Path, agent: Agent, market: Market) -> None:
    with_a_late_bar(tmp_path / "run.sqlite", agent, market, 20)
    with Journal.open(tmp_path / "run.sqlite") as journal:
        records = [record for _, record in journal.records()]
        again = rehearse(journal, agent)
        parity = backtest_parity(journal, agent)
    denied = sum(isinstance(r, Denied) for r in records)
    assert denied >= 10
    assert contrast(records, again.decisions, again.fills, market.instruments).identical
    assert parity["left_out"] == f"{counted(denied, 'order')} not sent on purpose"


def test_another_decision_is_found_and_told(tmp_path: Path, agent: Agent, market: Market) -> None:
    session_of(tmp_path / "run.sqlite", agent, market)
    with Journal.open(tmp_path / "run.sqlite") as journal:
        records = [record for _, record in journal.records()]
        again = rehearse(journal, agent)
    row = next(k for k, d in enumerate(again.decisions) if d.orders)
    made = again.decisions[row]
    approved = tuple(0.0 if w is None else w + 0.25 for w in made.review.approved.weights)
    changed = Decision(
        made.at,
        made.wanted,
        type(made.review)(type(made.wanted)(approved), made.review.reasons),
        (),
        made.equity + 7.0,
        made.reward,
    )
    decisions = [*again.decisions[:row], changed, *again.decisions[row + 1 :]]
    found = contrast(records, decisions, again.fills, market.instruments)
    assert not found.identical
    assert found.same_targets == pytest.approx(1 - 1 / len(decisions))
    assert found.same_orders == pytest.approx(1 - 1 / len(decisions))
    assert found.first_difference is not None
    assert market.symbols[0] in found.first_difference
    assert found.equity_worst == pytest.approx(-7.0)
    assert found.fills_of_run_alone > 0


def test_fees_that_were_told_later_count(tmp_path: Path, agent: Agent, market: Market) -> None:
    """As trades come without a fee, or with one in a coin that nobody could value; the sums are the same in the end."""
    session_of(tmp_path / "run.sqlite", agent, market)
    with Journal.open(tmp_path / "run.sqlite") as journal:
        records = [record for _, record in journal.records()]
        again = rehearse(journal, agent)
    later: list[Record] = []
    for record in records:
        if isinstance(record, Fill) and record.fee:
            later.append(replace(record, fee=Decimal(7), fee_asset="BNB"))
            told = (record.symbol, record.trade_id, record.price, record.fee, record.fee_asset)
            later.append(FeeTold(record.at, *told))
        else:
            later.append(record)
    assert len(later) > len(records)
    found = contrast(later, again.decisions, again.fills, market.instruments)
    assert found.fee_bp == contrast(records, again.decisions, again.fills, market.instruments).fee_bp
    assert found.fee_bp["p99"] == 0.0
    untold = [record for record in later if not isinstance(record, FeeTold)]
    assert contrast(untold, again.decisions, again.fills, market.instruments).fee_bp["mean"] < -1.0


def test_a_person_who_rearms_is_followed(tmp_path: Path, agent: Agent, market: Market) -> None:
    class Rearmed(Replay):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            for k, item in enumerate(self):
                yield item
                if k % 60 == 30:
                    yield Command(CommandKind.REARM, item.at + 17, "go on")

    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
    with Journal.create(tmp_path / "run.sqlite", describe(agent, market)) as journal:
        asyncio.run(run_session(engine, Rearmed(market), BarDesk(engine, venue, journal)))
        parity = backtest_parity(journal, agent)
        again = rehearse(journal, agent)
        records = [record for _, record in journal.records()]
    assert parity["difference"] is None
    assert parity["decisions"] == len(again.decisions) > 250
    assert contrast(records, again.decisions, again.fills, market.instruments).identical
    flows = [r for r in records if isinstance(r, CashFlow)]
    assert bool(flows) == (market.instruments[0].kind is Kind.PERPETUAL)
