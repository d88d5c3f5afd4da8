"""The result of a crash test in sentences and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind.gateway.crash_test.run import Run


def notes_of(runs: Sequence[Run]) -> list[str]:
    """Everything that was found, a line each, and what could not be tested."""
    lines: list[str] = []
    for run in runs:
        name = run.scenario.name
        lines.extend(f"{name}: {finding.fault}: {finding.detail}" for finding in run.judgement.findings)
        lines.extend(f"{name}: a step was not possible: {sentence}" for sentence in run.steps_failed)
        if run.code is not None:
            lines.append(f"{name}: the bot ended by itself with exit code {run.code}")
    return lines


def report_of(runs: Sequence[Run]) -> dict[str, Any]:
    """For machines."""
    verdicts = [run.verdict for run in runs]
    return {
        "passed": verdicts.count("passed"),
        "failed": verdicts.count("failed"),
        "not_reached": len(runs) - verdicts.count("passed") - verdicts.count("failed"),
        "scenarios": [run.as_dict() for run in runs],
    }
