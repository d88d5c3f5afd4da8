"""One client on one socket: text pings, login, subscriptions, limits."""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from tradewind.exchange import ApiKey, Refused
from tradewind.gateway.bitget.sockets.failure import LineFailure, no_such_channel
from tradewind.gateway.bitget.sockets.login import log_in
from tradewind.gateway.bitget.sockets.topic import Key, Topic
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line

SILENCE_MS = 120_000  # without a ping
LIFETIME_MS = 24 * 3_600_000
MESSAGES_A_SECOND = 10
SUBSCRIPTIONS_AN_HOUR = 240
MOST_CHANNELS = 1000
LONGEST_REQUEST = 4096  # bytes of all channels of one request


class Hub(Protocol):
    """Where conversations find their topics."""

    def topic(self, arg: dict[str, Any], key: ApiKey | None) -> Topic:
        """What `arg` names; `LineFailure` when nobody may have it, 30004 before the login."""

    def join(self, topic: Topic, conversation: Conversation) -> None:
        """From now on the conversation hears of it; a snapshot first, if the channel has one."""

    def leave(self, topic: Topic, conversation: Conversation) -> None:
        """No more of it."""


class Conversation:
    """The venue's half. `private` sockets serve nothing before a login."""

    def __init__(self, line: Line, house: House, hub: Hub, *, private: bool, unified: bool = False) -> None:
        self.line = line
        self.key: ApiKey | None = None
        self._house = house
        self._hub = hub
        self._private = private
        self._unified = unified
        self._topics: dict[Key, Topic] = {}
        self._pinged_ms = line.opened_ms
        self._second = self._hour = -1
        self._messages = self._subscriptions = 0

    # --- what the line does

    def hear(self, text: str) -> None:
        """One frame: `ping`, or JSON with `op` login, subscribe or unsubscribe."""
        now = self._house.wire.now_ms()
        if not self._admit(now):
            return
        if text == "ping":
            self._pinged_ms = now
            self.line.send("pong")
            return
        self._house.refresh()
        try:
            self._act(text, now)
        except LineFailure as failure:
            self.line.send_json(failure.frame())

    def ended(self) -> None:
        for topic in list(self._topics.values()):
            self._hub.leave(topic, self)
        self._topics.clear()

    def tick(self, now_ms: int) -> None:
        """Cut off who is silent or whose key is gone, and everybody after a day."""
        if now_ms - self.line.opened_ms >= LIFETIME_MS:
            self.line.close(1000, "24 hours are over")
        elif now_ms - self._pinged_ms >= SILENCE_MS:
            self.line.close(1000, "no ping for two minutes")
        elif self.key and not self._house.exchange.treasury.valid_key(self.key.key, now_ms):
            self.line.send_json(LineFailure(30011).frame())
            self.line.close(1008, "the key is gone")

    # --- what the client asks

    def _admit(self, now_ms: int) -> bool:
        """Count a message; too many of them in a second end the conversation."""
        second = now_ms // 1000
        if second != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        profile = self._house.limits
        if profile.on and self._messages > MESSAGES_A_SECOND * profile.scale:
            self.line.send_json(LineFailure(30007).frame())
            self.line.close(1008, "too many messages")
            return False
        return self.line.open

    def _act(self, text: str, now_ms: int) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise LineFailure(30002) from None
        if not isinstance(message, dict):
            raise LineFailure(30002)
        op, args = message.get("op"), message.get("args")
        if op not in ("login", "subscribe", "unsubscribe"):
            raise LineFailure(30003)
        if not isinstance(args, list) or not args or not all(isinstance(arg, dict) for arg in args):
            raise LineFailure(30016)
        if op == "login":
            self._log_in(args[0], now_ms)
            return
        if len(orjson.dumps(args)) > LONGEST_REQUEST:
            raise LineFailure(30006)
        for arg in args:
            try:
                self._subscribe(arg, now_ms) if op == "subscribe" else self._unsubscribe(arg)
            except LineFailure as failure:
                self.line.send_json(failure.frame(arg=arg, op=op))

    def _log_in(self, arg: dict[str, Any], now_ms: int) -> None:
        self.key = log_in(self._house.exchange, arg, self.line.address, now_ms, self._unified)
        self.line.account = self.key.account
        self.line.send_json({"event": "login", "code": 0})

    def _subscribe(self, arg: dict[str, Any], now_ms: int) -> None:
        if self._private and self.key is None:
            raise LineFailure(30004)
        hour = now_ms // 3_600_000
        if hour != self._hour:
            self._hour, self._subscriptions = hour, 0
        self._subscriptions += 1
        profile = self._house.limits
        if profile.on and self._subscriptions > SUBSCRIPTIONS_AN_HOUR * profile.scale:
            raise LineFailure(30006)
        topic = self._find(arg)
        self.line.send_json({"event": "subscribe", "arg": arg})
        if topic.key in self._topics:
            return
        if len(self._topics) >= MOST_CHANNELS:
            raise LineFailure(30006)
        self._topics[topic.key] = topic
        self._hub.join(topic, self)

    def _unsubscribe(self, arg: dict[str, Any]) -> None:
        topic = self._find(arg)
        held = self._topics.pop(topic.key, None)
        if held is not None:
            self._hub.leave(held, self)
        self.line.send_json({"event": "unsubscribe", "arg": arg})

    def _find(self, arg: dict[str, Any]) -> Topic:
        try:
            return self._hub.topic(arg, self.key)
        except Refused:
            raise no_such_channel(arg) from None
