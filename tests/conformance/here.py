"""One local exchange for the suite, in a thread of its own, and a fresh account for every client of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tests.conformance.places import Place
from tests.conformance.reading import Reading
from tests.conformance.world import DAYS_BEFORE, markets
from tradewind.clients import Keys
from tradewind.exchange.accounts import Permission
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange

SPEED = 60.0  # a market minute each second: the tape moves while a test waits
_names = count(1)


class Served:
    """The exchange and the loop that it runs in."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        table = markets()
        start = int(table[0].open_time[DAYS_BEFORE * 1440])
        settings = Settings(markets=table, start_ms=start, speed=SPEED, seed=7, tls=False)
        self.exchange: LocalExchange = self.run(open_exchange(settings))

    def run(self, work: Any) -> Any:
        """The result of a coroutine in the exchange's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def call(self, function: Any, *arguments: Any) -> Any:
        """The result of a plain function in the exchange's loop."""
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(function(*arguments))
            except Exception as error:  # noqa: BLE001 - handed to the caller
                future.set_exception(error)

        self.loop.call_soon_threadsafe(work)
        return future.result(30)

    def control(self, place: Place) -> Any:
        """What opens accounts and moves money at that place's venue."""
        return self.exchange.house("bitget" if place.venue == "bitget" else "binance").exchange.control

    def pass_time(self, milliseconds: int) -> None:
        """Market time jumps on, and everything happens that falls due."""

        def jump() -> None:
            self.exchange.clock.step(milliseconds)
            for house in self.exchange.houses:
                house.refresh()

        self.call(jump)

    def open_account(self, place: Place) -> tuple[str, Keys]:
        """A new account with money in both wallets, and its keys."""
        name = f"account-{next(_names)}"
        funds = {"USDT": Decimal(100_000)}
        opening = Opening.secret_of(name, funds)
        control = self.control(place)

        def open_it() -> None:
            control.open_account(name, spot=opening.spot, futures=opening.futures, unified=place.unified)
            control.add_key(name, opening.key, opening.secret, frozenset(Permission), opening.passphrase)

        self.call(open_it)
        return name, Keys(opening.key, opening.secret, opening.passphrase)

    def wipe(self, place: Place, account: str) -> None:
        """Nothing is held or open any more: every point of the tape checks the margin of every position."""
        self.call(self.control(place).wipe, account)

    def stop(self) -> None:
        self.run(self.exchange.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)


@dataclass
class Here:
    """A connected client of one place. The last three are those of a local place alone."""

    place: Place
    client: Any
    market: dict[str, Any]
    served: Served | None = None
    account: str = ""
    reading: Reading | None = None

    @property
    def symbol(self) -> str:
        return self.place.symbol

    @property
    def wallet(self) -> dict[str, str]:
        """What tells ccxt which wallet is meant."""
        return {"type": "swap"} if self.place.is_swap else {}

    def pass_time(self, milliseconds: int) -> None:
        """Local only: market time jumps on."""
        assert self.served is not None
        self.served.pass_time(milliseconds)

    def deposit(self, coin: str, amount: int) -> None:
        """Local only: money from outside into the spot wallet."""
        assert self.served is not None
        self.served.call(self.served.control(self.place).deposit, self.account, coin, Decimal(amount))

    def withdraw(self, coin: str, amount: int) -> None:
        """Local only: money out of the spot wallet."""
        assert self.served is not None
        self.served.call(self.served.control(self.place).withdraw, self.account, coin, Decimal(amount))

    async def last(self) -> float:
        return float((await self.client.fetch_ticker(self.symbol))["last"])

    async def amount(self, notional: float = 500.0) -> float:
        """An amount of about that worth, on the market's grid."""
        return float(self.client.amount_to_precision(self.symbol, notional / await self.last()))

    async def to_buy(self, amount: float) -> float:
        """What ccxt must be given to buy that amount at the market: a unified Bitget account spends quote on spot."""
        if self.place.unified and not self.place.is_swap:
            return round(amount * await self.last(), 2)
        return amount

    def average(self, order: dict[str, Any]) -> float:
        """The average price of an order; that of a unified Bitget account ccxt leaves in the reply."""
        found = order["info"]["avgPrice"] if self.place.unified else order["average"]
        return float(found)

    async def price(self, factor: float) -> float:
        """The last price times a factor, on the grid."""
        return float(self.client.price_to_precision(self.symbol, factor * await self.last()))

    async def until(self, found: Any, seconds: float = 10.0) -> Any:
        """The first true value of an asynchronous function; fails when none comes in time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            value = await found()
            if value:
                return value
            assert loop.time() < end, f"nothing came within {seconds} seconds"
            await asyncio.sleep(0.05)


@asynccontextmanager
async def connected(place: Place, served: Served | None) -> AsyncIterator[Here]:
    """A client with markets loaded; on a real venue nothing stays open. `served` is for local places."""
    if served is not None:
        account, keys = served.open_account(place)
        client = place.client(served.exchange.url, keys)
    else:
        account, found = "", place.keys()
        if found is None:
            pytest.skip(f"no keys: set {place.variables}KEY and {place.variables}SECRET")
        client = place.client(None, found)
    reading = Reading(client) if served is not None else None
    try:
        await client.load_markets()
        yield Here(place, client, client.market(place.symbol), served, account, reading)
        if not place.local:
            await _leave_nothing(client, place)
    finally:
        await client.close()
        if served is not None:
            served.wipe(place, account)


async def _leave_nothing(client: Any, place: Place) -> None:
    for order in await client.fetch_open_orders(place.symbol):
        await client.cancel_order(order["id"], place.symbol)
    if place.is_swap:
        for position in await client.fetch_positions([place.symbol]):
            if position["contracts"]:
                side = "sell" if position["side"] == "long" else "buy"
                await client.create_order(
                    place.symbol, "market", side, position["contracts"], params={"reduceOnly": True}
                )
