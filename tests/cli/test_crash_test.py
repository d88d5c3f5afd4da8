"""`tradewind exchange crash-test` as a person runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CARELESS = Path(__file__).parents[1] / "gateway" / "crash_test" / "bots" / "careless.py"


def test_a_bot_that_doubles_orders_ends_with_code_1_and_a_report(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    told = command(
        *("exchange", "crash-test", "--scenario", "O3", "--seconds", 5, "--settle", 1, "--report", report),
        *("--max-exposure", 1, "--", sys.executable, CARELESS),
    )
    assert told.code == 1
    assert "O3: doubled: " in told.out
    assert "O3: over limit: " in told.out
    made = json.loads(report.read_text())
    assert (made["failed"], made["passed"]) == (1, 0)
    [run] = made["scenarios"]
    assert (run["scenario"], run["verdict"]) == ("O3", "failed")
    assert {"lost", "doubled", "over limit"} <= {finding["fault"] for finding in run["findings"]}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--scenario", "O99", "--", "x"), "there is no scenario O99: did you mean O9?"),
        (("--scenario", "none.toml", "--", "x"), "there is no scenario none.toml"),
        (("--all", "--scenario", "O1", "--", "x"), "choose one"),
        (("--max-exposure", "lots", "--", "x"), "--max-exposure is lots"),
        (("--venue", "kraken", "--", "x"), "expected binance or bitget"),
        (("--unified", "--", "x"), "--unified is for Bitget, the venue is binance: add --venue bitget"),
        (("--step", "soon", "--", "x"), "--step is soon"),
        (("--scenario", "O1", "--", "/no/such/bot"), "/no/such/bot cannot be started"),
        (("--scenario", "O1", "-s", "BTC/EUR", "--", "x"), "BTC/EUR is not listed"),
    ],
)
def test_bad_input_ends_with_code_2_and_one_sentence(
    command: Callable[..., Any], words: tuple[str, ...], sentence: str
) -> None:
    told = command("exchange", "crash-test", *words)
    assert told.code == 2
    assert sentence in told.err
    assert told.err.count("\n") == 1


def test_with_json_nothing_else_is_on_stdout(command: Callable[..., Any], tmp_path: Path) -> None:
    scenario = tmp_path / "late.toml"
    scenario.write_text(
        '[[step]]\ndo = "positions/liquidate"\nwith = { venue = "$venue", account = "bot", symbol = "BTC/USDT" }'
    )
    told = command(
        *("exchange", "crash-test", "--json", "--scenario", scenario, "--seconds", 1, "--settle", 0),
        *("--", "sleep", 2),
    )
    [run] = json.loads(told.out)["scenarios"]
    assert run["verdict"] == "no orders"
    assert len(run["steps_not_done"]) == 1
    assert "a step could not be done" in told.err


def test_what_cannot_be_written_or_read_is_told_before_any_bot_runs(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "noise.toml").write_bytes(b"\xa0\xff")
    (tmp_path / "slip.toml").write_text('[[step]]\ndo = "clock"\nwith = { skew_mss = 4 }')
    ran = tmp_path / "ran"
    for words, sentence in (
        (("--report", tmp_path / "file" / "report.json"), "cannot be written"),
        (("--report", tmp_path), "is a folder"),
        (("--logs", tmp_path / "file" / "logs"), "cannot be written"),
        (("--scenario", tmp_path / "noise.toml"), "cannot be read as a scenario (it is no text)"),
        (("--scenario", tmp_path / "slip.toml"), "slip.toml: clock knows no skew_mss: did you mean skew_ms?"),
    ):
        told = command("exchange", "crash-test", "--seconds", 1, *words, "--", "touch", ran)
        assert (told.code, told.out) == (2, "")
        assert sentence in told.err
        assert not ran.exists()


def test_the_exchange_refuses_a_scenario_that_it_does_not_have(command: Callable[..., Any]) -> None:
    told = command("exchange", "--scenario", "O99")
    assert (told.code, told.err.strip()) == (2, "Error: there is no scenario O99: did you mean O9?")


def test_a_bot_that_never_orders_is_no_success(command: Callable[..., Any]) -> None:
    told = command(
        *("exchange", "crash-test", "--scenario", "O1", "--seconds", 1, "--settle", 0),
        *("--", "python", "no_such_bot.py"),
    )
    assert told.code == 1
    assert told.out.startswith("1 scenario, about 3 seconds: 1 s each and 0 s to settle\n")
    assert "The bot never ordered, so nothing was tested" in told.out
    assert "O1: the bot ended by itself with exit code 2" in told.out
    assert "O1: | " in told.out
    assert "No such file or directory" in told.out
