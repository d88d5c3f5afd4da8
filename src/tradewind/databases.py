"""Databases as Tradewind opens them: what a transaction commits is on disk, and a server that is gone is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradewind.market.errors import ConfigError, VenueUnavailable

# Without them a server that vanished is waited for for hours.
_KEPT_ALIVE_HERE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_KEPT_ALIVE_THERE = (
    "-ctcp_keepalives_idle=15 -ctcp_keepalives_interval=5 -ctcp_keepalives_count=3"  # dead after 30 s
)


def open_sqlite(path: Path) -> sa.Engine:
    """An engine on a file; nothing is opened yet."""
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "connect")
    def _durable(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    return engine


def postgres_url(url: str, what: str) -> sa.URL:
    """`ConfigError` that names `what` unless it is the URL of a PostgreSQL server."""
    try:
        parsed = sa.make_url(url)
        known = parsed.get_backend_name() == "postgresql"
    except sa.exc.ArgumentError:
        known = False
    if not known:
        raise ConfigError(f"{what} is not understood: write postgresql://user:password@host:5432/name")
    return parsed


def open_postgres(url: sa.URL, schema: str, instead: str, lock_timeout_ms: int = 0) -> sa.Engine:
    """An engine on one schema; nothing is opened yet. `ConfigError` without the driver, with what to do `instead`.

    `lock_timeout_ms`: how long a lock is waited for, 0 for ever.
    """
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise ConfigError(
            f"PostgreSQL needs its driver: pip install 'tradewind[postgres]', or {instead}"
        ) from None
    options = (
        f"-csearch_path={schema} -csynchronous_commit=on -clock_timeout={lock_timeout_ms} {_KEPT_ALIVE_THERE}"
    )
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"options": options, "connect_timeout": 10, **_KEPT_ALIVE_HERE},
    )


def unreachable(place: object, error: sa.exc.OperationalError) -> VenueUnavailable:
    """What is raised where a server does not answer."""
    said = " ".join(str(error.orig).split())
    return VenueUnavailable(f"{place} cannot be reached ({said}): is the server at work?")


def lock_number(name: str) -> int:
    """Of the advisory lock of a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
