"""One run of an engine: bars come, the venue says what happened, the engine decides, the journal keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradewind.market import CandleSource, Command, Decision, Snapshot, Venue
from tradewind.trading.engine import Engine
from tradewind.trading.journal import Journal
from tradewind.trading.records import Record

Watcher = Callable[[Snapshot | Command, Decision | None], None]


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What a session did, in numbers."""

    bars: int
    decisions: int
    orders: int
    fills: int
    start_equity: float
    end_equity: float


async def run_session(
    engine: Engine, source: CandleSource, venue: Venue, journal: Journal, watch: Watcher | None = None
) -> SessionSummary:
    """Trade until the source ends. Orders reach the venue only after their decision is on disk."""
    bars = decisions = orders = fills = 0
    start = engine.equity
    async for item in source:
        records: list[Record] = list(await venue.events_before(item))
        fills += len(records)
        records.append(item)
        decision = None
        for record in records:
            decision = engine.process(record)  # type: ignore[arg-type]  # no decision is among them yet
        if decision is not None:
            records.append(decision)
            decisions += 1
            orders += len(decision.orders)
        journal.append(records)
        if decision is not None:
            await venue.submit(decision.orders)
        bars += isinstance(item, Snapshot)
        if watch is not None:
            watch(item, decision)
    return SessionSummary(bars, decisions, orders, fills, start, engine.equity)
