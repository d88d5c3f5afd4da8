"""Parameters of a request, from query and body: read by name and type, with Binance's errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from urllib.parse import unquote_plus

import orjson

from tradewind.gateway.binance.failure import Failure, empty, illegal, malformed, too_long, unreadable
from tradewind.gateway.wire import Flaw, Request

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TEXT = re.compile(r"[\x20-\x7e]{1,4096}")
CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"

E = TypeVar("E", bound=Enum)


class Params:
    """What a client sent, each name once. `signed` is the text that the signature covers."""

    __slots__ = ("_values", "signature", "signed")

    def __init__(self, values: Mapping[str, str], signed: str = "", signature: str = "") -> None:
        self._values = values
        self.signed = signed
        self.signature = signature

    @classmethod
    def of(cls, request: Request) -> Params:
        """Query and form body together, in that order; `Failure` for what cannot be read."""
        if request.flaw is not None:
            raise too_long() if request.flaw is Flaw.TOO_LONG else unreadable()
        body = _text(request.body)
        both = request.query + body
        if request.query and body:
            text = f"{request.query}&{body}"
        else:
            text = both
        values: dict[str, str] = {}
        for part in text.split("&"):
            if not part:
                continue
            name, _, value = part.partition("=")
            name, value = _unquote(name), _unquote(value)
            if name in values:
                raise Failure(-1101, f"Duplicate values for parameter '{name}'.")
            values[name] = value
        signature = values.pop("signature", "")
        signed = _unsigned(request.query) + _unsigned(body) if signature else text
        return cls(values, signed, signature)

    def has(self, name: str) -> bool:
        return name in self._values

    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def values(self) -> Mapping[str, str]:
        return self._values

    def maybe(self, name: str) -> str | None:
        """The text as sent; None when it was not."""
        value = self._values.get(name)
        if value is None:
            return None
        if not value:
            raise empty(name)
        if not _TEXT.fullmatch(value):
            raise illegal(name, "printable characters")
        return value

    def text(self, name: str) -> str:
        value = self.maybe(name)
        if value is None:
            raise malformed(name)
        return value

    def maybe_matching(self, name: str, pattern: str) -> str | None:
        value = self.maybe(name)
        if value is not None and not re.fullmatch(pattern.strip("^$"), value):
            raise illegal(name, pattern)
        return value

    def maybe_decimal(self, name: str) -> Decimal | None:
        """A number without sign or exponent."""
        value = self.maybe(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$")
        return Decimal(value)

    def decimal(self, name: str) -> Decimal:
        value = self.maybe_decimal(name)
        if value is None:
            raise malformed(name)
        return value

    def maybe_integer(self, name: str, low: int | None = None, high: int | None = None) -> int | None:
        value = self.maybe(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise illegal(name, "^[0-9]{1,20}$")
        number = int(value)
        if (low is not None and number < low) or (high is not None and number > high):
            raise Failure(-1130, f"Data sent for parameter '{name}' is not valid.")
        return number

    def integer(self, name: str) -> int:
        value = self.maybe_integer(name)
        if value is None:
            raise malformed(name)
        return value

    def limit(self, default: int, largest: int, name: str = "limit") -> int:
        """How many rows: more than the largest is the largest, as on spot."""
        value = self.maybe_integer(name)
        if value is None:
            return default
        if value < 1:
            raise Failure(-1130, f"Data sent for parameter '{name}' is not valid.")
        return min(value, largest)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.maybe(name)
        if value is None:
            return default
        if value.lower() not in ("true", "false"):
            raise illegal(name, "true|false")
        return value.lower() == "true"

    def maybe_choice(self, name: str, choices: Mapping[str, E], failure: Failure) -> E | None:
        """One of the names in `choices`, else that failure."""
        value = self.maybe(name)
        if value is None:
            return None
        if value not in choices:
            # One failure is raised again and again, and every raise would add frames to it.
            raise failure.with_traceback(None)
        return choices[value]

    def choice(self, name: str, choices: Mapping[str, E], failure: Failure) -> E:
        value = self.maybe_choice(name, choices, failure)
        if value is None:
            raise malformed(name)
        return value

    def maybe_list(self, name: str) -> list[str] | None:
        """A JSON list of texts."""
        value = self.maybe(name)
        if value is None:
            return None
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, list) or not all(isinstance(v, str) for v in found):
            raise illegal(name, '^\\["[A-Z0-9-_]{1,20}"(,"[A-Z0-9-_]{1,20}"){0,}\\]$')
        return found


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise unreadable() from None


def _unquote(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text


def _unsigned(text: str) -> str:
    """The text without its `signature` parameter, which mostly comes last."""
    if "signature=" not in text:
        return text
    before, _, after = text.rpartition("&signature=")
    if "&" not in after and "signature=" not in before and not text.startswith("signature="):
        return before
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
