"""What became of a request about an order: by the venue's own code first, by ccxt's class hardly ever.

ccxt's classes mix what is definite with what is not: a network error may be a refusal, and an exchange error may
hide an order that was accepted. What no table knows is `Unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import orjson

from tradewind.clients.answers import Answer, answer_of
from tradewind.clients.venue_codes import TABLES, Row, row_for
from tradewind.market.outcome import Accepted, Outcome, Rejected, RejectKind, Unknown

_BANNED_UNTIL = re.compile(r"banned until (\d{13})")
_ID = re.compile(r"[1-9][0-9]*")
_EMPTY_LIST = re.compile(r'"code":"00000".*"data":\[\]')  # how Bitget's spot says that there is no such order
_QUERY = re.compile(r"\?[^\s'\"]+")
_TURNED_AWAY = (418, 429)
_LONGEST = 300
# What ccxt refuses by itself, before anything is sent; with a reply or a broken connection they mean nothing.
_OWN_REFUSALS = {
    "ArgumentsRequired": RejectKind.OTHER,
    "AuthenticationError": RejectKind.AUTH,
    "BadSymbol": RejectKind.NOT_TRADING,
    "InvalidOrder": RejectKind.FILTER,
    "NotSupported": RejectKind.OTHER,
}


class Asked(StrEnum):
    """What was asked of the venue."""

    PLACE = "place"
    CANCEL = "cancel"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Throttled(Rejected):
    """Refused with `RejectKind.LIMIT`: seconds to wait, and the end of a ban (UTC ms), where the venue says so."""

    retry_after_seconds: float | None = None
    banned_until_ms: int | None = None

    def seconds_from(self, now_ms: int) -> float | None:
        """How long the venue wants silence, however long that is; None where it does not say. `now_ms`: the wall."""
        if self.banned_until_ms is None:
            return self.retry_after_seconds
        return max(self.retry_after_seconds or 0.0, (self.banned_until_ms - now_ms) / 1000)


def of_reply(reply: object, client_id: str | None = None) -> Outcome:
    """What an order of ccxt says that came back: `Accepted` only if it has an id, and our client id if given.

    Ids of Binance and Bitget are positive numbers. For cancels leave `client_id` out: Binance answers them with
    an id of the cancel.
    """
    order: Mapping[str, Any] = reply if isinstance(reply, Mapping) else {}
    venue_id, named = order.get("id"), order.get("clientOrderId")
    if not isinstance(venue_id, str) or not _ID.fullmatch(venue_id):
        return Unknown("the reply names no order")
    if client_id is not None and named != client_id:
        return Unknown(f"the reply is about {named!r}, asked was {client_id!r}")
    return Accepted(venue_id)


def of_error(error: Exception, asked: Asked = Asked.PLACE) -> Rejected | Unknown:
    """What an error of a client of `connect` says about a request about one order."""
    answer = answer_of(error)
    if answer is None:
        return _unanswered(error, asked)
    code, text = _words(answer)
    row = row_for(_table(answer), code, text)
    if answer.status in _TURNED_AWAY and (row is None or row.kind is not RejectKind.LIMIT):
        row = Row(code or str(answer.status), RejectKind.LIMIT, "")
    if row is None or row.kind is None or (row.kind is RejectKind.NOT_FOUND and asked is Asked.PLACE):
        return Unknown(f"HTTP {answer.status}: {answer.body[:_LONGEST] or 'nothing'}")
    if row.kind is RejectKind.LIMIT:
        return Throttled(row.code, text, row.kind, _retry_after(answer), _banned_until(text))
    return Rejected(code, text, row.kind)


def may_pass(error: Exception) -> bool:
    """Did the venue say that it could not answer a question now, so that the same one may be answered later?

    By its code where the table has one, else by the status.
    """
    answer = answer_of(error)
    if answer is None:
        return False
    row = row_for(_table(answer), *_words(answer))
    if row is None:
        return answer.status >= 500
    return row.kind in (None, RejectKind.LIMIT, RejectKind.MAINTENANCE)


def _unanswered(error: Exception, asked: Asked) -> Rejected | Unknown:
    """No reply, or none that says no: nothing is certain unless ccxt refused by itself or found an empty list."""
    name, text = type(error).__name__, _shown(error)
    untouched = error.__cause__ is None and error.__context__ is None
    if untouched and type(error).__module__.startswith("ccxt."):
        if name in _OWN_REFUSALS:
            return Rejected(name, text, _OWN_REFUSALS[name])
        if name == "OrderNotFound" and asked is Asked.QUERY and _EMPTY_LIST.search(text):
            return Rejected(name, text, RejectKind.NOT_FOUND)
    cause = error.__cause__
    return Unknown(f"{name}: {text}" + (f" ({type(cause).__name__}: {_shown(cause)})" if cause else ""))


def _shown(error: BaseException) -> str:
    """Its text, without the queries of addresses: they are signed."""
    return _QUERY.sub("", str(error))[:_LONGEST]


def _table(answer: Answer) -> tuple[Row, ...]:
    if not answer.venue.startswith("binance"):
        return TABLES["Bitget"] if answer.venue == "bitget" else ()
    return TABLES["Binance USD-M" if urlsplit(answer.url).path.startswith("/fapi/") else "Binance Spot"]


def _words(answer: Answer) -> tuple[str, str]:
    """The venue's code and text; empty where the body is no such answer."""
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "", answer.body[:_LONGEST]
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict):
        return "", answer.body[:_LONGEST]
    return str(said.get("code", "")), str(said.get("msg", ""))


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _banned_until(text: str) -> int | None:
    found = _BANNED_UNTIL.search(text)
    return int(found[1]) if found else None
