"""What the run may still do, as its journal says: it tightens by itself, and only a person loosens it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from tradewind.market import Clock, Command, CommandKind
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.order_records import Risk, RiskState

_ORDER = tuple(Risk)


class Latch:
    """The risk state of a run. A restart is no reset: `of` finds the state where the journal ends.

    `write` puts a record on disk (and, in a run, into the ledger) before it counts here.
    """

    def __init__(self, clock: Clock, write: Callable[[RiskState], None]) -> None:
        self.state = Risk.ACTIVE
        self.reason = ""
        self.since = 0  # UTC ms
        self.silent = False  # another process is closing everything: not even exits are ours
        self._clock, self._write = clock, write

    @classmethod
    def of(cls, journal: Journal, clock: Clock, write: Callable[[RiskState], None]) -> Self:
        latch = cls(clock, write)
        for _, record in journal.records():
            latch.apply(record)
        return latch

    @property
    def entries(self) -> bool:
        """May exposure grow?"""
        return self.state is Risk.ACTIVE and not self.silent

    def apply(self, record: Record) -> None:
        """Take what stands in the journal: risk states, and what a person commanded."""
        match record:
            case RiskState():
                self._set(record.state, record.reason, record.at)
            case Command(kind=CommandKind.REARM):
                self.silent = False
                self._set(Risk.ACTIVE, record.note, record.at)
            case Command(kind=CommandKind.HALT | CommandKind.PANIC):
                self.silent = self.silent or record.kind is CommandKind.PANIC
                if self._tightens(Risk.HALTED):
                    self._set(Risk.HALTED, record.note or f"the command {record.kind.value}", record.at)

    def tighten(self, state: Risk, reason: str) -> bool:
        """Allow less from now on, and write it down; False, and nothing, where no more was allowed already."""
        if not self._tightens(state):
            return False
        record = RiskState(self._clock.now_ms(), state, reason)
        self._write(record)
        self.apply(record)
        return True

    def objection(self, *, reduces: bool) -> str:
        """Why an order must not go now, empty if it may; `reduces`: it only brings a position towards zero."""
        if self.silent:
            return "another process is closing everything: re-arm when it is done"
        if self.state is Risk.ACTIVE or reduces:
            return ""
        return f"the run is {self.state.value} ({self.reason}): re-arm it to open positions"

    def _tightens(self, state: Risk) -> bool:
        return _ORDER.index(state) > _ORDER.index(self.state)

    def _set(self, state: Risk, reason: str, at: int) -> None:
        self.state, self.reason, self.since = state, reason, at
