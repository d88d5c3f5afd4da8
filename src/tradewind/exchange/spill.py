"""Lines that left memory: a file to append to, read again from any number on."""

from __future__ import annotations

import weakref
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from tradewind.market import DataError


class Spill:
    """Numbered lines in portions. Without a path the file has no name and ends with the process.

    Nothing is opened before the first line; a file that is there already is written anew, unless `load` says
    how much of it counts.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._numbers = array("q")  # of the first line of every portion
        self._starts = array("q")  # where it begins, in bytes
        self._size = 0

    def append(self, number: int, lines: Sequence[bytes]) -> None:
        """A portion of lines without their ends, the first of which has that number."""
        if self._file is None:
            self._file = self._opened("w+b")
        text = b"\n".join(lines) + b"\n"
        self._file.seek(self._size)
        self._file.write(text)
        self._numbers.append(number)
        self._starts.append(self._size)
        self._size += len(text)

    def lines(self, number: int) -> Iterator[bytes]:
        """All lines from the portion on that holds the number: earlier ones of that portion come too."""
        for portion in range(max(0, bisect_right(self._numbers, number) - 1), len(self._numbers)):
            yield from self._portion(portion).splitlines()

    def _portion(self, portion: int) -> bytes:
        assert self._file is not None
        start = self._starts[portion]
        end = self._starts[portion + 1] if portion + 1 < len(self._starts) else self._size
        self._file.seek(start)
        return self._file.read(end - start)

    def to_json(self) -> dict[str, object] | None:
        """Where the lines are; None when nobody can find them after this process."""
        if self._path is None or not self._size:
            return None
        return {"numbers": self._numbers.tolist(), "starts": self._starts.tolist(), "size": self._size}

    def load(self, values: dict[str, Any] | None) -> None:
        """Go on with the file as it was when `to_json` told of it; what was written later is cut off.

        `DataError` when the file has lost lines. Without a path the lines stay where they are, unread.
        """
        if values is None or self._path is None:
            return
        there = self._path.stat().st_size if self._path.exists() else 0
        if there < values["size"]:
            raise DataError(
                f"{self._path} has {there} bytes of the ledger, expected at least {values['size']}: put the file "
                "back that belongs to the snapshot, or begin without the snapshot"
            )
        self._file = self._opened("r+b")
        self._file.truncate(values["size"])
        self._numbers, self._starts = array("q", values["numbers"]), array("q", values["starts"])
        self._size = values["size"]

    def _opened(self, mode: str) -> IO[bytes]:
        """Open until nobody needs the spill any more."""
        if self._path is None:
            file: IO[bytes] = TemporaryFile(buffering=0)  # noqa: SIM115
        else:
            file = self._path.open(mode, buffering=0)
        weakref.finalize(self, file.close)
        return file
