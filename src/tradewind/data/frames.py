"""Files of columns as people have them: CSV in any of its dialects, compressed or not, and Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from tradewind.data.series import Floats
from tradewind.market import DataError

SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv", ".zip", ".parquet")
_MISSING = ["", "nan", "null", "none", "na"]


def read_frame(path: Path, expected: str, headless: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of a file; of a CSV as text. `expected` says, in errors, what it should hold.

    `headless` names the columns of a CSV without a header, which may have six of them or all.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise DataError(f"{path.name} is of a kind that cannot be read: expected {', '.join(SUFFIXES)}")
    if not path.exists():
        raise DataError(f"there is no file {path}: check the path")
    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.read_parquet(path)
        else:
            frame = _csv_frame(path, _csv_bytes(path), expected, headless)
    except (PolarsError, OSError, zipfile.BadZipFile, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path.name} cannot be read: {reason}") from None
    if not frame.height:
        raise DataError(f"{path.name} holds no rows: expected {expected}")
    return frame


def numbers_of(frame: pl.DataFrame, name: str, file: str) -> Floats:
    """A column as numbers, NaN where it is empty; `DataError` with the first text that is none."""
    column = frame[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    numbers = column.cast(pl.Float64, strict=False)
    if column.dtype == pl.String:
        unread = numbers.is_null() & ~column.str.to_lowercase().fill_null("").is_in(_MISSING)
        if unread.any():
            row = unread.arg_max() or 0
            at = f"{file}: column {name!r} holds {column[row]!r} at data row {row + 1}"
            raise DataError(f"{at}, expected a number")
    return numbers.fill_null(float("nan")).to_numpy().copy()


def _csv_bytes(path: Path) -> bytes:
    name = path.name.lower()
    if name.endswith(".gz"):
        return gzip.decompress(path.read_bytes())
    if not name.endswith(".zip"):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.namelist() if not m.endswith("/")]
        if len(members) != 1:
            raise DataError(f"{path.name} holds {len(members)} files, expected one CSV: unpack it first")
        return archive.read(members[0])


def _csv_frame(path: Path, data: bytes, expected: str, names: Sequence[str]) -> pl.DataFrame:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise DataError(f"{path.name} is empty: expected {expected}")
    first, second = _first_lines(data)
    delimiter = max(",;\t|", key=(second or first).count)
    has_title = bool(second) and first.count(delimiter) == 0 < second.count(delimiter)
    head = next(csv.reader([second if has_title else first], delimiter=delimiter))
    headless = len(head) >= 6 and all(_is_number(field) for field in head[1:5])
    if headless and len(head) not in ((6, len(names)) if names else ()):
        raise DataError(f"{path.name} has {len(head)} columns and no header: expected {expected}")
    frame = pl.read_csv(
        io.BytesIO(data),
        has_header=not headless,
        separator=delimiter,
        infer_schema=False,
        skip_rows=int(has_title),
        encoding="utf8-lossy",
    )
    return frame.rename(dict(zip(frame.columns, names))) if headless else frame


def _first_lines(data: bytes) -> tuple[str, str]:
    lines = [
        line.decode("utf-8", "replace").strip() for line in data[:65536].splitlines()[:4] if line.strip()
    ]
    return lines[0], lines[1] if len(lines) > 1 else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
