"""Candles on disk: Parquet, one file for each venue, symbol and timeframe, always whole.

<root>/<venue>/<symbol>/5m.parquet        candles
<root>/<venue>/<symbol>/mark.5m.parquet   candles of the mark price
<root>/<venue>/<symbol>/funding.parquet   funding payments
<root>/<venue>/<symbol>/instrument.toml   tick, lot, fees, tiers
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from tradewind.data.instruments import KnownInstrument, instrument_toml, read_stored_instrument
from tradewind.data.naming import file_name, symbol_of_file
from tradewind.data.series import Candles, CandleSeries, Funding
from tradewind.data.timestamps import utc_text
from tradewind.files import locked, write_whole
from tradewind.market import DataError, Instrument, Timeframe

_TIME = pl.Datetime("ms", "UTC")


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """One line of the store's list: `start` and `end` are the first and last open time, UTC ms."""

    venue: str
    symbol: str
    timeframe: Timeframe
    bars: int
    start: int
    end: int
    funding: bool
    mark: bool


class CandleStore:
    """A folder of candle series. Reading never changes it; every write is whole or does not happen."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def write(self, series: CandleSeries, assumed: Sequence[str] = ()) -> None:
        """Put a series, its instrument, funding and mark in the place of what was stored under its name.

        Funding and mark that the series does not carry stay as they were.
        """
        self.write_instrument(KnownInstrument(series.instrument, tuple(assumed)))
        self.replace(series)

    def replace(self, series: CandleSeries) -> None:
        """As `write`, but the stored instrument stays."""
        folder = self._folder(series.instrument.venue, series.instrument.symbol)
        with locked(folder):
            if series.funding is not None:
                _write_funding(folder, series.funding)
            if series.mark is not None:
                _write_candles(_mark_file(folder, series.timeframe), series.mark)
            _write_candles(folder / f"{series.timeframe}.parquet", series.candles)

    def write_instrument(self, known: KnownInstrument) -> None:
        """Store what is known of an instrument, in the place of what was known before."""
        with locked(self._folder(known.instrument.venue, known.instrument.symbol)):
            self._write_instrument(known)

    def append(self, series: CandleSeries) -> int:
        """Merge a series' bars, funding and mark into what is stored; returns how many bars are new.

        The stored instrument stays. `DataError`, and nothing written, when a stored bar has other numbers.
        """
        folder = self._folder(series.instrument.venue, series.instrument.symbol)
        if not self.has_instrument(series.instrument.venue, series.instrument.symbol):
            self.write_instrument(KnownInstrument(series.instrument))
        name = series.instrument.symbol
        with locked(folder):
            target = folder / f"{series.timeframe}.parquet"
            merged, new = _merged(target, series.candles, name)
            CandleSeries(series.instrument, series.timeframe, merged)
            if series.mark is not None:
                mark_target = _mark_file(folder, series.timeframe)
                _write_candles(mark_target, _merged(mark_target, series.mark, f"{name} mark")[0])
            if series.funding is not None:
                _write_funding(folder, _merged_funding(folder, series.funding))
            if new or not target.exists():
                _write_candles(target, merged)
        return new

    def refuse_conflicts(self, series: CandleSeries) -> None:
        """`DataError` when `append` would refuse the series; nothing is written."""
        folder = self._folder(series.instrument.venue, series.instrument.symbol)
        name = series.instrument.symbol
        merged, _ = _merged(folder / f"{series.timeframe}.parquet", series.candles, name)
        CandleSeries(series.instrument, series.timeframe, merged)
        if series.mark is not None:
            _merged(_mark_file(folder, series.timeframe), series.mark, f"{name} mark")

    def append_mark(self, instrument: Instrument, timeframe: Timeframe, mark: Candles) -> int:
        """Merge candles of the mark price into those stored; returns how many are new."""
        folder = self._folder(instrument.venue, instrument.symbol)
        with locked(folder):
            merged, new = _merged(_mark_file(folder, timeframe), mark, f"{instrument.symbol} mark")
            _write_candles(_mark_file(folder, timeframe), merged)
        return new

    def append_funding(self, instrument: Instrument, funding: Funding) -> None:
        """Merge funding payments into those stored; the newer rate wins at an equal time."""
        folder = self._folder(instrument.venue, instrument.symbol)
        with locked(folder):
            _write_funding(folder, _merged_funding(folder, funding))

    def read(
        self, venue: str, symbol: str, timeframe: Timeframe, start: int | None = None, end: int | None = None
    ) -> CandleSeries:
        """The stored series, cut to bars that open in [start, end) UTC ms. `DataError` when there is none."""
        candles = self.candles(venue, symbol, timeframe)
        known = self.instrument(venue, symbol)
        series = CandleSeries(
            known.instrument,
            timeframe,
            candles,
            self.funding(venue, symbol),
            self.mark(venue, symbol, timeframe),
        )
        return series if start is None and end is None else series.between(start, end)

    def has_instrument(self, venue: str, symbol: str) -> bool:
        return (self._folder(venue, symbol) / "instrument.toml").exists()

    def candles(self, venue: str, symbol: str, timeframe: Timeframe) -> Candles:
        """The stored candles, unchecked, as the file has them."""
        path = self._folder(venue, symbol) / f"{timeframe}.parquet"
        if not path.exists():
            raise DataError(self._not_stored(venue, symbol, timeframe))
        return _read_candles(path)

    def has(self, venue: str, symbol: str, timeframe: Timeframe) -> bool:
        return (self._folder(venue, symbol) / f"{timeframe}.parquet").exists()

    def mark(self, venue: str, symbol: str, timeframe: Timeframe) -> Candles | None:
        path = _mark_file(self._folder(venue, symbol), timeframe)
        return _read_candles(path) if path.exists() else None

    def funding(self, venue: str, symbol: str) -> Funding | None:
        path = self._folder(venue, symbol) / "funding.parquet"
        return _read_funding(path) if path.exists() else None

    def instrument(self, venue: str, symbol: str) -> KnownInstrument:
        """What is known of the instrument, with the names of the values that were only assumed."""
        path = self._folder(venue, symbol) / "instrument.toml"
        if not path.exists():
            raise DataError(f"{symbol} on {venue} has no instrument.toml: import or download it again")
        known = read_stored_instrument(path)
        if (known.instrument.venue, known.instrument.symbol) != (venue, symbol):
            found = f"{known.instrument.symbol} on {known.instrument.venue}"
            raise DataError(
                f"{path} is of {found}, expected {symbol} on {venue}: put the folder back in its place"
            )
        return known

    def list(self) -> tuple[StoredSeries, ...]:
        """All series, by venue, symbol and length of bar."""
        found = []
        for path in sorted(self.root.glob("*/*/*.parquet")):
            if path.stem != "funding" and not path.name.startswith(("mark.", ".")):
                found.append(_described(path))
        return tuple(sorted(found, key=lambda s: (s.venue, s.symbol, s.timeframe.ms)))

    def _folder(self, venue: str, symbol: str) -> Path:
        return self.root / file_name(venue) / file_name(symbol)

    def _write_instrument(self, known: KnownInstrument) -> None:
        folder = self._folder(known.instrument.venue, known.instrument.symbol)
        text = instrument_toml(known)
        write_whole(folder / "instrument.toml", lambda path: path.write_text(text, encoding="utf-8"))

    def _not_stored(self, venue: str, symbol: str, timeframe: Timeframe) -> str:
        held = [f"{s.symbol} {s.timeframe} ({s.venue})" for s in self.list()]
        there = f"it holds {', '.join(held[:12])}" if held else "it is empty"
        return f"the store has no {timeframe} candles of {symbol} on {venue}: {there}; get them first"


def _mark_file(folder: Path, timeframe: Timeframe) -> Path:
    return folder / f"mark.{timeframe}.parquet"


def _write_candles(path: Path, candles: Candles) -> None:
    frame = pl.DataFrame({name: getattr(candles, name) for name in Candles.names()})
    frame = frame.with_columns(pl.col("open_time").cast(_TIME))
    write_whole(path, lambda target: frame.write_parquet(target, statistics=True))


def _write_funding(folder: Path, funding: Funding) -> None:
    frame = pl.DataFrame({"time": funding.time, "rate": funding.rate}).with_columns(
        pl.col("time").cast(_TIME)
    )
    write_whole(folder / "funding.parquet", lambda target: frame.write_parquet(target))


def _read_frame(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=list(columns))
    except (PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{path} cannot be read as candles ({reason}): delete it, import or download again"
        ) from None


def _read_candles(path: Path) -> Candles:
    frame = _read_frame(path, Candles.names())
    times = frame["open_time"].cast(pl.Int64).to_numpy().copy()
    return Candles(times, *(frame[name].cast(pl.Float64).to_numpy().copy() for name in Candles.names()[1:]))


def _read_funding(path: Path) -> Funding:
    frame = _read_frame(path, ("time", "rate"))
    return Funding(frame["time"].cast(pl.Int64).to_numpy().copy(), frame["rate"].to_numpy().copy())


def _merged(target: Path, fresh: Candles, name: str) -> tuple[Candles, int]:
    """Stored and fresh candles by time, and how many of the fresh were not stored yet."""
    if not target.exists():
        return fresh, len(fresh)
    stored = _read_candles(target)
    known = np.isin(fresh.open_time, stored.open_time)
    again = fresh.take(known)
    before = stored.take(np.searchsorted(stored.open_time, again.open_time))
    differs = ~again.same_rows(before)
    if differs.any():
        when = utc_text(again.open_time[int(np.argmax(differs))])
        raise DataError(
            f"{name}: {int(differs.sum())} bars are stored with other numbers, first at {when}: "
            "import with --replace to put the new ones in their place"
        )
    both = Candles.joined([stored, fresh.take(~known)])
    return both.take(np.argsort(both.open_time, kind="stable")), int((~known).sum())


def _merged_funding(folder: Path, fresh: Funding) -> Funding:
    path = folder / "funding.parquet"
    if not path.exists():
        return fresh
    stored = _read_funding(path)
    kept = ~np.isin(stored.time, fresh.time)
    times = np.concatenate([stored.time[kept], fresh.time])
    order = np.argsort(times, kind="stable")
    return Funding(times[order], np.concatenate([stored.rate[kept], fresh.rate])[order])


def _described(path: Path) -> StoredSeries:
    folder = path.parent
    timeframe = Timeframe(path.stem)
    try:
        span = pl.scan_parquet(path).select(
            pl.len(),
            pl.col("open_time").min().cast(pl.Int64).alias("a"),
            pl.col("open_time").max().cast(pl.Int64).alias("b"),
        )
        bars, start, end = span.collect().row(0)
    except (PolarsError, OSError) as error:
        raise DataError(
            f"{path} cannot be read as candles ({str(error).splitlines()[0]}): delete it"
        ) from None
    venue, symbol = symbol_of_file(folder.parent.name), symbol_of_file(folder.name)
    funding, mark = (folder / "funding.parquet").exists(), _mark_file(folder, timeframe).exists()
    return StoredSeries(venue, symbol, timeframe, bars, start or 0, end or 0, funding, mark)
