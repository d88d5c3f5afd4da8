"""What the journal keeps of the process that writes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """From here on another process trades this run: what stands before it was written by an earlier one."""

    at: int  # UTC ms
    version: str
