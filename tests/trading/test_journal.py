"""What was appended is there, whole, in order and unchanged; or the journal says that it is not."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tradewind.market import Bar, Command, CommandKind, Snapshot
from tradewind.market.errors import ConfigError, Inconsistent
from tradewind.trading.journal.journal import Journal

SESSION = {"mode": "paper", "capital": 1000.0, "symbols": ["A", "B"]}


def note(at: int) -> Command:
    return Command(CommandKind.REARM, at, f"note {at}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journals" / "run.sqlite"


@pytest.fixture
def written(path: Path) -> Path:
    """A journal of three transactions, five records."""
    with Journal.create(path, SESSION) as journal:
        journal.append([note(1)])
        journal.append([note(2), note(3), note(4)])
        journal.append([note(5)])
    return path


def read(path: Path) -> list[tuple[int, Any]]:
    with Journal.open(path) as journal:
        return list(journal.records())


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_records_come_back_in_order_with_what_was_said_of_the_session(written: Path) -> None:
    assert read(written) == [(k, note(k)) for k in range(1, 6)]
    with Journal.open(written) as journal:
        assert journal.session == {"format": 1, **SESSION}
        assert len(journal) == 5


def test_a_journal_goes_on_where_it_was_left(written: Path) -> None:
    with Journal.open(written) as journal:
        journal.append([note(6)])
    assert read(written)[-1] == (6, note(6))


def test_a_journal_is_never_overwritten(written: Path) -> None:
    before = written.read_bytes()
    with pytest.raises(ConfigError, match="a journal is never overwritten, name another file"):
        Journal.create(written, SESSION)
    assert written.read_bytes() == before


def test_a_session_that_cannot_be_written_leaves_no_file(path: Path) -> None:
    with pytest.raises(TypeError):
        Journal.create(path, {"capital": object()})
    assert not path.exists()


def test_what_is_no_journal_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no journal at"):
        Journal.open(tmp_path / "none.sqlite")
    text = tmp_path / "text.sqlite"
    text.write_text("not a database, but long enough to look at" * 30)
    other = tmp_path / "other.sqlite"
    change(other, "create table orders (id integer)")
    plain = tmp_path / "plain.sqlite"
    change(plain, "create table meta (key text, value blob)", "insert into meta values ('format', 'one')")
    for foreign in (text, other, plain):
        before = foreign.read_bytes()
        with pytest.raises(ConfigError, match=r"is not a journal .*name a file that `run` wrote"):
            Journal.open(foreign)
        assert foreign.read_bytes() == before


def test_a_newer_format_is_refused(written: Path) -> None:
    change(written, "update meta set value = '2' where key = 'format'")
    with pytest.raises(ConfigError, match="has journal format 2, this version reads 1"):
        Journal.open(written)


def test_an_append_that_fails_leaves_nothing(written: Path) -> None:
    unwritable: Any = Command(CommandKind.REARM, 2**70)
    with Journal.open(written) as journal:
        with pytest.raises((TypeError, OverflowError)):
            journal.append([note(6), unwritable, note(7)])
        with pytest.raises(TypeError, match="str is no record"):
            journal.append([note(6), "no record"])  # type: ignore[list-item]
        assert len(journal) == 5
        journal.append([note(6)])
    assert read(written) == [(k, note(k)) for k in range(1, 7)]


@pytest.mark.fault("P4")
def test_a_full_disk_in_the_middle_of_an_append_leaves_nothing(written: Path) -> None:
    """The third record of four cannot be stored: the first two are taken back."""
    change(
        written,
        "create trigger full before insert on events when new.number = 8 begin select raise(abort, 'disk full'); end",
    )
    with Journal.open(written) as journal:
        with pytest.raises(Exception, match="disk full"):
            journal.append([note(6), note(7), note(8), note(9)])
        assert len(journal) == 5
    change(written, "drop trigger full")
    with Journal.open(written) as journal:
        journal.append([note(6)])
    assert read(written) == [(k, note(k)) for k in range(1, 7)]


@pytest.mark.parametrize(
    ("statements", "number"),
    [
        (
            [
                "update events set payload = cast(replace(payload, 'note 3', 'note 8') as blob) where number = 3"
            ],
            3,
        ),
        (["update events set at = 7 where number = 3"], 3),
        (["update events set kind = 'fill' where number = 3"], 3),
        (["delete from events where number = 3"], 4),
        (["delete from events where number = 1"], 2),
        (
            ["delete from events where number = 3", "update events set number = number - 1 where number > 3"],
            3,
        ),
        (
            [
                "update events set number = -3 where number = 3",
                "update events set number = 3 where number = 4",
                "update events set number = 4 where number = -3",
            ],
            3,
        ),
        (["update meta set value = '2000.0' where key = 'capital'"], 1),
    ],
    ids=[
        "payload",
        "time",
        "kind",
        "deleted",
        "first deleted",
        "deleted and renumbered",
        "swapped",
        "session",
    ],
)
def test_a_journal_that_was_changed_says_where(written: Path, statements: list[str], number: int) -> None:
    change(written, *statements)
    with pytest.raises(Inconsistent, match=f"record {number} of the journal does not continue the chain"):
        read(written)


def test_records_before_a_change_can_still_be_read(written: Path) -> None:
    change(written, "delete from events where number = 4")
    with Journal.open(written) as journal:
        records = journal.records()
        assert [next(records)[0] for _ in range(3)] == [1, 2, 3]
        with pytest.raises(Inconsistent):
            next(records)


def test_a_commit_is_durable_before_append_returns(path: Path) -> None:
    """WAL and FULL on the very connection that writes; a reader elsewhere sees it at once."""
    with Journal.create(path, SESSION) as journal:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2)):
            assert journal._connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        journal._connection.rollback()
        journal.append([note(1)])
        assert read(path) == [(1, note(1))]
    with Journal.open(path) as journal:
        assert journal._connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert journal._connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


WRITER = """
import sys
from pathlib import Path
from tradewind.market import Command, CommandKind
from tradewind.trading.journal.journal import Journal
with Journal.create(Path(sys.argv[1]), {"mode": "paper"}) as journal:
    for k in range(1_000_000):
        journal.append([Command(CommandKind.REARM, k * 10 + n, "x" * 500) for n in range(7)])
        print(k, flush=True)
"""


def test_a_killed_process_leaves_whole_transactions_and_all_it_reported(path: Path) -> None:
    """Killed while it writes: every append that had returned is there, and no part of another."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert writer.stdout is not None
    with writer.stdout:
        for _ in range(25):
            reported = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
    assert writer.wait() == -signal.SIGKILL
    reported = max([reported, *map(int, rest)])
    records = read(path)
    assert len(records) % 7 == 0
    assert len(records) >= (reported + 1) * 7
    assert [r.at for _, r in records] == [k * 10 + n for k in range(len(records) // 7) for n in range(7)]
    with Journal.open(path) as journal:
        journal.append([note(1)])  # and it goes on
    assert len(read(path)) == len(records) + 1


def test_a_snapshot_keeps_its_bars(path: Path) -> None:
    snapshot = Snapshot(
        0, 60_000, (Bar(0, 60_000, 1.1, 1.3, 0.7, 1.2, 9.9, 1e-4, 1.1, 1.3, 0.7, 0.1 + 0.2), None)
    )
    with Journal.create(path, SESSION) as journal:
        journal.append([snapshot])
    assert read(path) == [(1, snapshot)]


def test_what_is_noted_waits_for_the_next_transaction_and_comes_before_it(path: Path) -> None:
    with Journal.create(path, SESSION) as journal:
        journal.note(note(1))
        journal.note(note(2))
        assert len(journal) == 0
        journal.append([note(3)])
        assert len(journal) == 3
        journal.note(note(4))
        journal.flush()
        journal.flush()
        journal.note(note(5))
    assert read(path) == [(k, note(k)) for k in range(1, 6)]


def test_of_too_many_notes_the_oldest_are_lost_and_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.trading.journal.journal.MOST_NOTES", 3)
    with Journal.create(path, SESSION) as journal:
        for k in range(1, 6):
            journal.note(note(k))
        assert journal.notes_lost == 2
    assert [record for _, record in read(path)] == [note(3), note(4), note(5)]


@pytest.mark.fault("P5")
def test_who_reads_disturbs_nobody_and_a_lock_is_waited_for(written: Path) -> None:
    locked = threading.Event()

    def lock() -> None:
        with closing(sqlite3.connect(written)) as other:
            other.execute("begin immediate")
            locked.set()
            time.sleep(0.3)
            other.rollback()

    with Journal.open(written) as journal, closing(sqlite3.connect(written)) as reader:
        rows = reader.execute("select * from events")
        rows.fetchone()  # in the middle of it, as a page that shows the run
        journal.append([note(6)])
        rows.fetchall()
        locking = threading.Thread(target=lock)
        locking.start()
        assert locked.wait(5)
        began = time.monotonic()
        journal.append([note(7)])
        assert 0.1 < time.monotonic() - began < 4
        locking.join()
    assert [number for number, _ in read(written)] == list(range(1, 8))
