"""The books against the venue, again and again: what differs trades no more until it is clear why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tradewind.market import AccessRefused, CashFlow, Clock, ConfigError, Instrument, VenueUnavailable
from tradewind.trading.comparing.account_check import AccountCheck, Unclear
from tradewind.trading.comparing.comparison import changed_markets, changed_settings
from tradewind.trading.comparing.pauses import Pauses, Why
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue, MarginSettings
from tradewind.trading.terms.discrepancy import Policy
from tradewind.trading.terms.order_states import IN_FLIGHT, Alarm

GATE_SECONDS = 60.0
TICK_SECONDS = 1.0
ORDERS_EVERY = 10.0  # seconds, while an order is live
IDLE_ORDERS_EVERY = 60.0
ACCOUNT_EVERY = 30.0
DIFFERING_EVERY = 5.0
MARKETS_EVERY = 300.0  # rules of symbols, margin settings
LOW_RATE = 60.0  # between looks at a venue that does not answer
FAILURES_TOLD = 3
SHUT_OUT_SECONDS = 300.0  # of a key that is refused, until all is halted


@dataclass(slots=True)
class Due:
    """When each look comes next, UTC ms of the injected clock."""

    orders: int = 0
    account: int = 0
    markets: int = 0


class Reconciler:
    """Compares orders, positions, wallet, settings and rules of one run with its venue.

    `wallet` says what the run's books have in quote (cash on spot, the wallet balance on perpetuals). `deliver`
    gets each cash flow once, after it is on disk; fills that had to be adopted go the way of all fills. `wanted`
    has the margin settings of each perpetual. `resets` says that the venue may be wiped, as testnets are.
    `learn_rules` gets instruments whose tick, minimum or fees changed, `hear_reading` every reading of the account.

    A pass is whole or nothing: a failed query is no information. While something differs, its symbol takes no new
    exposure; three equal readings settle it. Never two passes at once.
    """

    def __init__(
        self,
        manager: OrderManager,
        venue: AccountVenue,
        clock: Clock,
        wallet: Callable[[], float],
        deliver: Callable[[CashFlow], None],
        *,
        wanted: Mapping[str, MarginSettings] | None = None,
        policy: Policy = Policy.HALT,
        resets: bool = False,
        learn_rules: Callable[[Instrument], None] = lambda _: None,
        stamps: Clock | None = None,
        hear_reading: Callable[[AccountReading], None] = lambda _: None,
    ) -> None:
        """`clock` is that of waits and of readings. `stamps`, where market time is another, gives that of records."""
        self.passes = 0  # whole ones
        self.failures = 0  # in a row
        self.why = "it did not answer"  # of the last one
        self._manager, self._ledger = manager, manager.ledger
        self._venue, self._clock = venue, clock
        self._learn_rules, self._wanted = learn_rules, dict(wanted or {})
        self._pauses = Pauses(manager)
        self._account = AccountCheck(
            manager,
            venue,
            clock,
            stamps or clock,
            wallet,
            deliver,
            self._pauses,
            policy,
            resets,
            hear_reading,
        )
        self._due, self._reconnected = Due(), False
        self._one = asyncio.Lock()
        self._refused_since = 0  # UTC ms

    async def gate(self) -> None:
        """Bring up the manager and pass once over everything, before anything trades.

        `VenueUnavailable` with the reason when that takes more than a minute, `NewEpoch` after a reset.
        """
        work = asyncio.ensure_future(self._until_whole())
        limit = asyncio.ensure_future(self._clock.sleep(GATE_SECONDS))
        try:
            await asyncio.wait((work, limit), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise VenueUnavailable(
                    f"the books could not be compared with the venue within {GATE_SECONDS:g} s ({self.why}): "
                    "nothing trades before that, start again when it answers"
                )
            work.result()
        finally:
            work.cancel()
            limit.cancel()
            await asyncio.gather(work, limit, return_exceptions=True)

    async def run(self) -> None:
        """Look when it is due, until cancelled. `NewEpoch` ends it, and whatever must end the run."""
        while True:
            await self._clock.sleep(TICK_SECONDS)
            self._account.watch_positions()
            due = min(self._orders_due, self._due.account, self._due.markets)
            if self._reconnected or self._clock.now_ms() >= due:
                await self.look()

    def reconnected(self) -> None:
        """The stream stands again: everything is looked at anew, fills since the last known first."""
        self._reconnected = True

    def take_flow(self, flow: CashFlow) -> None:
        """Book funding, once by its id."""
        self._account.take_flow(flow)

    async def look(self, *, everything: bool = False) -> bool:
        """One pass over what is due, or over everything; False when the venue did not answer."""
        async with self._one:
            everything = everything or self._reconnected or bool(self.failures)
            now = self._clock.now_ms()
            try:
                if everything:
                    await self._manager.refresh()
                if everything or now >= self._due.markets:
                    await self._look_at_markets()
                if everything or now >= self._orders_due:
                    await self._look_at_orders()
                if everything or now >= self._due.account:
                    await self._look_at_account()
            except Unclear:
                self._due.account = self._later(TICK_SECONDS)
                return False
            except VenueUnavailable as error:
                self._failed(str(error))
                if isinstance(error, AccessRefused):
                    self._shut_out(str(error))
                return False
            except ConfigError as error:
                if not self.passes:
                    raise
                self._refuse(str(error))
                return False
            if everything:
                self._reconnected = False
            self._answered()
            return True

    async def _until_whole(self) -> None:
        while True:
            try:
                await self._manager.start()
                if await self.look(everything=True):
                    return
            except VenueUnavailable as error:
                self.why = str(error)
            await self._clock.sleep(TICK_SECONDS)

    # -- what a pass looks at

    async def _look_at_account(self) -> None:
        differs = await self._account.compare()
        self._due.account = self._later(DIFFERING_EVERY if differs else ACCOUNT_EVERY)

    async def _look_at_orders(self) -> None:
        """What rests at the venue: orders that are not ours halt, ours that are missing are asked about."""
        self._due.orders = self._later(IDLE_ORDERS_EVERY)
        if self._ledger.fees_due:
            await self._manager.fetch_fees()
        for symbol in self._ledger.instruments:
            working = [s for s in self._ledger.live_in(symbol) if s.status not in IN_FLIGHT]
            reports = await self._venue.open_orders(symbol)
            for report in reports:
                self._manager.observe(report)
            seen = {report.client_id for report in reports}
            for state in working:
                if state.intent.client_id not in seen and state.intent.client_id in self._ledger.live:
                    self._manager.clarify(state.intent.client_id)

    async def _look_at_markets(self) -> None:
        """Rules and margin settings. What is gone or changed back trades again by itself, a resized lot does not."""
        self._due.markets = self._later(MARKETS_EVERY)
        known = self._ledger.instruments
        changes = changed_markets(known.values(), await self._venue.instruments(list(known)))
        for symbol in known:
            text = f"{symbol} is halted, takes only cancels or is listed no more: no entries"
            text = text if symbol in changes.gone else ""
            self._pauses.keep(Why.GONE, symbol, text, Alarm.MARKET_GONE)
        for now in changes.resized:
            text = f"a lot of {now.symbol} is {now.lot:f} {now.base} now, the books count lots of "
            text += (
                f"{known[now.symbol].lot:f} {known[now.symbol].base}: close it by hand and begin a new run"
            )
            if now.symbol not in self._ledger.halted:
                self._manager.warn(Alarm.MARKET_CHANGED, now.symbol, text)
        for now in changes.rules:
            self._ledger.relist(now)
            self._learn_rules(now)
        for symbol, wanted in self._wanted.items():
            changed = changed_settings(wanted, await self._venue.margin_settings(symbol))
            text = f"{symbol}: {changed}: set it back at the venue, or start the run again" if changed else ""
            self._pauses.keep(Why.SETTINGS, symbol, text, Alarm.SETTINGS)

    # -- a venue that does not answer

    def _failed(self, why: str) -> None:
        """Nothing was learnt. Several times in a row: no entries, and only a look now and then."""
        self.failures, self.why = self.failures + 1, why
        told = self.failures >= FAILURES_TOLD
        text = f"the venue does not answer ({why}): no entries until the books were compared again"
        if told:
            self._pauses.keep(Why.SILENT, "", text, Alarm.UNREACHABLE)
        wait = LOW_RATE if told else ORDERS_EVERY
        self._due = Due(*[self._later(wait)] * 3)

    def _shut_out(self, why: str) -> None:
        """A key that is refused may be banned for a moment; it is asked once a minute, and then given up."""
        now = self._clock.now_ms()
        self._refused_since = self._refused_since or now
        self._pauses.keep(Why.SILENT, "", f"{why}: no entries until it is taken again")
        self._due = Due(*[self._later(LOW_RATE)] * 3)
        if now - self._refused_since >= SHUT_OUT_SECONDS * 1000 and not self._all_halted:
            text = (
                f"{why}, for {SHUT_OUT_SECONDS / 60:g} minutes: check key, rights and addresses, then re-arm"
            )
            self._manager.warn(Alarm.ACCESS_REFUSED, "", text)

    def _answered(self) -> None:
        self.failures = self._refused_since = 0
        self.passes += 1
        self._pauses.keep(Why.SILENT, "", "")

    def _refuse(self, why: str) -> None:
        """The account is of a type that cannot be traded, or became one."""
        self.failures += 1
        self._due = Due(*[self._later(LOW_RATE)] * 3)
        if not self._all_halted:
            self._manager.warn(Alarm.UNSUPPORTED, "", why)

    # -- small things

    @property
    def _orders_due(self) -> int:
        sooner = IDLE_ORDERS_EVERY - ORDERS_EVERY if self._is_busy and not self.failures else 0.0
        return self._due.orders - round(sooner * 1000)

    @property
    def _is_busy(self) -> bool:
        return bool(self._ledger.live or self._ledger.fees_due)

    @property
    def _all_halted(self) -> bool:
        return self._ledger.halted >= set(self._ledger.instruments)

    def _later(self, seconds: float) -> int:
        return self._clock.now_ms() + round(seconds * 1000)
