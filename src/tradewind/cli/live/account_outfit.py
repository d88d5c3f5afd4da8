"""What a run at a venue trades with: order manager, guards, protection, execution and reconciler over one account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tradewind.cli.live.outfits import InTime, MarketClock, Objection, Outfit, recovered
from tradewind.cli.live.plan import Plan
from tradewind.cli.live.settling_in import complete_panics, join_panics, set_margin
from tradewind.config import OnStop
from tradewind.market import CashFlow, Clock, Fill
from tradewind.trading.acting.by_hand import ByHand
from tradewind.trading.acting.execution import Execution
from tradewind.trading.acting.protection import Protection
from tradewind.trading.acting.remedies import AccountRemedies
from tradewind.trading.books.funding import change_of_share
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.comparing.last_look import look_last
from tradewind.trading.comparing.reconcile import Reconciler
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.panic.panic_record import is_pressed
from tradewind.trading.risk.guards import Guards
from tradewind.trading.risk.latch import Latch
from tradewind.trading.session.desk import OrderDesk
from tradewind.trading.session.recovery import Book
from tradewind.trading.session.replaying import engine_for
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.order_names import OrderNames
from tradewind.trading.terms.order_records import Denied, OrderAlarm, Risk
from tradewind.trading.terms.order_states import Alarm, OrderState
from tradewind.trading.terms.order_venue import OrderReport, Trade
from tradewind.trading.terms.quotes import Quotes

Grants = Callable[[Journal, int], float]
PRESSED = "a panic closes everything from another process: nothing is sent beside it"


class AccountOutfit:
    """Makes the outfit of a run at a venue. `warn` hears every alarm."""

    def __init__(
        self,
        venue: AccountVenue,
        quotes: Quotes,
        clock: Clock,
        market_clock: MarketClock,
        warn: Callable[[OrderAlarm], None],
        *,
        resets: bool = False,
        grants: Grants | None = lambda journal, now_ms: 1.0,
        pace: Callable[[], float] = lambda: 1.0,
        on_denied: Callable[[Denied], None] = lambda denied: None,
        on_break: Callable[[str], None] = lambda why: None,
    ) -> None:
        """`grants` says which share of its allocation the run may use now; what it needs for that, it asks. None: the
        share stays what it is.

        `pace`: how many seconds of market time pass in one of `clock`. `on_break` hears why the account's stream
        ended, each time.
        """
        self._venue, self._quotes, self._clock, self._market_clock = venue, quotes, clock, market_clock
        self._warn, self._resets, self._grants, self._pace = warn, resets, grants, pace
        self._on_denied, self._on_break = on_denied, on_break

    async def __call__(
        self, plan: Plan, journal: Journal, in_time: InTime, storage: Objection, hears: Book | None = None
    ) -> Outfit:
        share = None if self._grants is None else self._grants(journal, self._market_clock.now_ms())
        engine = engine_for(journal, plan.named.agent)
        instruments = {i.symbol: i for i in engine.instruments}
        ledger = OrderLedger(instruments.values())
        latch = Latch(self._market_clock, lambda record: manager.write(record))
        found = await recovered(journal, engine, [ledger, latch], hears)
        manager = OrderManager(
            journal, ledger, self._venue, self._clock, lambda fill: hear_fill(fill), lambda a: hear_alarm(a),
            self._market_clock, engine.pay,
        )  # fmt: skip
        manager.latch = latch
        wanted = await set_margin(self._venue, plan)
        costs = plan.named.agent.rules.costs
        guards = Guards(
            plan.settings.guards,
            instruments,
            engine,
            ledger,
            self._quotes,
            self._clock,
            latch,
            model_slippage=costs.half_spread + costs.slippage,
            stamps=self._market_clock,
            bar_age=lambda close: (self._market_clock.now_ms() - close) / 1000 / self._pace(),
            storage=storage,
            largest=self._venue.most_lots,
        )
        leverage = max((one.leverage or 1.0 for one in wanted.values()), default=1.0)
        remedies = AccountRemedies(self._venue, instruments, self._quotes, leverage)
        stops = plan.settings.stops
        protection = Protection(
            stops if self._venue.rests_stops else replace(stops, resting=False),
            manager,
            engine,
            instruments,
            self._quotes,
            self._clock,
            latch,
            OrderNames(plan.mode, plan.account, ledger.orders, found.last_close or 0),
            remedies.reload,
            self._venue.most_lots,
        )
        execution = Execution(
            plan.settings.execution, manager, guards, protection, self._quotes, self._clock, remedies
        )

        by_hand = ByHand(
            manager,
            guards,
            protection,
            self._clock,
            self._market_clock,
            lambda ticket, reply: plan.folder.answer(ticket, reply.as_dict()),
        )

        def hear_flow(flow: CashFlow) -> None:
            engine.process(flow)

        def fund() -> bool:
            """Bring the run to its share; was there anything to do?"""
            equity, now = engine.equity_at({}), self._market_clock.now_ms()
            flow = (
                None
                if share is None
                else change_of_share(plan.allocation, share, ledger.flows.values(), equity, now)
            )
            if flow is not None:
                manager.write(flow)
                hear_flow(flow)
            return flow is not None

        reconciler = Reconciler(
            manager,
            self._venue,
            self._clock,
            lambda: float(engine.accounts[0]["wallet"]),
            hear_flow,
            wanted=wanted,
            policy=plan.settings.run.on_difference,
            resets=self._resets,
            stamps=self._market_clock,
            learn_rules=lambda now: instruments.__setitem__(now.symbol, now),
            hear_reading=guards.note_reading,
        )

        def hear_fill(fill: Fill) -> None:
            engine.process(fill)
            guards.note_fill(fill)
            protection.wake(fill.symbol)

        def hear_alarm(alarm: OrderAlarm) -> None:
            protection.hear(alarm)
            self._warn(alarm)

        await complete_panics(self._venue, plan, ledger)
        join_panics(plan, ledger, manager, latch, hear_fill)
        listener = _Listener(manager, reconciler, guards, self._on_break)
        manager.barred = lambda: PRESSED if is_pressed(plan.folder.path) else ""
        if not ledger.fills:
            fund()  # the account need not hold more than the share
        await reconciler.gate()
        if fund():  # of what is left after all that happened while nobody was at work
            await reconciler.gate()
        if share is not None and share < 1.0:
            for symbol, lots in engine.beyond_limits().items():
                if lots and not await protection.shrink(symbol, lots):
                    text = (
                        "more is held than the limits allow on the smaller share, and it could not be closed"
                    )
                    manager.warn(Alarm.NOT_FLAT, symbol, text)
        execution.start()
        return Outfit(
            engine,
            OrderDesk(
                manager,
                guards,
                protection,
                execution,
                by_hand,
                self._clock,
                flattens=plan.settings.run.on_stop is OnStop.FLATTEN,
                last_look=lambda: look_last(manager, self._venue, self._market_clock),
                on_denied=self._on_denied,
            ),
            found,
            {
                "account stream": lambda: self._venue.listen(listener),
                "orders": manager.broken,
                "execution": execution.broken,
                "reconciler": reconciler.run,
                "protection": protection.run,
                "guards": lambda: self._watch(guards, protection, reconciler, engine, latch),
            },
            frozenset({"orders", "execution", "reconciler", "protection"}),
            status=lambda: {
                "risk": latch.state.value,
                "risk_reason": latch.reason,
                "halted_symbols": sorted(ledger.halted),
                "in_doubt": sum(ledger.orders[i].in_doubt for i in ledger.live),
                "open_orders": len(ledger.live),
                "orders": [_shown(ledger.orders[i], ledger) for i in ledger.live],
            },
        )

    async def _watch(
        self,
        guards: Guards,
        protection: Protection,
        reconciler: Reconciler,
        engine: Engine,
        latch: Latch,
    ) -> None:
        """Once a second: the account against its limits, stops against newest prices, our clock against the venue's.

        A wall that jumped, or a machine that slept, has missed things: all is compared with the venue.
        """
        jumps = self._market_clock.jumps
        while True:
            guards.note_drift(self._market_clock.skew_ms / 1000)
            if jumps != self._market_clock.jumps:
                jumps = self._market_clock.jumps
                reconciler.reconnected()
            guards.watch()
            if engine.halted and not engine.rearmed:
                latch.tighten(Risk.HALTED, "the kill switch of the rules")
            for symbol in protection.locks:
                protection.wake(symbol)
            await self._clock.sleep(1.0)


def _shown(state: OrderState, ledger: OrderLedger) -> dict[str, Any]:
    """A live order for whoever asks."""
    intent = state.intent
    at = intent.price or intent.trigger
    return {
        "id": intent.client_id,
        "symbol": intent.symbol,
        "quantity": f"{ledger.instruments[intent.symbol].quantity(intent.lots):f}",
        "type": intent.type.value,
        "at": None if at is None else f"{at:f}",
        "status": state.status.value,
        "by_hand": intent.by_hand,
    }


class _Listener:
    """What the account's stream tells goes to manager and reconciler."""

    def __init__(
        self,
        manager: OrderManager,
        reconciler: Reconciler,
        guards: Guards,
        on_break: Callable[[str], None],
    ) -> None:
        self._manager, self._reconciler, self._guards = manager, reconciler, guards
        self._on_break = on_break

    def connected(self) -> None:
        self._reconciler.reconnected()

    def disconnected(self, why: str) -> None:
        self._guards.note_answer(good=False)
        self._on_break(why)

    def order(self, report: OrderReport) -> None:
        self._manager.observe(report)

    def trade(self, trade: Trade) -> None:
        self._manager.observe_trade(trade)

    def cash_flow(self, flow: CashFlow) -> None:
        self._reconciler.take_flow(flow)

    def reading(self, reading: AccountReading) -> None:
        pass  # it tells of some coins and no margin: the reconciler reads all of it
