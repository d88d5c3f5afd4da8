"""Every start is a recovery: engine, books and venue of paper become what the journal says they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tradewind.market import CashFlow, Command, Decision, Fill, Inconsistent, Snapshot, Venue
from tradewind.trading.engine import Engine
from tradewind.trading.journal import Journal
from tradewind.trading.records import Record


class Book(Protocol):
    """What follows from the records of a journal alone."""

    def apply(self, record: Record) -> None: ...


@dataclass(slots=True)
class Resumed:
    """Where a journal ends."""

    last_close: int | None = None  # of its last bar, UTC ms
    records: int = 0
    ahead: list[Fill | CashFlow] = field(default_factory=list)  # after its last bar


async def resume(
    journal: Journal, engine: Engine, books: Sequence[Book] = (), venue: Venue | None = None
) -> Resumed:
    """Take engine and books to where the journal ends; and a venue of paper, which lives in this process.

    No policy is asked: decisions are taken as they were made. `Inconsistent` if the journal does not lead there.
    """
    found = Resumed()
    bar: Snapshot | None = None
    for found.records, record in journal.records():
        for book in books:
            book.apply(record)
        if bar is not None:
            await _take_bar(engine, bar, record if isinstance(record, Decision) else None, venue)
            bar = None
        match record:
            case Snapshot():
                await _repeat(venue, record, found)
                found.last_close, bar = record.close_time, record
            case Fill() | CashFlow():
                engine.process(record)
                found.ahead.append(record)
            case Command():
                await _repeat(venue, record, found)
                engine.process(record)
    if bar is not None:
        await _take_bar(engine, bar, None, venue)
    return found


async def _take_bar(engine: Engine, bar: Snapshot, decision: Decision | None, venue: Venue | None) -> None:
    engine.restore(bar, decision)
    if venue is not None and decision is not None:
        await venue.submit(decision.orders)


async def _repeat(venue: Venue | None, item: Snapshot | Command, found: Resumed) -> None:
    """The venue of paper does again what the journal says that it did."""
    if venue is not None and list(await venue.events_before(item)) != found.ahead:
        raise Inconsistent(
            f"the paper venue repeats the bar of {item.at} otherwise than the journal has it: "
            "it was written by another version, go on with that one or begin a new run"
        )
    found.ahead.clear()
