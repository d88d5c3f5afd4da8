"""docs/tour.md can be typed as it stands, and prints what the page shows, but for the numbers.

The commands run in a temporary folder, in order and unchanged: the page says `--steps` small enough for that.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.docs.pages import TOUR, shown
from tradewind.cli.main import main

MOST_STEPS = 50_000  # of one training: the whole tour is typed here at every `make test`


def masked(line: str) -> str:
    """A line without its numbers, hashes and rules: those differ from machine to machine."""
    words = line.replace("─", "").split()
    return " ".join("#" if re.search(r"\d", word) else word for word in words)


def was_printed(line: str, printed: list[str]) -> bool:
    """Is this line of the page one of those that were printed? `...` at its end stands for the rest."""
    wanted = masked(line.removesuffix("..."))
    if line.endswith("..."):
        return any(masked(one).startswith(wanted) for one in printed)
    return wanted in map(masked, printed)


def test_every_command_of_the_tour_does_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRADEWIND_HOME", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    tour = shown(TOUR)
    verbs = [one.command.split()[1] for one in tour]
    for verb in ("data", "train", "backtest", "report", "run", "replay", "model"):
        assert verb in verbs
    for one in tour:
        program, *words = shlex.split(one.command)
        assert program == "tradewind"
        with pytest.raises(SystemExit) as left:
            main(words)
        printed = "".join(capfd.readouterr()).splitlines()
        assert left.value.code == 0, (one.command, printed)
        assert [line for line in one.output if not was_printed(line, printed)] == [], (one.command, printed)


def test_every_training_of_the_tour_is_a_short_one() -> None:
    trainings = [one.command for one in shown(TOUR) if one.command.startswith("tradewind train ")]
    assert trainings
    for command in trainings:
        steps = re.search(r" --steps (\d+)\b", command)
        assert steps
        assert int(steps[1]) <= MOST_STEPS


def test_masking_keeps_the_words() -> None:
    assert masked("first  +234.7%  20.35   inactive ──") == "first # # inactive"
    assert was_printed("Ahead of buy...", ["Ahead of buy and hold: 3"])
    assert not was_printed("Ahead of buy and", ["Ahead of buy and hold"])
