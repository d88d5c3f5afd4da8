"""Times as files have them, turned into UTC milliseconds; never through the machine's own time zone."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradewind.market import DataError

# Seconds, ms, us and ns since 1970 do not overlap for any date from 1973 to 5138.
_SECONDS_FROM, _MS_FROM, _US_FROM, _NS_FROM = 10**8, 10**11, 10**14, 10**17
_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_OFFSET = r"([+-])(\d{2}):?(\d{2})?$"


def to_ms(column: pl.Series, where: str) -> NDArray[np.int64]:
    """A column of dates, texts or numbers as UTC ms. Naive times are UTC.

    `where` names file and column for the `DataError` that meets a value which is no time.
    """
    kind = column.dtype
    if kind == pl.String:
        return _from_text(column.str.strip_chars(), where)
    _refuse_missing(column, column.is_null(), where)
    if kind.is_numeric():
        return _from_numbers(column, where)
    if kind == pl.Date or isinstance(kind, pl.Datetime):
        return column.cast(pl.Datetime("ms") if kind == pl.Date else kind).dt.epoch("ms").to_numpy().copy()
    raise DataError(f"{where} holds {kind}, which is no time: expected dates, ISO text or a Unix time")


def _from_numbers(column: pl.Series, where: str) -> NDArray[np.int64]:
    if column.dtype.is_float():
        _refuse_missing(column, ~column.is_finite(), where)
    numbers = column.to_numpy()
    small = pl.Series(numbers < _SECONDS_FROM)
    _refuse_missing(column, small, where)
    if column.dtype.is_float():
        # Seconds may carry a fraction; the other units are whole.
        seconds = np.where(numbers < _MS_FROM, np.round(numbers * 1000), np.round(numbers))
        return _scaled(seconds.astype(np.int64))
    whole = numbers.astype(np.int64)
    return _scaled(np.where(whole < _MS_FROM, whole * 1000, whole))


def _scaled(ms_or_finer: NDArray[np.int64]) -> NDArray[np.int64]:
    divisor = np.where(ms_or_finer < _US_FROM, 1, np.where(ms_or_finer < _NS_FROM, 1_000, 1_000_000))
    return np.asarray(ms_or_finer // divisor, dtype=np.int64)


def _from_text(column: pl.Series, where: str) -> NDArray[np.int64]:
    _refuse_missing(column, column.is_null() | (column == ""), where)
    if column.str.contains(r"^\d{9,}$").all():
        return _from_numbers(column.cast(pl.Int64), where)
    if column.str.contains(r"^\d{9,}(\.\d*)?$").all():
        return _from_numbers(column.cast(pl.Float64), where)
    plain, offset_ms = _without_offset(column)
    moment = _parsed(plain)
    _refuse_missing(column, moment.is_null(), where)
    return np.asarray(moment.dt.epoch("ms").to_numpy() - offset_ms, dtype=np.int64)


def _without_offset(column: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    """Texts like '2021-04-04 21:00:00' and the ms that their offsets east of UTC came to."""
    text = column.str.replace(r"\s*(Z|UTC|GMT)$", "").str.replace("T", " ", literal=True)
    text = text.str.replace(r"^(\d{4})/(\d{2})/(\d{2})", "$1-$2-$3")
    zoned = text.str.contains(r":\d{2}(\.\d+)?\s*" + _OFFSET)
    if not zoned.any():
        return text, np.zeros(len(text), dtype=np.int64)
    sign, hours, minutes = (text.str.extract(_OFFSET, group) for group in (1, 2, 3))
    size = hours.cast(pl.Int64, strict=False) * 60 + minutes.cast(pl.Int64, strict=False).fill_null(0)
    signed = pl.select(pl.when(sign == "-").then(-size).otherwise(size)).to_series()
    offset = pl.select(pl.when(zoned).then(signed).otherwise(0)).to_series().fill_null(0)
    bare = text.str.replace(r"\s*" + _OFFSET, "")
    plain = pl.select(pl.when(zoned).then(bare).otherwise(text)).to_series()
    return plain, offset.to_numpy().astype(np.int64) * 60_000


def _parsed(text: pl.Series) -> pl.Series:
    best = text.str.to_datetime(_FORMATS[0], time_unit="ms", strict=False)
    for form in _FORMATS[1:]:
        if best.null_count() == 0:
            break
        other = text.str.to_datetime(form, time_unit="ms", strict=False)
        best = pl.select(pl.coalesce(best, other)).to_series()
    return best


def _refuse_missing(column: pl.Series, bad: pl.Series, where: str) -> None:
    if not bad.any():
        return
    row = bad.arg_max()
    value = column[row] if row is not None else None
    raise DataError(
        f"{where} holds {value!r} at data row {(row or 0) + 1}, which is no time that can be read: "
        "expected 2021-04-04 21:00:00 (with or without +00:00) or a Unix time in s, ms, us or ns"
    )
