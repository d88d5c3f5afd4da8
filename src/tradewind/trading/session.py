"""One run of an engine: bars come, the venue says what happened, the engine decides, the journal keeps it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tradewind.market import CandleSource, CashFlow, Command, Decision, Fill, Reason, Snapshot, Venue
from tradewind.trading.engine import Engine
from tradewind.trading.journal import Journal
from tradewind.trading.records import Record

WARMING_BATCH = 500  # records to a transaction while nothing trades

Watcher = Callable[[Snapshot | Command, Decision | None], None]


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What a session did, in numbers."""

    bars: int
    decisions: int
    orders: int
    fills: int
    cash_flows: int
    start_equity: float
    end_equity: float
    halted_at: int | None  # close of the bar at which the kill switch fired first, UTC ms


async def run_session(
    engine: Engine, source: CandleSource, venue: Venue, journal: Journal, watch: Watcher | None = None
) -> SessionSummary:
    """Trade until the source ends.

    What the venue did is on disk before the engine hears of it, and a decision before the venue does.
    """
    bars = decisions = orders = fills = cash_flows = 0
    start = engine.equity
    halted_at: int | None = None
    pending: list[Record] = []  # bars that only warm up: nothing depends on them yet
    async for item in source:
        events = await venue.events_before(item)
        if events:
            journal.append([*pending, *events])
            pending = []
        for event in events:
            engine.process(event)
        began = time.perf_counter_ns()
        decision = engine.process(item)
        if decision is not None:
            decision = replace(decision, latency_us=(time.perf_counter_ns() - began) / 1000)
        pending += [item] if decision is None else [item, decision]
        if decision is not None or len(pending) >= WARMING_BATCH:
            journal.append(pending)
            pending = []
        if decision is not None:
            await venue.submit(decision.orders)
            decisions += 1
            if halted_at is None and any(Reason.KILL_SWITCH in r for r in decision.review.reasons):
                halted_at = decision.at
            orders += len(decision.orders)
        bars += isinstance(item, Snapshot)
        fills += sum(isinstance(event, Fill) for event in events)
        cash_flows += sum(isinstance(event, CashFlow) for event in events)
        if watch is not None:
            watch(item, decision)
    journal.append(pending)
    return SessionSummary(bars, decisions, orders, fills, cash_flows, start, engine.equity, halted_at)
