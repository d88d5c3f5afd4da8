"""A run at a local exchange up to the moment of a panic: a real journal and order manager, without an engine."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tradewind
from tests.promises.panic_matrix import Process
from tests.promises.virtual_time import LoopClock
from tests.venues.remote.seats import Place, Seat
from tradewind.cli.live.panicking import pressed
from tradewind.cli.live.reaching import place_of
from tradewind.clients import Keys, connect
from tradewind.data.coins import coin_markets
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.market import Instrument, Order, OrderType
from tradewind.market.instrument_json import instrument_to_dict
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.panic.panic_record import PanicRecord
from tradewind.trading.terms.order_states import Happening, OrderEvent, OrderState, client_id
from tradewind.venues.remote import open_account

FIRST = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE = 60_000
HISTORY = 60  # bars before now
NOW = FIRST + HISTORY * MINUTE
MONEY = Decimal(100_000)
OWN = {"BTC": Decimal("0.7"), "ETH": Decimal(3)}  # the user's coins, on spot
KEYS = Keys("demo-key", "demo-secret", "demo-pass")

HOLDER = """
import fcntl, os, sqlite3, sys
lock = open(sys.argv[1] + "/run.lock", "a+")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.truncate(0)
lock.write(str(os.getpid()))
lock.flush()
if sys.argv[2] == "locked":
    held = sqlite3.connect(sys.argv[1] + "/journal.sqlite", isolation_level=None)
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
print("there", flush=True)
sys.stdin.read()
"""


class Stage:
    """The run `first`, which trades BTC and ETH."""

    def __init__(self, home: Path, seat: Seat, clock: LoopClock) -> None:
        self.seat, self.clock = seat, clock
        self.folder = RunFolder(home / "runs" / "first")
        self.btc, self.eth = seat.symbol, seat.symbol.replace("BTC", "ETH")
        self.late: list[asyncio.Task[Any]] = []  # requests of the run that are on their way
        self._orders = 0

    async def start(self) -> None:
        place, symbols = self.seat.place, [self.btc, self.eth]
        listed = await self.seat.venue.instruments(symbols)
        about = {
            "mode": "testnet",
            "account": self.seat.name,
            "venue": place.venue,
            "place": "local",
            "unified": place.unified,
            "symbols": symbols,
            "at": self.seat.local.url,
        }
        self.folder.describe(about)
        instruments = [instrument_to_dict(listed[s]) for s in symbols]
        session = {**about, "capital": 20_000.0, "instruments": instruments, "version": tradewind.__version__}
        self.journal = Journal.create(self.folder.journal, session)
        self.manager = OrderManager(
            self.journal,
            OrderLedger(listed.values()),
            self.seat.venue,
            self.clock,
            lambda _: None,
            lambda _: None,
        )
        await self.manager.start()

    @property
    def instruments(self) -> dict[str, Instrument]:
        return self.manager.ledger.instruments

    def order(self, quantity: str, symbol: str = "", **terms: Any) -> Order:
        """Of the run; a market order unless said otherwise."""
        self._orders += 1
        symbol = symbol or self.btc
        name = client_id("testnet", self.seat.name, symbol, self._orders)
        lots = self.instruments[symbol].whole_lots(Decimal(quantity))
        return Order(name, symbol, lots, decided_at=self.clock.now_ms(), **terms)

    async def submit(self, order: Order) -> OrderState:
        assert await self.manager.submit([order], f"d{self._orders}") == []
        return self.manager.ledger.orders[order.id]

    async def hold(self, quantity: str, symbol: str = "") -> None:
        """Bought or sold at the market, and its fills in the journal."""
        order = self.order(quantity, symbol)
        await self.submit(order)
        for _ in range(50):
            await self.manager.refresh()
            if self.manager.ledger.orders[order.id].done:
                return
            await self.clock.sleep(0.1)
        raise AssertionError(self.manager.ledger.orders[order.id])

    async def rest(self, quantity: str, factor: float, **terms: Any) -> Order:
        """A limit of the run that nobody meets, known to its journal."""
        order = self.order(quantity, type=OrderType.LIMIT, price=self.seat.price(factor), **terms)
        state = await self.submit(order)
        assert state.venue_id, state
        return order

    async def protect(self, quantity: str, factor: float = 0.9) -> None:
        """A stop at the venue for what is held, where the venue has stops."""
        place, level = self.seat.place, self.seat.price(factor)
        if not (place.is_spot and place.unified):
            order = self.order(quantity, type=OrderType.STOP, trigger=level, reduce_only=True)
            state = await self.submit(order)
            assert state.venue_id, state

    def fill(self, order: Order, quantity: str) -> None:
        """The crowd comes to a resting order; nobody tells the run."""
        self.seat.exchange.control.fill(
            self.seat.name, order.symbol, client_id=order.id, quantity=Decimal(quantity)
        )

    def step(self, minutes: float) -> None:
        """Market time moves on."""
        self.seat.local.clock.step(round(minutes * MINUTE))
        self.seat.local.control.desk.beat()

    def send(self, order: Order) -> None:
        """The request of an order leaves; whatever comes back, nobody takes it."""
        intents, denied = self.manager.commit([order], f"d{self._orders}")
        assert not denied
        self._note(order, Happening.SENT)
        self.late.append(asyncio.create_task(self.seat.venue.send(intents[0])))

    def cancel(self, order: Order) -> None:
        """The same with a cancellation."""
        state = self.manager.ledger.orders[order.id]
        self._note(order, Happening.CANCEL_ASKED)
        self.late.append(asyncio.create_task(self.seat.venue.cancel(state.intent, state.venue_id)))

    def _note(self, order: Order, happening: Happening) -> None:
        self.manager.write(OrderEvent(self.clock.now_ms(), order.id, happening))

    async def silence(self, process: Process) -> None:
        """The run does nothing any more; what it had sent is on its way."""
        await self.manager.close()
        if process in (Process.ENDED, Process.LOCKED):
            self.journal.close()

    async def press(self) -> PanicRecord:
        """As `tradewind panic first` does it."""
        place = place_of(self.folder.about, "first")
        return await pressed(self.folder, place, self.clock)

    async def close(self) -> None:
        for task in self.late:
            task.cancel()
        await asyncio.gather(*self.late, return_exceptions=True)
        await self.manager.close()
        self.journal.close()


class Holder:
    """A process that has the run's lock, and for `LOCKED` its journal too."""

    def __init__(self, folder: Path, process: Process) -> None:
        what = "locked" if process is Process.LOCKED else "hung"
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", HOLDER, str(folder), what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "there\n"
        if process is Process.HUNG:
            self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@asynccontextmanager
async def staged(home: Path, place: Place, patch: pytest.MonkeyPatch, **account: Any) -> AsyncIterator[Stage]:
    """The exchange in virtual time, whose market stands; an account, and a run with an empty journal."""
    venue = "BITGET" if place.venue == "bitget" else "BINANCE"
    for name, value in (("KEY", KEYS.key), ("SECRET", KEYS.secret), ("PASSPHRASE", KEYS.passphrase)):
        patch.setenv(f"TRADEWIND_{venue}_LOCAL_{name}", value)
    clock = LoopClock(NOW)
    markets = coin_markets(["BTC", "ETH"], seed=1, start_ms=FIRST, bars=HISTORY + 300, kinds=[place.kind])
    opening = Opening("demo", KEYS.key, KEYS.secret, KEYS.passphrase, {"USDT": MONEY, **OWN}, {"USDT": MONEY})
    settings = Settings(markets, NOW, 0.0, limits=0.0, tls=False, wire=clock)
    async with await open_exchange(settings) as local:
        control = local.house(place.house).exchange.control
        control.open_account(
            opening.name, spot=opening.spot, futures=opening.futures, unified=place.unified, **account
        )
        control.add_key(opening.name, opening.key, opening.secret, None, opening.passphrase)
        seat = await _seat(local, place, opening.name, clock)
        stage = Stage(home, seat, clock)
        try:
            await stage.start()
            yield stage
        finally:
            local.faults.clear()
            await stage.close()
            await seat.venue.close()


async def _seat(local: LocalExchange, place: Place, name: str, clock: LoopClock) -> Seat:
    client = connect(
        place.venue,
        "local",
        keys=KEYS,
        at=local.url,
        kinds=[place.kind],
        unified=place.unified,
        streams=False,
        market_time=local.clock,
        wire_time=clock,
    )
    venue = await open_account(client, place.kind, clock=clock)
    return Seat(place, local, name, venue, [])
