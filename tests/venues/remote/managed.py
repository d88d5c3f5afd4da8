"""An order manager on a real account: its journal, the stream of the account, a clock faster than the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.promises.virtual_time import wire_clock
from tests.venues.remote.seats import Heard, Seat, listening, until
from tradewind.market import Fill, Order
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.order_records import OrderAlarm
from tradewind.trading.terms.order_states import OrderState
from tradewind.trading.terms.order_venue import OrderReport, Trade

SPEED = 10.0
TIMEOUT_MS = 600  # of a request, on the wire


class FastClock:
    """Waits take a tenth of their time; it shows how late it would be."""

    def __init__(self) -> None:
        self._wire = wire_clock()
        self._began = self._wire.now_ms()

    def now_ms(self) -> int:
        return self._began + round((self._wire.now_ms() - self._began) * SPEED)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


@dataclass
class Managed(Heard):
    """What a session does with the stream, and what it learnt."""

    seat: Seat = None  # type: ignore[assignment]
    manager: OrderManager = None  # type: ignore[assignment]
    delivered: list[Fill] = field(default_factory=list)
    alarms: list[OrderAlarm] = field(default_factory=list)
    refreshes: set[asyncio.Task[None]] = field(default_factory=set)

    def connected(self) -> None:
        super().connected()
        self.refresh()

    def refresh(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self.manager.refresh())
        self.refreshes.add(task)
        return task

    def order(self, report: OrderReport) -> None:
        super().order(report)
        self.manager.observe(report)

    def trade(self, trade: Trade) -> None:
        super().trade(trade)
        self.manager.observe_trade(trade)

    async def submit(self, quantity: str = "0.02", **changes: Any) -> Order:
        intent = self.seat.intent(quantity, **changes)
        order = Order(
            intent.client_id,
            intent.symbol,
            intent.lots,
            intent.reduce_only,
            intent.at,
            intent.type,
            intent.price,
            intent.trigger,
            intent.reason,
        )
        assert await self.manager.submit([order], f"d{intent.client_id}") == []
        return order

    def state(self, order: Order) -> OrderState:
        return self.manager.ledger.orders[order.id]

    def sent(self, order: Order) -> int:
        """How many requests to place it left this machine."""
        posts = [c for c in self.seat.told if c.method == "POST" and "cancel" not in c.path]
        return sum(order.id in c.parameters.values() for c in posts)

    async def books_agree(self) -> None:
        """The books of the journal are what the venue holds, and each trade was delivered once."""
        ledger, symbol = self.manager.ledger, self.seat.symbol
        true = self.seat.exchange.records.trades(self.seat.name, symbol, limit=1_000)
        await until(lambda: len(self.delivered) == len(true))
        assert {f.trade_id for f in self.delivered} == {str(t.id) for t in true}
        held = sum((t.quantity if t.side.value == "buy" else -t.quantity for t in true), Decimal(0))
        assert ledger.positions[symbol] * self.seat.lot == held
        assert ledger.expected_holding(symbol) == await self.seat.venue.holding(symbol)
        assert ledger.live_in(symbol) == []


@asynccontextmanager
async def managed(seat: Seat, folder: Path) -> AsyncIterator[Managed]:
    path, clock = folder / "journal.sqlite", FastClock()
    Journal.create(path, {"mode": "testnet"}).close()
    seat.venue.client.timeout = TIMEOUT_MS
    with Journal.open(path) as journal:
        ledger = OrderLedger.of(journal, [seat.venue.listing.instrument(seat.symbol)])
        desk = Managed(seat=seat)
        desk.manager = OrderManager(
            journal, ledger, seat.venue, clock, desk.delivered.append, desk.alarms.append
        )
        await desk.manager.start()
        try:
            async with listening(seat, desk):
                await until(lambda: desk.connections == 1)
                yield desk
        finally:
            await desk.manager.close()
            for result in await asyncio.gather(*desk.refreshes, return_exceptions=True):
                assert not isinstance(result, (AssertionError, TypeError)), result
