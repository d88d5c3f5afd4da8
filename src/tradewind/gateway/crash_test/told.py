"""The result of a crash test in sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tradewind.gateway.crash_test.judge import Fault
from tradewind.gateway.crash_test.run import Run

SHOWN = 2  # findings of a kind; the report has all


def notes_of(runs: Sequence[Run]) -> list[str]:
    """What was found, the first of each kind, and what could not be tested."""
    lines: list[str] = []
    for run in runs:
        name = run.scenario.name
        lines.extend(f"{name}: {line}" for line in _findings(run))
        lines.extend(f"{name}: a step was not possible: {sentence}" for sentence in run.steps_failed)
        if run.code is not None:
            lines.append(f"{name}: the bot ended by itself with exit code {run.code}")
    return lines


def _findings(run: Run) -> Iterator[str]:
    for fault in Fault:
        found = [finding for finding in run.judgement.findings if finding.fault is fault]
        yield from (f"{fault}: {finding.detail}" for finding in found[:SHOWN])
        if len(found) > SHOWN:
            yield f"{fault}: {len(found) - SHOWN} more like these"


def report_of(runs: Sequence[Run]) -> dict[str, Any]:
    """For machines."""
    verdicts = [run.verdict for run in runs]
    return {
        "passed": verdicts.count("passed"),
        "failed": verdicts.count("failed"),
        "not_reached": len(runs) - verdicts.count("passed") - verdicts.count("failed"),
        "scenarios": [run.as_dict() for run in runs],
    }
