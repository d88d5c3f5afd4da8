"""Files of candles as people have them, read into columns: nothing is repaired here, and nothing guessed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tradewind.data.choices import TimesAre, VolumeIn
from tradewind.data.columns import SAYS_OPEN, TWELVE, plain_name, roles
from tradewind.data.faults import most_frequent_step
from tradewind.data.frames import SUFFIXES, numbers_of, read_frame
from tradewind.data.series import Candles, Floats, Funding, Times
from tradewind.data.time_columns import to_ms
from tradewind.market import ConfigError, DataError, Timeframe

_HEADER = "open_time,open,high,low,close,volume"


@dataclass(frozen=True, slots=True, eq=False)
class RawCandles:
    """The candles of one symbol in one file, in the file's order. `ticker` is as written there, or None."""

    source: Path
    ticker: str | None
    candles: Candles
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A file's rows and the role of each of its columns; all errors name the file."""

    path: Path
    frame: pl.DataFrame
    columns: dict[str, str]

    def required(self, role: str) -> str:
        if role not in self.columns:
            present = ", ".join(self.frame.columns)
            raise DataError(
                f"{self.path.name} has no column for {role} among {present}: rename one to {role}"
            )
        return self.columns[role]

    def times(self, name: str) -> Times:
        return to_ms(self.frame[name], f"{self.path.name}: column {name!r}")

    def numbers(self, name: str) -> Floats:
        return numbers_of(self.frame, name, self.path.name)


def read_candles(
    path: Path,
    *,
    times: TimesAre = TimesAre.OPEN,
    volume_in: VolumeIn = VolumeIn.BASE,
    timeframe: Timeframe | None = None,
    needs_volume: bool = True,
) -> list[RawCandles]:
    """The candles in a CSV (also .gz, .zip) or Parquet file, one entry for each ticker, rows as they are.

    Times become UTC ms of the open. With `times` CLOSE they are moved back by the timeframe (or the most
    frequent step). `DataError` says which column or row cannot be read.
    """
    table = _table(path)
    notes: list[str] = []
    name = _time_column(table, times)
    opened = table.times(name)
    if times is TimesAre.CLOSE:
        opened = _moved_to_open(path, opened, timeframe)
        notes.append(f"times in column {name!r} are closes: bars moved to when they opened")
    prices = [table.numbers(table.required(role)) for role in ("open", "high", "low", "close")]
    volume = _volume(table, volume_in, prices, needs_volume)
    if volume_in is VolumeIn.QUOTE:
        notes.append("volume was in quote currency: divided by the mean price of each bar")
    candles = Candles(opened, prices[0], prices[1], prices[2], prices[3], volume)
    return _by_ticker(table, candles, tuple(notes))


def read_funding(path: Path) -> Funding:
    """Funding payments from a CSV or Parquet file with a time and a rate column, in order of time."""
    table = _table(path)
    at = table.times(table.required("funding_time"))
    order = np.argsort(at, kind="stable")
    return Funding(at[order], table.numbers(table.required("funding_rate"))[order])


def files_of(paths: list[Path]) -> list[Path]:
    """The candle files that paths name: files themselves, and all of a folder, by name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and p.name.lower().endswith(SUFFIXES))
            if not inside:
                raise DataError(f"{path} holds no candle files: expected {', '.join(SUFFIXES)}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise DataError(f"there is no file or folder {path}: check the path")
    return found


def _table(path: Path) -> _Table:
    frame = read_frame(path, f"candles under a header such as {_HEADER}", TWELVE)
    return _Table(path, frame, roles(frame.columns))


def _time_column(table: _Table, times: TimesAre) -> str:
    opens, closes, name = table.columns.get("open_time"), table.columns.get("close_time"), table.path.name
    if times is TimesAre.CLOSE:
        if closes is not None:
            return closes
        if opens is not None and plain_name(opens) in SAYS_OPEN:
            raise ConfigError(
                f"{name}: --times close, but its column {opens!r} holds opens: leave --times out"
            )
    elif opens is None and closes is not None:
        raise DataError(
            f"{name} has only {closes!r} as time: say --times close, and bars are moved to when they opened"
        )
    if opens is None:
        raise DataError(
            f"{name} has no time column among {', '.join(table.frame.columns)}: call it open_time"
        )
    return opens


def _moved_to_open(path: Path, closed: Times, timeframe: Timeframe | None) -> Times:
    step = timeframe.ms if timeframe else most_frequent_step(closed)
    if step is None:
        raise DataError(
            f"{path.name} holds one bar: give --timeframe, or its open cannot be told from its close"
        )
    last_ms = (closed + 1) % 1000 == 0  # venues that write a close as 23:59:59.999 mean 00:00:00.000
    return np.asarray(np.where(last_ms, closed + 1, closed) - step, dtype=np.int64)


def _volume(table: _Table, volume_in: VolumeIn, prices: list[Floats], needed: bool) -> Floats:
    columns, name = table.columns, table.path.name
    if volume_in is VolumeIn.QUOTE:
        quote_volume = table.numbers(columns.get("quote_volume") or table.required("volume"))
        return np.asarray(quote_volume / (sum(prices) / 4))
    if "volume" in columns:
        return table.numbers(columns["volume"])
    others = [c for c in table.frame.columns if c != columns.get("quote_volume")]
    named = [c for c in others if plain_name(c).startswith(("volume_", "vol_"))]
    if len(named) == 1:
        return table.numbers(named[0])
    if not needed:
        return np.zeros(table.frame.height)
    if "quote_volume" in columns:
        raise DataError(f"{name} has volume in quote currency only: say --volume-in quote to convert it")
    raise DataError(f"{name} has no column for volume among {', '.join(others)}: rename one to volume")


def _by_ticker(table: _Table, candles: Candles, notes: tuple[str, ...]) -> list[RawCandles]:
    if "ticker" not in table.columns:
        return [RawCandles(table.path, None, candles, notes)]
    tickers = table.frame[table.columns["ticker"]].cast(pl.String).fill_null("").str.strip_chars()
    return [
        RawCandles(table.path, ticker or None, candles.take((tickers == ticker).to_numpy()), notes)
        for ticker in tickers.unique(maintain_order=True).to_list()
    ]
