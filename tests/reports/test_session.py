"""The report of a run: a page that needs nothing else, the same numbers as JSON, and facts for the gate."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tests.reports.test_tear_sheet import check
from tests.trading.conftest import describe, session_of
from tradewind.market import Kind
from tradewind.reports.session import write_session_report
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.order_records import Denied
from tradewind.trading.terms.session_records import Incident, SessionBegan
from tradewind.validation.evidence import SessionEvidence
from tradewind.venues import PaperVenue

NOW = 1_795_275_573_020


@pytest.fixture
def market():
    return wild_market(600, 2, Kind.PERPETUAL, seed=5)


@pytest.fixture
def agent(market):
    return moody_agent(market, rules_for(Kind.PERPETUAL))


@pytest.fixture
def written(tmp_path: Path, agent, market):
    session_of(tmp_path / "journal.sqlite", agent, market)
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        journal.append(
            [
                SessionBegan(NOW, "1"),
                Incident(NOW, "reconnect", "the line ended"),
                Denied(NOW, "id", "C0/USDT:USDT", 1, "<b>halted</b> & stopped"),
                ApiCall(NOW, "GET", "/x", {}, 200, "", 3.0, None),
            ]
        )
        return write_session_report(tmp_path, journal, agent, NOW, {"at": "http://127.0.0.1:1"})


def test_a_page_and_its_numbers_are_written_under_the_time(written, tmp_path):
    assert sorted(p.name for p in (tmp_path / "reports").iterdir()) == [
        "2026-11-21_153933.html",
        "2026-11-21_153933.json",
    ]
    content = json.loads(written.json.read_text())
    assert content["metrics"]["decisions"] == written.metrics.decisions > 400
    assert content["simulation"]["identical"] is True
    assert content["replayed_share"] == 1.0


def test_the_page_needs_nothing_from_elsewhere_and_escapes_all(written):
    page = written.html.read_text()
    checker = check(page)
    assert (checker.links, checker.wrong, checker.open) == ([], [], [])
    assert not re.search(r"//[a-z]|url\(|@import|<script", page.replace("http://127.0.0.1:1", ""))
    assert "<b>halted" not in page
    assert "&lt;b&gt;halted" in page
    for section in ("Equity", "Simulation against paper", "Latency", "Instruments", "Orders not sent"):
        assert f">{section}</h" in page
    assert "reconnect" in page


def test_it_says_what_the_evidence_is(written):
    (found,) = written.evidence
    assert (found.environment, found.counts) == ("local", False)
    assert found.parity_share == 1.0
    assert found.slippage_mean_ratio == pytest.approx(1.0)
    assert "protective stop" in found.exercised
    assert "reconnect" in found.faults_survived
    assert len(found.daily_returns) == len(found.expected_daily_returns) >= 1
    assert found.daily_returns == pytest.approx(found.expected_daily_returns)
    content = json.loads(written.json.read_text())
    assert [SessionEvidence.from_json(json.dumps(one)) for one in content["evidence"]] == [found]


def test_a_run_that_has_not_begun_has_a_report_too(tmp_path, agent, market):
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
    with Journal.create(tmp_path / "journal.sqlite", describe(agent, market)) as journal:
        asyncio.run(BarDesk(engine, venue, journal).end())
        report = write_session_report(tmp_path, journal, agent, NOW, {})
    assert report.evidence == ()
    assert "Nothing was decided" in report.html.read_text()
    assert check(report.html.read_text()).wrong == []


def test_paper_says_that_the_backtest_is_the_same(tmp_path, agent, market):
    session_of(tmp_path / "journal.sqlite", agent, market)
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        report = write_session_report(tmp_path, journal, agent, NOW, {})
    assert report.parity == {"decisions": report.metrics.decisions, "difference": None, "left_out": ""}
    assert "made the same" in report.html.read_text()
    assert [one.environment for one in report.evidence] == ["paper"]
