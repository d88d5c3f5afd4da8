"""What a run writes down for people, beside what its books follow from."""

from __future__ import annotations

from collections import deque

from tradewind.market import Clock
from tradewind.trading.journal.journal import MOST_NOTES, Journal
from tradewind.trading.journal.records import NoteRecord

FLUSH_SECONDS = 2.0


class Notes:
    """Takes records also before the journal is open. They go with its next transaction, none has one of its own.

    `keep` sees to it that they are on disk within a few seconds where nothing else is written.
    """

    def __init__(self) -> None:
        self._early: deque[NoteRecord] = deque(maxlen=MOST_NOTES)
        self._journal: Journal | None = None

    def __call__(self, record: NoteRecord) -> None:
        if self._journal is None:
            self._early.append(record)
        else:
            self._journal.note(record)

    def begin(self, journal: Journal) -> None:
        """From now on they go into this journal."""
        self._journal = journal
        for record in self._early:
            journal.note(record)
        self._early.clear()

    async def keep(self, clock: Clock) -> None:
        """Write until cancelled."""
        while True:
            await clock.sleep(FLUSH_SECONDS)
            if self._journal is not None:
                self._journal.flush()
