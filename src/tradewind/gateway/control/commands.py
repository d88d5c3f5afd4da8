"""The table of commands: by HTTP they are /tradewind/<name>, in a scenario `do = "<name>"`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.faults.reading import Values

Run = Callable[[ControlDesk, Values], Any]


@dataclass(frozen=True, slots=True)
class Command:
    """`GET` ones only tell. `lines` ones return rows for JSON lines. The docstring of `run` says what it does."""

    name: str
    method: str
    run: Run
    lines: bool = False


class Commands:
    """Commands of one theme, filled by a decorator."""

    def __init__(self) -> None:
        self._commands: list[Command] = []

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands)

    def on(self, method: str, name: str, lines: bool = False) -> Callable[[Run], Run]:
        """Let the decorated function be that command."""

        def put(run: Run) -> Run:
            self._commands.append(Command(name, method, run, lines))
            return run

        return put
