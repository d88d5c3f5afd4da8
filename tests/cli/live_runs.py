"""A run at a local exchange as its folder shows it, for commands that are processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tradewind
from tests.cli.forking import Forked, forked
from tests.venues.remote.seats import Place, Seat, exchange_now, seated
from tradewind.market import Order, WallClock
from tradewind.market.instrument_json import instrument_to_dict
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.order_states import client_id

CAPITAL = 20_000.0
SOURCE = str(Path(tradewind.__file__).parents[1])  # for processes in another folder
TESTS = str(Path(__file__).parents[2])


@dataclass
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class LiveRun:
    """A journal and an order manager at a real account, without an engine."""

    def __init__(self, home: Path, seat: Seat, keys: tuple[str, str, str]) -> None:
        self.home, self.seat, self.keys = home, seat, keys
        self.folder = RunFolder(home / "runs" / "first")
        self._orders = 0

    async def start(self) -> None:
        seat = self.seat
        symbols = [seat.symbol, seat.symbol.replace("BTC", "ETH")]
        listed = await seat.venue.instruments(symbols)
        about = {
            "mode": "testnet",
            "account": seat.name,
            "venue": seat.place.venue,
            "place": "local",
            "unified": seat.place.unified,
            "symbols": symbols,
            "at": seat.local.url,
        }
        self.folder.describe(about)
        session = {
            **about,
            "capital": CAPITAL,
            "instruments": [instrument_to_dict(listed[s]) for s in symbols],
            "version": tradewind.__version__,
        }
        self.journal = Journal.create(self.folder.journal, session)
        ledger = OrderLedger(listed.values())
        self.manager = OrderManager(
            self.journal, ledger, seat.venue, WallClock(), lambda _: None, lambda _: None
        )
        await self.manager.start()

    async def trade(self, quantity: str, symbol: str = "") -> None:
        """A market order of the run, and its fills in the journal."""
        self._orders += 1
        symbol = symbol or self.seat.symbol
        lot = self.manager.ledger.instruments[symbol].lot
        lots = int(float(quantity) / float(lot))
        name = client_id("testnet", self.seat.name, symbol, self._orders)
        await self.manager.submit([Order(name, symbol, lots)], f"d{self._orders}")
        for _ in range(100):
            await self.manager.refresh()
            if self.manager.ledger.orders[name].done:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(self.manager.ledger.orders[name])

    async def spawn(self, *words: str) -> Forked:
        """`tradewind WORDS` as a process that stays."""
        log = (self.home / "spawned.log").open("wb")
        return await forked(
            *(*words, "--home", str(self.home)), env=self._environment(), cwd=self.home, err=log
        )

    def _environment(self) -> dict[str, str]:
        venue = "BITGET" if self.seat.place.venue == "bitget" else "BINANCE"
        named = dict(zip(("KEY", "SECRET", "PASSPHRASE"), self.keys))
        keys = {f"TRADEWIND_{venue}_LOCAL_{k}": v for k, v in named.items()}
        return {**os.environ, **keys, "PYTHONPATH": os.pathsep.join((SOURCE, TESTS))}

    async def command(self, *words: str, typed: str = "", hurried: bool = False) -> Said:
        """`tradewind WORDS` as a process; `hurried`: one whose waits take an eighth of their time."""
        process = await forked(
            *(*words, "--home", str(self.home)),
            env=self._environment(),
            cwd=self.home,
            typed=typed,
            hurried=hurried,
        )
        out, err = await process.communicate()
        return Said(process.returncode or 0, out.decode(), err.decode())

    async def panic(self, *words: str, name: str = "first", typed: str = "") -> Said:
        """`tradewind panic first`, whose waits take an eighth of their time."""
        return await self.command("panic", name, *words, typed=typed, hurried=True)

    async def close(self) -> None:
        await self.manager.close()
        self.journal.close()


@asynccontextmanager
async def live_run(home: Path, place: Place, **account: Any) -> AsyncIterator[LiveRun]:
    home.mkdir(exist_ok=True)
    async with exchange_now(home) as local, seated(local, place, **account) as seat:
        client = seat.venue.client
        run = LiveRun(home, seat, (client.apiKey, client.secret, client.password or "x"))
        await run.start()
        try:
            yield run
        finally:
            await run.close()


def holdings(seat: Seat, coins: Sequence[str] = ("BTC", "ETH")) -> dict[str, str]:
    """What the exchange itself says, of coins or of positions."""
    if seat.place.is_spot:
        wallet = seat.exchange.treasury.account(seat.name).spot
        return {c: str(wallet[c].free + wallet[c].locked) for c in coins if c in wallet}
    return {p.symbol: str(p.quantity) for p in seat.exchange.positions.all(seat.name) if p.quantity}
