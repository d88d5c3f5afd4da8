"""Who may write a journal of a database: one process at a time, whichever machine it is on.

The right is an advisory lock of PostgreSQL on a connection of its own, which the server frees when that ends, and a
token that rises with each holder. Every commit asks for the token, so one that lost the right writes nothing more.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tradewind.data.timestamps import utc_text
from tradewind.databases import lock_number
from tradewind.market import Clock, ConfigError, Inconsistent, VenueUnavailable
from tradewind.trading.journal.database import Database, connect, lease, reached

RENEW_SECONDS = 10.0
_ROW = 1


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has, or had, the right."""

    host: str
    process: int
    since: int  # UTC ms

    def __str__(self) -> str:
        return f"on {self.host}, process {self.process}, since {utc_text(self.since)} UTC"


class Lease:
    """The right to write one journal, from `take` until `close`, or until another process has it."""

    def __init__(self, place: Database, holder: Holder) -> None:
        self._place, self._holder = place, holder
        self._engine = connect(place)
        self._connection: sa.Connection | None = None
        self._one_at_a_time = threading.Lock()  # `renew` runs beside the event loop
        self.token = 0
        self.trouble = ""  # why it is not known now whether this process still has it
        self.lost = ""  # who has it instead

    @classmethod
    def take(cls, place: Database, now_ms: int) -> Lease:
        """`ConfigError` while another process has it, `VenueUnavailable` if the server cannot be reached."""
        wanted = cls(place, Holder(socket.gethostname(), os.getpid(), now_ms))
        if not wanted._lock():
            said = f"{place} is traded already {wanted._held_by()}: stop that run first, or give this one another name"
            wanted.close()
            raise ConfigError(said)
        return wanted

    def begin(self) -> None:
        """Raise the token: what an earlier holder has not committed by now, it never will. The tables must be there."""
        assert self._connection is not None
        about = {"host": self._holder.host, "process": self._holder.process, "since": self._holder.since}
        raised = (
            postgresql.insert(lease)
            .values(id=_ROW, token=1, **about)
            .on_conflict_do_update(index_elements=[lease.c.id], set_={"token": lease.c.token + 1, **about})
            .returning(lease.c.token)
        )
        try:
            self.token = int(self._connection.execute(raised).scalar_one())
        except sa.exc.OperationalError as error:
            said = " ".join(str(error.orig).split())
            raise VenueUnavailable(f"{self._place} cannot be taken over ({said}): try again") from None

    def require(self, connection: sa.Connection) -> None:
        """In the transaction of a commit: `Inconsistent` if another process has the right by now."""
        self._compare(connection.execute(sa.select(lease).with_for_update(read=True)).first())

    def renew(self) -> None:
        """Ask whether it is still ours, and take it back where only the connection was lost.

        `Inconsistent` if another process has it. While the server does not answer, `trouble` says so.
        """
        with self._one_at_a_time:
            if self._connection is not None:
                with suppress(sa.exc.DBAPIError):  # cut off: it may be ours still
                    self._ask(self._connection)
                    return
                self._let_go()
            try:
                self.trouble = (
                    "" if self._lock() else "the database has not let go of a connection that was lost"
                )
                assert self._connection is not None
                self._ask(self._connection)
            except (sa.exc.DBAPIError, VenueUnavailable) as error:
                self.trouble = " ".join(str(getattr(error, "orig", error)).split())
            if self.trouble:
                self._let_go()

    async def keep(self, clock: Clock, told: Callable[[str], None]) -> None:
        """Renew until cancelled; `told` hears when that begins to fail, when it does again, and of the loss."""
        failing = False
        while True:
            await clock.sleep(RENEW_SECONDS)
            try:
                await asyncio.to_thread(self.renew)
            except Inconsistent as error:
                told(str(error))
                raise
            if failing != bool(self.trouble):
                failing = not failing
                told(
                    f"it cannot be told whether this run still has its journal ({self.trouble}): nothing is opened"
                    if failing
                    else "the journal is this run's again"
                )

    def close(self) -> None:
        """Let go of it, so that the next process need not wait."""
        with self._one_at_a_time:
            if self._connection is not None:
                with suppress(sa.exc.DBAPIError):  # the server is away, and with it the lock
                    self._connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            self._let_go()
            self._engine.dispose()

    def _lock(self) -> bool:
        connection = reached(self._place, self._engine)
        self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        return bool(
            self._connection.execute(
                sa.select(sa.func.pg_try_advisory_lock(lock_number(self._place.schema)))
            ).scalar()
        )

    def _ask(self, connection: sa.Connection) -> None:
        self._compare(connection.execute(sa.select(lease)).first())

    def _compare(self, row: sa.Row[tuple[int, int, str, int, int]] | None) -> None:
        if row is None or row.token != self.token:
            who = "" if row is None else f" {Holder(row.host, row.process, row.since)}"
            self.lost = (
                f"{self._place} is traded by another process{who}: this run ends and touches nothing more"
            )
            raise Inconsistent(self.lost)

    def _held_by(self) -> str:
        assert self._connection is not None
        try:
            row = self._connection.execute(sa.select(lease)).first()
        except sa.exc.ProgrammingError:  # its tables are just being made
            row = None
        return "by another process" if row is None else f"{Holder(row.host, row.process, row.since)}"

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
