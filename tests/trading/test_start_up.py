"""What was asked before a start, and what was asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradewind.market import Command, CommandKind, ConfigError
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.panic.panic_record import PanicRecord
from tradewind.trading.watching.start_up import forget_old_commands, refuse_during_panic


def _asked(folder: RunFolder, *commands: tuple[CommandKind, int]) -> list[CommandKind]:
    for kind, at in commands:
        folder.send(Command(kind, at, ""))
    forget_old_commands(folder)
    return [letter.command.kind for letter in folder.letters()]


def test_a_stop_of_before_is_over_and_a_halt_stands(tmp_path: Path) -> None:
    commands = (CommandKind.STOP, 1), (CommandKind.HALT, 2), (CommandKind.REARM, 3), (CommandKind.PANIC, 4)
    left = [CommandKind.HALT, CommandKind.REARM, CommandKind.HALT]  # a panic that nobody took halts
    assert _asked(RunFolder(tmp_path), *commands) == left


@pytest.mark.parametrize(("at", "stands"), [(1_000, []), (3_000, [CommandKind.REARM])])
def test_a_rearm_counts_only_after_the_last_panic(tmp_path: Path, at: int, stands: list[CommandKind]) -> None:
    PanicRecord.begin(tmp_path, 2_000, "run").end(2_001, 0)
    assert _asked(RunFolder(tmp_path), (CommandKind.REARM, at)) == stands


def test_nothing_starts_beside_a_panic_at_work(tmp_path: Path) -> None:
    record = PanicRecord.begin(tmp_path, 1_000, "run")
    record.step(1_000, "press")
    with pytest.raises(ConfigError, match=rf"process {os.getpid()}.*start it again when"):
        refuse_during_panic(RunFolder(tmp_path))
    record.end(2_000, 5)
    refuse_during_panic(RunFolder(tmp_path))


def test_a_panic_that_was_killed_holds_up_nothing(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    record = PanicRecord.begin(tmp_path, 1_000, "run")
    record.process = int(ended.stdout)
    record.step(1_000, "press")
    refuse_during_panic(RunFolder(tmp_path))
