"""`tradewind data`: candles in, checked, listed, downloaded, or made by a synthetic world."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Bars, Home, print_json, writable
from tradewind.cli.tables import say, stderr, stdout
from tradewind.data.choices import DEFAULT_VENUE, Repair, TimesAre, VolumeIn
from tradewind.market import ConfigError, Kind, Timeframe

if TYPE_CHECKING:
    from tradewind.data.downloading import Downloaded, Plan
    from tradewind.data.importing import Imported
    from tradewind.data.series import CandleSeries
    from tradewind.data.store import CandleStore

data_app = typer.Typer(help="Candles: import, check, list, download, synth.", no_args_is_help=True)


@data_app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="CSV, gz, zip or Parquet files, or folders of them.")],
    venue: Annotated[str, typer.Option(help="The name to store them under.")] = DEFAULT_VENUE,
    symbol: Annotated[
        str | None, typer.Option(help="BTC/USDT; else the ticker column or the file name.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="What the candles are of [spot].")] = None,
    timeframe: Bars = None,
    instrument: Annotated[Path | None, typer.Option(help="TOML with tick, lot, fees, tiers.")] = None,
    funding: Annotated[
        Path | None, typer.Option(help="Funding payments (time, rate) of the one symbol.")
    ] = None,
    mark: Annotated[Path | None, typer.Option(help="Candles of the mark price of the one symbol.")] = None,
    repair: Annotated[
        Repair, typer.Option(help="drop: leave rows out that cannot be trusted.")
    ] = Repair.REFUSE,
    times: Annotated[TimesAre, typer.Option(help="What the file's times name.")] = TimesAre.OPEN,
    volume_in: Annotated[VolumeIn, typer.Option(help="What the volume counts.")] = VolumeIn.BASE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the new bars in the place of stored ones.")
    ] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Take candles as people have them. All files are read and judged before anything is stored."""
    from tradewind.cli.data_tables import print_imported
    from tradewind.data.extras import with_funding_and_mark
    from tradewind.data.importing import import_files, store_imported

    writable(home / "candles")
    found = import_files(
        paths,
        venue=venue,
        kind=kind,
        symbol=symbol,
        timeframe=_timeframe(timeframe),
        instrument=instrument,
        repair=repair,
        times=times,
        volume_in=volume_in,
    )
    found = with_funding_and_mark(found, funding, mark)
    store = _store(home)
    new = store_imported(store, found, replace, states_instrument=instrument is not None)
    assumed = kind is None and not (symbol and ":" in symbol)  # nobody said it, so it is spot
    if as_json:
        print_json([_imported_facts(one, bars, assumed) for one, bars in zip(found, new)])
    else:
        print_imported(found, new, assumed)


@data_app.command("check")
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files to check as they are; none: the store.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue of the store.")] = None,
    symbol: Annotated[list[str] | None, typer.Option("--symbol", "-s", help="Only these symbols.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="What the candles in files are of [spot].")] = None,
    timeframe: Bars = None,
    times: Annotated[TimesAre, typer.Option(help="What a file's times name.")] = TimesAre.OPEN,
    volume_in: Annotated[VolumeIn, typer.Option(help="What a file's volume counts.")] = VolumeIn.BASE,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong: gaps, duplicates, disorder, impossible bars, symbols that do not line up.

    Exit code 0: fine, 1: warnings, 2: bad.
    """
    from tradewind.cli.data_tables import print_report
    from tradewind.data.checking import check_files, check_store

    frame = _timeframe(timeframe)
    if paths:
        only = _one(symbol)
        report = check_files(paths, kind=kind, symbol=only, timeframe=frame, times=times, volume_in=volume_in)
    else:
        report = check_store(_store(home), venue, symbol or (), frame)
    if as_json:
        print_json({"verdict": report.severity.name.lower(), **dataclasses.asdict(report)})
    else:
        print_report(report)
    raise typer.Exit(int(report.severity))


@data_app.command("list")
def list_(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Tell what is stored."""
    from tradewind.cli.data_tables import print_list

    held = _store(home).list()
    if as_json:
        print_json([{**dataclasses.asdict(s), "timeframe": str(s.timeframe)} for s in held])
        return
    print_list(held)


@data_app.command("download")
def download_(
    venue: Annotated[str, typer.Argument(help="A venue of ccxt, such as binance.")],
    symbols: Annotated[list[str], typer.Argument(help="BTC/USDT is spot, BTC/USDT:USDT a perpetual.")],
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="Length of a bar: 1m, 5m, 1h, 1d.")],
    start: Annotated[
        str | None, typer.Option(help="First time, UTC [the first stored bar, else a year ago].")
    ] = None,
    end: Annotated[str | None, typer.Option(help="Time to stop before, UTC [now].")] = None,
    funding: Annotated[bool, typer.Option(help="Funding payments of perpetuals, too.")] = True,
    mark: Annotated[bool, typer.Option(help="Candles of the mark price of perpetuals, too.")] = True,
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="Symbols at a time.")] = 4,
    base_url: Annotated[str | None, typer.Option(help="Another address, such as a local exchange's.")] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Fetch candles, or go on where the last download stopped. Only closed bars; gaps are asked for again.

    Exit code 1: a symbol has gaps or failed in part, 3: the venue could not be reached.
    """
    from tradewind.cli.data_tables import print_downloaded
    from tradewind.data.downloading import Plan
    from tradewind.data.timestamps import parse_utc

    writable(home / "candles")
    plan = Plan(
        venue=venue,
        symbols=tuple(dict.fromkeys(symbols)),
        timeframe=Timeframe(timeframe),
        start=None if start is None else parse_utc(start),
        end=None if end is None else parse_utc(end),
        funding=funding,
        mark=mark,
        concurrency=concurrency,
    )
    done = asyncio.run(fetch(plan, _store(home), base_url, quiet=as_json))
    if as_json:
        print_json([dataclasses.asdict(d) for d in done])
    else:
        print_downloaded(done)
        for failed in (d for d in done if d.error):
            say(stderr(), f"Error: {failed.error}")
    if any(d.error for d in done):
        raise typer.Exit(3 if any(d.unreachable for d in done) else 2)
    raise typer.Exit(1 if any(d.missing or d.dropped for d in done) else 0)


@data_app.command("synth")
def synth(
    world: Annotated[str, typer.Argument(help="The name of a synthetic world: W0 to W9, demo.")],
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", "-s", help="Symbols [the world's own].")
    ] = None,
    bars: Annotated[int, typer.Option(min=2, help="How many bars.")] = 8_760,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same candles.")] = 0,
    timeframe: Bars = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the new bars in the place of stored ones.")
    ] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make candles of a world whose best possible result is known, and store them like any others."""
    from tradewind.data.aligning import series_of
    from tradewind.data.worlds import generate

    writable(home / "candles")
    made = series_of(generate(world, bars, seed, timeframe, symbol or None).market)
    store = _store(home)
    if not replace:
        _refuse_others(store, made)
    for series in made:
        store.write(series)
    if as_json:
        print_json([_series_facts(series) for series in made])
        return
    for series in made:
        told = _series_facts(series)
        say(stdout(), f"{told['venue']} {told['symbol']} {told['timeframe']}: {len(series):,} bars stored")


def _refuse_others(store: CandleStore, made: list[CandleSeries]) -> None:
    """`ConfigError` where other candles are stored under the names of these."""
    for series in made:
        venue, symbol = series.instrument.venue, series.instrument.symbol
        if not store.has(venue, symbol, series.timeframe):
            continue
        stored = store.candles(venue, symbol, series.timeframe)
        if len(stored) != len(series) or not stored.same_rows(series.candles).all():
            raise ConfigError(
                f"other candles of {symbol} ({series.timeframe}) are stored under {venue}: add --replace to put "
                "these in their place, or name a --symbol"
            )


async def fetch(
    plan: Plan, store: CandleStore, base_url: str | None = None, quiet: bool = False
) -> list[Downloaded]:
    """Download what the plan says, with a progress bar in a terminal."""
    from tradewind.clients.public import public_client
    from tradewind.data.downloading import download
    from tradewind.data.patience import VenueReader
    from tradewind.market import WallClock

    client = public_client(plan.venue, base_urls=base_url)
    if not quiet:
        say(stderr(), f"Asking {base_url or plan.venue} ...")
    try:
        with _bars_shown(quiet) as (shown, trying_again):
            reader = VenueReader(client, WallClock(), on_retry=trying_again)
            return await download(reader, store, plan, shown)
    finally:
        await client.close()


@contextmanager
def _bars_shown(quiet: bool) -> Iterator[tuple[Callable[[str, int, int], None], Callable[[int, int], None]]]:
    """In a terminal, on stderr: a progress bar for each thing that is fetched, and a line for each retry."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    console = stderr()
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden) as progress:

        def show(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = progress.add_task(label, total=total)
            progress.update(tasks[label], completed=done, total=total)

        def trying_again(attempt: int, attempts: int) -> None:
            if not hidden:
                say(console, f"no answer, trying again ({attempt} of {attempts})")

        yield show, trying_again


def _store(home: Path) -> CandleStore:
    from tradewind.data.store import CandleStore

    return CandleStore(home / "candles")


def _timeframe(text: str | None) -> Timeframe | None:
    return None if text is None else Timeframe(text)


def _one(symbols: list[str] | None) -> str | None:
    if symbols and len(symbols) > 1:
        raise ConfigError(f"--symbol names {len(symbols)} symbols, but files are checked as one: name one")
    return symbols[0] if symbols else None


def _series_facts(series: CandleSeries) -> dict[str, Any]:
    return {
        "venue": series.instrument.venue,
        "symbol": series.instrument.symbol,
        "timeframe": str(series.timeframe),
        "bars": len(series),
        "start": int(series.open_time[0]),
        "end": int(series.open_time[-1]),
    }


def _imported_facts(one: Imported, new: int, kind_assumed: bool) -> dict[str, Any]:
    return {
        **_series_facts(one.series),
        "new_bars": new,
        "sources": [str(p) for p in one.sources],
        "assumed": [*(["kind"] if kind_assumed else []), *one.known.assumed],
        "notes": list(one.notes),
    }
