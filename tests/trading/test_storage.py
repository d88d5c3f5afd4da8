"""What happens is on disk also while the journal cannot be written, and joins it afterwards; nothing new is begun."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import postgres as postgres
from tradewind.market import Command, CommandKind, Inconsistent
from tradewind.trading.journal import journal as journals
from tradewind.trading.journal import storage as storages
from tradewind.trading.journal.database import Database, connect
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.storage import Storage

SESSION = {"mode": "paper", "capital": 1000.0}


def note(at: int) -> Command:
    return Command(CommandKind.REARM, at, f"note {at}")


@pytest.fixture(autouse=True)
def tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "RETRY_SECONDS", 0.0)


def fail(journal: Journal, yes: bool) -> None:
    """A real refusal of SQLite: the connection may not write."""
    journal._connection.exec_driver_sql(f"PRAGMA query_only={'on' if yes else 'off'}")
    journal._connection.rollback()


def read(path: Path) -> list[tuple[int, object]]:
    with Journal.open(path) as journal:
        return list(journal.records())


@pytest.mark.fault("P4")
def test_what_cannot_be_written_is_kept_and_joins_when_it_can(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with Journal.create(path, SESSION) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        journal.append([note(1)])
        fail(journal, True)
        journal.append([note(2), note(3)])
        journal.append([note(4)])
        assert "readonly" in journal.failing
        assert len(read(path)) == 1
        fail(journal, False)
        journal.append([note(5)])
        assert journal.failing == ""
    assert read(path) == [(k, note(k)) for k in range(1, 6)]
    assert Fallback(tmp_path / "fallback.jsonl").rows() == []


@pytest.mark.fault("P4")
def test_what_was_kept_joins_at_the_next_start_also_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    script = f"""
import os
from pathlib import Path
from tests.trading.test_storage import SESSION, fail, note
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.journal.journal import Journal
journal = Journal.create(Path({str(path)!r}), SESSION)
journal.fall_back_on(Fallback(Path({str(tmp_path / "fallback.jsonl")!r})))
journal.append([note(1)])
fail(journal, True)
journal.append([note(2)])
os.kill(os.getpid(), 9)
"""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{root / 'src'}:{root}"}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == -9
    assert len(read(path)) == 1
    with Journal.open(path) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        journal.append([note(3)])
    assert read(path) == [(1, note(1)), (2, note(2)), (3, note(3))]


def test_what_does_not_continue_the_journal_is_refused(tmp_path: Path) -> None:
    fallback = Fallback(tmp_path / "fallback.jsonl")
    fallback.keep([{"number": 1, "at": 1, "kind": "command", "payload": b"{}", "hash": "0" * 32}])
    with Journal.create(tmp_path / "run.sqlite", SESSION) as journal:
        with pytest.raises(Inconsistent, match="does not continue it at record 1"):
            journal.fall_back_on(fallback)
        assert len(journal) == 0
    assert len(fallback.rows()) == 1


def test_a_line_that_was_cut_off_is_left_out_and_a_full_file_ends_the_run(tmp_path: Path) -> None:
    row = {"number": 1, "at": 1, "kind": "command", "payload": b'{"a": 1}', "hash": "0" * 32}
    fallback = Fallback(tmp_path / "f", room=300)
    fallback.keep([row])
    fallback.keep([row | {"number": 2}])
    with pytest.raises(Inconsistent, match="is full: end the run"):
        fallback.keep([row | {"number": 3, "payload": b"x" * 300}])
    content = (tmp_path / "f").read_bytes()
    assert len(content) == 300
    cut = content.rstrip(b"\0")[:-5]
    (tmp_path / "f").write_bytes(cut + bytes(300 - len(cut)))
    assert [r["number"] for r in Fallback(tmp_path / "f", room=300).rows()] == [1]


def test_a_commit_whose_answer_was_lost_is_not_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with Journal.create(path, SESSION) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        real = journal._insert

        def lost(rows: list[dict[str, object]]) -> None:
            real(rows)
            raise sa.exc.OperationalError("insert", {}, ConnectionError("the answer got lost"))

        journal._insert = lost  # type: ignore[method-assign]
        journal.append([note(1)])
        assert "got lost" in journal.failing
        journal._insert = real  # type: ignore[method-assign]
        journal.append([note(2)])
        assert journal.failing == ""
    assert read(path) == [(1, note(1)), (2, note(2))]


def test_a_database_that_ends_the_connection_is_gone_on_with(postgres: str, tmp_path: Path) -> None:
    place = Database(postgres, "cut_off")
    with Journal.create(place, SESSION) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        journal.append([note(1)])
        with connect(place).begin() as other:
            other.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
            )
        journal.append([note(2)])
        assert journal.failing
        journal.append([note(3)])
        assert journal.failing == ""
    with Journal.open(place) as journal:
        assert list(journal.records()) == [(1, note(1)), (2, note(2)), (3, note(3))]


@pytest.mark.fault("P4")
def test_nothing_is_opened_while_the_disk_is_nearly_full_or_the_journal_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    with Journal.create(tmp_path / "run.sqlite", SESSION) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        storage = Storage(tmp_path, journal, told.append)
        assert storage.objection() == ""
        monkeypatch.setattr(storages, "LEAST_FREE", 2**62)
        storage.look()
        storage.look()
        assert "MB are free where the journal is" in storage.objection()
        monkeypatch.undo()
        storage.look()
        assert [len(told), told[1]] == [2, "everything can be written down again"]
        fail(journal, True)
        journal.append([note(1)])
        assert storage.objection().startswith("the journal cannot be written (attempt to write a readonly")
        fail(journal, False)


def test_a_file_of_the_journal_is_there_for_others_meanwhile(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "run.sqlite", SESSION) as journal:
        journal.fall_back_on(Fallback(tmp_path / "fallback.jsonl"))
        assert (tmp_path / "fallback.jsonl").stat().st_size >= 2**22
        assert (tmp_path / "fallback.jsonl").stat().st_mode & 0o077 == 0
        other = sqlite3.connect(tmp_path / "run.sqlite")
        assert other.execute("select count(*) from events").fetchone() == (0,)
        other.close()
