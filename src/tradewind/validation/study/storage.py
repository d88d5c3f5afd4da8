"""Where a study is kept: what was asked, and every finished run. A SQLite file, or PostgreSQL for several machines.

A run is there whole or not at all. Whoever does a run claims it first: in a file by being the only process that has it
open, in PostgreSQL by an advisory lock that the server frees when its owner is gone.
"""

from __future__ import annotations

import fcntl
import json
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import sqlalchemy as sa

from tradewind.databases import lock_number, open_postgres, open_sqlite, postgres_url, unreachable
from tradewind.market import ConfigError, Inconsistent
from tradewind.validation.study.runs import Outcome, Run, unpacked_equity
from tradewind.validation.study.search import Values

STUDY_FILE = "study.sqlite"
FORMAT = "1"

_tables = sa.MetaData()
_meta = sa.Table(
    "meta",
    _tables,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
_trials = sa.Table(
    "trials",
    _tables,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("values", sa.Text, nullable=False),  # JSON
)
_runs = sa.Table(
    "runs",
    _tables,
    sa.Column("trial", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seed_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("split", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sharpe", sa.Double),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("equity", sa.LargeBinary, nullable=False),
    sa.Column("bundle", sa.LargeBinary, nullable=False),
)


class Storage:
    """One study. `study` is its hash: another's storage is refused."""

    def __init__(self, engine: sa.Engine, place: str, lock: IO[str] | None, schema: str = "") -> None:
        self._engine, self._place, self._lock, self._schema = engine, place, lock, schema
        self._claims: sa.Connection | None = None

    @classmethod
    def in_file(cls, folder: Path, study: str) -> Self:
        """The file in a folder, made where there is none; `ConfigError` while another process runs that study."""
        path = folder / STUDY_FILE
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise ConfigError(
                f"{folder} is run by another process: wait for it, or give this study another name; to share one "
                "among machines, give it the storage of a PostgreSQL server"
            ) from None
        with ExitStack() as undo:
            storage = cls(open_sqlite(path), str(path), lock)
            undo.callback(storage.close)
            try:
                storage._begin(study)
            except sa.exc.DatabaseError as error:
                raise ConfigError(
                    f"{path} is not a study ({error.orig}): move it away, or name another"
                ) from error
            undo.pop_all()
        return storage

    @classmethod
    def in_database(cls, url: str, study: str) -> Self:
        """A schema of its own in a PostgreSQL database; `VenueUnavailable` if the server cannot be reached."""
        schema = f"study_{study[:24]}"
        known = postgres_url(url, "study.storage")
        engine = open_postgres(known, schema, "keep the study in a file")
        place = f"the database {known.host or 'on this machine'}/{known.database}"
        with ExitStack() as undo:
            storage = cls(engine, place, None, schema)
            undo.callback(storage.close)
            try:
                with engine.begin() as connection:  # several machines may begin at once
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(schema))))
                    connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
                storage._begin(study)
                storage._claims = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            except sa.exc.OperationalError as error:
                raise unreachable(place, error) from None
            undo.pop_all()
        return storage

    @property
    def shared(self) -> bool:
        """May other processes do runs of this study at the same time?"""
        return self._claims is not None

    def _begin(self, study: str) -> None:
        facts = {"format": FORMAT, "study": study}
        with self._engine.begin() as connection:
            if self._schema:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(self._schema))))
            _tables.create_all(connection)
            there = {row.key: row.value for row in connection.execute(sa.select(_meta))}
            if not there:
                connection.execute(sa.insert(_meta), [{"key": k, "value": v} for k, v in facts.items()])
                return
        if there.get("format") != FORMAT:
            raise ConfigError(
                f"{self._place} has format {there.get('format')}, this version reads {FORMAT}: use the newer Tradewind"
            )
        if there.get("study") != study:
            raise ConfigError(
                f"{self._place} is of a study with other settings or candles: give this one another name"
            )

    def asked(self, number: int, values: Values) -> None:
        """Note what a trial tries; `Inconsistent` where something else was asked under that number."""
        text = json.dumps(values, sort_keys=True)
        with self._engine.begin() as connection:
            found = connection.execute(
                sa.select(_trials.c["values"]).where(_trials.c.number == number)
            ).scalar()
            if found is None:
                insert = sa.insert(_trials).values({"number": number, "values": text})
                if self.shared:
                    from sqlalchemy.dialects import postgresql

                    insert = postgresql.insert(_trials).values({"number": number, "values": text})
                    insert = insert.on_conflict_do_nothing()
                connection.execute(insert)
                return
        if found != text:
            raise Inconsistent(
                f"trial {number} of {self._place} was asked with other values, by another version of the search: "
                "go on with the version that began it, or give the study another name"
            )

    def trials(self) -> dict[int, Values]:
        """What was asked so far."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(_trials).order_by(_trials.c.number))
            return {row.number: json.loads(row._mapping["values"]) for row in found}

    def claim(self, run: Run) -> bool:
        """Take a run, so that nobody else does it; False where another has it."""
        return bool(self._ask_lock("pg_try_advisory_lock", run)) if self.shared else True

    def release(self, run: Run) -> None:
        """Give a run back, done or not."""
        if self.shared:
            self._ask_lock("pg_advisory_unlock", run)

    def _ask_lock(self, function: str, run: Run) -> Any:
        assert self._claims is not None
        key = lock_number(f"{self._schema} {run.trial} {run.seed_index} {run.split}")
        return self._claims.execute(sa.select(getattr(sa.func, function)(key))).scalar()

    def keep(self, run: Run, outcome: Outcome) -> None:
        """Write a finished run, on disk when it returns."""
        row: dict[str, Any] = {
            "trial": run.trial,
            "seed_index": run.seed_index,
            "split": run.split,
            "sharpe": outcome.sharpe,
            "error": outcome.error,
            "seconds": outcome.seconds,
            "equity": outcome.packed_equity() if outcome.equity else b"",
            "bundle": outcome.bundle,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_runs).values(row))

    def scores(self, trial: int) -> dict[Run, Outcome]:
        """The finished runs of a trial, without their tests and models."""
        columns = [_runs.c[name] for name in ("trial", "seed_index", "split", "sharpe", "error", "seconds")]
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(*columns).where(_runs.c.trial == trial))
            return {
                Run(row.trial, row.seed_index, row.split): Outcome(
                    sharpe=row.sharpe, error=row.error, seconds=row.seconds
                )
                for row in found
            }

    def outcome(self, run: Run) -> Outcome:
        """A finished run, whole; `ConfigError` where it is not finished."""
        chosen = sa.and_(
            _runs.c.trial == run.trial, _runs.c.seed_index == run.seed_index, _runs.c.split == run.split
        )
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(_runs).where(chosen)).first()
        if row is None:
            raise ConfigError(
                f"{self._place} has no finished {run}: let the study go on with tradewind study resume"
            )
        return Outcome(row.sharpe, unpacked_equity(row.equity), row.bundle, row.error, row.seconds)

    def close(self) -> None:
        """Give back what was claimed."""
        if self._claims is not None:
            with suppress(sa.exc.DBAPIError):  # the server is away, and with it the locks
                self._claims.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            self._claims.invalidate()
            self._claims.close()
            self._claims = None
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
