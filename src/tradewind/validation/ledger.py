"""Every trial that was ever run in one home: append-only, each entry chained to the one before by its hash.

The best of many tries looks good by luck alone. How many there were is what the deflated Sharpe ratio asks, so nothing
is left out: failed and pruned trials stand here too, and an entry that was changed or removed is found.

    ledger.jsonl   one entry a line
    head.json      number and hash of the last
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.files import locked, sync, write_whole
from tradewind.market import Inconsistent
from tradewind.validation.entries import Entry, Record, Scope, Trial, VaultOpened, link

LEDGER_FILE, HEAD_FILE = "ledger.jsonl", "head.json"
GENESIS = "0" * 64
_RESTORE = "restore the ledger from a backup"


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: what a bundle carries to say where the ledger stood."""

    number: int
    hash: str


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Ledger:
    """The ledger in a folder; an empty one where there is none yet. Any number of processes may append at once."""

    def __init__(self, folder: Path, now_ms: Callable[[], int] = _now_ms) -> None:
        self._folder, self._now = folder, now_ms
        self._file = folder / LEDGER_FILE

    def append(self, record: Record) -> Entry:
        """Write a record after the last, on disk when it returns.

        A trial that stands there already, by study, number and configuration, is not written twice: its entry is
        returned. So is a vault that the study has opened already. `Inconsistent` if the chain is broken.
        """
        with locked(self._folder):
            entries = self._verified()
            for entry in entries:
                if _same(entry.record, record):
                    return entry
            last = head_of(entries)
            entry = link(last.number + 1, self._now(), record, last.hash)
            self._write(entry)
            return entry

    def entries(self) -> tuple[Entry, ...]:
        """All of them, in order, verified: `Inconsistent` names the first that was changed or is missing."""
        if not self._folder.is_dir():
            return ()
        with locked(self._folder):
            return self._verified()

    def verify(self) -> Head:
        """The head of a chain that holds; `Inconsistent` otherwise."""
        return head_of(self.entries())

    def trials(self, scope: Scope | None = None) -> tuple[Trial, ...]:
        """All trials, or those that compete with `scope`."""
        found = [entry.record for entry in self.entries() if isinstance(entry.record, Trial)]
        return tuple(trial for trial in found if scope is None or trial.scope.competes(scope))

    def configurations(self, scope: Scope) -> int:
        """N of the deflated Sharpe ratio: distinct configurations, failed and pruned ones too, that compete."""
        return len({trial.configuration for trial in self.trials(scope)})

    def vault_of(self, study: str) -> VaultOpened | None:
        """What the vault said when this study opened it, or None while it is shut."""
        opened = (entry.record for entry in self.entries() if isinstance(entry.record, VaultOpened))
        return next((one for one in opened if one.study == study), None)

    def _verified(self) -> tuple[Entry, ...]:
        """Under the lock. What a power cut left of a line that nobody was told of is no entry."""
        entries = verified(self._lines())
        head = self._head()
        if head is not None and (head.number > len(entries) or entries[head.number - 1].hash != head.hash):
            raise Inconsistent(
                f"{self._file} ends at entry {len(entries)}, but entry {head.number} was written: {_RESTORE}"
            )
        return entries

    def _lines(self) -> list[Any]:
        if not self._file.exists():
            return []
        text = self._file.read_bytes()
        whole, _, torn = text.rpartition(b"\n")
        if torn:
            with self._file.open("r+b") as file:
                file.truncate(len(text) - len(torn))
                os.fsync(file.fileno())
        return [_parsed(line, number) for number, line in enumerate(whole.splitlines(), start=1)]

    def _head(self) -> Head | None:
        path = self._folder / HEAD_FILE
        if not path.exists():
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return Head(int(values["number"]), str(values["hash"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Inconsistent(f"{path} cannot be read: {_RESTORE}") from error

    def _write(self, entry: Entry) -> None:
        line = json.dumps(entry.to_json(), sort_keys=True, ensure_ascii=False) + "\n"
        with self._file.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        sync(self._folder)
        head = json.dumps({"number": entry.number, "hash": entry.hash})
        write_whole(self._folder / HEAD_FILE, lambda path: path.write_text(head, encoding="utf-8"))


def verified(lines: Iterable[Any]) -> tuple[Entry, ...]:
    """Entries of the plain values of a whole chain, from its beginning; `Inconsistent` where it does not hold.

    It cannot tell of entries that are missing at the end: the head can.
    """
    entries: list[Entry] = []
    previous = GENESIS
    for number, values in enumerate(lines, start=1):
        entry = Entry.from_json(values if isinstance(values, dict) else {})
        if entry.number != number or entry.previous != previous:
            raise Inconsistent(f"entry {number} of the ledger is missing or out of order: {_RESTORE}")
        previous = entry.hash
        entries.append(entry)
    return tuple(entries)


def head_of(entries: Sequence[Entry]) -> Head:
    """The last of them; number 0 of an empty ledger."""
    return Head(entries[-1].number, entries[-1].hash) if entries else Head(0, GENESIS)


def _parsed(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise Inconsistent(f"entry {number} of the ledger cannot be read: {_RESTORE}") from error


def _same(there: Record, record: Record) -> bool:
    """Is it the very trial, or the very opening, that is to be written?"""
    if isinstance(there, Trial) and isinstance(record, Trial):
        return (there.study, there.trial, there.configuration) == (
            record.study,
            record.trial,
            record.configuration,
        )
    if isinstance(there, VaultOpened) and isinstance(record, VaultOpened):
        return there.study == record.study
    return False
