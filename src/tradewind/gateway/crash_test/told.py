"""The result of a crash test in sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tradewind.gateway.crash_test.judge import Fault
from tradewind.gateway.crash_test.run import CrashTest, Run

SHOWN = 2  # findings of a kind; the report has all


def beforehand(test: CrashTest) -> str:
    """How many scenarios there are, and about how long they take."""
    count, seconds = len(test.scenarios), test.about_seconds
    took = f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    return (
        f"{count} scenario{'s' if count != 1 else ''}, about {took}: "
        f"{test.seconds:g} s each and {test.settle_seconds:g} s to settle"
    )


def notes_of(runs: Sequence[Run]) -> list[str]:
    """What was found, the first of each kind, and what could not be tested."""
    lines: list[str] = []
    for run in runs:
        name = run.scenario.name
        lines.extend(f"{name}: {line}" for line in _findings(run))
        lines.extend(f"{name}: a step was not possible: {sentence}" for sentence in run.steps_failed)
        if run.code is not None:
            lines.append(f"{name}: the bot ended by itself with exit code {run.code}")
            lines.extend(f"{name}: | {line}" for line in run.last_words)
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
