"""Accounts at a local exchange whose market time is that of the wire, through real clients over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.gateway.exchange_here import MINUTE, settings
from tests.promises.virtual_time import wire_clock
from tradewind.clients import Keys, connect
from tradewind.data import patience
from tradewind.data.coins import coin_markets
from tradewind.exchange import Exchange, Permission
from tradewind.gateway.compose import LocalExchange, Opening, open_exchange
from tradewind.gateway.faults.rules import Rule, rule_of
from tradewind.market import CashFlow, Clock, Kind, OrderType, WallClock
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.order_states import Intent, client_id
from tradewind.trading.terms.order_venue import OrderReport, Trade
from tradewind.venues.remote import RemoteAccount, lanes, open_account

HISTORY = 400  # bars before now
_numbers = count(1)


@dataclass(frozen=True)
class Place:
    """A market of a venue, and how it is reached."""

    name: str
    venue: str
    kind: Kind
    unified: bool = False

    @property
    def house(self) -> str:
        return "bitget" if self.venue == "bitget" else "binance"

    @property
    def symbol(self) -> str:
        return "BTC/USDT" if self.kind is Kind.SPOT else "BTC/USDT:USDT"

    @property
    def is_spot(self) -> bool:
        return self.kind is Kind.SPOT

    def __str__(self) -> str:
        return self.name


BINANCE_SPOT = Place("binance spot", "binance", Kind.SPOT)
BINANCE_USDM = Place("binance usdm", "binanceusdm", Kind.PERPETUAL)
BINANCE_BOTH = Place("binance usdm by the client of both", "binance", Kind.PERPETUAL)
BITGET_SPOT = Place("bitget spot", "bitget", Kind.SPOT)
BITGET_SWAP = Place("bitget futures", "bitget", Kind.PERPETUAL)
UNIFIED_SPOT = Place("bitget unified spot", "bitget", Kind.SPOT, unified=True)
UNIFIED_SWAP = Place("bitget unified futures", "bitget", Kind.PERPETUAL, unified=True)
PLACES = [
    BINANCE_SPOT,
    BINANCE_USDM,
    BINANCE_BOTH,
    BITGET_SPOT,
    BITGET_SWAP,
    UNIFIED_SPOT,
    UNIFIED_SWAP,
]
# By another client or account type: the same protocols, so `make test` leaves them to the long run.
LESSER = (BINANCE_BOTH, UNIFIED_SPOT, UNIFIED_SWAP)


def each(places: Iterable[Place]) -> list[Any]:
    """Places as parameters of a test."""
    return [pytest.param(p, marks=pytest.mark.slow if p in LESSER else (), id=str(p)) for p in places]


@dataclass
class Heard:
    """All that the stream told, in order."""

    connections: int = 0
    breaks: list[str] = field(default_factory=list)
    orders: list[OrderReport] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    flows: list[CashFlow] = field(default_factory=list)
    readings: list[AccountReading] = field(default_factory=list)

    def connected(self) -> None:
        self.connections += 1

    def disconnected(self, why: str) -> None:
        self.breaks.append(why)

    def order(self, report: OrderReport) -> None:
        self.orders.append(report)

    def trade(self, trade: Trade) -> None:
        self.trades.append(trade)

    def cash_flow(self, flow: CashFlow) -> None:
        self.flows.append(flow)

    def reading(self, reading: AccountReading) -> None:
        self.readings.append(reading)


@dataclass
class Seat:
    """One account at one place, and the exchange on the other side."""

    place: Place
    local: LocalExchange
    name: str
    venue: RemoteAccount
    told: list[ApiCall]

    @property
    def clock(self) -> Clock:
        """The time of the wire."""
        return self.local.clock.wire

    @property
    def exchange(self) -> Exchange:
        return self.local.house(self.place.house).exchange

    @property
    def symbol(self) -> str:
        return self.place.symbol

    @property
    def lot(self) -> Decimal:
        return self.venue.listing.instrument(self.symbol).lot

    def price(self, factor: float = 1.0) -> Decimal:
        """The last price times a factor, on the grid."""
        last = self.exchange.tape.last(self.symbol)
        return self.venue.listing.instrument(self.symbol).round_price(last * Decimal(str(factor)))

    def intent(self, quantity: str = "0.01", **changes: Any) -> Intent:
        """A market order to buy unless said otherwise; a negative quantity sells."""
        number = next(_numbers)
        values: dict[str, Any] = {
            "at": self.clock.now_ms(),
            "client_id": client_id("testnet", self.name, self.symbol, number),
            "symbol": self.symbol,
            "lots": int(Decimal(quantity) / self.lot),
            "reduce_only": False,
            "decision_id": f"d{number}",
            "previous_hash": "",
        }
        return Intent(**values | changes)

    def resting(self, factor: float = 0.9, **changes: Any) -> Intent:
        return self.intent(type=OrderType.LIMIT, price=self.price(factor), **changes)

    def orders_named(self, name: str) -> int:
        """How many orders, plain and conditional, the venue ever took under a client id."""
        records = self.exchange.records
        plain = [o for o in records.orders(self.name, self.symbol, limit=10_000) if o.client_id == name]
        algos = [a for a in records.algos(self.name) if a.client_id == name]
        return max(len(plain), len(algos))

    def fault(self, do: str, **settings: Any) -> Rule:
        """One fault in force until `local.faults.clear()`."""
        return self.local.faults.add(rule_of({"do": do} | settings))


@asynccontextmanager
async def exchange_now(folder: Path, **changes: Any) -> AsyncIterator[LocalExchange]:
    """An exchange whose candles end now and whose time runs as the wall's does."""
    wire = wire_clock()
    now = wire.now_ms() // MINUTE * MINUTE
    start = now - HISTORY * MINUTE
    values: dict[str, Any] = {
        "markets": coin_markets(["BTC", "ETH"], seed=1, start_ms=start, bars=HISTORY + 200),
        "start_ms": wire.now_ms(),
        "speed": 1.0,
        "wire": wire,
        "limits": 0.0,
        "tls": False,
        "accounts": (),
    }
    async with await open_exchange(settings(folder, **values | changes)) as exchange:
        with patch.object(lanes, "_WALL", wire), patch.object(patience, "_WALL", wire):
            yield exchange


@asynccontextmanager
async def seated(local: LocalExchange, place: Place, **account: Any) -> AsyncIterator[Seat]:
    """A new account with 100,000 USDT and its venue, with the instruments read."""
    opening = Opening.secret_of(f"account-{next(_numbers)}", {"USDT": Decimal(100_000)})
    control = local.house(place.house).exchange.control
    control.open_account(
        opening.name,
        **{"spot": opening.spot, "futures": opening.futures, "unified": place.unified} | account,
    )
    permissions = frozenset(Permission) - {Permission.WITHDRAW, Permission.TRANSFER}
    control.add_key(opening.name, opening.key, opening.secret, permissions, opening.passphrase)
    keys = Keys(opening.key, opening.secret, opening.passphrase)
    client = client_of(place, keys, local)
    told: list[ApiCall] = []
    try:
        venue = await open_account(client, place.kind, clock=wire_clock(), on_request=told.append)
        await venue.instruments([place.symbol])
        yield Seat(place, local, opening.name, venue, told)
    finally:
        local.faults.clear()
        await client.close()


def client_of(place: Place, keys: Keys, local: LocalExchange) -> Any:
    """A client of one kind of market. Where time is virtual, it is the client's too."""
    wire = wire_clock()
    virtual = {} if isinstance(wire, WallClock) else {"market_time": wire, "wire_time": wire}
    return connect(
        place.venue, "local", keys=keys, at=local.url, kinds=[place.kind], unified=place.unified, **virtual
    )


@asynccontextmanager
async def listening(seat: Seat, listener: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(seat.venue.listen(listener))
    try:
        yield
    finally:
        task.cancel()
        result = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(result, asyncio.CancelledError), result


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for something that the sockets must bring."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
