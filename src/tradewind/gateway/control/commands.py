"""The table of commands: by HTTP they are /tradewind/<name>, in a scenario `do = "<name>"`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.faults.reading import Values

Act = Callable[[ControlDesk], Any]
Read = Callable[[Values], Act]


@dataclass(frozen=True, slots=True)
class Command:
    """`GET` ones only tell. `lines` ones return rows for JSON lines. The docstring of `read` says what it does."""

    name: str
    method: str
    read: Read
    lines: bool = False

    def given(self, values: Mapping[str, Any]) -> Act:
        """What is to be done, with values that make sense by themselves; `ConfigError` when they do not."""
        reading = Values(values, self.name)
        act = self.read(reading)
        reading.done()
        return act


class Commands:
    """Commands of one theme, filled by a decorator."""

    def __init__(self) -> None:
        self._commands: list[Command] = []

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands)

    def on(self, method: str, name: str, lines: bool = False) -> Callable[[Read], Read]:
        """Let the decorated function read the values of that command."""

        def put(read: Read) -> Read:
            self._commands.append(Command(name, method, read, lines))
            return read

        return put
