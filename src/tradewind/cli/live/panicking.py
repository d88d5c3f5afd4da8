"""What `tradewind panic` does: close what a run owns, from another process, also when the run hangs or is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import typer

from tradewind.cli.common import print_json
from tradewind.cli.live.books import known_place
from tradewind.cli.live.reaching import RunPlace, described, folder_of, place_of, reach
from tradewind.cli.tables import say, stderr, stdout
from tradewind.market import (
    Clock,
    Command,
    CommandKind,
    ConfigError,
    Inconsistent,
    VenueUnavailable,
    WallClock,
)
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.panic.alone import alone
from tradewind.trading.panic.closing import Who
from tradewind.trading.panic.estate import Estate, estate_of, less
from tradewind.trading.panic.panic import SECONDS, ExitCode, Panic
from tradewind.trading.panic.panic_record import PanicRecord, panic_files
from tradewind.trading.panic.traded import complete
from tradewind.trading.terms.account_venue import AccountVenue

RETRY_SECONDS = 1.0
Tell = Callable[[str], None]


def press(name: str, *, account: bool, yes: bool, home: Path, as_json: bool) -> None:
    """The whole of `tradewind panic`; ends with its exit code."""
    folder = folder_of(home, name)
    place = place_of(described(folder), name)
    if account and not yes:
        _confirm(name, place)
    console = stderr()
    record = asyncio.run(
        pressed(folder, place, WallClock(), everything=account, tell=lambda text: say(console, text))
    )
    if as_json:
        print_json({"run": name, "written": str(record.path), **_told(record)})
    else:
        _say(name, record)
    raise typer.Exit(int(record.code or 0))


def _confirm(name: str, place: RunPlace) -> None:
    typed = typer.prompt(
        f"This closes EVERYTHING in the account at {place.venue} ({place.environment}), also what the run never "
        f"bought. Type {name} to go on",
        err=True,
    )
    if typed != name:
        raise ConfigError(f"{typed!r} is not {name!r}: nothing was closed")


async def pressed(
    folder: RunFolder, place: RunPlace, clock: Clock, *, everything: bool = False, tell: Tell = lambda _: None
) -> PanicRecord:
    """Press it once, after whoever is at it already; what it did."""
    now = clock.now_ms()
    record = PanicRecord.begin(folder.path, now, "account" if everything else "run")
    record.step(now, "press")  # a run that starts from now on sees it
    try:
        folder.send(Command(CommandKind.PANIC, now, "tradewind panic"))
    except OSError as error:  # a full disk is no reason to keep positions
        tell(f"The run was not told: {error.filename}: {error.strerror}")
    async with alone(folder.path, clock, tell):
        return await _close(folder, place, clock, record, everything, tell)


async def _close(
    folder: RunFolder, place: RunPlace, clock: Clock, record: PanicRecord, everything: bool, tell: Tell
) -> PanicRecord:
    estate = _estate(folder, place)
    who = Who(place.mode, place.account)
    until = clock.now_ms() + round(SECONDS * 1000)
    while True:
        try:
            async with reach(place, clock, estate.instruments.values()) as venue:
                known = await _without_earlier(venue, folder, estate, record, tell)
                panic = Panic(
                    venue,
                    clock,
                    known,
                    who,
                    record,
                    everything=everything,
                    tell=tell,
                    again=lambda: _estate(folder, place),
                )
                await panic.run()
                return record
        except VenueUnavailable as error:
            tell(f"no answer: {error}")
            record.residue = [str(error)]
            record.end(clock.now_ms(), ExitCode.UNREACHABLE)
        if clock.now_ms() > until:
            return record
        await clock.sleep(RETRY_SECONDS)


def _estate(folder: RunFolder, place: RunPlace) -> Estate:
    """Also where the database's URL cannot be filled in: then it is a journal that cannot be read."""
    try:
        return estate_of(known_place(folder), place.symbols, folder.fallback)
    except ConfigError as error:
        return Estate(place.symbols, trouble=str(error))


async def _without_earlier(
    venue: AccountVenue, folder: RunFolder, estate: Estate, record: PanicRecord, tell: Tell
) -> Estate:
    """What earlier presses closed, of which the journal knows nothing yet, is not closed again."""
    for path in panic_files(folder.path):
        if path == record.path:
            continue
        try:
            earlier = PanicRecord.read(path)
            await complete(venue, earlier, estate.last_trade_at)
        except (Inconsistent, OSError) as error:  # no reason to keep positions: the venue says what is there
            tell(f"What an earlier panic did is not known: {error}")
            continue
        estate = less(estate, earlier.fills)
    return estate


def _told(record: PanicRecord) -> dict[str, object]:
    return {
        "flat": record.flat,
        "code": record.code,
        "orders": record.orders,
        "fills": [{"symbol": f.symbol, "quantity": f.quantity, "price": f.price} for f in record.fills],
        "residue": record.residue,
        "dust": record.dust,
    }


def _say(name: str, record: PanicRecord) -> None:
    console = stdout()
    for fill in record.fills:
        say(console, f"{fill.symbol}: {fill.quantity:f} at {fill.price:f}")
    for text in record.dust:
        say(console, f"Dust: {text}")
    for text in record.residue:
        say(console, f"LEFT: {text}")
    if record.flat:
        say(console, f"Flat. Run {name} is halted until it is re-armed.")
    else:
        say(console, "NOT FLAT: press it again, or close by hand what is left.")
    say(console, f"Written down in {record.path}")
