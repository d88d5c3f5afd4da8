"""Channels that somebody subscribed to: each makes its frames once for all its listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tradewind.exchange import Exchange
from tradewind.exchange.events import Event

if TYPE_CHECKING:
    from tradewind.gateway.bitget.sockets.conversation import Conversation

Key = tuple[str, ...]


class Topic:
    """`arg` is what clients named it by; it comes back in every frame."""

    def __init__(self, exchange: Exchange, key: Key, arg: dict[str, Any]) -> None:
        self.exchange = exchange
        self.key = key
        self.arg = arg
        self.listeners: set[Conversation] = set()

    def start(self) -> None:
        """The first listener is coming."""

    def stop(self) -> None:
        """The last listener left."""

    def greet(self) -> Any:
        """The data of the snapshot for a new listener; None sends nothing."""
        return None

    def hear(self, event: Event) -> None:
        """One event of the exchange that this topic is about."""

    def flush(self, now_ms: int) -> None:
        """Called some ten times a second: send what has gathered."""

    def frame(self, action: str, data: Any) -> bytes:
        """`ts` is wire time."""
        return orjson.dumps(
            {"action": action, "arg": self.arg, "data": data, "ts": self.exchange.times.wire_ms()}
        )

    def send(self, action: str, data: Any) -> None:
        """To all listeners."""
        if self.listeners:
            frame = self.frame(action, data)
            for listener in tuple(self.listeners):
                listener.line.send(frame)


class AccountTopic(Topic):
    """About one account: it hears all that concerns it."""

    def __init__(self, exchange: Exchange, key: Key, arg: dict[str, Any], account: str) -> None:
        super().__init__(exchange, key, arg)
        self.account = account
