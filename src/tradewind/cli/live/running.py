"""One live run put together: recovered from its journal, then traded until it is stopped.

Paper, testnet and live differ in what they are given here, not in what is done.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tradewind import __version__
from tradewind.cli.live.bulletin import Bulletin
from tradewind.cli.live.closing import HOUR_SECONDS
from tradewind.cli.live.outfits import MakeOutfit, Outfit
from tradewind.cli.live.plan import Plan, open_journal
from tradewind.cli.live.signals import heard_by
from tradewind.cli.logs import redactor
from tradewind.market import Clock, Command, CommandKind, Decision, Instrument, Kind, Snapshot
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.journal.notes import Notes
from tradewind.trading.journal.storage import Storage
from tradewind.trading.session.desk import Item
from tradewind.trading.session.live import LiveItems
from tradewind.trading.session.session import SessionSummary, run_session
from tradewind.trading.session.warming import warm
from tradewind.trading.terms.session_records import Incident, SessionBegan
from tradewind.trading.told.metrics import Metrics
from tradewind.trading.told.tally import Tally
from tradewind.trading.watching.supervision import Supervisor, Work
from tradewind.trading.watching.watchdog import Watchdog
from tradewind.venues.remote.candle_checks import Revised
from tradewind.venues.remote.candles import LiveCandles
from tradewind.venues.remote.perpetual_feed import PerpetualFeed
from tradewind.venues.remote.quotes import LiveQuotes
from tradewind.venues.remote.venue_clock import VenueClock

SPARE_BARS = 5  # beyond what features need, in the warming up


class Panicked(Exception):
    """A person pressed Ctrl+C twice: what is left must be closed from outside. The session has ended."""


class Running:
    """A run at work, until a STOP from its inbox or a signal."""

    def __init__(
        self,
        plan: Plan,
        client: Any,
        clock: Clock,
        venue_clock: VenueClock,
        outfit: MakeOutfit,
        watch: Callable[[Item, Decision | None], None] | None = None,
        warn: Callable[[str], None] = lambda text: None,
        tasks: Mapping[str, Work] | None = None,
        quotes: LiveQuotes | None = None,
        notes: Notes | None = None,
        hourly: Callable[[Metrics], None] = lambda metrics: None,
        bulk: Any = None,
    ) -> None:
        """`bulk` is a second client for history, where there is one. `quotes`, where there are any, tell candles which
        prices can be, and have the marks of perpetuals.

        `hourly` hears the numbers of the run once an hour.
        """
        self.plan, self.decisions = plan, 0
        self._notes, self._hourly = notes or Notes(), hourly
        self._client, self._bulk = client, bulk
        self._clock, self._venue_clock = clock, venue_clock
        self._make_outfit, self._watch, self._warn = outfit, watch, warn
        self._tasks, self._quotes = dict(tasks or {}), quotes
        self._supervisor = Supervisor(clock, self._died)
        self._vital = frozenset({"lease"})  # tasks without which the run ends

    def _died(self, name: str, error: BaseException) -> None:
        what = "which ends the run" if name in self._vital else "and is started again"
        self._warn(f"{name} stopped, {what}: {error!r}")
        self._incident("task", f"{name}: {error!r}")

    def _incident(self, kind: str, text: str) -> None:
        self._notes(Incident(self._venue_clock.now_ms(), kind, redactor.text(text)))

    def _storage_alarm(self, text: str) -> None:
        self._warn(text)
        self._incident("storage", text)

    def _feed_alarm(self, text: str) -> None:
        self._warn(text)
        self._incident("feed", text)

    def _stood(self, seconds: float, where: str) -> None:
        text = f"the event loop stood still for {seconds:.1f} s in {where}: decisions that came too late are skipped"
        self._incident("loop", text)
        self._warn(text)

    async def run(self, instruments: Sequence[Instrument]) -> SessionSummary:
        """Trade until a STOP; `Panicked` after a second Ctrl+C. The folder's lock must be held."""
        plan = self.plan
        warm(plan.named.agent, instruments, plan.timeframe, plan.warm_up + SPARE_BARS)
        await self._venue_clock.measure()
        plan.folder.describe(plan.about)
        journal = open_journal(plan, instruments, self._venue_clock.now_ms())
        with journal:
            candles: LiveCandles | None = None

            def in_time(bar: Snapshot) -> bool:
                return candles is None or candles.in_time(bar)

            def hear(revised: Revised) -> None:
                for revision in revised.revisions:
                    items.put(revision)

            journal.fall_back_on(Fallback(plan.folder.fallback))
            tally = Tally(journal.session)
            self._notes.begin(journal)
            self._notes(SessionBegan(self._venue_clock.now_ms(), __version__))
            storage = Storage(plan.folder.path, journal, self._storage_alarm)
            outfit = await self._make_outfit(plan, journal, in_time, storage.objection, tally)
            candles = LiveCandles(
                self._client,
                plan.symbols,
                plan.timeframe,
                self._clock,
                self._venue_clock,
                warm_up=plan.warm_up,
                since=outfit.found.last_close,
                on_revised=hear,
                quotes=self._quotes,
                perpetuals=self._perpetuals(),
                bulk=self._bulk,
                on_alarm=self._feed_alarm,
            )
            items = LiveItems(candles, plan.folder, self._clock, outfit.desk.at_once, outfit.found.commands)
            if (lease := journal.lease) is not None:
                self._tasks["lease"] = lambda: lease.keep(self._clock, self._warn)
            return await self._trade(items, candles, outfit, tally, storage)

    def _perpetuals(self) -> PerpetualFeed | None:
        if self.plan.kind is not Kind.PERPETUAL or self._quotes is None:
            return None
        return PerpetualFeed(
            self._bulk or self._client,
            self.plan.timeframe,
            self._clock,
            self._venue_clock,
            self._quotes,
            self._feed_alarm,
        )

    async def _trade(
        self, items: LiveItems, candles: LiveCandles, outfit: Outfit, tally: Tally, storage: Storage
    ) -> SessionSummary:
        engine = outfit.engine

        def look() -> dict[str, Any]:
            return {
                "halted": engine.halted,
                "decisions": self.decisions,
                "positions": _positions(engine),
                "degraded": self._supervisor.degraded,
                "waiting": items.waiting,
                "stalls": watchdog.stalls,
                "data_age_seconds": {s: candles.data_age(s) for s in self.plan.symbols},
                **outfit.status(),
                "storage": storage.objection(),
            }

        bulletin = Bulletin(self.plan.folder, self._clock, tally, look)
        watchdog = Watchdog(bulletin.stands, self._stood)

        async def keep_counting() -> None:
            while True:
                await self._clock.sleep(HOUR_SECONDS)
                self._hourly(tally.metrics())

        def watched(item: Item, decision: Decision | None) -> None:
            self.decisions += decision is not None
            if self._watch is not None:
                self._watch(item, decision)

        tasks: dict[str, Work] = {
            "status": bulletin.keep,
            "clock": self._venue_clock.keep,
            "metrics": keep_counting,
            "storage": lambda: storage.keep(self._clock),
            "notes": lambda: self._notes.keep(self._clock),
            "watchdog": watchdog.keep,
            **self._tasks,
            **outfit.tasks,
        }
        self._vital |= outfit.vital
        for name, work in tasks.items():
            self._supervisor.start(name, work, vital=name in self._vital)
        self._supervisor.failed.add_done_callback(lambda failed: _pass_on(failed, items))
        session = asyncio.ensure_future(run_session(engine, items, outfit.desk, watched))
        why = "an error"
        with _signals(items, self._venue_clock, session.cancel) as asked:
            try:
                summary = await session
                why = ""
                return summary
            except asyncio.CancelledError:
                if asked.count(signal.SIGINT) < 2:
                    raise
                why = "a panic"
                raise Panicked from None
            finally:
                status = bulletin.now()  # with the tasks at work
                await self._supervisor.close()
                bulletin.end(status, why)


@contextmanager
def _signals(items: LiveItems, clock: Clock, panic: Callable[[], object]) -> Iterator[list[int]]:
    """One Ctrl+C, or SIGTERM, stops; a second Ctrl+C is a panic. The handlers do no more than say so.

    Gives the list of the signals that came.
    """
    asked: list[int] = []

    def ask(signum: int) -> None:
        asked.append(signum)
        if asked.count(signal.SIGINT) > 1:
            panic()
        else:
            items.put(Command(CommandKind.STOP, clock.now_ms(), signal.Signals(signum).name))

    with heard_by(ask):
        yield asked


def _pass_on(failed: asyncio.Future[BaseException], items: LiveItems) -> None:
    if not failed.cancelled():
        items.fail(failed.result())


def _positions(engine: Engine) -> dict[str, str]:
    lots = engine.position_lots()
    return {i.symbol: f"{i.quantity(lots[i.symbol]):f}" for i in engine.instruments}
