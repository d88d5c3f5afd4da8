"""What a run at a venue trades with: order manager, guards, protection, execution and reconciler over one account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradewind.cli.live.account_parts import AccountParts, Outside
from tradewind.cli.live.outfits import InTime, MarketClock, Objection, Outfit
from tradewind.cli.live.plan import Plan
from tradewind.config import OnStop
from tradewind.market import CashFlow, Clock
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.comparing.last_look import look_last
from tradewind.trading.comparing.reconcile import Reconciler
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.risk.guards import Guards
from tradewind.trading.session.desk import OrderDesk
from tradewind.trading.session.recovery import Book, Resumed
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.order_records import Denied, OrderAlarm, Risk
from tradewind.trading.terms.order_states import OrderState
from tradewind.trading.terms.order_venue import OrderReport, Trade
from tradewind.trading.terms.quotes import Quotes

Grants = Callable[[Journal, int], float]


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
        self._outside = Outside(venue, quotes, clock, market_clock, warn, resets, pace)
        self._grants, self._on_denied, self._on_break = grants, on_denied, on_break

    async def __call__(
        self, plan: Plan, journal: Journal, in_time: InTime, storage: Objection, hears: Book | None = None
    ) -> Outfit:
        share = None if self._grants is None else self._grants(journal, self._outside.market_clock.now_ms())
        parts = AccountParts(self._outside, plan, journal)
        found = await parts.recover(hears)
        wanted = await parts.set_margin()
        parts.equip(found, wanted, storage)
        await parts.join_panics()
        await parts.gate(share)
        await parts.come_to_share(share)
        parts.execution.start()
        return self._outfit(parts, found, flattens=plan.settings.run.on_stop is OnStop.FLATTEN)

    def _outfit(self, parts: AccountParts, found: Resumed, *, flattens: bool) -> Outfit:
        venue, market_clock = self._outside.venue, self._outside.market_clock
        manager, reconciler = parts.manager, parts.reconciler
        listener = _Listener(manager, reconciler, parts.guards, self._on_break)
        return Outfit(
            parts.engine,
            OrderDesk(
                manager,
                parts.guards,
                parts.protection,
                parts.execution,
                parts.by_hand,
                self._outside.clock,
                flattens=flattens,
                last_look=lambda: look_last(manager, venue, market_clock),
                on_denied=self._on_denied,
            ),
            found,
            {
                "account stream": lambda: venue.listen(listener),
                "orders": manager.broken,
                "execution": parts.execution.broken,
                "reconciler": reconciler.run,
                "protection": parts.protection.run,
                "guards": lambda: self._watch(parts),
            },
            frozenset({"orders", "execution", "reconciler", "protection"}),
            status=lambda: _status(parts),
        )

    async def _watch(self, parts: AccountParts) -> None:
        """Once a second: the account against its limits, stops against newest prices, our clock against the venue's.

        A wall that jumped, or a machine that slept, has missed things: all is compared with the venue.
        """
        market_clock = self._outside.market_clock
        jumps = market_clock.jumps
        while True:
            parts.guards.note_drift(market_clock.skew_ms / 1000)
            if jumps != market_clock.jumps:
                jumps = market_clock.jumps
                parts.reconciler.reconnected()
            parts.guards.watch()
            if parts.engine.halted and not parts.engine.rearmed:
                parts.latch.tighten(Risk.HALTED, "the kill switch of the rules")
            for symbol in parts.protection.locks:
                parts.protection.wake(symbol)
            await self._outside.clock.sleep(1.0)


def _status(parts: AccountParts) -> dict[str, Any]:
    """Risk and orders of the run, for whoever asks."""
    ledger, latch = parts.ledger, parts.latch
    return {
        "risk": latch.state.value,
        "risk_reason": latch.reason,
        "halted_symbols": sorted(ledger.halted),
        "in_doubt": sum(ledger.orders[i].in_doubt for i in ledger.live),
        "open_orders": len(ledger.live),
        "orders": [_shown(ledger.orders[i], ledger) for i in ledger.live],
    }


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
