"""Where a live run keeps its things, and how another process speaks to it: by files that appear whole."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.files import write_whole
from tradewind.market import Command, CommandKind, ConfigError


@dataclass(frozen=True, slots=True)
class Letter:
    """A command in the inbox of a run, and where it lies."""

    command: Command
    path: Path


class RunFolder:
    """<home>/runs/<name>: `journal.sqlite`, what the run is (`run.json`), how it is (`status.json`), an inbox.

    Commands are files of the inbox, read in the order of their names, which begin with their time. Each lies there
    until it is done with, so that no crash loses one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def journal(self) -> Path:
        return self.path / "journal.sqlite"

    @property
    def fallback(self) -> Path:
        """Where a run keeps what it cannot write into its journal."""
        return self.path / "fallback.jsonl"

    def describe(self, about: dict[str, Any]) -> None:
        """Say what the run is: venue, environment, symbols, allocation. Holds no secret."""
        self._write("run.json", about)

    @property
    def about(self) -> dict[str, Any]:
        """What `describe` said; `ConfigError` where there is no such run."""
        about = self._read("run.json")
        if about is None:
            known = sorted(p.name for p in self.path.parent.glob("*") if (p / "run.json").exists())
            there = f"there are {', '.join(known)}" if known else "nothing has run in this home yet"
            raise ConfigError(f"there is no run {self.name!r}: {there}")
        return about

    def tell(self, status: dict[str, Any]) -> None:
        """Say how the run is, for whoever asks."""
        self._write("status.json", status)

    @property
    def status(self) -> dict[str, Any] | None:
        """What the run said last; None if it never did."""
        return self._read("status.json")

    def send(self, command: Command) -> None:
        """Ask something of the run, whether it works or not: it is taken at its next start otherwise."""
        name = f"{time.time_ns():020d}-{os.getpid()}.json"
        self._write(f"inbox/{name}", _as_json(command))

    def answer(self, ticket: str, told: dict[str, Any]) -> None:
        """Say what became of what was asked under this ticket."""
        self._write(f"answers/{ticket}.json", told)

    def answered(self, ticket: str) -> dict[str, Any] | None:
        """What was said of it, once; None while nothing was."""
        told = self._read(f"answers/{ticket}.json")
        if told is not None:
            (self.path / f"answers/{ticket}.json").unlink()
        return told

    def letters(self) -> list[Letter]:
        """What was asked and is not `done` with, oldest first. A file that is no command is put aside."""
        found = []
        for path in sorted((self.path / "inbox").glob("*.json")):
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                command = Command(CommandKind(data["kind"]), int(data["at"]), str(data["note"]))
            except (ValueError, KeyError, TypeError):
                path.rename(path.with_suffix(".refused"))
                continue
            found.append(Letter(command, path))
        return found

    def done(self, letter: Letter) -> None:
        """It is on disk elsewhere by now, or over."""
        letter.path.unlink(missing_ok=True)

    def put(self, letter: Letter, command: Command) -> None:
        """Another command in its place."""
        self._write(f"inbox/{letter.path.name}", _as_json(command))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """The right to trade this run; `ConfigError` while another process has it. The system frees it at its end."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)  # who may write into the inbox speaks for the owner of the money
        with (self.path / "run.lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ConfigError(
                    f"run {self.name!r} is at work already (process {self.process or 'unknown'}): stop it first, "
                    "or give this one another name"
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    @property
    def process(self) -> int | None:
        """The process that has the lock; None when nobody has."""
        try:
            with (self.path / "run.lock").open("r", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except OSError:
            text = (self.path / "run.lock").read_text(encoding="utf-8")
            return int(text) if text.isdecimal() else None
        return None

    def _write(self, name: str, value: dict[str, Any]) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(value, indent=1, default=str) + "\n"
        write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None


def _as_json(command: Command) -> dict[str, Any]:
    return {"kind": command.kind, "at": command.at, "note": command.note}
