"""What a bot made, from a file: one column of returns or equity for each of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tradewind.data.choices import Holds
from tradewind.data.columns import plain_name
from tradewind.data.frames import numbers_of, read_frame
from tradewind.data.series import Floats, Times
from tradewind.data.time_columns import to_ms
from tradewind.market import ConfigError, DataError
from tradewind.statistics import checked_equity

_TIMES = ("close_time", "time", "timestamp", "datetime", "date", "day", "ts", "open_time", "index", "")
_EQUITY = ("equity", "balance", "nav", "value", "wealth", "capital", "portfolio", "account")
_RETURNS = ("return", "returns", "ret", "rets", "pct_change")
_EXPECTED = "a time column and one or more of returns or equity, such as time,return"
_TOO_LARGE = 0.2  # a mean return of a row beyond this is per cent or money


@dataclass(frozen=True, slots=True, eq=False)
class TrackRecord:
    """Equity [M, N] of N trials at M times (UTC ms), each beginning at a positive amount."""

    names: tuple[str, ...]
    close_time: Times
    equity: Floats


def read_track_record(path: Path, columns: Sequence[str] = (), holds: Holds | None = None) -> TrackRecord:
    """The trials of a CSV or Parquet file: all columns beside its time, or those that `columns` names.

    What they hold is told by their names, else by their numbers; `DataError` or `ConfigError` where neither tells.
    """
    frame = read_frame(path, _EXPECTED)
    time = _time_column(path, frame)
    names = _trial_columns(path, frame, time, columns)
    times = to_ms(frame[time], f"{path.name}: column {time!r}")
    values = np.stack([numbers_of(frame, name, path.name) for name in names], axis=1)
    missing = np.argwhere(~np.isfinite(values))
    if len(missing):
        row, column = missing[0]
        raise DataError(
            f"{path.name}: column {names[column]!r} has no number at data row {row + 1}: every trial needs one "
            "at every time"
        )
    if len(times) > 1 and (np.diff(times) < 0).all():
        times, values = times[::-1].copy(), values[::-1].copy()  # newest first, as many exports have it
    _refuse_disorder(path, times)
    if len(times) < 2:
        raise DataError(f"{path.name} holds one row: a record needs two or more")
    if (holds or _held(path, names, values)) is Holds.EQUITY:
        return TrackRecord(names, times, _equity(path, names, values))
    return _from_returns(path, names, times, values)


def _time_column(path: Path, frame: pl.DataFrame) -> str:
    present = {plain_name(name): name for name in reversed(frame.columns)}
    for name in _TIMES:
        if name in present:
            return present[name]
    raise DataError(f"{path.name} has no time column among {', '.join(frame.columns)}: expected {_EXPECTED}")


def _trial_columns(path: Path, frame: pl.DataFrame, time: str, wanted: Sequence[str]) -> tuple[str, ...]:
    there = [name for name in frame.columns if name != time and not _empty(frame[name])]
    for name in wanted:
        if name not in there:
            raise ConfigError(f"{path.name} has no column {name!r}: there are {', '.join(there)}")
    if wanted:
        return tuple(dict.fromkeys(wanted))
    if not there:
        raise DataError(f"{path.name} has only a time column: expected {_EXPECTED}")
    if len(there) > 1 and len({_named(name) for name in there}) > 1:
        raise ConfigError(
            f"{path.name} holds {', '.join(there)}, which are not all of one kind: choose with --column"
        )
    return tuple(there)


def _empty(column: pl.Series) -> bool:
    """A column without a name and without a value, as a comma at the end of each line makes it."""
    return not plain_name(column.name) and bool((column.is_null() | (column.cast(pl.String) == "")).all())


def _named(name: str) -> Holds | None:
    words = set(plain_name(name).split("_"))
    if plain_name(name) in _RETURNS or words & {"return", "returns", "ret", "rets"}:
        return Holds.RETURNS
    return Holds.EQUITY if words & set(_EQUITY) else None


def _held(path: Path, names: tuple[str, ...], values: Floats) -> Holds:
    named = {_named(name) for name in names}
    if len(named) == 1 and (kind := named.pop()) is not None:
        return kind
    if len(named) > 1:
        raise ConfigError(
            f"{path.name}: {', '.join(names)} are not all of one kind: judge one kind at a time"
        )
    if (values < 0).any():
        return Holds.RETURNS
    if (values > 0).all() and values.min() > 1:
        return Holds.EQUITY
    raise ConfigError(
        f"{path.name}: whether {', '.join(names)} are returns or equity cannot be told: say --as returns or "
        "--as equity"
    )


def _refuse_disorder(path: Path, times: Times) -> None:
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(late):
        raise DataError(
            f"{path.name}: the time at data row {late[0] + 2} is not after the row before it: expected one row "
            "for each time, in order"
        )


def _equity(path: Path, names: tuple[str, ...], values: Floats) -> Floats:
    for name, column in zip(names, values.T, strict=True):
        try:
            checked_equity(column)
        except DataError as error:
            raise DataError(f"{path.name}, column {name!r}: {error}") from None
    return values


def _from_returns(path: Path, names: tuple[str, ...], times: Times, values: Floats) -> TrackRecord:
    worst = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    if values.min() < -1 or float(np.abs(values).mean()) > _TOO_LARGE:
        raise DataError(
            f"{path.name}: {names[worst[1]]!r} has a return of {values[worst]:g} at data row {worst[0] + 1}: "
            "expected fractions, 0.01 for one per cent, never money"
        )
    step = int(np.median(np.diff(times)))
    equity = np.cumprod(np.concatenate([np.ones((1, len(names))), 1 + values]), axis=0)
    return TrackRecord(names, np.concatenate([times[:1] - step, times]), equity)
