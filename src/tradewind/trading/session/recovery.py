"""Every start is a recovery: engine, books and venue of paper become what the journal says they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tradewind.market import CashFlow, Command, Decision, Fill, Inconsistent, Order, OrderId, Snapshot, Venue
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record, recall
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import Denied, FeeTold
from tradewind.trading.terms.order_states import Intent, OrderEvent

_FOR_BOOKS = (Intent, OrderEvent, ApiCall)  # most records of a run, of which engine and venue know nothing


class Book(Protocol):
    """What follows from the records of a journal alone."""

    def apply(self, record: Record) -> None: ...


@dataclass(slots=True)
class Resumed:
    """Where a journal ends."""

    last_close: int | None = None  # of its last bar, UTC ms
    records: int = 0
    ahead: list[Fill | CashFlow] = field(default_factory=list)  # after its last bar
    commands: set[Command] = field(default_factory=set)


async def resume(
    journal: Journal, engine: Engine, books: Sequence[Book] = (), venue: Venue | None = None
) -> Resumed:
    """Take engine and books to where the journal ends; and a venue of paper, which lives in this process.

    Decisions are taken as they were made; a policy without memory is not asked. `Inconsistent` if the journal does
    not lead there.
    """
    found = Resumed()
    taker = _Taker(engine, venue, found)
    for batch in journal.batches(recall):
        for book in books:
            for _, record in batch:
                book.apply(record)
        for found.records, record in batch:
            if not isinstance(record, _FOR_BOOKS):
                await taker.take(record)
    await taker.settle()
    return found


class _Taker:
    """A bar waits for its decision, and the decision's orders for what was denied of them."""

    def __init__(self, engine: Engine, venue: Venue | None, found: Resumed) -> None:
        self._engine, self._venue, self._found = engine, venue, found
        self._bar: Snapshot | None = None
        self._orders: dict[OrderId, Order] = {}

    async def take(self, record: Record) -> None:
        match record:
            case Decision():
                if self._bar is not None:
                    self._engine.restore(self._bar, record)
                self._bar = None
                self._orders = {order.id: order for order in record.orders}
            case Denied():
                self._orders.pop(record.client_id, None)
            case Epoch():
                await self.settle()
                self._engine.begin_anew()
            case Snapshot():
                await self.settle()
                await self._repeat(record)
                self._found.last_close, self._bar = record.close_time, record
            case Fill() | CashFlow():
                await self.settle()
                self._engine.process(record)
                self._found.ahead.append(record)
            case FeeTold():
                await self.settle()
                self._engine.pay(record)
            case Revision():
                await self.settle()
                if self._venue is not None:
                    await self._venue.revise(record.symbol, record.open_time, record.after)
                self._engine.revise(record)
            case Command():
                self._found.commands.add(record)
                await self.settle()
                await self._repeat(record)
                self._engine.process(record)

    async def settle(self) -> None:
        """Nothing more belongs to the last bar."""
        if self._bar is not None:
            self._engine.restore(self._bar, None)
            self._bar = None
        if self._venue is not None and self._orders:
            await self._venue.submit(tuple(self._orders.values()))
        self._orders = {}

    async def _repeat(self, item: Snapshot | Command) -> None:
        """The venue of paper does again what the journal says that it did."""
        if self._venue is not None and list(await self._venue.events_before(item)) != self._found.ahead:
            raise Inconsistent(
                f"the paper venue repeats the bar of {item.at} otherwise than the journal has it: "
                "it was written by another version, go on with that one or begin a new run"
            )
        self._found.ahead.clear()
