"""From files to series: whose candles they are, how long a bar is, and whether they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tradewind.data import faults
from tradewind.data.choices import DEFAULT_VENUE, Repair, TimesAre, VolumeIn
from tradewind.data.instruments import (
    KnownInstrument,
    build_instrument,
    read_instrument_file,
    with_measured_tick,
)
from tradewind.data.naming import parts, symbol_in_file_name, unified_symbol
from tradewind.data.reading import RawCandles, files_of, read_candles
from tradewind.data.series import Candles, CandleSeries
from tradewind.data.store import CandleStore
from tradewind.data.timestamps import utc_text
from tradewind.market import ConfigError, DataError, Kind, Timeframe


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A series that came from files, what is known of its instrument, and what was done on the way."""

    series: CandleSeries
    known: KnownInstrument
    sources: tuple[Path, ...]
    notes: tuple[str, ...]


TELLING = 10  # bars from which the step of a file is taken as its timeframe


def import_file(
    path: Path | str,
    *,
    venue: str = DEFAULT_VENUE,
    kind: Kind | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    instrument: Path | None = None,
    repair: Repair = Repair.REFUSE,
    times: TimesAre = TimesAre.OPEN,
    volume_in: VolumeIn = VolumeIn.BASE,
) -> Imported:
    """The one series in a file. See `import_files`; a file with several tickers is a `DataError` here."""
    found = import_files(
        [Path(path)],
        venue=venue,
        kind=kind,
        symbol=symbol,
        timeframe=timeframe,
        instrument=instrument,
        repair=repair,
        times=times,
        volume_in=volume_in,
    )
    if len(found) > 1:
        raise DataError(f"{path} holds {len(found)} symbols, expected one: use import_files")
    return found[0]


def import_files(
    paths: Sequence[Path],
    *,
    venue: str = DEFAULT_VENUE,
    kind: Kind | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    instrument: Path | None = None,
    repair: Repair = Repair.REFUSE,
    times: TimesAre = TimesAre.OPEN,
    volume_in: VolumeIn = VolumeIn.BASE,
) -> list[Imported]:
    """One series for each symbol in files and folders, several files of a symbol joined in order of time.

    Symbols come from `symbol`, else the ticker column, else the file name; the timeframe is the most frequent
    step and must equal `timeframe` when one is given. Impossible bars, contradicting duplicates, disorder and
    bars off the grid are refused with counts (`DataError`), or left out with `Repair.DROP`. Nothing filled.
    """
    kind = kind_of(kind, symbol)
    raw = [
        r
        for p in files_of(list(paths))
        for r in read_candles(p, times=times, volume_in=volume_in, timeframe=timeframe)
    ]
    groups = by_symbol(raw, symbol, kind)
    found = []
    for name, pieces in groups.items():
        candles, frame, notes = settled(name, pieces, timeframe, repair)
        if instrument is None:
            known = build_instrument(venue, name, {})
        else:
            known = read_instrument_file(instrument, venue, name)
        known = with_measured_tick(known, candles.close)
        series = CandleSeries(known.instrument, frame, candles)
        found.append(Imported(series, known, tuple(dict.fromkeys(p.source for p in pieces)), notes))
    return found


def store_imported(
    store: CandleStore, found: Sequence[Imported], replace: bool = False, states_instrument: bool = False
) -> list[int]:
    """Put imported series into the store; returns how many bars of each are new there.

    They join what is stored, or with `replace` take its place. A stored instrument stays unless the import
    states one. `DataError` before anything is written when a stored bar has other numbers.
    """
    if not replace:
        for one in found:
            store.refuse_conflicts(one.series)
    new = []
    for one in found:
        series = one.series
        if states_instrument or not store.has_instrument(series.instrument.venue, series.instrument.symbol):
            store.write_instrument(one.known)
        if replace:
            store.replace(series)
        new.append(len(series) if replace else store.append(series))
    return new


def kind_of(kind: Kind | None, symbol: str | None) -> Kind:
    """Spot unless the user or the symbol says otherwise; `ConfigError` when the two disagree."""
    if symbol is None or ":" not in symbol:
        return kind or Kind.SPOT
    stated = parts(symbol.upper())[2]
    if kind is not None and kind is not stated:
        raise ConfigError(f"--symbol {symbol} is a {stated}, but --kind says {kind}: leave one out")
    return stated


def by_symbol(raw: Sequence[RawCandles], symbol: str | None, kind: Kind) -> dict[str, list[RawCandles]]:
    """The pieces of each symbol, under its unified name."""
    groups: dict[str, list[RawCandles]] = {}
    for piece in raw:
        groups.setdefault(_symbol_of(piece, symbol, kind), []).append(piece)
    tickers = {p.ticker for p in raw if p.ticker}
    if symbol is not None and len(tickers) > 1:
        raise ConfigError(
            f"--symbol {symbol} names one symbol, but the files hold {', '.join(sorted(tickers))}"
        )
    return groups


def _symbol_of(piece: RawCandles, symbol: str | None, kind: Kind) -> str:
    if symbol is not None:
        return unified_symbol(symbol, kind)
    if piece.ticker is not None:
        return unified_symbol(piece.ticker, kind)
    name = symbol_in_file_name(piece.source.name.split(".")[0], kind)
    if name is None:
        raise ConfigError(f"{piece.source.name} names no symbol: give it as --symbol BTC/USDT")
    return name


def settled(
    name: str, pieces: Sequence[RawCandles], timeframe: Timeframe | None, repair: Repair
) -> tuple[Candles, Timeframe, tuple[str, ...]]:
    """Candles in order, each once and possible, their timeframe, and notes on what was done to get there."""
    _refuse_mixed_timeframes(name, pieces)
    notes = [note for piece in pieces for note in piece.notes]
    problems: list[str] = []
    candles = _in_order(pieces, notes, problems)
    candles = _without_faults(candles, notes, problems)
    if len(candles) < 2:
        _refuse(name, problems, repair)
        raise DataError(f"{name} holds {_bars(len(candles))} that can be used, expected at least two")
    frame = _timeframe(name, candles, timeframe)
    stray = faults.off_grid(candles.open_time, frame.ms)
    if stray.any():
        when = utc_text(candles.open_time[int(np.argmax(stray))])
        problems.append(f"{_bars(int(stray.sum()))} off the {frame} grid of the others, first at {when}")
        candles = candles.take(~stray)
    _refuse(name, problems, repair)
    return candles, frame, tuple(dict.fromkeys(notes + [f"left out or sorted: {p}" for p in problems]))


def _refuse(name: str, problems: Sequence[str], repair: Repair) -> None:
    if problems and repair is Repair.REFUSE:
        raise DataError(
            f"{name} has {'; '.join(problems)}: mend it, or leave such rows out with --repair drop"
        )


def _in_order(pieces: Sequence[RawCandles], notes: list[str], problems: list[str]) -> Candles:
    """All pieces as one, sorted by time; a file that runs backwards throughout is only turned round."""
    ordered = []
    for piece in pieces:
        candles = piece.candles
        backward = faults.backward_steps(candles)
        if len(candles) > 1 and (np.diff(candles.open_time) <= 0).all() and backward.any():
            notes.append(f"{piece.source.name} runs from the newest bar to the oldest: turned round")
            candles = candles.take(slice(None, None, -1))
        elif backward.any():
            when = utc_text(candles.open_time[int(np.argmax(backward))])
            where = f"in {piece.source.name}, first at {when}"
            problems.append(f"{_bars(int(backward.sum()))} earlier than the row above {where}")
        ordered.append(candles)
    joined = Candles.joined(ordered)
    return joined.take(np.argsort(joined.open_time, kind="stable"))


def _without_faults(candles: Candles, notes: list[str], problems: list[str]) -> Candles:
    """Only possible bars, each time once; what was wrong is added to the problems."""
    for fault in faults.impossible_bars(candles):
        problems.append(fault.sentence())
    broken = np.zeros(len(candles), dtype=bool)
    for fault in faults.impossible_bars(candles):
        broken |= fault.rows
    candles = candles.take(~broken)
    same = faults.identical_duplicates(candles)
    if same.any():
        notes.append(f"{_bars(int(same.sum()))} occur twice with equal numbers: kept once")
        candles = candles.take(~same)
    conflict = faults.conflicting_duplicates(candles)
    if conflict.any():
        when = utc_text(candles.open_time[int(np.argmax(conflict))])
        problems.append(f"{int(conflict.sum())} rows that give one time different numbers, first at {when}")
        candles = candles.take(~conflict)
    return candles


def _refuse_mixed_timeframes(name: str, pieces: Sequence[RawCandles]) -> None:
    """Files of one symbol are joined only where their bars are equally long."""
    steps: dict[int, str] = {}
    for piece in pieces:
        if len(piece.candles) < TELLING:
            continue
        step = faults.most_frequent_step(np.unique(piece.candles.open_time))
        if step is not None:
            steps.setdefault(step, piece.source.name)
    if len(steps) > 1:
        found = " and ".join(f"{step / 60_000:g} minutes in {file}" for step, file in steps.items())
        raise DataError(f"{name} has bars of {found}: import the files of one timeframe at a time")


def _timeframe(name: str, candles: Candles, wanted: Timeframe | None) -> Timeframe:
    step = faults.most_frequent_step(candles.open_time)
    assert step is not None  # each time occurs once, and there are at least two
    try:
        found = Timeframe.from_ms(step)
    except ConfigError:
        raise DataError(
            f"{name} has bars {step / 1000:g} seconds apart: a timeframe is at least a whole minute"
        ) from None
    if wanted is not None and wanted.ms != found.ms:
        raise DataError(
            f"{name} has bars of {found}, but --timeframe says {wanted}: leave it out or give the right file"
        )
    return found


def _bars(count: int) -> str:
    return f"{count} {'bar' if count == 1 else 'bars'}"
