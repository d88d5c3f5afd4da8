"""A file whose room was taken beforehand: what happens is on disk even when the journal cannot be written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tradewind.market import Inconsistent

ROOM = 4 * 2**20  # bytes


class Fallback:
    """Rows of a journal, one to a line, in a file that needs no more room on the disk."""

    def __init__(self, path: Path, room: int = ROOM) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._path, self._room = path, room
        if os.fstat(self._file).st_size < room:
            os.posix_fallocate(self._file, 0, room)
            os.fsync(self._file)
        self._end = len(self._content())

    def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append them, on disk when this returns. `Inconsistent` when there is no room left."""
        data = b"".join(
            orjson.dumps({**row, "payload": bytes(row["payload"]).decode()}) + b"\n" for row in rows
        )
        if self._end + len(data) > self._room:
            raise Inconsistent(
                f"the journal cannot be written and {self._path} is full: end the run, make room, start it again"
            )
        os.pwrite(self._file, data, self._end)
        os.fdatasync(self._file)
        self._end += len(data)

    def rows(self) -> list[dict[str, Any]]:
        """What was kept, in order; a last line that was cut off is left out."""
        return _rows(self._content())

    def clear(self) -> None:
        """The journal has them."""
        os.pwrite(self._file, bytes(self._end), 0)
        os.fdatasync(self._file)
        self._end = 0

    def close(self) -> None:
        os.close(self._file)

    def _content(self) -> bytes:
        return _written(os.pread(self._file, self._room, 0))


def rows_in(path: Path) -> list[dict[str, Any]]:
    """What is kept in such a file, read from outside; none where there is no file."""
    return _rows(_written(path.read_bytes())) if path.exists() else []


def _written(content: bytes) -> bytes:
    return content[: content.find(b"\0")] if b"\0" in content else content


def _rows(content: bytes) -> list[dict[str, Any]]:
    rows = [orjson.loads(line) for line in content.split(b"\n")[:-1]]
    return [{**row, "payload": row["payload"].encode()} for row in rows]
