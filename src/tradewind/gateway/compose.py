"""Puts a local exchange together: houses, dialects, sockets, accounts, snapshot. Command, demo and tests use this."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tradewind.exchange import DepthShape, Exchange, Listing, MarketClock, listing_of
from tradewind.gateway import snapshots
from tradewind.gateway.binance.spot import BinanceSpot
from tradewind.gateway.binance.usdm import BinanceUsdm
from tradewind.gateway.bitget.listings import bitget_listing
from tradewind.gateway.bitget.v2.dialect import BitgetV2
from tradewind.gateway.bitget.v3.dialect import BitgetV3
from tradewind.gateway.control import PREFIX, ControlApi
from tradewind.gateway.door import CannotListen
from tradewind.gateway.faults import Faults
from tradewind.gateway.house import House, LimitProfile
from tradewind.gateway.reach import Authority, authority_in, default_folder
from tradewind.gateway.server import Server
from tradewind.gateway.wire import Dialect
from tradewind.market import Clock, ConfigError, Instrument, Market


class Spoken(Protocol):
    """How a dialect is made, and its name."""

    @property
    def name(self) -> str: ...

    def __call__(self, house: House) -> Dialect: ...


# Every protocol family that is spoken. A new one is named here and nowhere else.
DIALECTS: dict[str, tuple[Spoken, ...]] = {
    "binance": (BinanceSpot, BinanceUsdm),
    "bitget": (BitgetV2, BitgetV3),
}
# How a venue lists an instrument, where it is not as the core does.
LISTINGS: dict[str, Callable[[Instrument], Listing]] = {"bitget": bitget_listing}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Opening:
    """An account as it begins: its key on every venue, which may read and trade, and what it has in both wallets."""

    name: str
    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    spot: dict[str, Decimal] = field(default_factory=dict)
    futures: dict[str, Decimal] = field(default_factory=dict)
    unified: bool = False  # at Bitget: served by v3 alone

    @classmethod
    def local(cls, name: str, balances: dict[str, Decimal]) -> Opening:
        """With the same amounts in both wallets, and a key that is easy to type: fit for loopback only."""
        return cls(name, f"{name}-key", f"{name}-secret", f"{name}-pass", dict(balances), dict(balances))

    @classmethod
    def secret_of(cls, name: str, balances: dict[str, Decimal]) -> Opening:
        """As `local`, with a key that nobody can guess."""
        key, secret, passphrase = (secrets.token_hex(size) for size in (32, 32, 8))
        return cls(name, key, secret, passphrase, dict(balances), dict(balances))


@dataclass(frozen=True, slots=True)
class Settings:
    """What an exchange is made of. Ports of 0 are chosen by the system.

    `limits` scales the venues' rate limits: None as the venue, more where market time is faster; 0 none.
    `authority` None is that of the user. With `snapshot` the state is taken from that file where there is one,
    and written to it at the end and on request. Accounts that are in the file stay as they are there; others open.

    `ledger_limit` rows of each venue's ledger and `keep_orders` closed orders stay in memory. Older rows go to a
    file beside the snapshot, or to one without a name, from where the ledger reads them again.
    """

    markets: Sequence[Market]
    start_ms: int
    speed: float = 1.0
    seed: int = 0
    accounts: Sequence[Opening] = ()
    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = True
    tls_port: int = 0
    limits: float | None = None
    snapshot: Path | None = None
    authority: Path | None = None
    wire: Clock | None = None
    shape: DepthShape | None = None
    ledger_limit: int = 100_000
    keep_orders: int = 10_000

    @property
    def limit_scale(self) -> float:
        return max(1.0, self.speed) if self.limits is None else self.limits


@dataclass(slots=True)
class LocalExchange:
    """An exchange that answers. `async with` stops it. `control` does what /tradewind/ does.

    `accounts` are all that have a key, those of a snapshot included.
    """

    settings: Settings
    accounts: tuple[Opening, ...]
    houses: tuple[House, ...]
    server: Server
    faults: Faults
    control: ControlApi
    clock: MarketClock
    authority: Authority | None
    port: int
    tls_port: int  # 0 without TLS

    @property
    def url(self) -> str:
        """Its origin for plain HTTP, http://127.0.0.1:PORT."""
        return f"http://{self.host}:{self.port}"

    @property
    def host(self) -> str:
        """As it stands in a URL."""
        host = self.settings.host
        return f"[{host}]" if ":" in host else host

    def house(self, venue: str) -> House:
        return next(house for house in self.houses if house.venue == venue)

    async def stop(self) -> None:
        """Close all connections; then write the snapshot, where one was asked for."""
        self.faults.clear()
        await self.server.stop()
        if self.settings.snapshot is not None:
            snapshots.save(self.settings.snapshot, self.houses, self.settings.start_ms)

    async def __aenter__(self) -> LocalExchange:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def open_exchange(settings: Settings) -> LocalExchange:
    """Binance and Bitget from the same markets, in this event loop; returns once clients can connect.

    `ConfigError` when a port is taken, `DataError` when the snapshot does not fit.
    """
    clock = MarketClock(settings.start_ms, settings.speed, settings.wire)
    houses = tuple(_house(venue, settings, clock) for venue in DIALECTS)
    if settings.snapshot is not None:
        snapshots.restore(settings.snapshot, houses, clock)
    for house in houses:
        _open_accounts(house, settings.accounts)
    dialects = [speak(house) for house in houses for speak in DIALECTS[house.venue]]
    faults = Faults(houses, dialects)
    control = ControlApi(houses, faults)
    server = Server(houses, dialects, interceptor=faults, extra={PREFIX: control})
    control.desk.beat = server.beat
    if settings.snapshot is not None:
        control.desk.keep = partial(snapshots.save, settings.snapshot, houses, settings.start_ms)
    authority = authority_in(settings.authority or default_folder()) if settings.tls else None
    try:
        port, tls_port = await server.start(
            settings.host, settings.port, settings.tls_port, authority.server_context() if authority else None
        )
    except CannotListen as error:
        await server.stop()
        raise ConfigError(
            f"port {error.port or 'any'} of {settings.host} cannot be opened ({error.reason}): choose another "
            f"with {'--tls-port' if error.secure else '--port'}, 0 for any that is free"
        ) from error
    accounts = _accounts(houses)
    return LocalExchange(
        settings, accounts, houses, server, faults, control, clock, authority, port, tls_port
    )


def _house(venue: str, settings: Settings, clock: MarketClock) -> House:
    listing = LISTINGS.get(venue, listing_of)
    exchange = Exchange(
        settings.markets,
        listings=[listing(i) for market in settings.markets for i in market.instruments],
        seed=settings.seed,
        start_ms=settings.start_ms,
        wire=clock.wire,
        shape=settings.shape,
        ledger_limit=settings.ledger_limit,
        ledger_spill=settings.snapshot and snapshots.ledger_beside(settings.snapshot, venue),
        keep_orders=settings.keep_orders,
    )
    return House(venue, exchange, clock, LimitProfile(settings.limit_scale))


def _open_accounts(house: House, openings: Sequence[Opening]) -> None:
    control = house.exchange.control
    for opening in openings:
        if opening.name in house.exchange.treasury.accounts:
            continue
        unified = opening.unified and house.venue == "bitget"
        control.open_account(opening.name, spot=opening.spot, futures=opening.futures, unified=unified)
        control.add_key(opening.name, opening.key, opening.secret, passphrase=opening.passphrase)


def _accounts(houses: Sequence[House]) -> tuple[Opening, ...]:
    """Those with a key, as they are now at the first venue."""
    treasury = houses[0].exchange.treasury
    unified = {a.id for house in houses for a in house.exchange.treasury.accounts.values() if a.unified}
    return tuple(
        Opening(
            key.account,
            key.key,
            key.secret,
            key.passphrase,
            {asset: one.free + one.locked for asset, one in treasury.account(key.account).spot.items()},
            dict(treasury.account(key.account).futures),
            key.account in unified,
        )
        for key in treasury.keys.values()
    )
