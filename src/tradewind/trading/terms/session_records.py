"""What the journal keeps of the process that writes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """From here on another process trades this run: what stands before it was written by an earlier one."""

    at: int  # UTC ms
    version: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Something around the run broke and was dealt with: a stream that ended, a task that was started again."""

    at: int  # UTC ms
    kind: str  # "reconnect", "task", "feed", "storage", "loop"
    text: str
