"""Opens what a plan needs at its venue, and runs it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradewind.cli.live.account_outfit import AccountOutfit, Grants
from tradewind.cli.live.books import place_of_journal
from tradewind.cli.live.examining import costs_of, require_ready
from tradewind.cli.live.outfits import PaperOutfit
from tradewind.cli.live.plan import Plan, open_journal
from tradewind.cli.live.running import Running
from tradewind.clients import Environment, connect
from tradewind.clients.credentials import Credentials
from tradewind.clients.local_clock import LocalClock
from tradewind.data.patience import VenueReader
from tradewind.market import Clock, Command, ConfigError, Instrument
from tradewind.trading.acting.hand_orders import Reply
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.notes import Notes
from tradewind.trading.journal.safekeeping import require_safe
from tradewind.trading.journal.storage import Storage
from tradewind.trading.session.desk import OrderDesk
from tradewind.trading.session.session import SessionSummary, Watcher
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.session_records import Incident
from tradewind.trading.told.metrics import Metrics
from tradewind.trading.watching.doctor_here import unserved
from tradewind.trading.watching.findings import Finding, Grade
from tradewind.trading.watching.start_up import forget_old_commands, refuse_during_panic
from tradewind.trading.watching.supervision import Work
from tradewind.venues.remote import open_account
from tradewind.venues.remote.lanes import Lanes
from tradewind.venues.remote.listing import Listing
from tradewind.venues.remote.quotes import LiveQuotes
from tradewind.venues.remote.stray import told_in_one_line
from tradewind.venues.remote.telling import tell_requests
from tradewind.venues.remote.venue_clock import SteadyClock, VenueClock
from tradewind.words import ordered

Warn = Callable[[str], None]
QUOTE_SECONDS = 5.0  # that an order by hand waits for a first quote
RESETTING = (Environment.TESTNET, Environment.DEMO)  # begin anew about once a month


@dataclass(frozen=True, slots=True)
class AtVenue:
    """What a plan needs at its venue, open."""

    client: Any
    clock: Clock
    venue_clock: VenueClock
    tasks: dict[str, Work]
    notes: Notes
    instruments: Sequence[Instrument]
    quotes: LiveQuotes
    bulk: Any = None  # a second client for what may take long; this and the next not on paper
    outfit: AccountOutfit | None = None


async def trade(
    plan: Plan,
    at: str | None,
    credentials: Credentials | None,
    watch: Watcher | None,
    warn: Warn,
    grants: Grants = lambda journal, now_ms: 1.0,
    hourly: Callable[[Metrics], None] = lambda metrics: None,
) -> SessionSummary:
    """Run a plan until it is stopped: on paper without credentials, at the venue with them.

    `at`: a local exchange that stands in for the venue. `grants`: as that of `AccountOutfit`.
    `hourly` hears the numbers of the run.
    """
    async with opened(plan, at, credentials, warn, grants) as there:
        outfit = there.outfit or PaperOutfit(_denied_to(warn), lambda alarm: warn(_told(alarm)))
        running = Running(
            plan,
            there.client,
            there.clock,
            there.venue_clock,
            outfit,
            watch,
            warn,
            there.tasks,
            there.quotes,
            there.notes,
            hourly,
            there.bulk,
        )
        gc.collect()
        gc.freeze()  # modules and markets live as long as the process: no collection walks through them again
        return await running.run(there.instruments)


async def order_alone(
    plan: Plan, at: str | None, credentials: Credentials, command: Command, warn: Warn
) -> Reply:
    """Carry out one order by hand for a run that is not at work: recovered, compared with the venue, and no more."""
    async with opened(plan, at, credentials, warn, None) as there:
        assert there.outfit is not None
        await there.venue_clock.measure()
        with open_journal(plan, there.instruments, there.venue_clock.now_ms()) as journal:
            storage = Storage(plan.folder.path, journal, warn)
            outfit = await there.outfit(plan, journal, lambda bar: True, storage.objection)
            assert isinstance(outfit.desk, OrderDesk)
            listening = asyncio.ensure_future(outfit.tasks["account stream"]())
            try:
                for symbol in plan.symbols:
                    until = there.clock.now_ms() + QUOTE_SECONDS * 1000
                    while there.quotes.newest(symbol) is None and there.clock.now_ms() < until:
                        await there.clock.sleep(0.05)
                return await outfit.desk.alone(command)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                await outfit.desk.leave()


@asynccontextmanager
async def opened(
    plan: Plan, at: str | None, credentials: Credentials | None, warn: Warn, grants: Grants | None
) -> AsyncIterator[AtVenue]:
    """The folder locked and the venue reached, after all checks."""
    async with AsyncExitStack() as stack:
        stack.enter_context(told_in_one_line())
        stack.enter_context(plan.folder.lock())
        forget_old_commands(plan.folder)
        refuse_during_panic(plan.folder)
        clock, market = SteadyClock(), None if at is None else LocalClock(at)
        if market is not None:
            await market.ask()
        place = Environment.LIVE if credentials is None else credentials.environment

        def connected(*, streams: bool = True) -> Any:
            client = connect(
                plan.venue,
                place if at is None else Environment.LOCAL,
                keys=None if credentials is None else credentials.keys,
                at=at,
                kinds=[plan.kind],
                unified=plan.settings.run.unified,
                streams=streams,
                market_time=market,
            )
            stack.push_async_callback(client.close)
            return client

        client = connected()
        venue_clock = VenueClock(VenueReader(client, clock), clock, market=market, on_alarm=warn)
        tasks: dict[str, Work] = {} if market is None else {"market time": market.keep}
        notes = Notes()

        def feed_alarm(text: str) -> None:
            warn(text)
            notes(Incident(venue_clock.now_ms(), "feed", text))

        quotes = LiveQuotes(client, plan.symbols, clock, on_alarm=feed_alarm)
        if credentials is None:
            Lanes.of(client, clock)  # what one request is told of limits holds for all
            tell_requests(client, clock, notes)
            await VenueReader(client, clock).call("load_markets")
            instruments = _public_instruments(plan, client)
            for finding in (costs_of(plan, instruments), _unserved(plan)):
                if finding.grade is Grade.WARN:
                    warn(finding.text)
            await quotes.start()
            stack.push_async_callback(quotes.close)
            yield AtVenue(client, clock, venue_clock, tasks, notes, instruments, quotes)
            return
        bulk = connected(streams=False)
        known = _journaled_instruments(plan)
        account = await open_account(
            client,
            plan.kind,
            clock=clock,
            instruments=known.values(),
            quotes=quotes,
            slippage_cap=Decimal(repr(plan.settings.execution.slippage_cap)),
            on_request=notes,
            stop_trigger=plan.settings.stops.trigger,
            bulk=bulk,
        )
        listed = await account.instruments(plan.symbols)
        await require_ready(plan, client, account, clock, market or clock, warn, bulk)
        instruments = [_trading(plan, listed, symbol) for symbol in plan.symbols]
        await quotes.start()
        stack.push_async_callback(quotes.close)
        outfit = AccountOutfit(
            account,
            quotes,
            clock,
            venue_clock,
            lambda alarm: warn(_told(alarm)),
            resets=place in RESETTING,
            grants=grants,
            on_denied=_denied_to(warn),
            pace=lambda: venue_clock.pace,
            on_break=lambda why: notes(Incident(venue_clock.now_ms(), "reconnect", why)),
        )
        yield AtVenue(client, clock, venue_clock, tasks, notes, instruments, quotes, bulk, outfit)


def _unserved(plan: Plan) -> Finding:
    return unserved(plan.settings.alerts.channels, plan.settings.metrics.port)


def _denied_to(warn: Warn) -> Callable[[Denied], None]:
    return lambda order: warn(f"not sent: {ordered(order.lots)} {order.symbol}: {order.text}")


def _public_instruments(plan: Plan, client: Any) -> list[Instrument]:
    """As the venue lists them for everyone, with its standard fees."""
    listing, found = Listing(client, plan.kind), {}
    for symbol in plan.symbols:
        market = listing.market(symbol)
        one = listing.read(symbol, market["maker"], market["taker"], [])
        if one is not None:
            found[symbol] = one
    return [_trading(plan, found, symbol) for symbol in plan.symbols]


def _journaled_instruments(plan: Plan) -> dict[str, Instrument]:
    """Those in whose lots the journal counts; none before the first start."""
    from tradewind.market.instrument_json import instrument_from_dict

    place = place_of_journal(plan.folder, plan.settings.database.url)
    if not require_safe(plan.folder, place):
        return {}
    with Journal.open(place) as journal:
        return {i["symbol"]: instrument_from_dict(i) for i in journal.session["instruments"]}


def _trading(plan: Plan, listed: Mapping[str, Instrument], symbol: str) -> Instrument:
    if symbol not in listed:
        raise ConfigError(f"{symbol} is not traded at {plan.venue} now: leave it out, or wait until it is")
    return listed[symbol]


def _told(alarm: OrderAlarm) -> str:
    return f"{alarm.alarm.value}: {alarm.symbol} {alarm.text}".replace("  ", " ")
