"""What a run trades with once it is recovered, and how that is made on paper: by the simulator's rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tradewind.cli.live.plan import Plan
from tradewind.market import Clock, Snapshot
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk, Desk
from tradewind.trading.session.recovery import Book, Resumed, resume
from tradewind.trading.session.replaying import engine_for
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.watching.supervision import Work
from tradewind.venues import PaperVenue

InTime = Callable[[Snapshot], bool]
Objection = Callable[[], str]


@dataclass(slots=True)
class Outfit:
    """A recovered engine, the desk it trades through, and what works beside it."""

    engine: Engine
    desk: Desk
    found: Resumed
    tasks: dict[str, Work] = field(default_factory=dict)
    vital: frozenset[str] = frozenset()  # of these: without them the run ends
    status: Callable[[], dict[str, Any]] = dict


class MarketClock(Clock, Protocol):
    """Time of the venue's candles. `skew_ms`: how far its wire is ahead of this machine's wall."""

    skew_ms: int
    jumps: int  # of the wall, so far


class MakeOutfit(Protocol):
    async def __call__(
        self, plan: Plan, journal: Journal, in_time: InTime, storage: Objection, hears: Book | None = None
    ) -> Outfit:
        """`storage` says why no position may be opened as nothing can be written down, empty if one may.

        `hears` takes every record of the journal: those that stand in it, and from then on each that is written.
        """


class PaperOutfit:
    """Makes the outfit of a run on paper: the simulator's rules on bars as they come."""

    def __init__(self, on_denied: Callable[[Denied], None], warn: Callable[[OrderAlarm], None]) -> None:
        self._on_denied, self._warn = on_denied, warn

    async def __call__(
        self, plan: Plan, journal: Journal, in_time: InTime, storage: Objection, hears: Book | None = None
    ) -> Outfit:
        agent = plan.named.agent
        engine = engine_for(journal, agent)
        venue = PaperVenue(engine.instruments, agent.rules, plan.allocation)
        found = await recovered(journal, engine, [], hears, venue)

        def objection(bar: Snapshot) -> str:
            return storage() if in_time(bar) else "the bar became known too late to decide on it: skipped"

        desk = BarDesk(engine, venue, journal, found.ahead, objection, self._on_denied, self._warn)
        return Outfit(engine, desk, found)


async def recovered(
    journal: Journal, engine: Engine, books: list[Book], hears: Book | None, venue: PaperVenue | None = None
) -> Resumed:
    """The journal is read once, for all of them."""
    found = await resume(journal, engine, [*books, *([] if hears is None else [hears])], venue)
    if hears is not None:
        journal.heard = hears.apply
    return found
