"""One run of an engine: bars come, what happened before them is booked, the engine decides, the desk acts."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from tradewind.market import Decision, Reason, Snapshot
from tradewind.trading.engine.engine import Engine
from tradewind.trading.session.desk import Desk, Item
from tradewind.trading.terms.feed_records import Revision


class Source(Protocol):
    """What a session lives on, in order: a `CandleSource` is one, and a live one also tells of revised bars."""

    def __aiter__(self) -> AsyncIterator[Item | Revision]: ...


Watcher = Callable[[Item, Decision | None], None]


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
    left_open: bool = False  # positions that were to be closed at the end


async def run_session(
    engine: Engine, source: Source, desk: Desk, watch: Watcher | None = None
) -> SessionSummary:
    """Trade until the source ends. An error is raised when the desk was left in order, or could not be.

    What the venue did is on disk before the engine hears of it, and a decision before the venue does.
    """
    try:
        return await _traded(engine, source, desk, watch)
    except Exception as error:
        try:
            await desk.abandon()
        except Exception as second:  # noqa: BLE001 the first one says why
            error.add_note(f"what the run left was not put in order: {second!r}")
        raise


async def _traded(engine: Engine, source: Source, desk: Desk, watch: Watcher | None) -> SessionSummary:
    bars = decisions = orders = 0
    fills, cash_flows, start = engine.fills, engine.cash_flows, engine.equity_at({})
    halted_at: int | None = None
    async for item in source:
        if isinstance(item, Revision):
            await desk.revised(item)
            engine.revise(item)
            continue
        await desk.before(item)
        began = time.perf_counter_ns()
        decision = engine.process(item)
        if decision is not None:
            decision = replace(decision, latency_us=(time.perf_counter_ns() - began) / 1000)
        await desk.after(item, decision)
        bars += isinstance(item, Snapshot)
        if decision is not None:
            decisions += 1
            orders += len(decision.orders)
            if halted_at is None and any(Reason.KILL_SWITCH in r for r in decision.review.reasons):
                halted_at = decision.at
        if watch is not None:
            watch(item, decision)
    all_closed = await desk.end()
    return SessionSummary(
        bars,
        decisions,
        orders,
        engine.fills - fills,
        engine.cash_flows - cash_flows,
        start,
        engine.equity_at({}),  # with what filled since the last close
        halted_at,
        left_open=not all_closed,
    )
