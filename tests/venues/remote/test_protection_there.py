"""Stops and executions at the local exchange, through the real adapters over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM, Place, Seat, exchange_now, seated, until
from tradewind.market import CashFlow, Fill, Order, OrderType, Timeframe
from tradewind.policy.agent import agent_of_baseline
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.acting.execution import Execution
from tradewind.trading.acting.protection import Protection
from tradewind.trading.acting.settings import ExecutionSettings, StopSettings
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.risk.guards import Guards
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.order_names import OrderNames
from tradewind.trading.terms.order_records import OrderAlarm
from tradewind.trading.terms.order_states import Alarm, client_id
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus, Trade
from tradewind.trading.terms.quotes import Quote


@dataclass
class Desk:
    """What a session composes, without candles: an engine that hears of fills, and all that trades for it."""

    seat: Seat
    engine: Engine
    manager: OrderManager
    protection: Protection
    execution: Execution
    latch: Latch
    alarms: list[OrderAlarm] = field(default_factory=list)
    decisions: int = 0

    @property
    def symbol(self) -> str:
        return self.seat.symbol

    async def decide(self, quantity: str) -> None:
        self.decisions += 1
        lots = int(Decimal(quantity) / self.seat.lot)
        held = self.engine.position_lots()[self.symbol]
        at = self.seat.clock.now_ms()
        name = client_id("testnet", self.seat.name, self.symbol, self.decisions)
        order = Order(name, self.symbol, lots, held * lots < 0 and abs(lots) <= abs(held), at)
        denied = await self.execution.carry_out([order], f"d{self.decisions}", at)
        assert denied == []

    async def stops(self) -> list[tuple[str, ReportStatus, int]]:
        """(client id, status, lots) of what rests."""
        there = await self.seat.venue.open_orders(self.symbol)
        return [(r.client_id, r.status, self.manager.ledger.orders[r.client_id].intent.lots) for r in there]

    async def until_protected(self) -> str:
        """The id of the one stop, of the size of the position, once it rests."""
        async with asyncio.timeout(15):
            while True:
                lots = self.engine.position_lots()[self.symbol]
                found = await self.stops()
                if lots and [n for _, _, n in found] == [-lots] and self.protection.protected(self.symbol):
                    return found[0][0]
                await asyncio.sleep(0.05)


class TapeQuotes:
    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def newest(self, symbol: str) -> Quote:
        price = float(self._seat.exchange.tape.last(symbol))
        now = self._seat.clock.now_ms()
        return Quote(symbol, price, price, price, float("nan"), now, now, now)


class Listener:
    def __init__(self, manager: OrderManager) -> None:
        self._manager = manager
        self.connections = 0

    def connected(self) -> None:
        self.connections += 1

    def disconnected(self, why: str) -> None: ...

    def order(self, report: OrderReport) -> None:
        self._manager.observe(report)

    def trade(self, trade: Trade) -> None:
        self._manager.observe_trade(trade)

    def cash_flow(self, flow: CashFlow) -> None: ...

    def reading(self, reading: AccountReading) -> None: ...


class Rereading:
    async def reload(self, symbol: str) -> None: ...

    async def affordable(self, order: Order) -> int:
        return 0

    def wait_seconds(self) -> float:
        return 0.0


@asynccontextmanager
async def desk_at(seat: Seat, path: Path) -> AsyncIterator[Desk]:
    symbol, clock = seat.symbol, seat.clock
    instruments = dict(await seat.venue.instruments([symbol]))
    instrument = instruments[symbol]
    rules = Rules(risk=RiskLimits(stop_loss=0.05))
    agent = agent_of_baseline("cash", [instrument.kind], Timeframe("1m"), rules)
    engine = Engine(agent, [instrument], Timeframe("1m"), 100_000.0)
    alarms: list[OrderAlarm] = []

    def deliver(fill: Fill) -> None:
        engine.process(fill)
        guards.note_fill(fill)

    def alarm(one: OrderAlarm) -> None:
        alarms.append(one)
        protection.hear(one)

    with Journal.create(path, {"mode": "testnet"}) as journal:
        ledger = OrderLedger.of(journal, [instrument])
        manager = OrderManager(journal, ledger, seat.venue, clock, deliver, alarm)
        latch = Latch.of(journal, clock, manager.write)
        names, quotes = OrderNames("testnet", seat.name, ledger.orders), TapeQuotes(seat)
        guards = Guards(GuardSettings(), instruments, engine, ledger, quotes, clock, latch)
        remedies = Rereading()
        protection = Protection(
            StopSettings(), manager, engine, instruments, quotes, clock, latch, names, remedies.reload
        )
        execution = Execution(ExecutionSettings(), manager, guards, protection, quotes, clock, remedies)
        await manager.start()
        execution.start()
        listener = Listener(manager)
        tasks = [
            asyncio.create_task(seat.venue.listen(listener)),
            asyncio.create_task(protection.run()),
        ]
        try:
            await until(lambda: listener.connections)
            yield Desk(seat, engine, manager, protection, execution, latch, alarms)
            assert not any(task.done() for task in tasks)
        finally:
            await execution.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await manager.close()


@pytest.fixture(params=[BINANCE_SPOT, BINANCE_USDM], ids=str)
def told(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[Callable[[Desk], Awaitable[None]]], None]:
    """Runs a story at a desk of its own."""
    place: Place = request.param

    def run(story: Callable[[Desk], Awaitable[None]]) -> None:
        async def alone() -> None:
            async with (
                exchange_now(tmp_path) as local,
                seated(local, place) as seat,
                desk_at(seat, tmp_path / "run.sqlite") as desk,
            ):
                await story(desk)

        run_virtually(alone())

    return run


Told = Callable[[Callable[[Desk], Awaitable[None]]], None]


@pytest.mark.fault("O9")
def test_a_position_its_stop_a_partial_sale_and_the_end(told: Told) -> None:
    async def story(desk: Desk) -> None:
        await desk.decide("0.02")
        name = await desk.until_protected()
        intent = desk.manager.ledger.orders[name].intent
        assert intent.type is OrderType.STOP
        level = desk.engine.protective_level(desk.symbol)
        assert abs(float(intent.trigger or 0) / level - 1) < 1e-4
        await desk.decide("-0.01")
        await until(lambda: desk.engine.position_lots()[desk.symbol] <= int(Decimal("0.01") / desk.seat.lot))
        assert await desk.until_protected() != name
        rest = -desk.seat.venue.listing.instrument(desk.symbol).quantity(
            desk.engine.position_lots()[desk.symbol]
        )
        await desk.decide(str(rest))
        await until(lambda: desk.engine.position_lots()[desk.symbol] == 0)
        async with asyncio.timeout(10):
            while await desk.stops():
                await asyncio.sleep(0.05)
        assert desk.alarms == []

    told(story)


@pytest.mark.fault("O24")
def test_o24_a_stop_that_someone_cancelled_rests_again(told: Told) -> None:
    async def story(desk: Desk) -> None:
        await desk.decide("0.02")
        name = await desk.until_protected()
        began = desk.seat.clock.now_ms()
        await desk.seat.venue.cancel(desk.manager.ledger.orders[name].intent, "")
        await until(lambda: any(a.alarm is Alarm.STOP_LOST for a in desk.alarms), seconds=30)
        assert await desk.until_protected() != name
        assert desk.seat.clock.now_ms() - began < 30_000

    told(story)


@pytest.mark.fault("O1")
def test_o1_a_stop_whose_reply_got_lost_is_one_stop(told: Told) -> None:
    async def story(desk: Desk) -> None:
        real = desk.seat.venue.send
        rules = []

        async def send(intent):  # type: ignore[no-untyped-def]
            if intent.type is OrderType.STOP and not rules:
                rules.append(desk.seat.fault("drop", at="after", match={"kind": "place"}))
                try:
                    return await real(intent)
                finally:
                    desk.seat.local.faults.clear()
            return await real(intent)

        desk.seat.venue.send = send  # type: ignore[method-assign]
        await desk.decide("0.02")
        name = await desk.until_protected()
        assert rules[0].fired == 1
        assert desk.seat.orders_named(name) == 1
        placed = [s for s in desk.manager.ledger.orders.values() if s.protects]
        assert len(placed) == 1

    told(story)
