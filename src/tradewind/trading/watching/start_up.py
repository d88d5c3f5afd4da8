"""What stands in a run's folder from before its start: commands that nobody took, and panics."""

from __future__ import annotations

from tradewind.market import Command, CommandKind, ConfigError
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.panic.panic_record import PanicRecord, panic_files
from tradewind.trading.session.desk import BY_HAND
from tradewind.trading.session.live import ENDS


def refuse_during_panic(folder: RunFolder) -> None:
    """`ConfigError` while another process closes what the run owns: two hands would sell it twice."""
    for path in panic_files(folder.path):
        record = PanicRecord.read(path)
        if record.code is None and record.is_at_work():
            raise ConfigError(
                f"a panic (process {record.process}) is closing what run {folder.name!r} owns: start it again when "
                "that has ended"
            )


def forget_old_commands(folder: RunFolder) -> None:
    """Let go of what was asked before this start and is over: to stop, to re-arm before the last panic, and orders
    by hand, for which nobody waits. A panic that nobody took halts, as its record does.

    Call it before anything else: what comes later is meant for this start. The rest stands, in its order.
    """
    panicked_at = max((PanicRecord.read(path).at for path in panic_files(folder.path)), default=0)
    for letter in folder.letters():
        command = letter.command
        outdated = command.kind is CommandKind.REARM and command.at <= panicked_at
        if command.kind is CommandKind.PANIC:
            folder.put(letter, Command(CommandKind.HALT, command.at, command.note or "a panic"))
        elif command.kind in (*ENDS, *BY_HAND) or outdated:
            folder.done(letter)
