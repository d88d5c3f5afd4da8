"""Streams of any Binance product: who hears which, over raw and combined sockets.

A frame is made once for a stream and shared by all who hear it. A `Source` is told when the first socket wants a
stream and when the last one has left it, so that nothing is computed for streams that nobody hears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import orjson

from tradewind.gateway.wire import Line
from tradewind.market import Clock

DAY_MS = 24 * 60 * 60_000
SECOND_MS = 1_000


class Source(Protocol):
    """What makes the events of a product's streams and publishes them at its hub."""

    def start(self, name: str) -> None:
        """Somebody hears this stream now. A name that means nothing here is ignored, as on the venue."""

    def stop(self, name: str) -> None:
        """Nobody hears this stream any more."""

    def account_of(self, name: str) -> str:
        """Whose listen key it is; empty for any other stream."""


class Hub:
    """All sockets of one product and what each hears."""

    def __init__(self, most_streams: int, most_messages: int, life_ms: int = DAY_MS) -> None:
        self.most_streams = most_streams  # of one socket
        self.most_messages = most_messages  # from a client in a second
        self.life_ms = life_ms
        self.source: Source | None = None
        self._heard: dict[str, dict[StreamTalk, None]] = {}
        self._talks: dict[StreamTalk, None] = {}

    def heard(self, name: str) -> bool:
        return name in self._heard

    def names(self) -> tuple[str, ...]:
        """Streams that somebody hears."""
        return tuple(self._heard)

    def open(self, talk: StreamTalk) -> None:
        self._talks[talk] = None

    def join(self, talk: StreamTalk, name: str) -> None:
        found = self._heard.get(name)
        if found is None:
            found = self._heard[name] = {}
            if self.source is not None:
                self.source.start(name)
        found[talk] = None
        if self.source is not None:
            talk.line.account = self.source.account_of(name) or talk.line.account

    def leave(self, talk: StreamTalk, name: str) -> None:
        found = self._heard.get(name)
        if found is None or talk not in found:
            return
        del found[talk]
        if not found:
            del self._heard[name]
            if self.source is not None:
                self.source.stop(name)

    def close(self, talk: StreamTalk) -> None:
        self._talks.pop(talk, None)
        for name in tuple(talk.names):
            self.leave(talk, name)

    def publish(self, name: str, event: Any) -> None:
        """Send an event to all who hear the stream."""
        found = self._heard.get(name)
        if not found:
            return
        raw = orjson.dumps(event).decode()
        combined = ""
        for talk in tuple(found):
            if not talk.combined:
                talk.line.send(raw)
                continue
            combined = combined or f'{{"stream":{orjson.dumps(name).decode()},"data":{raw}}}'
            talk.line.send(combined)

    def tick(self, now_ms: int) -> None:
        """End sockets that have been open for a day of wire time."""
        for talk in tuple(self._talks):
            if now_ms - talk.line.opened_ms >= self.life_ms:
                talk.line.close(1001, "24 hours are over")


class Pace:
    """How many messages a client sent in the present second of wire time."""

    __slots__ = ("_count", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._count = 0

    def count(self, now_ms: int) -> int:
        second = now_ms // SECOND_MS
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count


class StreamTalk:
    """A socket of streams. `combined` ones wrap each event with its stream's name.

    Names that it does not heed are taken, and nothing is ever heard of them.
    """

    def __init__(
        self,
        hub: Hub,
        line: Line,
        clock: Clock,
        combined: bool,
        names: Iterable[str] = (),
        heeds: Callable[[str], bool] | None = None,
    ) -> None:
        self.line = line
        self.combined = combined
        self.names: dict[str, None] = {}
        self._heeds = heeds
        self._hub = hub
        self._clock = clock
        self._pace = Pace()
        hub.open(self)
        self._join(names)

    def hear(self, text: str) -> None:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY and GET_PROPERTY."""
        if self._pace.count(self._clock.now_ms()) > self._hub.most_messages:
            self.line.close(1008, "Too many requests")
            return
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._refuse(3, f"Invalid JSON: {error.msg}", None)
            return
        if not isinstance(message, dict):
            self._refuse(2, "Invalid request: request must be an object", None)
            return
        self._hear(message)

    def ended(self) -> None:
        self._hub.close(self)

    def _hear(self, message: dict[Any, Any]) -> None:
        number, method, params = message.get("id"), message.get("method"), message.get("params")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | str)):
            self._refuse(2, "Invalid request: request ID must be an integer or a string", None)
        elif method == "LIST_SUBSCRIPTIONS":
            self._answer(list(self.names), number)
        elif method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            self._change(method, params, number)
        elif method == "SET_PROPERTY":
            self._set(params, number)
        elif method == "GET_PROPERTY":
            self._get(params, number)
        else:
            self._refuse(2, f"Invalid request: unknown variant `{method}`", number)

    def _change(self, method: str, params: Any, number: int | str | None) -> None:
        if not isinstance(params, list) or not params or not all(_is_name(p) for p in params):
            self._refuse(2, "Invalid request: params must be an array of stream names", number)
            return
        if method == "UNSUBSCRIBE":
            for name in params:
                if name in self.names:
                    del self.names[name]
                    self._hub.leave(self, name)
        elif len(self.names.keys() | set(params)) > self._hub.most_streams:
            self._refuse(2, f"Invalid request: more than {self._hub.most_streams} streams", number)
            return
        self._answer(None, number)
        if method == "SUBSCRIBE":
            self._join(params)

    def _join(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.names:
                self.names[name] = None
                if self._heeds is None or self._heeds(name):
                    self._hub.join(self, name)

    def _set(self, params: Any, number: int | str | None) -> None:
        if not isinstance(params, list) or len(params) != 2 or params[0] != "combined":
            self._refuse(0, "Unknown property", number)
        elif not isinstance(params[1], bool):
            self._refuse(1, "Invalid value type: expected Boolean", number)
        else:
            self.combined = params[1]
            self._answer(None, number)

    def _get(self, params: Any, number: int | str | None) -> None:
        if params != ["combined"]:
            self._refuse(0, "Unknown property", number)
        else:
            self._answer(self.combined, number)

    def _answer(self, result: Any, number: int | str | None) -> None:
        self.line.send_json({"result": result, "id": number})

    def _refuse(self, code: int, msg: str, number: int | str | None) -> None:
        self.line.send_json({"error": {"code": code, "msg": msg}, "id": number})


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and value.isascii() and value.isprintable()
