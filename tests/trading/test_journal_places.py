"""The same journal in a file and in PostgreSQL; older tables are brought up to date, newer ones are refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.postgres import postgres as postgres
from tradewind.market import Command, CommandKind, ConfigError, Inconsistent, VenueUnavailable
from tradewind.trading.journal import migrations
from tradewind.trading.journal.database import VERSION, Database, Place, connect, tables
from tradewind.trading.journal.journal import Journal

SESSION = {"mode": "paper", "capital": 1000.0}
_numbers = count()

Change = Callable[[str], None]


def note(at: int) -> Command:
    return Command(CommandKind.REARM, at, f"note {at}")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield tmp_path / "run.sqlite"
    else:
        yield Database(request.getfixturevalue("postgres"), f"run_{next(_numbers)}")


def execute(place: Place, *statements: str) -> None:
    engine = connect(place)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_journal_is_the_same_in_both_places(place: Place) -> None:
    with Journal.create(place, SESSION) as journal:
        journal.append([note(2**45), note(2)])
        journal.append([note(3)])
    with pytest.raises(ConfigError, match="a journal is never overwritten"):
        Journal.create(place, SESSION)
    with Journal.open(place) as journal:
        journal.append([note(4)])
        assert journal.session == {"format": 1, **SESSION}
        assert list(journal.records()) == [(1, note(2**45)), (2, note(2)), (3, note(3)), (4, note(4))]


def test_the_chain_is_the_same_in_both_places(postgres: str, tmp_path: Path) -> None:
    hashes = []
    for place in (tmp_path / "run.sqlite", Database(postgres, "same_chain")):
        with Journal.create(place, SESSION) as journal:
            journal.append([note(1), note(2)])
        with connect(place).connect() as connection:
            rows = connection.exec_driver_sql("select number, hash from events order by number").all()
        hashes.append([tuple(row) for row in rows])
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 2


def test_a_change_by_hand_is_found_in_both_places(place: Place) -> None:
    with Journal.create(place, SESSION) as journal:
        journal.append([note(1), note(2), note(3)])
    execute(place, "update events set at = 7 where number = 2")
    with Journal.open(place) as journal, pytest.raises(Inconsistent, match="record 2 of the journal"):
        list(journal.records())


def test_runs_of_one_database_do_not_meet(postgres: str) -> None:
    one, two = Database(postgres, "one_run"), Database(postgres, "two_run")
    with Journal.create(one, SESSION) as first, Journal.create(two, SESSION) as second:
        first.append([note(1)])
        second.append([note(2)])
        assert [r for _, r in first.records()] == [note(1)]
    with pytest.raises(ConfigError, match="no journal at schema none_run of 127"):
        Journal.open(Database(postgres, "none_run"))


def test_a_commit_in_postgres_waits_for_the_disk(postgres: str) -> None:
    with Journal.create(Database(postgres, "durable"), SESSION) as journal:
        assert journal._connection.exec_driver_sql("show synchronous_commit").scalar() == "on"


@pytest.mark.fault("P6")
def test_tables_from_before_versions_are_brought_up_to_date_after_a_copy(place: Place) -> None:
    with Journal.create(place, SESSION) as journal:
        journal.append([note(1)])
    execute(place, "drop table alembic_version", "drop table lease")
    with Journal.open(place) as journal:
        journal.append([note(2)])
        assert [r for _, r in journal.records()] == [note(1), note(2)]
    with connect(place).connect() as connection:
        assert connection.exec_driver_sql("select version_num from alembic_version").scalar() == VERSION
    if isinstance(place, Path):
        copy = place.with_name(f"{place.name}.before-{VERSION}")
        assert sqlite3.connect(copy).execute("select count(*) from events").fetchone() == (1,)


@pytest.mark.fault("P6")
def test_tables_of_a_newer_version_are_refused(place: Place) -> None:
    Journal.create(place, SESSION).close()
    execute(place, "update alembic_version set version_num = '9999'")
    with pytest.raises(ConfigError, match="has tables of version 9999, this Tradewind knows up to"):
        Journal.open(place)


def test_the_steps_lead_to_the_tables_that_are_made_at_once(place: Place) -> None:
    if isinstance(place, Database):
        execute(place, f"create schema {place.schema}")
    engine = connect(place)
    migrations.migrate(engine)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), tables)
        assert [d for d in differences if "alembic_version" not in repr(d)] == []
    engine.dispose()


def test_the_version_is_that_of_the_newest_step() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [VERSION]


@pytest.mark.parametrize(
    ("url", "schema", "said"),
    [
        ("mysql://user@host/db", "run", "write postgresql://"),
        ("no url at all", "run", "write postgresql://"),
        ("postgresql://host/db", "Run one", "cannot name a schema"),
        ("postgresql://host/db", "x; drop schema y", "cannot name a schema"),
    ],
)
def test_a_place_that_cannot_be_is_refused_in_one_sentence(url: str, schema: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Database(url, schema)


def test_a_password_is_never_shown() -> None:
    place = Database("postgresql://me:canary-4711@127.0.0.1:1/db", "run")
    assert "canary" not in f"{place} {place!r}"
    with pytest.raises(VenueUnavailable, match="is the server at work") as told:
        Journal.open(place)
    assert "canary" not in str(told.value)
    assert told.value.__cause__ is None


def test_who_finds_the_file_locked_waits(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "run.sqlite", SESSION) as journal:
        with Journal.open(tmp_path / "run.sqlite") as reader:
            assert len(reader) == 0
        busy = journal._connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
        journal._connection.rollback()
        assert busy == 5000


def test_the_tables_have_the_same_types_in_both_places(postgres: str, tmp_path: Path) -> None:
    seen = []
    for place in (tmp_path / "run.sqlite", Database(postgres, "types")):
        Journal.create(place, SESSION).close()
        found = sa.inspect(connect(place))
        seen.append({t: [c["name"] for c in found.get_columns(t)] for t in ("events", "meta")})
    assert seen[0] == seen[1]
