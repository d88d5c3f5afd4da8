"""From a run's description to its account at the venue, with a client of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.clients.connect import Environment, connect
from tradewind.clients.credentials import Credentials, load_credentials
from tradewind.clients.local_clock import LocalClock
from tradewind.data.naming import parts
from tradewind.market import Clock, ConfigError, Instrument, Kind
from tradewind.trading.journal.run_folder import RunFolder

if TYPE_CHECKING:
    from tradewind.venues.remote import RemoteAccount


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run trades, as its `run.json` says."""

    venue: str
    environment: Environment
    kind: Kind
    symbols: tuple[str, ...]
    mode: str
    account: str
    unified: bool = False
    at: str | None = None  # the address of a local exchange

    def credentials(self) -> Credentials:
        return load_credentials(self.venue, self.environment)


def place_of(about: Mapping[str, Any], name: str) -> RunPlace:
    """`ConfigError` for a run of paper, which has nothing at any venue, and for a description that lacks a part."""
    if about.get("mode") == "paper":
        raise ConfigError(f"run {name!r} trades on paper: it has no account at a venue")
    try:
        at, symbols = about.get("at"), tuple(about["symbols"])
        return RunPlace(
            venue=about["venue"],
            environment=Environment.LOCAL if at else Environment(about["place"]),
            kind=parts(symbols[0])[2],
            symbols=symbols,
            mode=about["mode"],
            account=about["account"],
            unified=bool(about.get("unified", False)),
            at=at,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigError(
            f"run.json of {name!r} lacks or misspells {error}: start the run once more"
        ) from error


def described(folder: RunFolder) -> dict[str, Any]:
    """What the run is, by its `run.json` or, where that is lost, by its journal."""
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.panic.estate import readable

    try:
        return folder.about
    except ConfigError:
        if not folder.journal.exists():
            raise
        with readable(folder.journal) as path, Journal.open(path) as journal:
            return journal.session


@asynccontextmanager
async def reach(
    place: RunPlace, clock: Clock, instruments: Iterable[Instrument] = ()
) -> AsyncIterator[RemoteAccount]:
    """The account, open. `VenueUnavailable` while its markets cannot be read. Requests are signed by `clock`."""
    from tradewind.venues.remote import open_account

    keys = place.credentials().keys
    market = None if place.at is None else LocalClock(place.at)
    if market is not None:
        await market.ask()
    client = connect(
        place.venue,
        place.environment,
        keys=keys,
        at=place.at,
        kinds=[place.kind],
        unified=place.unified,
        streams=False,
        market_time=market,
        wire_time=clock,
    )
    try:
        yield await open_account(client, place.kind, clock=clock, instruments=instruments)
    finally:
        await client.close()


def folder_of(home: Path, name: str) -> RunFolder:
    return RunFolder(home / "runs" / name)
