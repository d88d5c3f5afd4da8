"""`tradewind judge`: one honest sentence first, numbers after it, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Told

Command = Callable[..., Told]


def record(path: Path, days: int, mean: float, names: tuple[str, ...] = ("return",)) -> Path:
    rng = np.random.default_rng(1)
    lines = ["time," + ",".join(names)]
    for k in range(days):
        returns = ",".join(f"{value:.6f}" for value in rng.normal(mean, 0.02, len(names)))
        lines.append(f"{date(2022, 1, 1) + timedelta(days=k)},{returns}")
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("days", "mean", "begins"), [(1000, 0.004, "Edge:"), (300, -0.004, "No edge:"), (60, 0.002, "Not enough")]
)
def test_the_sentence_comes_first(command: Command, tmp_path: Path, days, mean, begins) -> None:
    told = command("judge", record(tmp_path / "bot.csv", days, mean))
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(begins)
    assert "PSR(0)" in told.out


def test_as_json_and_with_trials(command: Command, tmp_path: Path) -> None:
    told = command("judge", record(tmp_path / "bot.csv", 500, 0.003), "--trials", 40, "--json")
    judged = json.loads(told.out)
    assert (judged["trials"], judged["days"], judged["best"]) == (40, 500, "return")
    assert judged["dsr"] < judged["columns"][0]["psr"]
    assert judged["sentence"]


def test_several_columns_get_a_table_and_one_may_be_chosen(command: Command, tmp_path: Path) -> None:
    path = record(tmp_path / "bot.csv", 300, 0.001, ("fast", "slow"))
    told = command("judge", path)
    assert told.code == 0
    assert "PBO" in told.out
    assert [line.split()[0] for line in told.out.splitlines()[-2:]] == ["fast", "slow"]
    assert "PBO" not in command("judge", path, "--column", "slow").out


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("time,return\n2024-01-01,5\n2024-01-02,-7\n", [], "expected fractions"),
        ("time,a\n2024-01-01,5\n2024-01-02,0\n", [], "say --as returns or --as equity"),
        ("time,a,b\n2024-01-01,-.1,0\n2024-01-02,0,0\n", ["--trials", "1"], "every trial counts"),
        ("time,return\n2024-01-01,.1\n2024-02-01,.1\n", [], "longer than a day"),
        ("time,return\n2024-01-01,.1\n", ["--trials", "0"], "--trials"),
    ],
)
def test_bad_input_is_one_sentence(command: Command, tmp_path: Path, text, options, said) -> None:
    path = tmp_path / "bot.csv"
    path.write_text(text)
    told = command("judge", path, *options)
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert told.err.count("\n") == 1
