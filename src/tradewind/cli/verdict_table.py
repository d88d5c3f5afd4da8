"""A verdict on the screen: the sentence, and a row for each line of the gate."""

from __future__ import annotations

from rich.console import Console

from tradewind.cli.tables import Column, number, print_table, say
from tradewind.validation.gate.criterion import Outcome
from tradewind.validation.gate.verdict import Verdict

_STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.UNDEFINED: "red",
    Outcome.NOT_APPLICABLE: "dim",
}


def print_verdict(console: Console, verdict: Verdict) -> None:
    """All criteria with number, threshold and verdict; why, for those that stand in the way."""
    say(console, verdict.sentence, "bold")
    say(console, "")
    columns = [Column("gate"), Column("criterion"), number("value"), number("threshold"), Column("verdict")]
    rows = [
        [one.gate, one.name, _figure(one.value), _figure(one.threshold), str(one.verdict)]
        for one in verdict.criteria
    ]
    print_table(console, columns, rows, [_STYLES[one.verdict] for one in verdict.criteria])
    for one in verdict.against:
        say(console, f"{one.gate} {one.name}: {one.sentence}.")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
