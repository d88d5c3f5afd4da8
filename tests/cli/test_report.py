"""`tradewind report`: the report of a run is found by the run's name, written where there is none of its journal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Told
from tradewind.market import Command, CommandKind
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder


@pytest.fixture
def home(workspace: Path, tmp_path: Path, command: Callable[..., Told]) -> Path:
    """With a run that stopped before its report was written."""
    home = tmp_path / "home"
    shutil.copytree(workspace, home)
    folder = RunFolder(home / "runs" / "one")
    folder.describe({"mode": "paper", "venue": "binance", "symbols": ["CCC/USDT"]})
    ran = command(
        "run", "paper", "buy_and_hold", "--replay", "--start=-2d", "-s", "CCC/USDT", "-t", "1h",
        "--journal", folder.journal, "--home", home,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return home


def test_a_run_has_its_report_by_its_name(home: Path, command: Callable[..., Told]) -> None:
    first = command("report", "one", "--home", home)
    assert first.code == 0, first.err
    page = Path(first.out.strip())
    assert page.parent == home / "runs" / "one" / "reports"
    assert "<title>one</title>" in page.read_text()
    told = json.loads(command("report", "one", "--json", "--home", home).out)
    assert (told["run"], told["metrics"]["decisions"] > 10) == ("one", True)
    assert json.loads(command("report", "--json", "--home", home).out)["runs/one"] == str(page)
    assert f"runs/one: {page}" in command("report", "--home", home).out


def test_it_is_written_anew_only_when_the_journal_went_on(home: Path, command: Callable[..., Told]) -> None:
    (reports, name) = home / "runs" / "one" / "reports", ("report", "one", "--home", home)
    command(*name)
    (page,) = reports.glob("*.html")
    page = page.rename(page.with_stem("2020-01-01_000000"))
    next(reports.glob("*.json")).rename(page.with_suffix(".json"))
    assert command(*name).out.strip() == str(page)
    with Journal.open(home / "runs" / "one" / "journal.sqlite") as journal:
        journal.append([Command(CommandKind.REARM, 2_000_000_000_000, "to see what it does")])
    newer = Path(command(*name).out.strip())
    assert newer > page
    assert sorted(reports.glob("*.html")) == [page, newer]


def test_a_backtest_of_the_same_name_goes_first_and_the_run_can_be_named(
    home: Path, command: Callable[..., Told]
) -> None:
    (home / "reports").mkdir(exist_ok=True)
    (home / "reports" / "one.html").write_text("a backtest")
    assert command("report", "one", "--home", home).out.strip() == str(home / "reports" / "one.html")
    assert "runs/one/reports" in command("report", "runs/one", "--home", home).out


def test_who_has_decided_nothing_has_no_report(home: Path, command: Callable[..., Told]) -> None:
    folder = RunFolder(home / "runs" / "two")
    with Journal.open(home / "runs" / "one" / "journal.sqlite") as journal:
        Journal.create(folder.journal, journal.session | {"run": "two"}).close()
    folder.describe({"mode": "paper", "venue": "binance", "symbols": ["CCC/USDT"]})
    said = command("report", "two", "--home", home)
    assert (said.code, said.out) == (2, "")
    assert "run 'two' has decided nothing yet: there is nothing to report" in said.err


def test_a_name_that_nothing_has_is_told_with_the_nearest(home: Path, command: Callable[..., Told]) -> None:
    said = command("report", "onw", "--home", home)
    assert said.code == 2
    assert "is named 'onw': did you mean one?" in said.err
