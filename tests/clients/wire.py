"""The local exchange and real ccxt clients of it, by address and by real host names, for questions about orders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from tests.gateway.exchange_here import loopback, settings
from tradewind.clients import Keys, connect
from tradewind.clients.outcomes import Asked, of_error, of_reply
from tradewind.exchange.ledger import OrderRow
from tradewind.gateway.bitget.v3.dialect import ROUTES
from tradewind.gateway.compose import LocalExchange, Opening, open_exchange
from tradewind.gateway.faults.rules import Rule, rule_of
from tradewind.market import Outcome

_numbers = count(1)
WAYS = ("address", "host names")


@dataclass(frozen=True)
class Place:
    """One market of one venue, and the table that its codes stand in."""

    name: str
    venue: str  # ccxt's id
    symbol: str
    table: str
    unified: bool = False

    @property
    def house(self) -> str:
        return "bitget" if self.venue == "bitget" else "binance"

    @property
    def is_swap(self) -> bool:
        return ":" in self.symbol

    def __str__(self) -> str:
        return self.name


PLACES = [
    Place("binance spot", "binance", "BTC/USDT", "Binance Spot"),
    Place("binance usdm", "binanceusdm", "BTC/USDT:USDT", "Binance USD-M"),
    Place("binance usdm by the client of both", "binance", "BTC/USDT:USDT", "Binance USD-M"),
    Place("bitget spot", "bitget", "BTC/USDT", "Bitget"),
    Place("bitget swap", "bitget", "BTC/USDT:USDT", "Bitget"),
]
if any(route.path == "/api/v3/trade/place-order" for route in ROUTES):
    PLACES += [
        Place("bitget unified spot", "bitget", "BTC/USDT", "Bitget", unified=True),
        Place("bitget unified swap", "bitget", "BTC/USDT:USDT", "Bitget", unified=True),
    ]


class Seat:
    """One account's client at one place: what it asks becomes an outcome."""

    def __init__(self, wire: Wire, place: Place, way: str, account: str, client: Any) -> None:
        self.wire, self.place, self.way, self.account, self.client = wire, place, way, account, client
        self.exchange = wire.local.house(place.house).exchange

    def new_id(self) -> str:
        return f"tw-{next(_numbers)}"

    def price(self, factor: float) -> float:
        """The last price times a factor, on the grid."""
        ticker = self.wire.run(self.client.fetch_ticker(self.place.symbol))
        return float(self.client.price_to_precision(self.place.symbol, ticker["last"] * factor))

    def place_order(
        self, client_id: str, kind: str = "limit", factor: float = 0.9, **changes: Any
    ) -> Outcome:
        """An order to buy 0.01 by default, that rests below the market."""
        side, amount = changes.pop("side", "buy"), changes.pop("amount", 0.01)
        price = self.price(factor) if kind == "limit" or self.place.venue == "bitget" else None
        return self.ask(
            lambda: self.client.create_order(
                self.place.symbol, kind, side, amount, price, {"clientOrderId": client_id} | changes
            ),
            Asked.PLACE,
            client_id,
        )

    def cancel(self, client_id: str) -> Outcome:
        named = {"clientOrderId": client_id}
        return self.ask(lambda: self.client.cancel_order("", self.place.symbol, named), Asked.CANCEL)

    def query(self, client_id: str) -> Outcome:
        named = {"clientOrderId": client_id}
        return self.ask(lambda: self.client.fetch_order("", self.place.symbol, named), Asked.QUERY, client_id)

    def ask(
        self, call: Callable[[], Awaitable[Any]], asked: Asked = Asked.PLACE, client_id: str | None = None
    ) -> Outcome:
        return self.wire.run(self.outcome(call, asked, client_id))

    async def outcome(
        self, call: Callable[[], Awaitable[Any]], asked: Asked = Asked.PLACE, client_id: str | None = None
    ) -> Outcome:
        try:
            reply = await call()
        except Exception as error:  # noqa: BLE001 - what is tested
            return of_error(error, asked)
        return of_reply(reply, client_id)

    def ledger(self, client_id: str) -> list[str]:
        """Ids of all orders, plain and conditional, that the venue ever took under that client id."""
        plain = [
            str(row.order_id)
            for row in self.exchange.ledger.rows(0)
            if isinstance(row, OrderRow)
            and (row.account, row.client_id, row.execution) == (self.account, client_id, "new")
        ]
        algos = self.exchange.records.algos(self.account)
        return plain + [str(algo.id) for algo in algos if algo.client_id == client_id]

    def leave_nothing(self) -> None:
        self.exchange.cancel_all(self.account)
        self.exchange.cancel_all_conditional(self.account)


class Wire:
    """An exchange, and seats at it, in an event loop that runs while somebody asks."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self._runner = asyncio.Runner()
        self.local: LocalExchange = self.run(open_exchange(settings(folder, **{"limits": 0.0} | changes)))
        self._seats: dict[tuple[Place, str], Seat] = {}

    def run(self, work: Any) -> Any:
        async def awaited() -> Any:
            return await work

        return self._runner.run(awaited())

    def seat(self, place: Place, way: str) -> Seat:
        """The same for the same question."""
        if (place, way) not in self._seats:
            self._seats[place, way] = self.new_seat(place, way)
        return self._seats[place, way]

    def new_seat(self, place: Place, way: str, **account: Any) -> Seat:
        """A new account with 100,000 USDT in both wallets, and a client of it with its markets loaded.

        `way` is one of `WAYS`, or an address of its own that leads to the exchange.
        """
        opening = Opening.secret_of(f"account-{next(_numbers)}", {"USDT": Decimal(100_000)})
        control = self.local.house(place.house).exchange.control
        control.open_account(
            opening.name, spot=opening.spot, futures=opening.futures, unified=place.unified, **account
        )
        control.add_key(opening.name, opening.key, opening.secret, passphrase=opening.passphrase)
        keys = Keys(opening.key, opening.secret, opening.passphrase)

        async def client() -> Any:
            address = self.local.url if way == "address" else way
            at = loopback(self.local) if way == "host names" else address
            found = connect(place.venue, "local", keys=keys, at=at, unified=place.unified)
            await found.load_markets()
            return found

        return Seat(self, place, way, opening.name, self.run(client()))

    @contextmanager
    def fault(self, do: str, **settings: Any) -> Iterator[Rule]:
        """One fault in force; whatever it holds back is let go at the end."""
        rule = self.local.faults.add(rule_of({"do": do} | settings))
        try:
            yield rule
        finally:
            self.local.faults.clear()

    def stop(self) -> None:
        for seat in self._seats.values():
            self.run(seat.client.close())
        self.run(self.local.stop())
        self._runner.close()
