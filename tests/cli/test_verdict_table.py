"""A verdict on the screen names every line, and why those that stand in the way do."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from tests.validation.gate.histories import TRIED, economical, whole
from tradewind.cli.verdict_table import print_verdict
from tradewind.validation.gate.verdict import judged


def test_every_line_and_what_stands_in_the_way() -> None:
    verdict = judged(whole(economics=economical(capacity=2.0, instrument_profit={"A": 1.0})), TRIED)
    out = Console(file=StringIO(), width=100)
    print_verdict(out, verdict)
    assert isinstance(out.file, StringIO)
    lines = [line.rstrip() for line in out.file.getvalue().splitlines()]
    assert lines[0] == "Not promoted: G3 capacity (failed)."
    row = next(line.split() for line in lines if "capacity" in line and line.startswith("G3"))
    assert row == ["G3", "capacity", "2", "3", "failed"]
    assert sum(line[:2] in {"G0", "G1", "G2", "G3", "G4"} for line in lines) == len(verdict.criteria) + 1
    assert lines[-1] == "G3 capacity: the capacity in multiples of the capital is 2, expected at least 3."
    assert any(line.startswith("G3") and line.endswith("not applicable") for line in lines)
