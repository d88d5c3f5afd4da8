"""The parts of a run at a venue, made in the order in which they depend on each other, and what each of them hears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tradewind.cli.live.outfits import MarketClock, Objection, recovered
from tradewind.cli.live.plan import Plan
from tradewind.cli.live.settling_in import complete_panics, join_panics, set_margin
from tradewind.market import CashFlow, Clock, Fill, Instrument
from tradewind.trading.acting.by_hand import ByHand
from tradewind.trading.acting.execution import Execution
from tradewind.trading.acting.hand_orders import Reply
from tradewind.trading.acting.protection import Protection
from tradewind.trading.acting.remedies import AccountRemedies
from tradewind.trading.books.funding import change_of_share
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.comparing.reconcile import Reconciler
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.panic.panic_record import is_pressed
from tradewind.trading.risk.guards import Guards
from tradewind.trading.risk.latch import Latch
from tradewind.trading.session.recovery import Book, Resumed
from tradewind.trading.session.replaying import engine_for
from tradewind.trading.terms.account_venue import AccountVenue, MarginSettings
from tradewind.trading.terms.order_names import OrderNames
from tradewind.trading.terms.order_records import OrderAlarm, RiskState
from tradewind.trading.terms.order_states import Alarm
from tradewind.trading.terms.quotes import Quotes

PRESSED = "a panic closes everything from another process: nothing is sent beside it"


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run at a venue reaches. `warn` hears every alarm; `resets`: the venue may be wiped, as testnets are.

    `pace`: how many seconds of market time pass in one of `clock`.
    """

    venue: AccountVenue
    quotes: Quotes
    clock: Clock
    market_clock: MarketClock
    warn: Callable[[OrderAlarm], None]
    resets: bool
    pace: Callable[[], float]


class AccountParts:
    """Books first: `recover` takes them to where the journal ends. All that acts is there once `equip` was called.

    After that `join_panics`, `gate` and `come_to_share`, in this order, before anything trades.
    """

    manager: OrderManager
    guards: Guards
    protection: Protection
    execution: Execution
    by_hand: ByHand
    reconciler: Reconciler

    def __init__(self, outside: Outside, plan: Plan, journal: Journal) -> None:
        self._outside, self._plan, self._journal = outside, plan, journal
        self.engine = engine_for(journal, plan.named.agent)
        self.instruments = {i.symbol: i for i in self.engine.instruments}
        self.ledger = OrderLedger(self.instruments.values())
        self.latch = Latch(outside.market_clock, self._write)

    async def recover(self, hears: Book | None) -> Resumed:
        """Take the books to where the journal ends."""
        return await recovered(self._journal, self.engine, [self.ledger, self.latch], hears)

    async def set_margin(self) -> dict[str, MarginSettings]:
        """As the configuration wants it, for each perpetual."""
        return await set_margin(self._outside.venue, self._plan)

    def equip(self, found: Resumed, wanted: dict[str, MarginSettings], storage: Objection) -> None:
        """Make all that acts on the recovered books. `wanted`: the margin settings that were set."""
        leverage = max((one.leverage or 1.0 for one in wanted.values()), default=1.0)
        remedies = AccountRemedies(self._outside.venue, self.instruments, self._outside.quotes, leverage)
        self.manager = self._make_manager()
        self.guards = self._make_guards(storage)
        self.protection = self._make_protection(found, remedies)
        self.execution = self._make_execution(remedies)
        self.by_hand = self._make_by_hand()
        self.reconciler = self._make_reconciler(wanted)

    async def join_panics(self) -> None:
        """What panics closed from outside joins the journal; from now on nothing is sent beside one."""
        await complete_panics(self._outside.venue, self._plan, self.ledger)
        join_panics(self._plan, self.ledger, self.manager, self.latch, self.hear_fill)
        self.manager.barred = self._barred

    async def gate(self, share: float | None) -> None:
        """Pass once over everything at the venue, with no more money than the share; None leaves it as it is."""
        if not self.ledger.fills:
            self._fund(share)  # the account need not hold more than the share
        await self.reconciler.gate()
        if self._fund(share):  # of what is left after all that happened while nobody was at work
            await self.reconciler.gate()

    async def come_to_share(self, share: float | None) -> None:
        """Close what is too large for a smaller share."""
        if share is None or share >= 1.0:
            return
        for symbol, lots in self.engine.beyond_limits().items():
            if lots and not await self.protection.shrink(symbol, lots):
                text = "more is held than the limits allow on the smaller share, and it could not be closed"
                self.manager.warn(Alarm.NOT_FLAT, symbol, text)

    def hear_fill(self, fill: Fill) -> None:
        """Of the manager, after it is on disk."""
        self.engine.process(fill)
        self.guards.note_fill(fill)
        self.protection.wake(fill.symbol)

    def hear_alarm(self, alarm: OrderAlarm) -> None:
        self.protection.hear(alarm)
        self._outside.warn(alarm)

    def hear_flow(self, flow: CashFlow) -> None:
        self.engine.process(flow)

    def _fund(self, share: float | None) -> bool:
        """Bring the run to its share; was there anything to do?"""
        if share is None:
            return False
        equity, now = self.engine.equity_at({}), self._outside.market_clock.now_ms()
        flow = change_of_share(self._plan.allocation, share, self.ledger.flows.values(), equity, now)
        if flow is None:
            return False
        self.manager.write(flow)
        self.hear_flow(flow)
        return True

    def _make_manager(self) -> OrderManager:
        manager = OrderManager(
            self._journal,
            self.ledger,
            self._outside.venue,
            self._outside.clock,
            self.hear_fill,
            self.hear_alarm,
            self._outside.market_clock,
            self.engine.pay,
        )
        manager.latch = self.latch
        return manager

    def _make_guards(self, storage: Objection) -> Guards:
        costs = self._plan.named.agent.rules.costs
        return Guards(
            self._plan.settings.guards,
            self.instruments,
            self.engine,
            self.ledger,
            self._outside.quotes,
            self._outside.clock,
            self.latch,
            model_slippage=costs.half_spread + costs.slippage,
            stamps=self._outside.market_clock,
            bar_age=self._bar_age,
            storage=storage,
            largest=self._outside.venue.most_lots,
        )

    def _make_protection(self, found: Resumed, remedies: AccountRemedies) -> Protection:
        plan, stops = self._plan, self._plan.settings.stops
        return Protection(
            stops if self._outside.venue.rests_stops else replace(stops, resting=False),
            self.manager,
            self.engine,
            self.instruments,
            self._outside.quotes,
            self._outside.clock,
            self.latch,
            OrderNames(plan.mode, plan.account, self.ledger.orders, found.last_close or 0),
            remedies.reload,
            self._outside.venue.most_lots,
        )

    def _make_execution(self, remedies: AccountRemedies) -> Execution:
        return Execution(
            self._plan.settings.execution,
            self.manager,
            self.guards,
            self.protection,
            self._outside.quotes,
            self._outside.clock,
            remedies,
        )

    def _make_by_hand(self) -> ByHand:
        return ByHand(
            self.manager,
            self.guards,
            self.protection,
            self._outside.clock,
            self._outside.market_clock,
            self._answer,
        )

    def _make_reconciler(self, wanted: dict[str, MarginSettings]) -> Reconciler:
        return Reconciler(
            self.manager,
            self._outside.venue,
            self._outside.clock,
            self._wallet,
            self.hear_flow,
            wanted=wanted,
            policy=self._plan.settings.run.on_difference,
            resets=self._outside.resets,
            stamps=self._outside.market_clock,
            learn_rules=self._learn_rules,
            hear_reading=self.guards.note_reading,
        )

    def _write(self, record: RiskState) -> None:
        self.manager.write(record)

    def _answer(self, ticket: str, reply: Reply) -> None:
        self._plan.folder.answer(ticket, reply.as_dict())

    def _barred(self) -> str:
        return PRESSED if is_pressed(self._plan.folder.path) else ""

    def _bar_age(self, close: int) -> float:
        """Seconds of the wire's clock since a bar closed."""
        return (self._outside.market_clock.now_ms() - close) / 1000 / self._outside.pace()

    def _learn_rules(self, instrument: Instrument) -> None:
        self.instruments[instrument.symbol] = instrument

    def _wallet(self) -> float:
        return float(self.engine.accounts[0]["wallet"])
