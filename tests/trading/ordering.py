"""A venue that keeps the truth and tells it badly, a clock that moves when told, and a desk that can crash."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from tradewind.market import (
    Accepted,
    Fill,
    Instrument,
    Kind,
    Order,
    OrderId,
    Outcome,
    Rejected,
    RejectKind,
    Unknown,
    VenueUnavailable,
)
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.order_records import OrderAlarm
from tradewind.trading.terms.order_states import Intent, OrderState, Status, client_id
from tradewind.trading.terms.order_venue import NoSuchOrder, OrderReport, ReportStatus, Trade

SPOT = Instrument("venue", "BTC/USDT", "BTC", "USDT", Kind.SPOT, lot=Decimal("0.1"))
PERP = Instrument("venue", "ETH/USDT:USDT", "ETH", "USDT", Kind.PERPETUAL, lot=Decimal("0.01"))
INSTRUMENTS = (SPOT, PERP)
OWNED = Decimal("3.7")  # what the account holds beside the run
START_MS = 1_700_000_000_000
LATENCY = 0.05  # seconds to the venue, and back
TIMEOUT = 1.0  # seconds after which the client gives up


class VirtualClock:
    """Time that moves only in `advance`; everything due on the way happens in order."""

    def __init__(self) -> None:
        self.now = START_MS / 1000
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now_ms(self) -> int:
        return round(self.now * 1000)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        until = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.now = max(self.now, at)
                future.set_result(None)
                await settle()
        self.now = until


async def settle() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


class Fault(StrEnum):
    """What becomes of a request that changes something."""

    NONE = "none"
    LOST = "lost"  # it never arrives, and the client times out
    REPLY_LOST = "reply_lost"
    LATE = "late"  # it arrives after the client gave up, within the receive window
    REFUSED = "refused"
    SLOW_REPLY = "slow_reply"  # the stream tells first
    BROKEN = "broken"  # the client raises that the venue is not there, the request arrived


@dataclass
class Resting:
    """An order at the venue: the truth."""

    intent: Intent
    venue_id: str
    at: float
    status: ReportStatus = ReportStatus.OPEN
    filled: int = 0

    @property
    def left(self) -> int:
        return abs(self.intent.lots) - self.filled


@dataclass
class Telling:
    """How the stream tells of the next things."""

    delay: float = 0.0  # seconds
    drop: bool = False
    twice: bool = False


@dataclass
class ScriptedVenue:
    clock: VirtualClock
    orders: dict[OrderId, Resting] = field(default_factory=dict)
    accepted: Counter[OrderId] = field(default_factory=Counter)
    requests: list[tuple[str, float, OrderId]] = field(default_factory=list)
    told: list[Trade] = field(default_factory=list)  # every trade
    down: bool = False
    lag: float = 0.0  # seconds until a reading shows what happened
    fault: Fault = Fault.NONE  # of the next request that changes something
    telling: Telling = field(default_factory=Telling)
    desk: Desk | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def send(self, intent: Intent) -> Outcome:
        self.requests.append(("send", self.clock.now, intent.client_id))
        if self.desk is not None:
            self.desk.check_send(intent)
        return await self._request(intent, self._accept)

    async def cancel(self, intent: Intent, venue_id: str) -> Outcome:
        self.requests.append(("cancel", self.clock.now, intent.client_id))
        return await self._request(intent, self._cancel)

    async def query(self, intent: Intent, venue_id: str) -> OrderReport | NoSuchOrder:
        self.requests.append(("query", self.clock.now, intent.client_id))
        await self._reading()
        order = self.orders.get(intent.client_id)
        return NoSuchOrder() if order is None or not self._shows(order.at) else report(order)

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        await self._reading()
        found = [o for o in self.orders.values() if o.intent.symbol == symbol and self._shows(o.at)]
        return [report(o) for o in found if o.status is ReportStatus.OPEN]

    async def trades(self, symbol: str, since: int) -> Sequence[Trade]:
        """A spot venue does not say the client id."""
        await self._reading()
        return [
            t
            for t in self.told
            if t.fill.symbol == symbol and t.fill.at >= since and self._shows(t.fill.at / 1000)
        ]

    async def holding(self, symbol: str) -> Decimal:
        await self._reading()
        seen = [t.fill for t in self.told if t.fill.symbol == symbol and self._shows(t.fill.at / 1000)]
        return OWNED + sum((f.quantity - (f.fee if f.fee_asset == "BTC" else 0) for f in seen), Decimal(0))

    def position(self, symbol: str) -> int:
        return sum(t.fill.lots for t in self.told if t.fill.symbol == symbol)

    def trade_price(self, order: Resting) -> Decimal:
        return Decimal(100)

    def fill(self, order: Resting, lots: int) -> Trade:
        """The market takes some of an order, also of one that was just canceled."""
        order.filled += lots
        if order.left <= 0:
            order.status = ReportStatus.FILLED
        signed = lots if order.intent.lots > 0 else -lots
        instrument = SPOT if order.intent.symbol == SPOT.symbol else PERP
        in_base = instrument is SPOT and signed > 0
        quantity = instrument.quantity(signed)
        fill = Fill(
            trade_id=f"t{len(self.told)}",
            order_id="" if instrument is SPOT else order.intent.client_id,
            at=self.clock.now_ms(),
            symbol=order.intent.symbol,
            lots=signed,
            quantity=quantity,
            price=self.trade_price(order),
            fee=quantity / 1000 if in_base else abs(quantity) / 10,
            fee_asset="BTC" if in_base else "USDT",
        )
        trade = Trade(fill, order.venue_id)
        self.told.append(trade)
        self.tell(trade)
        self.tell(report(order))
        return trade

    def end(self, order: Resting, status: ReportStatus) -> None:
        order.status = status
        self.tell(report(order))

    def tell(self, what: Trade | OrderReport) -> None:
        """By the stream, as well as it works just now."""
        how = self.telling
        if not how.drop:
            for copy in range(1 + how.twice):
                self._spawn(self._deliver(what, how.delay * (1 + copy)))

    async def _deliver(self, what: Trade | OrderReport, delay: float) -> None:
        await self.clock.sleep(delay)
        if self.desk is not None and not self.down:
            self.desk.hear(what)

    async def _request(self, intent: Intent, effect: Any) -> Outcome:
        fault, self.fault = self.fault, Fault.NONE
        await self.clock.sleep(LATENCY)
        if fault is Fault.REFUSED:
            return Rejected("-1003", "too many requests", RejectKind.LIMIT)
        if self.down or fault is Fault.LOST:
            await self.clock.sleep(TIMEOUT)
            return Unknown("no answer")
        if fault is Fault.LATE:
            self._spawn(self._later(intent, effect))
            await self.clock.sleep(TIMEOUT)
            return Unknown("no answer")
        outcome: Outcome = effect(intent)
        if fault is Fault.BROKEN:
            raise VenueUnavailable("the connection broke")
        await self.clock.sleep(TIMEOUT if fault in (Fault.REPLY_LOST, Fault.SLOW_REPLY) else LATENCY)
        return Unknown("no answer") if fault is Fault.REPLY_LOST else outcome

    async def _later(self, intent: Intent, effect: Any) -> None:
        await self.clock.sleep(4.9)
        effect(intent)

    def _accept(self, intent: Intent) -> Outcome:
        """As Binance spot: an id may be used again once its order is over."""
        there = self.orders.get(intent.client_id)
        if there is not None and there.status is ReportStatus.OPEN:
            return Rejected("-2010", "Duplicate order sent.", RejectKind.DUPLICATE)
        self.accepted[intent.client_id] += 1
        order = Resting(intent, f"v{len(self.orders)}", self.clock.now)
        self.orders[intent.client_id] = order
        self.tell(report(order))
        return Accepted(order.venue_id)

    def _cancel(self, intent: Intent) -> Outcome:
        order = self.orders.get(intent.client_id)
        if order is None or order.status is not ReportStatus.OPEN:
            return Rejected("-2011", "Unknown order sent.", RejectKind.NOT_FOUND)
        self.end(order, ReportStatus.CANCELED)
        return Accepted(order.venue_id)

    async def _reading(self) -> None:
        await self.clock.sleep(LATENCY)
        if self.down:
            raise VenueUnavailable("no route to the venue")

    def _shows(self, at: float) -> bool:
        return at + self.lag <= self.clock.now

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def report(order: Resting) -> OrderReport:
    intent = order.intent
    return OrderReport(intent.client_id, intent.symbol, order.status, order.filled, order.venue_id)


class Crash(Exception):
    """The process ended here."""


class MortalJournal(Journal):
    """A journal whose process ends before or after a write."""

    dead = False
    writes_left: int | None = None
    after_write = False

    def flush(self) -> None:
        """A process that has ended writes nothing at its close."""
        if not self.dead:
            super().flush()

    def append(self, records: Sequence[Record]) -> None:
        if self.dead:
            raise Crash
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left < 0:
                self.dead = True
                if self.after_write:
                    super().append(records)
                raise Crash
        super().append(records)


class Desk:
    """An order manager with its journal and venue; `crash` drops it and begins anew from the journal."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, VirtualClock()
        self.venue = ScriptedVenue(self.clock)
        self.venue.desk = self
        self.alarms: list[OrderAlarm] = []
        self.delivered: list[Fill] = []
        self.decisions = 0
        self.wrong: list[str] = []
        self._tasks: list[asyncio.Task[Any]] = []
        MortalJournal.create(path, {"mode": "testnet"}).close()

    async def open(self) -> Self:
        self.journal = MortalJournal.open(self.path)
        ledger = OrderLedger.of(self.journal, INSTRUMENTS)
        self.delivered = list(ledger.fills.values())
        self.manager = OrderManager(
            self.journal, ledger, self.venue, self.clock, self.delivered.append, self.heard
        )
        self.started = False
        self.work(self._start())
        await settle()
        return self

    def heard(self, alarm: OrderAlarm) -> None:
        self.alarms.append(alarm)

    async def _start(self) -> None:
        while True:
            try:
                await self.manager.start()
            except VenueUnavailable:
                await self.clock.sleep(1.0)
            else:
                self.started = True
                return

    async def crash(self) -> None:
        self.journal.dead = True
        for task in self._tasks:
            task.cancel()
        await self.manager.close()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            self._judge(result)
        self._tasks.clear()
        self.journal.close()
        await self.open()

    async def close(self) -> None:
        await self.clock.advance(TIMEOUT * 3)  # whatever is on its way returns
        await self.manager.close()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            self._judge(result)
        self.journal.close()

    def _judge(self, result: Any) -> None:
        crashed = self.journal.dead and isinstance(result, (asyncio.CancelledError, Exception))
        if isinstance(result, BaseException) and not crashed:
            self.wrong.append(repr(result))

    def work(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        return task

    def order(self, symbol: str, lots: int, *, reduce_only: bool = False) -> Order:
        self.decisions += 1
        at = START_MS + self.decisions * 60_000
        return Order(client_id("testnet", "main", symbol, at), symbol, lots, reduce_only, at)

    def submit(self, *orders: Order) -> asyncio.Task[Any]:
        return self.work(self.manager.submit(orders, f"decision {orders[0].decided_at}"))

    def hear(self, what: Trade | OrderReport) -> None:
        if not self.started or self.journal.dead:
            return
        try:
            if isinstance(what, Trade):
                self.manager.observe_trade(what)
            else:
                self.manager.observe(what)
        except Crash:
            return

    def state(self, order: Order) -> OrderState:
        return self.manager.ledger.orders[order.id]

    def check_send(self, intent: Intent) -> None:
        """Never more exposure while an order of the symbol is in doubt; and the intent is on disk before."""
        ledger = self.manager.ledger
        others = [s for s in ledger.live_in(intent.symbol) if s.intent.client_id != intent.client_id]
        position = self.venue.position(intent.symbol)
        closes = intent.reduce_only and intent.symbol == PERP.symbol
        more = abs(position + intent.lots) > abs(position) and not closes
        if more and any(s.status is Status.UNKNOWN for s in others):
            self.wrong.append(f"{intent.client_id} was sent while an order was unknown")
        with Journal.open(self.path) as journal:
            if intent.client_id not in {r.client_id for _, r in journal.records() if isinstance(r, Intent)}:
                self.wrong.append(f"{intent.client_id} was sent before it was written")
