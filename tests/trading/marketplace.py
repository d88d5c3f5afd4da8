"""A venue with a price: market orders trade at once, stops trigger, coins are locked, and its rules refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from tests.trading.ordering import INSTRUMENTS, PERP, SPOT, Desk, Resting, ScriptedVenue, settle
from tests.trading.standing import ToldQuotes, ToldStanding
from tradewind.market import Order, OrderType, Outcome, Rejected, RejectKind
from tradewind.trading.acting.execution import Execution
from tradewind.trading.acting.protection import Protection
from tradewind.trading.acting.settings import ExecutionSettings, StopSettings
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.risk.guards import Guards
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.order_names import OrderNames
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import ReportStatus


@dataclass
class Marketplace(ScriptedVenue):
    quotes: ToldQuotes = field(default_factory=ToldQuotes)
    depth: int = 1_000_000  # lots that a market order finds
    stops_fill: bool = True
    refuse: Callable[[Intent], Rejected | None] = lambda intent: None
    refused: list[tuple[Intent, Rejected]] = field(default_factory=list)
    largest: dict[str, int] = field(default_factory=dict)  # the most that was ever held, without sign

    def __post_init__(self) -> None:
        for instrument in INSTRUMENTS:
            self.quote(instrument.symbol, 100.0)

    def quote(self, symbol: str, price: float) -> None:
        self.quotes.tell(
            symbol, self.clock.now_ms(), price, mark=price if symbol == PERP.symbol else float("nan")
        )

    def price(self, symbol: str) -> float:
        quote = self.quotes.newest(symbol)
        assert quote is not None
        return quote.last

    def move(self, symbol: str, price: float) -> None:
        """The price goes there at once: stops trigger, limit orders fill."""
        self.quote(symbol, price)
        for order in self.open(symbol):
            intent = order.intent
            triggers = intent.type is OrderType.STOP and self.stops_fill and _stops(intent, price)
            if triggers or (intent.type is OrderType.POST_ONLY and _crosses(intent, price)):
                self.take(order)

    def open(self, symbol: str) -> list[Resting]:
        there = [o for o in self.orders.values() if o.intent.symbol == symbol]
        return [o for o in there if o.status is ReportStatus.OPEN]

    def stops(self, symbol: str) -> list[Resting]:
        return [o for o in self.open(symbol) if o.intent.type is OrderType.STOP]

    def take(self, order: Resting, most: int | None = None) -> None:
        """Fill it as far as the depth goes, and never beyond what it may reduce."""
        lots = min(order.left, self.depth if most is None else most)
        if order.intent.reduce_only and order.intent.symbol == PERP.symbol:
            lots = min(lots, abs(self.position(PERP.symbol)))
        if lots:
            self.fill(order, lots)
        position = abs(self.position(order.intent.symbol))
        self.largest[order.intent.symbol] = max(self.largest.get(order.intent.symbol, 0), position)
        if order.status is ReportStatus.OPEN and order.intent.type is not OrderType.POST_ONLY:
            self.end(order, ReportStatus.EXPIRED)

    def trade_price(self, order: Resting) -> Decimal:
        return Decimal(str(self.price(order.intent.symbol)))

    def _accept(self, intent: Intent) -> Outcome:
        refusal = self.refuse(intent) or self._rule(intent)
        if refusal is not None:
            self.refused.append((intent, refusal))
            return refusal
        outcome = super()._accept(intent)
        if intent.type is OrderType.MARKET:
            self.take(self.orders[intent.client_id])
        return outcome

    def _rule(self, intent: Intent) -> Rejected | None:
        symbol, price = intent.symbol, self.price(intent.symbol)
        held = self.position(symbol)
        locked = sum(o.left for o in self.open(symbol) if o.intent.lots < 0)
        if intent.type is OrderType.STOP and _stops(intent, price):
            return Rejected("-2021", "Order would immediately trigger.", RejectKind.WOULD_TRIGGER)
        if intent.type is OrderType.POST_ONLY and _crosses(intent, price):
            return Rejected("-5022", "Post only order will be rejected.", RejectKind.WOULD_TAKE)
        if symbol == SPOT.symbol and intent.lots < 0 and locked - intent.lots > held:
            return Rejected("-2010", "Account has insufficient balance.", RejectKind.BALANCE)
        if symbol == PERP.symbol and intent.reduce_only and held * intent.lots >= 0:
            return Rejected("-2022", "ReduceOnly Order is rejected.", RejectKind.REDUCE_ONLY)
        return None


def _stops(intent: Intent, price: float) -> bool:
    at = float(intent.trigger or 0)
    return price <= at if intent.lots < 0 else price >= at


def _crosses(intent: Intent, price: float) -> bool:
    """Would a limit order trade at this price? Not at its own."""
    at = float(intent.price or 0)
    return price < at if intent.lots > 0 else price > at


class GuardedDesk(Desk):
    """A desk with a latch and protection beside its manager."""

    def __init__(self, path: Path, **settings: Any) -> None:
        super().__init__(path)
        self.venue: Marketplace = Marketplace(self.clock)
        self.venue.desk = self
        self.levels: dict[str, float] = {}
        self.settings = StopSettings(**settings)
        self.execution_settings = ExecutionSettings()
        self.guard_settings = GuardSettings(max_orders_per_minute=None)
        self.reloads: list[str] = []
        self.step = 1  # the venue's lot in lots of the run
        self.means = 0  # lots that the balances allow
        self.wait = 0.0
        self.most: dict[str, int] = {}  # lots that the venue takes in one order

    async def open(self) -> Self:
        await super().open()
        ledger = self.manager.ledger
        self.standing = ToldStanding(ledger.positions, self.levels)
        self.latch = Latch.of(self.journal, self.clock, self.manager.write)
        self.manager.latch = self.latch
        self.names = OrderNames("testnet", "main", ledger.orders)
        instruments = {i.symbol: i for i in INSTRUMENTS}
        self.protection = Protection(
            self.settings,
            self.manager,
            self.standing,
            instruments,
            self.venue.quotes,
            self.clock,
            self.latch,
            self.names,
            self.reload,
            lambda symbol: self.most.get(symbol),
        )
        self.guards = Guards(
            self.guard_settings,
            instruments,
            self.standing,
            ledger,
            self.venue.quotes,
            self.clock,
            self.latch,
        )
        self.execution = Execution(
            self.execution_settings,
            self.manager,
            self.guards,
            self.protection,
            self.venue.quotes,
            self.clock,
            self,
        )
        self.work(self._protect())
        await settle()
        return self

    def heard(self, alarm: OrderAlarm) -> None:
        super().heard(alarm)
        self.protection.hear(alarm)

    async def reload(self, symbol: str) -> int:
        self.reloads.append(symbol)
        return self.step

    async def affordable(self, order: Order) -> int:
        return self.means

    def wait_seconds(self) -> float:
        return self.wait

    def decide(self, *orders: Order) -> asyncio.Task[list[Denied]]:
        """A bar closes now, with a fresh quote, and these are its orders."""
        for instrument in INSTRUMENTS:
            self.venue.quote(instrument.symbol, self.venue.price(instrument.symbol))
        now = self.clock.now_ms()
        return self.work(self.execution.carry_out(orders, f"decision {now}", now))

    async def _protect(self) -> None:
        while not self.started:
            await self.clock.sleep(0.1)
        self.execution.start()
        self.work(self._quote())
        await self.protection.run()

    async def _quote(self) -> None:
        """The market does not stand still for longer than this."""
        while True:
            await self.clock.sleep(5.0)
            for instrument in INSTRUMENTS:
                self.venue.quote(instrument.symbol, self.venue.price(instrument.symbol))

    async def move(self, symbol: str, price: float, seconds: float = 0.0) -> None:
        self.venue.move(symbol, price)
        self.protection.wake(symbol)
        await settle()
        await self.clock.advance(seconds)

    async def hold(self, symbol: str, lots: int, level: float) -> None:
        """Buy (or sell) at the market, with a level to protect it at."""
        self.levels[symbol] = level
        self.submit(self.order(symbol, lots))
        await self.clock.advance(1.0)
        assert self.manager.ledger.positions[symbol] == lots

    async def hold_unheard(self, symbol: str, lots: int, level: float) -> None:
        """The same, where the stream tells nothing: only asking brings the fills."""
        self.levels[symbol] = level
        self.submit(self.order(symbol, lots))
        await self.clock.advance(1.0)
        self.work(self.manager.refresh())
        await self.clock.advance(3.0)
        assert self.manager.ledger.positions[symbol] == lots

    async def crash(self) -> None:
        self.journal.dead = True
        await self.execution.close()
        await super().crash()

    async def close(self) -> None:
        await self.execution.close()
        for task in [t for t in self._tasks if t.get_coro().__name__ in ("_protect", "_quote")]:  # type: ignore[union-attr]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._tasks.remove(task)
        await super().close()
