"""One decision in words: the policy's inputs, the cuts of risk, what became of it, what the simulation did."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Told
from tradewind.data.timestamps import utc_text
from tradewind.market import Reason
from tradewind.trading.journal.journal import Journal
from tradewind.trading.told.explained import IN_WORDS

Command = Callable[..., Told]


@pytest.fixture
def journal(workspace: Path) -> Path:
    return workspace / "journals" / "small-1.sqlite"


def test_a_decision_of_a_model_is_told_with_what_moved_it(
    journal: Path, workspace: Path, command: Command
) -> None:
    told = command("why", journal, "--home", workspace, "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    effects = [one["effect"] for one in found["moved"]]
    assert len(effects) > 2
    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 0
    changes = [abs(one["now"] - one["before"]) for one in found["changed"]]
    assert changes == sorted(changes, reverse=True)
    (story,) = found["symbols"]
    assert story["symbol"] == "AAA/USDT:USDT"
    assert story["simulated_lots"] == story["ordered_lots"]
    assert story["simulated_approved"] == story["approved"]
    fills = [fill for order in story["orders"] for fill in order["fills"]]
    assert fills == story["simulated_fills"]


def test_in_words_it_names_inputs_targets_and_the_simulation(
    journal: Path, workspace: Path, command: Command
) -> None:
    told = command("why", journal, "--home", workspace)
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0].startswith("The bar closed ")
    assert lines[1].startswith("What moved the action most")
    assert "->" in lines[2]
    assert any(line.startswith("AAA/USDT:USDT: ") for line in lines)
    assert any(line.startswith("  the simulation: ") for line in lines)


def test_a_time_names_the_decision_then_or_the_last_before_it(
    journal: Path, workspace: Path, command: Command
) -> None:
    with Journal.open(journal) as opened:
        made = [r for _, r in opened.records() if type(r).__name__ == "Decision"]
    for at, expected in ((made[3].at, made[3].at), (made[3].at + 60_000, made[3].at)):
        told = command("why", journal, utc_text(at), "--home", workspace, "--json")
        assert told.code == 0, told.err
        assert json.loads(told.out)["at"] == expected
    first = json.loads(command("why", journal, utc_text(made[0].at), "--home", workspace, "--json").out)
    assert first["changed"][0]["before"] is None
    early = command("why", journal, "2001-01-01", "--home", workspace)
    assert early.code == 2
    assert "name a later time" in early.err
    unread = command("why", journal, "yesterday-ish", "--home", workspace)
    assert unread.code == 2
    assert "is no time" in unread.err


def test_every_reason_of_risk_has_words() -> None:
    assert set(IN_WORDS) == set(Reason) - {Reason.NONE}
