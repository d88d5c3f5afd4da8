"""The main job as a new user types it: candles, check, training, backtest, report, paper, replay."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from tradewind.cli.tables import say

Tell = Callable[..., Any]

SMALL = ["--set", "training.net=[8]", "--set", "training.environments=16"]
PYTHON = [sys.executable, "-m", "tradewind.cli"]


def done(told: Any) -> str:
    assert told.code == 0, told.err
    assert "Traceback" not in told.err
    return str(told.out)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, command: Tell) -> Path:
    """A home that holds 60 days of one synthetic perpetual with trends."""
    home = tmp_path_factory.mktemp("walk")
    (made,) = json.loads(done(command("data", "synth", "demo", "--bars", 1440, "--json", "--home", home)))
    assert (made["symbol"], made["timeframe"], made["bars"]) == ("DEMO/USDT:USDT", "1h", 1440)
    return home


@pytest.fixture
def home(market: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(market, tmp_path / "home"))


def walk(command: Tell, home: Path, train: list[object], start: str, last: str) -> dict[str, Any]:
    """Train `first`, and take it all the way; returns the backtest's report."""
    at = ["--home", home]
    (made,) = json.loads(done(command("train", "first", *train, "--json", *at)))
    assert len(made["sha256"]) == 64
    shown = json.loads(done(command("model", "show", "first", "--json", *at)))
    assert shown["sha256"] == made["sha256"]
    assert json.loads(done(command("model", "verify", "first", "--json", *at)))["whole"] is True
    (listed,) = json.loads(done(command("model", "list", "--json", *at)))
    assert (listed["model"], listed["refused"], listed["sha256"]) == ("first", None, made["sha256"])

    report = json.loads(done(command("backtest", "first", "--start", start, "--json", *at)))
    page, picture = home / "reports" / "first.html", home / "reports" / "first.png"
    assert page.read_text().startswith("<!doctype html>")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads((home / "reports" / "first.json").read_text()) == report
    assert json.loads(done(command("report", "--json", *at))) == {"first": str(page)}
    assert done(command("report", "first", *at)).strip() == str(page)

    paper = json.loads(done(command("run", "paper", "first", "--replay", f"--start={last}", "--json", *at)))
    assert paper["backtest"]["difference"] is None
    assert paper["backtest"]["decisions"] == paper["decisions"] > 0
    journal = Path(paper["journal"])
    replayed = json.loads(done(command("replay", journal, "--json", *at)))
    assert replayed == {"decisions": paper["decisions"], "difference": None}
    refuse_altered(command, journal, home)
    return dict(report)


def refuse_altered(command: Tell, journal: Path, home: Path) -> None:
    altered = journal.with_name("altered.sqlite")
    shutil.copy(journal, altered)
    with sqlite3.connect(altered) as rows:
        number, payload = rows.execute(
            "select number, payload from events where kind = 'decision' order by number desc limit 1"
        ).fetchone()
        rows.execute("update events set payload = ? where number = ?", (payload[:-1] + b" }", number))
    rows.close()
    told = command("replay", altered, "--home", home)
    assert told.code == 2
    assert f"record {number} of the journal does not continue the chain" in told.err


def figures_agree(report: dict[str, Any], capital: float) -> None:
    """The report's own numbers, against each other."""
    results = report["figures"]
    subject = results[0]
    for one in results:
        assert one["start_equity"] == pytest.approx(capital, rel=0.01)
        change = one["end_equity"] / one["start_equity"] - 1
        assert one["net_return"] == pytest.approx(change, abs=1e-9)
        assert one["net_profit"] == pytest.approx(one["end_equity"] - one["start_equity"], abs=1e-6)
        assert (one["bars"], one["start_ms"], one["end_ms"]) == (
            subject["bars"],
            subject["start_ms"],
            subject["end_ms"],
        )
        costs = one["fees"] + one["slippage"] - one["funding"]
        assert one["gross_profit"] - costs == pytest.approx(one["net_profit"], abs=1e-4 * capital)
        if one["cagr"] is not None and one["net_return"] != 0:
            assert (one["cagr"] > 0) == (one["net_return"] > 0)
    names = [one["name"] for one in results]
    assert {"buy and hold", "cash", "untrained net", "moving average cross"} <= set(names)
    cash = results[names.index("cash")]
    assert cash["inactive"] is True
    assert cash["net_return"] == 0


@pytest.mark.parametrize(("algorithm", "steps"), [("ppo", 4096), ("td3", 3000)])
def test_the_walk_on_a_synthetic_market(algorithm: str, steps: int, home: Path, command: Tell) -> None:
    assert "DEMO/USDT:USDT" in done(command("data", "list", "--home", home))
    assert "verdict: fine" in done(command("data", "check", "--home", home))
    train = ["--algo", algorithm, "--steps", steps, "--end", "2/3", *SMALL]
    figures_agree(walk(command, home, train, "2/3", "-3d"), 10_000)


@pytest.mark.slow
def test_the_walk_on_real_candles(real_data: Path, tmp_path: Path, command: Tell) -> None:
    perpetuals = real_data / "perp_5m"
    at = ["--home", tmp_path]
    told = json.loads(done(command("data", "import", perpetuals, "--kind", "perpetual", "--json", *at)))
    assert len(told) == 5
    assert command("data", "check", *at).code in (0, 1)
    train = ["--algo", "ppo", "--steps", 8192, "--end", "2/3", *SMALL]
    figures_agree(walk(command, tmp_path, train, "2/3", "-1d"), 10_000)


def test_one_real_perpetual_is_walked(real_data: Path, tmp_path: Path, command: Tell) -> None:
    (bitcoin,) = (real_data / "perp_5m").glob("BTC*")
    pl.read_parquet(bitcoin).tail(2_500).write_parquet(tmp_path / bitcoin.name)
    at = ["--home", tmp_path]
    done(command("data", "import", tmp_path / bitcoin.name, "--kind", "perpetual", *at))
    train = ["--steps", 4096, "--end", "2/3", *SMALL]
    figures_agree(walk(command, tmp_path, train, "2/3", "-1d"), 10_000)


def test_a_baseline_is_walked_under_rules_of_the_command_line(home: Path, command: Tell) -> None:
    at = ["--home", home]
    tight = ["--set", "rules.risk.stop_loss=0.01", "--set", "account.capital=500"]
    report = json.loads(done(command("backtest", "moving_average_cross", *tight, "--json", *at)))
    assert report["figures"][0]["start_equity"] == pytest.approx(500, rel=0.01)
    loose = ["--set", "rules.risk.stop_loss=off", "--set", "account.capital=500"]
    other = json.loads(done(command("backtest", "moving_average_cross", *loose, "--json", *at)))
    assert other["figures"][0]["end_equity"] != report["figures"][0]["end_equity"]


def test_every_seed_gives_a_model_and_the_same_seed_the_same(home: Path, command: Tell) -> None:
    train = ["--steps", 2048, *SMALL, "--json", "--home", home]
    both = json.loads(done(command("train", "pair", "--seed", 3, "--seed", 4, *train)))
    assert [row["model"] for row in both] == ["pair-seed3", "pair-seed4"]
    (again,) = json.loads(done(command("train", "again", "--seed", 3, *train)))
    assert again["sha256"] == both[0]["sha256"] != both[1]["sha256"]
    assert not (home / "training").exists()


def test_a_model_is_replaced_only_when_told(home: Path, command: Tell) -> None:
    train = ["train", "first", *SMALL, "--home", home]
    done(command(*train, "--steps", 1024))
    assert command(*train, "--steps", 2048).code == 2
    done(command(*train, "--steps", 2048, "--replace"))
    shown = json.loads(done(command("model", "show", "first", "--json", "--home", home)))
    assert shown["algorithm"] == "ppo"


LONG = ["--steps", "60000", "--set", "training.net=[8]", "--set", "training.environments=16"]


def test_a_killed_training_goes_on_and_ends_as_if_it_had_not_been(home: Path, command: Tell) -> None:
    train = ["train", "killed", *LONG, "--home", str(home)]
    run = subprocess.Popen([*PYTHON, *train], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _until(lambda: any(home.glob("training/killed/seed-0/checkpoint.pt")))
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == -signal.SIGKILL
    assert not (home / "bundles").exists()
    other = command(*train, "--set", "rules.leverage=2")
    assert other.code == 2
    assert "rules.leverage was 1.0, now 2" in other.err
    went_on = command(*train, "--json")
    assert re.search(r"^Going on from step [\d,]+ of 60,000\.$", went_on.err, re.MULTILINE), went_on.err
    (resumed,) = json.loads(done(went_on))
    (whole,) = json.loads(done(command("train", "whole", *LONG, "--json", "--home", home)))
    assert resumed["sha256"] == whole["sha256"]
    assert not (home / "training").exists()


def test_an_interrupted_run_can_be_forgotten(home: Path, command: Tell) -> None:
    folder = home / "training" / "first"
    (folder / "seed-0").mkdir(parents=True)
    (folder / "seed-0" / "checkpoint.pt").write_bytes(b"torn")
    (folder / "run.json").write_text('{"rules.leverage": 7}')
    train = ["train", "first", "--steps", 1024, *SMALL, "--home", home]
    assert command(*train).code == 2
    done(command(*train, "--restart"))


def test_a_run_on_other_bars_is_told_in_utc(home: Path, command: Tell) -> None:
    folder = home / "training" / "first"
    (folder / "seed-0").mkdir(parents=True)
    (folder / "seed-0" / "checkpoint.pt").write_bytes(b"torn")
    (folder / "run.json").write_text('{"last bar": 1585033200000}')
    told = command("train", "first", "--steps", 1024, *SMALL, "--home", home)
    assert "last bar was 2020-03-24 07:00 UTC, now " in told.err


def test_the_command_after_a_training_starts_where_it_ended(home: Path, command: Tell) -> None:
    train = ["--steps", 1024, *SMALL, "--home", home]
    told = done(command("train", "first", "--end", "2/3", *train))
    assert f"not seen: tradewind backtest first --start 2/3 --home {home}" in told
    told = done(command("train", "second", "--end", "-7d", *train))
    assert f"tradewind backtest second --start=-7d --home {home}" in told


def test_without_a_browser_the_report_is_named(
    workspace: Path, command: Tell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    page = tmp_path / "reports" / "cash.html"
    page.parent.mkdir()
    page.write_text("<p>")
    told = command("report", "cash", "--open", "--home", tmp_path)
    assert (told.code, told.err) == (0, f"no browser here: open {page} yourself\n")


def test_sentences_break_between_words_in_a_terminal_only() -> None:
    words = [f"{k}-bar/{'x' * (k % 9)}" for k in range(60)]
    for terminal in (True, False):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)
        say(console, " ".join(words))
        printed = console.file.getvalue()  # type: ignore[attr-defined]
        assert printed.split() == words
        assert (max(map(len, printed.splitlines())) <= 80) is terminal


def test_training_tells_where_it_goes_and_how_far_it_is(home: Path, command: Tell) -> None:
    told = command("train", "first", "--steps", 4096, *SMALL, "--home", home)
    lines = told.err.strip().splitlines()
    assert lines[0].startswith("Training PPO for 4,096 steps on 1,440 bars (1h) of DEMO/USDT:USDT.")
    assert "bundles/first." in told.err
    assert any(line.endswith(" left") for line in lines[1:])
    assert lines[-1].startswith("seed 0: 100 %")


def test_a_training_that_lost_on_its_own_validation_says_so(home: Path, command: Tell) -> None:
    """Under slippage of 9 % whoever trades loses, and a network that has hardly learnt does trade."""
    costly = ["--steps", 512, "--set", "rules.costs.slippage=0.09"]
    told = done(command("train", "costly", *costly, *SMALL, "--home", home))
    assert "Careful: even the best checkpoint of costly lost on the bars that chose it" in told
    assert "Careful" not in done(command("train", "cheap", "--steps", 16_384, *SMALL, "--home", home))


@pytest.mark.parametrize("width", [80, 120])
def test_no_table_cuts_a_number(
    width: int, home: Path, workspace: Path, command: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    listed = done(command("data", "list", "--home", workspace))
    for line in ("AAA/USDT:USDT", "2020-01-01 00:00", "2020-01-17 15:00", " 400 "):
        assert line in listed
    compared = done(command("backtest", "buy_and_hold", "--home", home))
    table = compared.split("\n\n")[0].splitlines()
    assert all(len(line) <= width for line in table)
    assert any(line.startswith("  time series momentum  ") for line in table)
    assert "95 % interval" in table[0]
    assert ("turnover/day" in table[0]) is (width == 120)
    for shown in (done(command("model", "list", "--home", workspace)),):
        assert all(len(line) <= width for line in shown.splitlines())
    assert "…" not in listed + compared


def test_without_a_terminal_lines_stay_whole(
    workspace: Path, command: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    (line,) = done(command("model", "list", "--home", workspace)).splitlines()[2:]
    assert line.split()[:3] == ["small", "ppo", "AAA/USDT:USDT"]


def test_help_comes_at_once_and_loads_nothing_heavy() -> None:
    heavy = "torch polars ccxt matplotlib sqlalchemy scipy numba stable_baselines3 gymnasium"
    code = (
        "import sys\nfrom tradewind.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        f"print(sorted(set({heavy.split()!r}) & set(sys.modules)), file=sys.stderr)"
    )
    for arguments in (["--help"], ["--version"], ["train", "--help"], ["data", "import", "--help"]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert told.stderr.strip() == "[]"
        assert after.ru_utime - before.ru_utime < 1.5  # measured 0.3 s; a busy machine takes longer
    assert told.stdout.count("--") > 5


def test_the_version_is_told(command: Tell) -> None:
    from tradewind import __version__

    assert done(command("--version")) == f"tradewind {__version__}\n"


def test_a_pipe_that_closes_early_is_no_error(workspace: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    told = subprocess.run(
        [*PYTHON, "data", "list", "--home", str(workspace)], stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)
    assert b"Traceback" not in told.stderr


def _until(true: Callable[[], bool], seconds: float = 120) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not come"
        time.sleep(0.02)


def test_the_table_says_why_an_interval_is_missing(home: Path, command: Tell) -> None:
    told = done(command("backtest", "time_series_momentum", "--start=-3d", "--home", home))
    (line,) = [line for line in told.splitlines() if line.startswith("No interval (")]
    assert line.startswith("No interval (too few days: 3, needs 20): time_series_momentum; buy and hold;")
    assert "cash" not in line, "whoever never traded is told so in the table"
