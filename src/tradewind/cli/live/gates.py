"""What paper and testnet have shown of a model, in all runs of a home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tradewind.cli.live.grant import kept_evidence
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.validation.session_gate import Criterion, gate_of_paper, gate_of_testnet, passes


def gates_of(home: Path, bundle: str) -> dict[str, tuple[Criterion, ...]]:
    """Every criterion of G5 and G6, judged from the evidence that the sessions of this bundle left."""
    folders = [RunFolder(path.parent) for path in sorted((home / "runs").glob("*/evidence"))]
    shown = [one for folder in folders for one in kept_evidence(folder)]
    return {"G5, paper": gate_of_paper(shown, bundle), "G6, testnet": gate_of_testnet(shown, bundle)}


def gates_in_lines(gates: dict[str, tuple[Criterion, ...]]) -> Iterator[str]:
    """A line for each gate: passed, or what is open."""
    for name, criteria in gates.items():
        if passes(criteria):
            yield f"{name}: passed"
        else:
            still = [f"{c.name} ({c.text})" for c in criteria if not c.passed]
            yield f"{name}: {len(criteria) - len(still)} of {len(criteria)} hold; open: {', '.join(still)}"
