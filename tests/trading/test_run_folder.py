"""The folder of a run: one process at a time, and commands that arrive once, whole and in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tradewind.market import Command, CommandKind, ConfigError
from tradewind.trading.journal.run_folder import RunFolder

HOLD = """
import sys
from pathlib import Path
from tradewind.trading.journal.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "one")


def test_commands_lie_there_in_order_until_they_are_done_with(folder: RunFolder) -> None:
    sent = [
        Command(CommandKind.HALT, 1, "first"),
        Command(CommandKind.REARM, 2),
        Command(CommandKind.STOP, 3),
    ]
    for command in sent:
        folder.send(command)
    letters = folder.letters()
    assert [letter.command for letter in letters] == sent
    assert folder.letters() == letters
    folder.done(letters[0])
    folder.done(letters[0])
    folder.put(letters[2], Command(CommandKind.HALT, 4))
    assert [letter.command for letter in folder.letters()] == [sent[1], Command(CommandKind.HALT, 4)]


def test_what_is_no_command_is_put_aside_and_the_rest_arrives(folder: RunFolder) -> None:
    folder.send(Command(CommandKind.STOP, 3))
    (folder.path / "inbox" / "0.json").write_text('{"kind": "dance", "at": 1, "note": ""}', encoding="utf-8")
    (folder.path / "inbox" / "1.json").write_text("[", encoding="utf-8")
    for _ in range(2):
        assert [letter.command.kind for letter in folder.letters()] == [CommandKind.STOP]


def test_the_lock_belongs_to_one_process_and_ends_with_it(folder: RunFolder) -> None:
    assert folder.process is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert folder.process == other.pid
        with pytest.raises(ConfigError, match=f"at work already \\(process {other.pid}\\)"), folder.lock():
            pass
        other.kill()
    assert folder.process is None
    with folder.lock():
        pass


def test_an_unknown_run_names_those_that_are_there(folder: RunFolder) -> None:
    RunFolder(folder.path.parent / "two").describe({"venue": "binance"})
    with pytest.raises(ConfigError, match="no run 'one': there are two"):
        _ = folder.about


def test_what_was_told_last_is_read(folder: RunFolder) -> None:
    assert folder.status is None
    folder.tell({"equity": 1.5})
    folder.tell({"equity": 2.5})
    assert folder.status == {"equity": 2.5}


def test_only_its_owner_may_speak_to_a_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "one")
    with folder.lock():
        assert folder.path.stat().st_mode & 0o077 == 0
