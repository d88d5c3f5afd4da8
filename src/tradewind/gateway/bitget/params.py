"""Parameters of a request, read by name and type, with Bitget's errors.

They come from the query of a GET and from the JSON body of a POST; numbers may be JSON numbers or texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson

from tradewind.gateway.bitget.failure import Failure, known, missing, wrong
from tradewind.gateway.wire import Flaw, Request

_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{0,16})?")
_INTEGER = re.compile(r"[0-9]{1,18}")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,64}")
_LONGEST = 4096

T = TypeVar("T")


def check_body(request: Request) -> None:
    """`Failure` 40017 (HTTP 413) for a body that is too long, 40007 for one that is encoded wrongly."""
    if request.flaw is Flaw.TOO_LONG:
        raise Failure("40017", "Parameter verification failed body", 413)
    if request.flaw is Flaw.UNREADABLE:
        raise known("40007")


class Params:
    """What a client sent. Null and empty texts count as not sent."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def of(cls, request: Request) -> Params:
        """From the query, or for a POST from the body; `Failure` when that is no JSON object."""
        if request.method != "POST":
            return cls(dict(parse_qsl(request.query, keep_blank_values=True, errors="replace")))
        if not request.body:
            return cls({})
        kind = request.headers.get("Content-Type", "application/json")
        if not kind.lower().startswith("application/json"):
            raise known("40007")
        try:
            values = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            raise wrong("body") from None
        if isinstance(values, list):
            values = {"": values}
        if not isinstance(values, dict):
            raise wrong("body")
        return cls(values)

    def has(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")

    def is_scalar(self, name: str) -> bool:
        """Whether the value, if there is one, can be read as text."""
        try:
            self.maybe(name)
        except Failure:
            return False
        return True

    def maybe(self, name: str) -> str | None:
        """The value as text; None when it was not sent."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            text = value
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int | float) and math.isfinite(value):
            text = format(Decimal(repr(value)), "f")
        else:
            raise wrong(name)
        if len(text) > _LONGEST:
            raise wrong(name)
        return text

    def text(self, name: str) -> str:
        value = self.maybe(name)
        if value is None:
            raise missing(name)
        return value

    def maybe_decimal(self, name: str) -> Decimal | None:
        """A number without sign or exponent."""
        value = self.maybe(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise wrong(name)
        return Decimal(value)

    def maybe_positive(self, name: str) -> Decimal | None:
        """A number above 0; a 0 counts as not sent, as clients fill fields that they do not use."""
        value = self.maybe_decimal(name)
        return value or None

    def decimal(self, name: str) -> Decimal:
        value = self.maybe_decimal(name)
        if value is None:
            raise missing(name)
        return value

    def signed(self, name: str) -> Decimal:
        """A number that may be negative."""
        value = self.text(name)
        if not _DECIMAL.fullmatch(value.removeprefix("-")):
            raise wrong(name)
        return Decimal(value)

    def maybe_integer(self, name: str) -> int | None:
        value = self.maybe(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise wrong(name)
        return int(value)

    def integer(self, name: str) -> int:
        value = self.maybe_integer(name)
        if value is None:
            raise missing(name)
        return value

    def limit(self, default: int, largest: int, name: str = "limit") -> int:
        """How many rows; more than the largest is refused."""
        value = self.maybe_integer(name)
        if value is None:
            return default
        if not 1 <= value <= largest:
            raise wrong(name)
        return value

    def maybe_choice(self, name: str, choices: Mapping[str, T]) -> T | None:
        """What the value stands for in `choices`, whatever its case."""
        value = self.maybe(name)
        if value is None:
            return None
        found = choices.get(value.lower())
        if found is None:
            raise wrong(name)
        return found

    def choice(self, name: str, choices: Mapping[str, T]) -> T:
        found = self.maybe_choice(name, choices)
        if found is None:
            raise missing(name)
        return found

    def client_id(self, name: str = "clientOid") -> str:
        """A client's own name for an order; empty when it gave none."""
        value = self.maybe(name)
        if value is None:
            return ""
        if not _CLIENT_ID.fullmatch(value):
            raise Failure(
                "40305", "client_oid length is not greater than 64, and cannot be Martian characters"
            )
        return value

    def times(self) -> tuple[int | None, int | None]:
        """`startTime` and `endTime`."""
        start, end = self.maybe_integer("startTime"), self.maybe_integer("endTime")
        if start is not None and end is not None and start > end:
            raise Failure("40707", "Start time is greater than end time")
        return start, end

    def texts(self, name: str, most: int = 50) -> list[str]:
        """A list of texts; empty when it was not sent."""
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most or not all(isinstance(v, str) for v in value):
            raise wrong(name)
        return value

    def over(self, outer: Params) -> Params:
        """These parameters, and of `outer` those that are not among them."""
        return Params({**outer._values, **self._values})

    def rows(self, name: str, most: int) -> list[Params]:
        """A list of objects, each with parameters of its own."""
        value = self._values.get(name)
        if value is None:
            raise missing(name)
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise wrong(name)
        if not value:
            raise missing(name)
        if len(value) > most:
            raise Failure("40306", f"Batch processing orders can only process up to {most}")
        return [Params(row) for row in value]
