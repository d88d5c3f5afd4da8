"""Where a journal is kept: a SQLite file, or a schema of a PostgreSQL database; and the version of its tables."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradewind.databases import open_postgres, open_sqlite, postgres_url, unreachable
from tradewind.market.errors import ConfigError

VERSION = "0002"  # of the tables: the newest of migrations/versions
LOCK_TIMEOUT_MS = 5_000
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,50}")

tables = sa.MetaData()
meta = sa.Table(
    "meta",
    tables,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
events = sa.Table(
    "events",
    tables,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False, index=True),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.String(32), nullable=False),
)
lease = sa.Table(
    "lease",  # who writes, one row; where it is a file, the lock of the run's folder says it
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("process", sa.Integer, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
)
_version = sa.table("alembic_version", sa.column("version_num"))


@dataclass(frozen=True, slots=True, repr=False)
class Database:
    """One schema of a PostgreSQL database, named as its run. The URL may hold a password and is never shown."""

    url: str
    schema: str

    def __post_init__(self) -> None:
        if not _SCHEMA.fullmatch(self.schema):
            raise ConfigError(
                f"{self.schema!r} cannot name a schema: use a small letter, then small letters, digits and _, "
                "51 at most"
            )
        postgres_url(self.url, "the URL of the database")

    def __str__(self) -> str:
        url = sa.make_url(self.url)
        return f"schema {self.schema} of {url.host or 'the local server'}/{url.database}"


Place = Path | Database


def connect(place: Place) -> sa.Engine:
    """An engine on a place; nothing is opened yet. What it commits is on disk."""
    if isinstance(place, Path):
        return open_sqlite(place)
    url = postgres_url(place.url, "the URL of the database")
    return open_postgres(url, place.schema, "keep the journal in SQLite", LOCK_TIMEOUT_MS)


def is_taken(place: Place) -> bool:
    """Is there something where a journal is to begin?"""
    if isinstance(place, Path):
        return place.exists()
    with reached(place, connect(place)) as connection:
        return place.schema in sa.inspect(connection).get_schema_names()


def reached(place: Place, engine: sa.Engine) -> sa.Connection:
    """A connection; `VenueUnavailable` if the server cannot be reached."""
    try:
        return engine.connect()
    except sa.exc.OperationalError as error:
        raise unreachable(place, error) from None


def create_tables(place: Place, engine: sa.Engine, rows: list[dict[str, Any]]) -> None:
    """All tables with the rows of `meta`, in one transaction."""
    if isinstance(place, Path):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # the file remembers it
    with engine.begin() as connection:
        if isinstance(place, Database):
            try:
                connection.execute(sa.schema.CreateSchema(place.schema))
            except (sa.exc.ProgrammingError, sa.exc.IntegrityError):
                raise ConfigError(f"{place} is just being made by another process: start again") from None
        tables.create_all(connection)
        connection.exec_driver_sql("create table alembic_version (version_num varchar(32) primary key)")
        connection.execute(sa.insert(_version).values(version_num=VERSION))
        connection.execute(sa.insert(meta), rows)


def version_of(engine: sa.Engine) -> str:
    """Of the tables that are there; empty for those that were made before versions were written down."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(sa.select(_version)).scalar() or "")


def bring_up_to_date(place: Place, engine: sa.Engine) -> None:
    """Migrate older tables, after a copy of the file; `ConfigError` on those of a newer version."""
    version = version_of(engine)
    if version == VERSION:
        return
    if version > VERSION:
        raise ConfigError(
            f"{place} has tables of version {version}, this Tradewind knows up to {VERSION}: use the newer one"
        )
    if isinstance(place, Path):
        back_up(place, place.with_name(f"{place.name}.before-{VERSION}"))
    from tradewind.trading.journal.migrations import migrate

    migrate(engine)


def back_up(path: Path, target: Path) -> None:
    """A whole copy of a SQLite file, also while it is written to."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
