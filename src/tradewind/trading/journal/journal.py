"""The journal: everything that reached or left the engine, in order, on disk, in a chain of hashes.

SQLite in WAL mode with `synchronous=FULL`, or PostgreSQL: what was committed survives a power cut.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import sqlalchemy as sa

from tradewind.market.errors import ConfigError, Inconsistent
from tradewind.trading.journal.database import (
    Place,
    bring_up_to_date,
    connect,
    create_tables,
    events,
    is_taken,
    meta,
)
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.journal.lease import Lease
from tradewind.trading.journal.records import Record, decode, encode

FORMAT = 1
MOST_NOTES = 2_000  # that wait for a transaction
RETRY_SECONDS = 5.0  # until a place that could not be written is tried again
BATCH = 1_000  # records that are read at once
_ALL = "select number, at, kind, payload, hash from events order by number"


class Journal:
    """One run's journal. `create` begins one, `open` reads one; neither touches another's file.

    Who writes to a database gives the `lease` of it, which ends with the journal.
    """

    def __init__(self, engine: sa.Engine, session: dict[str, Any], lease: Lease | None = None) -> None:
        self._engine, self.session, self.lease = engine, session, lease
        self._connection = engine.connect()
        last = self._connection.execute(
            sa.select(events.c.number, events.c.hash).order_by(events.c.number.desc()).limit(1)
        ).first()
        self._number: int = last[0] if last else 0
        self._hash: str = last[1] if last else _genesis(session)
        self._connection.rollback()
        self._notes: deque[Record] = deque()
        self.notes_lost = 0
        self._failing = ""
        self._fallback: Fallback | None = None
        self._held: list[dict[str, Any]] = []  # rows that only the fallback has
        self._retry_at = 0.0
        self.heard: Callable[[Record], None] = lambda record: None  # of each record once it is on disk

    @classmethod
    def create(cls, place: Place, session: dict[str, Any], lease: Lease | None = None) -> Self:
        """Begin a journal where there is none; `session` says what runs, as JSON-able values."""
        if is_taken(place):
            raise ConfigError(f"{place} exists already: a journal is never overwritten, name another file")
        if isinstance(place, Path):
            place.parent.mkdir(parents=True, exist_ok=True)
        described = {"format": FORMAT, **session}
        rows = [{"key": k, "value": orjson.dumps(v)} for k, v in described.items()]
        engine = connect(place)
        create_tables(place, engine, rows)
        if lease is not None:
            lease.begin()
        return cls(engine, _read_session(engine), lease)

    @classmethod
    def open(cls, place: Place, lease: Lease | None = None) -> Self:
        """Open a journal that exists; `ConfigError` if it is none or of a newer format."""
        if not (place.is_file() if isinstance(place, Path) else is_taken(place)):
            raise ConfigError(f"there is no journal at {place}: check the path")
        if isinstance(place, Path):
            _refuse_foreign(place)
        engine = connect(place)
        try:
            bring_up_to_date(place, engine)
            session = _read_session(engine)
        except (sa.exc.DatabaseError, ValueError) as error:
            engine.dispose()
            reason = getattr(error, "orig", error)
            raise ConfigError(f"{place} is not a journal ({reason}): name a file that `run` wrote") from error
        if session.get("format") != FORMAT:
            engine.dispose()
            raise ConfigError(
                f"{place} has journal format {session.get('format')}, this version reads {FORMAT}"
            )
        if lease is not None:
            lease.begin()
        try:
            return cls(engine, session, lease)
        except sa.exc.DatabaseError as error:
            engine.dispose()
            raise Inconsistent(f"{place} is damaged ({error.orig}): restore it from a backup") from error

    @property
    def failing(self) -> str:
        """Why the place cannot be written now, or why it may be another's; empty if neither."""
        return self._failing or ("" if self.lease is None else self.lease.trouble)

    def append(self, records: Sequence[Record]) -> None:
        """Write what was noted, then records in order, in one durable transaction: all of them or none.

        `Inconsistent` where another process writes to it.
        """
        rows, number, chained = [], self._number, self._hash
        written = (*self._notes, *records)
        for record in written:
            kind, at, payload = encode(record)
            number, chained = number + 1, _link(chained, kind, at, payload)
            rows.append({"number": number, "at": at, "kind": kind, "payload": payload, "hash": chained})
        if rows or self._held:
            self._commit(rows)
            self._number, self._hash = number, chained
            self._notes.clear()
            for record in written:
                self.heard(record)

    def fall_back_on(self, fallback: Fallback) -> None:
        """Where to write while the place of the journal cannot be; what stands there joins the journal now.

        `Inconsistent` if it does not continue the journal.
        """
        found = self._not_there(fallback.rows(), _not_continued)
        chained = self._hash
        for row in found:
            chained = _link(chained, row["kind"], row["at"], row["payload"])
            if chained != row["hash"]:
                raise Inconsistent(_not_continued(row["number"]))
        if found:
            self._insert(found)
            self._number, self._hash = found[-1]["number"], chained
        fallback.clear()
        self._fallback = fallback

    def _commit(self, rows: list[dict[str, Any]]) -> None:
        """To the place, or to the fallback while it cannot be written."""
        if self.lease is not None and self.lease.lost:
            raise Inconsistent(self.lease.lost)
        if self._fallback is None:
            self._insert(rows)
        elif self._held and time.monotonic() < self._retry_at:
            self._hold(rows)
        else:
            try:
                self._insert([*self._not_there(self._held, _taken), *rows])
            except sa.exc.DBAPIError as error:
                self._failing = " ".join(str(error.orig).split())
                self._retry_at = time.monotonic() + RETRY_SECONDS
                self._hold(rows)
            else:
                if self._held:
                    self._fallback.clear()
                self._held, self._failing = [], ""

    def _hold(self, rows: list[dict[str, Any]]) -> None:
        assert self._fallback is not None
        self._fallback.keep(rows)
        self._held += rows

    def _not_there(
        self, rows: Sequence[dict[str, Any]], refusal: Callable[[int], str]
    ) -> list[dict[str, Any]]:
        """Of rows that were kept, those that did not get there: the answer to a commit may have been lost.

        `Inconsistent` where another record stands in the place of one.
        """
        if not rows:
            return []
        query = sa.select(events.c.number, events.c.hash).where(events.c.number >= rows[0]["number"])
        with self._connection.begin():
            there = {row.number: row.hash for row in self._connection.execute(query)}
        for row in rows:
            if there.get(row["number"], row["hash"]) != row["hash"]:
                raise Inconsistent(refusal(row["number"]))
        return [row for row in rows if row["number"] not in there]

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        with self._connection.begin():
            if self.lease is not None:
                self.lease.require(self._connection)
            try:
                self._connection.execute(sa.insert(events), rows)
            except sa.exc.IntegrityError as error:
                raise Inconsistent(_taken(rows[0]["number"], str(error.orig))) from error

    def note(self, record: Record) -> None:
        """Keep a record that nothing depends on for the next transaction; of too many the oldest are lost.

        `flush` sees to it that there is a next one.
        """
        if len(self._notes) >= MOST_NOTES:
            self._notes.popleft()
            self.notes_lost += 1
        self._notes.append(record)

    def flush(self) -> None:
        """Write what was noted, if anything was."""
        self.append(())

    def records(self) -> Iterator[tuple[int, Record]]:
        """(number, record) in order; `Inconsistent` at the first link of the chain that does not hold.

        The chain begins at what `session` says. It cannot tell of records that are missing at the end.
        """
        for batch in self.batches():
            yield from batch

    def batches(self, read: Callable[[str, bytes], Record] = decode) -> Iterator[list[tuple[int, Record]]]:
        """The same, many at once; `read` makes a record of its kind and what was written."""
        chained, position = _genesis(self.session), 0
        with self._engine.connect() as connection:
            found = connection.execution_options(yield_per=BATCH).exec_driver_sql(_ALL)
            for rows in _whole(found.partitions()):
                batch = []
                for number, at, kind, payload, linked in rows:
                    chained, position = _link(chained, kind, at, payload), position + 1
                    if chained != linked or position != number:
                        raise Inconsistent(
                            f"record {number} of the journal does not continue the chain before it: the file "
                            "was changed or a record was lost; restore it from a backup"
                        )
                    batch.append((number, read(kind, payload)))
                yield batch

    def __len__(self) -> int:
        return self._number

    def close(self) -> None:
        """Write what was noted, and let go of the place."""
        try:
            if self.lease is None or not self.lease.lost:
                self.flush()
        finally:
            self._connection.close()
            self._engine.dispose()
            if self.lease is not None:
                self.lease.close()
            if self._fallback is not None:
                self._fallback.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _not_continued(number: int) -> str:
    return (
        f"what was kept while the journal could not be written does not continue it at record {number}: restore "
        "both from a backup, or put fallback.jsonl aside and compare with the venue"
    )


def _taken(number: int, said: str = "") -> str:
    why = f" ({' '.join(said.split())})" if said else ""
    return (
        f"record {number} of the journal was written by another process, not by this one{why}: only one may trade a "
        "run; end both, then start one"
    )


def _refuse_foreign(path: Path) -> None:
    """`ConfigError` for a file that is no journal; it is only read, so another program's stays as it is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("select key, value from meta limit 1").fetchone()
            connection.execute("select number, hash from events limit 1").fetchone()
    except sqlite3.Error as error:
        raise ConfigError(f"{path} is not a journal ({error}): name a file that `run` wrote") from error


def _whole(batches: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The rows, until a page of the file cannot be read: `Inconsistent`."""
    try:
        yield from batches
    except sa.exc.DatabaseError as error:
        raise Inconsistent(f"the journal is damaged ({error.orig}): restore it from a backup") from error


def _read_session(engine: sa.Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {k: orjson.loads(v) for k, v in connection.execute(sa.select(meta))}


def _genesis(session: dict[str, Any]) -> str:
    """Where the chain begins: nothing that was said of the session can change either."""
    return hashlib.blake2b(orjson.dumps(session, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _link(previous: str, kind: str, at: int, payload: bytes) -> str:
    digest = hashlib.blake2b(f"{previous} {kind} {at} ".encode(), digest_size=16)
    digest.update(payload)
    return digest.hexdigest()
