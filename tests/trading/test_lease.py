"""One process writes a journal in PostgreSQL; another is refused, and one that lost the right writes no more."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import postgres as postgres
from tradewind.databases import lock_number
from tradewind.market import Command, CommandKind, ConfigError, Inconsistent, ManualClock, VenueUnavailable
from tradewind.trading.journal import journal as journals
from tradewind.trading.journal.database import Database, connect, lease
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.lease import RENEW_SECONDS, Lease
from tradewind.trading.journal.storage import Storage

SESSION = {"mode": "paper", "capital": 1000.0}
NOON = 1_767_268_800_000  # 2026-01-01 12:00
_numbers = count()


def note(at: int) -> Command:
    return Command(CommandKind.REARM, at, f"note {at}")


@pytest.fixture
def place(postgres: str) -> Database:
    return Database(postgres, f"lease_{next(_numbers)}")


@pytest.fixture
def journal(place: Database, tmp_path: Path) -> Iterator[Journal]:
    with Journal.create(place, SESSION, Lease.take(place, NOON)) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        journal.append([note(1)])
        yield journal


@pytest.fixture(autouse=True)
def tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "RETRY_SECONDS", 0.0)


def cut(place: Database, *, lock: bool) -> None:
    """The server ends the connection that has the lock, or all others of this schema."""
    locks = "select pid from pg_locks where locktype = 'advisory'"
    which = f"pid {'in' if lock else 'not in'} ({locks})"
    with connect(place).begin() as other:
        other.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' "
            f"and pid <> pg_backend_pid() and {which}"
        )


def taken_over(place: Database) -> Journal:
    """As another machine does once the server has freed the lock."""
    cut(place, lock=True)
    return Journal.open(place, Lease.take(place, NOON + 1))


def read(place: Database) -> list[tuple[int, object]]:
    with Journal.open(place) as journal:
        return list(journal.records())


@pytest.mark.fault("A1")
def test_the_second_is_refused_by_the_name_of_the_first(place: Database, journal: Journal) -> None:
    said = f"on {socket.gethostname()}, process {os.getpid()}, since 2026-01-01 12:00"
    with pytest.raises(ConfigError, match=f"schema {place.schema} of 127.* is traded already {said}"):
        Lease.take(place, NOON + 5)
    journal.append([note(2)])
    assert len(read(place)) == 2


def test_it_is_free_after_the_end_and_after_a_kill(place: Database) -> None:
    with Journal.create(place, SESSION, Lease.take(place, NOON)) as journal:
        journal.append([note(1)])
    root = Path(__file__).parents[2]
    script = (
        "import os; from tradewind.trading.journal.database import Database; "
        "from tradewind.trading.journal.lease import Lease; "
        f"Lease.take(Database({place.url!r}, {place.schema!r}), 1); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": f"{root / 'src'}"}, check=False
    )
    assert done.returncode == -9
    with Journal.open(place, Lease.take(place, NOON)) as again:
        assert again.lease is not None
        assert again.lease.token == 2
        again.append([note(2)])
    assert read(place) == [(1, note(1)), (2, note(2))]


@pytest.mark.fault("A1")
def test_one_that_lost_it_writes_nothing_more_not_even_aside(
    place: Database, journal: Journal, tmp_path: Path
) -> None:
    with taken_over(place) as other:
        other.append([note(2)])
        for _ in range(2):
            with pytest.raises(Inconsistent, match=r"is traded by another process on .*: this run ends"):
                journal.append([note(3)])
        assert Fallback(tmp_path / "fallback.jsonl").rows() == []
    assert read(place) == [(1, note(1)), (2, note(2))]


@pytest.mark.fault("A1")
def test_one_that_is_idle_hears_of_the_loss_by_its_next_renewal(place: Database, journal: Journal) -> None:
    told: list[str] = []

    async def story() -> None:
        assert journal.lease is not None
        clock = ManualClock()
        keeping = asyncio.ensure_future(journal.lease.keep(clock, told.append))
        with taken_over(place), pytest.raises(Inconsistent, match="is traded by another process"):
            await asyncio.wait_for(keeping, 60)
        assert clock.now_ms() <= RENEW_SECONDS * 1000

    asyncio.run(story())
    assert len(told) == 1
    assert "this run ends and touches nothing more" in told[0]
    with pytest.raises(Inconsistent):
        journal.append([note(2)])


def test_a_connection_that_was_cut_is_no_loss_while_nobody_else_came(
    place: Database, journal: Journal
) -> None:
    assert journal.lease is not None
    with connect(place).connect() as unknown:
        cut(place, lock=True)
        assert unknown.execute(sa.select(sa.func.pg_try_advisory_lock(lock_number(place.schema)))).scalar()
        journal.lease.renew()
        assert "has not let go" in journal.failing
        assert "nothing is opened" in Storage(Path(), journal, print).objection()
        unknown.invalidate()
    journal.lease.renew()
    assert journal.failing == ""
    with pytest.raises(ConfigError, match="is traded already"):
        Lease.take(place, NOON)
    journal.append([note(2)])
    assert len(read(place)) == 2


def test_what_an_earlier_holder_is_committing_is_seen_by_the_next(place: Database, journal: Journal) -> None:
    with connect(place).connect() as slow:
        slow.execute(sa.select(lease).with_for_update(read=True))
        assert journal.lease is not None
        journal.lease.close()
        other = Lease.take(place, NOON)
        with pytest.raises(VenueUnavailable, match=r"cannot be taken over .*lock timeout.*: try again"):
            other.begin()
        slow.rollback()
        other.begin()
        assert other.token == 2
        other.close()


def test_two_that_write_without_a_lease_end_as_soon_as_they_meet(place: Database, tmp_path: Path) -> None:
    with Journal.create(place, SESSION) as one:
        with Journal.open(place) as two:
            two.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
            one.append([note(1)])
            with pytest.raises(Inconsistent, match="record 1 of the journal was written by another process"):
                two.append([note(2)])
        assert Fallback(tmp_path / "fallback.jsonl").rows() == []
    assert read(place) == [(1, note(1))]


def test_what_is_held_is_never_dropped_for_another_record_of_its_number(
    place: Database, tmp_path: Path
) -> None:
    with Journal.create(place, SESSION) as one, Journal.open(place) as two:
        two.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        cut(place, lock=False)
        two.append([note(2)])
        assert two.failing
        one._connection.invalidate()
        one.append([note(1)])
        with pytest.raises(Inconsistent, match="record 1 of the journal was written by another process"):
            two.append([note(3)])
        assert [row["number"] for row in Fallback(tmp_path / "fallback.jsonl").rows()] == [1]
        two._held = []
    with (
        Journal.open(place) as two,
        pytest.raises(Inconsistent, match=r"does not continue it at record 1: .* put fallback.jsonl aside"),
    ):
        two.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
    assert read(place) == [(1, note(1))]
