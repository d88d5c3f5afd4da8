"""What `run live` needs: a reason, a word, a stage. Each is in the journal before anything trades."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.validation.test_evidence import evidence
from tradewind.cli.live.asked import AskedRun, plan_of
from tradewind.cli.live.grant import armed_by, asking, effective, grant, keep_evidence, kept_evidence
from tradewind.cli.live.plan import Plan
from tradewind.config import effective_toml
from tradewind.market import ConfigError
from tradewind.statistics import DAY_MS
from tradewind.trading.journal.arming import Arm, Override
from tradewind.trading.journal.journal import Journal
from tradewind.validation.stages import StageBegan

WORDS = "trade 1000 USDT on binance live"
WHY = "a trial with money that I can lose"


def plan(home: Path, allocation: float = 1000.0, account: str = "f" * 16) -> Plan:
    asked = AskedRun("live", "buy_and_hold", home, "one", "binance", ("BTC/USDT:USDT",), "1h", allocation)
    return plan_of(asked, asked.settings(), "live", account)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.create(tmp_path / "runs" / "one" / "journal.sqlite", {}) as journal:
        yield journal


def records(journal: Journal) -> list[Any]:
    return [record for _, record in journal.records()]


def types(words: str) -> Callable[[str], str]:
    return lambda question: words


@pytest.mark.fault("C2")
def test_without_a_reason_or_the_word_nothing_is_granted(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(ConfigError, match=r"no gate has passed this model for real money: .*--override"):
        grant(plan(tmp_path), journal, types(WORDS), None, 1)
    with pytest.raises(ConfigError, match="never armed"):
        grant(plan(tmp_path), journal, None, WHY, 1)
    with pytest.raises(ConfigError, match="nothing was started"):
        grant(plan(tmp_path), journal, types("yes"), WHY, 1)
    assert records(journal) == []


def test_the_first_start_journals_all_three_and_the_next_is_unattended(
    tmp_path: Path, journal: Journal
) -> None:
    stage = grant(plan(tmp_path), journal, types(WORDS), WHY, 5)
    assert stage.share == 0.05
    written = records(journal)
    assert [type(record) for record in written] == [Override, Arm, StageBegan]
    assert written[1].matches(armed_by(plan(tmp_path)))
    assert grant(plan(tmp_path), journal, None, None, 9) == stage
    assert records(journal) == written


@pytest.mark.parametrize("change", [{"allocation": 1001.0}, {"account": "e" * 16}])
@pytest.mark.fault("A13")
def test_another_plan_asks_again(tmp_path: Path, journal: Journal, change: dict[str, Any]) -> None:
    grant(plan(tmp_path), journal, types(WORDS), WHY, 5)
    with pytest.raises(ConfigError, match=r"(configuration|account) changed since this run was armed"):
        grant(plan(tmp_path, **change), journal, None, None, 9)


def test_what_sessions_showed_moves_the_stage_at_the_next_start(tmp_path: Path, journal: Journal) -> None:
    one = plan(tmp_path)
    grant(one, journal, types(WORDS), WHY, 0)
    bundle = one.named.agent.model_hash
    keep_evidence(one.folder, evidence(0, 8, bundle=bundle))
    assert grant(one, journal, None, None, 8 * DAY_MS).share == 0.05
    keep_evidence(one.folder, evidence(8, 15, bundle=bundle))
    assert [e.days for e in kept_evidence(one.folder)] == [8, 7]
    assert grant(one, journal, None, None, 15 * DAY_MS).share == 0.25
    keep_evidence(one.folder, evidence(15, 16, bundle=bundle, drawdown=0.3, backtest_drawdown_95=0.1))
    assert grant(one, journal, None, None, 16 * DAY_MS).share == 0.05
    assert "drawdown 30.0%" in records(journal)[-1].reason


def test_what_is_in_force_is_what_is_shown_and_bound(tmp_path: Path) -> None:
    one = plan(tmp_path)
    shown = tomllib.loads(effective_toml(effective(one)))
    assert shown["run"]["symbols"] == ["BTC/USDT:USDT"]
    assert shown["run"]["allocation"] == 1000.0
    assert armed_by(one) == armed_by(plan(tmp_path))
    guards = replace(one.settings.guards, window=21)
    assert armed_by(replace(one, settings=replace(one.settings, guards=guards))) != armed_by(one)


def test_the_word_may_stand_on_the_command_line_or_comes_from_a_terminal() -> None:
    given = asking(WORDS)
    assert given is not None
    assert given("?") == WORDS
    code = "from tradewind.cli.live.grant import asking; print('typed', asking(None)('Type it: '))"
    assert subprocess.run(
        [sys.executable, "-c", "from tradewind.cli.live.grant import asking; print(asking(None))"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    ).stdout == "None\n"  # fmt: skip
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=subprocess.PIPE, text=True
    ) as process:
        os.close(theirs)
        os.write(ours, WORDS.encode() + b"\n")
        assert process.communicate(timeout=60)[0].strip() == f"typed {WORDS}"
    os.close(ours)
