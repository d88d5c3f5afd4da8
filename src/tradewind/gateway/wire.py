"""What comes over a wire and goes back, before any venue's protocol: requests, replies, lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import orjson

CUT = 0  # no code of WebSocket: the connection is cut instead of closed
JSON = {"Content-Type": "application/json;charset=UTF-8"}


class Flaw(StrEnum):
    """Why a body could not be taken: requests with one have none, and get the venue's error."""

    TOO_LONG = "too long"
    UNREADABLE = "unreadable"  # it is not encoded as its headers say, or in a way that nobody reads


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it arrived. `query` is raw: signatures are made over what was sent."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]  # names in any case
    address: str  # of the client
    received_ms: int  # wire time
    flaw: Flaw | None = None  # of the body


@dataclass(slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))


def json_reply(value: Any, status: int = 200) -> Reply:
    """`value` as JSON. Decimals must be strings already: each venue writes numbers its own way."""
    return Reply(status, orjson.dumps(value))


@dataclass(slots=True, eq=False)
class Line:
    """One WebSocket as a dialect sees it. `send` never waits; frames leave in order.

    `path` and `query` are those of the opening request. The dialect sets `account` once it knows whose private
    frames come over the line.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    address: str
    opened_ms: int  # wire time
    _send: Callable[[str], None]
    _close: Callable[[int, str], None]
    open: bool = True
    frozen: bool = False  # half-open: nothing is sent, heard or ponged, yet the connection stands
    account: str = ""
    heard_at: float = 0.0  # when the client last said anything, pongs included: time of the event loop

    def send(self, text: str | bytes) -> None:
        """Queue one text frame; after the line was closed nothing happens."""
        if self.open and not self.frozen:
            self._send(text.decode() if isinstance(text, bytes) else text)

    def send_json(self, value: Any) -> None:
        self.send(orjson.dumps(value))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say good-bye: what was sent before still leaves."""
        if self.open:
            self.open = False
            self._close(code, reason)

    def abort(self) -> None:
        """Cut the connection without a word."""
        self.close(CUT)


class Talk(Protocol):
    """A dialect's half of one conversation over a line."""

    def hear(self, text: str) -> None:
        """One text frame from the client."""

    def ended(self) -> None:
        """The line is gone, whoever ended it. Called once."""


class Dialect(Protocol):
    """One protocol family of one venue: synchronous, so that the same requests give the same world."""

    @property
    def name(self) -> str:
        """What it is called in logs and faults."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Patterns of the real host names, as for `fnmatch`."""

    def serves(self, method: str, path: str) -> bool:
        """Whether this dialect knows the path (whatever the method may answer)."""

    def answer(self, request: Request) -> Reply:
        """The reply, errors included; never raises for what a client sent."""

    def unknown(self, request: Request) -> Reply:
        """The reply to a path that nobody serves, as this venue words it."""

    def talk(self, line: Line) -> Talk | Reply | None:
        """Begin a conversation, or refuse it with a reply; None when no socket is served at that path."""

    def tick(self) -> None:
        """Called some ten times a second of wall time: periodic frames, expiry, forced disconnects."""


@runtime_checkable
class ExpiresListenKeys(Protocol):
    """What a dialect with listen keys may offer, so that they can be made to expire on demand."""

    def expire_listen_keys(self) -> int:
        """Let all listen keys expire now, told to their lines as the venue does; returns how many."""
