"""Hears what ccxt's parsers read from replies, while a client of the local exchange is at work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from tests.conformance.parsers import parsers, sources

Fields = dict[str, list[str]]  # parser: fields that it read and that were there


class Reading:
    """Takes the place of a client's accessors; they answer as before."""

    def __init__(self, client: Any) -> None:
        self._parsers = parsers(client.id)
        self._files = {str(path) for path in sources(client.id)}
        self._found: set[tuple[str, str]] = set()
        for name in dir(client):
            if name.startswith("safe_") and callable(getattr(client, name)):
                setattr(client, name, self._heard(getattr(client, name), two=name.endswith("_2")))

    def fields(self) -> Fields:
        """Sorted."""
        found: Fields = {}
        for parser, key in sorted(self._found):
            found.setdefault(parser, []).append(key)
        return found

    def _heard(self, accessor: Callable[..., Any], *, two: bool) -> Callable[..., Any]:
        def read(*arguments: Any, **named: Any) -> Any:
            code = sys._getframe(1).f_code
            if code.co_filename in self._files and code.co_name in self._parsers and len(arguments) > 1:
                self._note(code.co_name, arguments[0], arguments[1 : 3 if two else 2])
            return accessor(*arguments, **named)

        return read

    def _note(self, parser: str, reply: Any, keys: tuple[Any, ...]) -> None:
        if not isinstance(reply, dict) or "info" in reply:  # ccxt's own structures keep the reply in "info"
            return
        known = self._parsers[parser]
        for given in keys:
            for key in given if isinstance(given, list) else (given,):
                if key in known and key in reply:
                    self._found.add((parser, key))
