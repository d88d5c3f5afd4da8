"""What the journal keeps of the process that writes it."""

from __future__ import annotations

from dataclasses import dataclass

TRAINED_UNTIL = "trained_until"  # in what a folder says of its run: close of the model's last bar, UTC ms


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """From here on another process trades this run: what stands before it was written by an earlier one."""

    at: int  # UTC ms
    version: str


@dataclass(frozen=True, slots=True)
class BooksCompared:
    """The last look of a session: by how many lots in all the venue held other than the books said."""

    at: int  # UTC ms
    drift_lots: int


@dataclass(frozen=True, slots=True)
class Incident:
    """Something around the run broke and was dealt with: a stream that ended, a task that was started again."""

    at: int  # UTC ms
    kind: str  # "reconnect", "task", "feed", "storage", "loop"
    text: str
