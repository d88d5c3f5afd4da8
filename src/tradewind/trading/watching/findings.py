"""What a check before a run found, in one sentence, and what it means for the exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Grade(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


class Verdict(IntEnum):
    """The exit code of a failed check; the gravest of several counts."""

    READY = 0
    WARNINGS = 1
    BAD_CONFIGURATION = 2
    UNREACHABLE = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is what a person can do about it; empty where nothing is to be done."""

    grade: Grade
    text: str
    remedy: str = ""
    verdict: Verdict = Verdict.READY

    @classmethod
    def good(cls, text: str) -> Finding:
        return cls(Grade.PASS, text)

    @classmethod
    def doubtful(cls, text: str, remedy: str) -> Finding:
        return cls(Grade.WARN, text, remedy, Verdict.WARNINGS)

    @classmethod
    def refused(cls, text: str, remedy: str, verdict: Verdict = Verdict.REFUSED) -> Finding:
        return cls(Grade.FAIL, text, remedy, verdict)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    return max((finding.verdict for finding in findings), default=Verdict.READY)
