"""A journal that is damaged or gone is never replaced by a fresh one, and the last copy is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewind.market import Command, CommandKind, ConfigError, Inconsistent
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.journal.safekeeping import (
    DAY_MS,
    KEPT,
    back_up_daily,
    backups,
    note_begun,
    require_safe,
)

NOW = 1_795_275_573_000


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "one")
    with Journal.create(folder.journal, {"mode": "paper"}) as journal:
        journal.append([Command(CommandKind.REARM, k, "x" * 500) for k in range(200)])
    note_begun(folder, folder.journal)
    return folder


def test_a_run_that_never_began_may_begin(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "new")
    assert require_safe(folder, folder.journal) is False


@pytest.mark.fault("P3")
def test_a_damaged_file_is_refused_with_the_name_of_its_backup(folder: RunFolder) -> None:
    assert require_safe(folder, folder.journal) is True
    copy = back_up_daily(folder, folder.journal, NOW)
    assert copy is not None
    content = bytearray(folder.journal.read_bytes())
    content[8192:16384] = b"\xa5" * 8192
    folder.journal.write_bytes(content)
    with pytest.raises(Inconsistent, match="is damaged") as told:
        require_safe(folder, folder.journal)
    assert f"put {copy} in its place" in str(told.value)
    folder.journal.write_bytes(copy.read_bytes())
    assert require_safe(folder, folder.journal) is True
    with Journal.open(folder.journal) as journal:
        assert sum(1 for _ in journal.records()) == 200


@pytest.mark.fault("P3")
def test_a_journal_that_is_gone_is_not_begun_anew(folder: RunFolder) -> None:
    folder.journal.unlink()
    with pytest.raises(
        ConfigError, match=r"run 'one' had a journal, and none is at .*there is no backup of it"
    ):
        require_safe(folder, folder.journal)
    elsewhere = folder.path / "other.sqlite"
    with pytest.raises(ConfigError, match="it began in"):
        require_safe(folder, elsewhere)


def test_a_copy_is_made_once_a_day_and_the_last_seven_are_kept(folder: RunFolder) -> None:
    made = [back_up_daily(folder, folder.journal, NOW + k * DAY_MS // 2) for k in range(20)]
    assert [path is not None for path in made[:4]] == [True, False, True, False]
    assert len(backups(folder)) == KEPT
    assert backups(folder)[-1] == made[18]
    with Journal.open(backups(folder)[0]) as journal:
        assert len(journal) == 200
