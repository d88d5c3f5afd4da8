"""Frames on their way to a client, and the faults that meet them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tradewind.gateway.faults.altering import text_of
from tradewind.gateway.faults.kinds import Kind, payload_of
from tradewind.gateway.faults.rules import Rule
from tradewind.gateway.faults.seen import Seen, see_frame
from tradewind.gateway.faults.traffic import Traffic
from tradewind.gateway.wire import Line
from tradewind.market import Clock

Send = Callable[[str], None]
_NAMES = ("c", "C", "clientOid", "clientOrderId", "caid")
_IDS = ("i", "orderId")  # conditional orders count by themselves: theirs say nothing about an order
_CONDITIONAL = {"ALGO_UPDATE", "orders-algo", "strategy-order"}


class Frames:
    """Applies rules to frames. Holds those that wait to be overtaken by the next of their line."""

    def __init__(self, traffic: Traffic, wire: Clock) -> None:
        self._traffic = traffic
        self._wire = wire
        self._late: dict[Line, tuple[str, Send, Seen]] = {}

    def pass_on(
        self, dialect: str, line: Line, text: str, send: Send, rules: list[Rule], key: str, account: str
    ) -> None:
        """Send the frame as the rules that fire for it want."""
        seen = see_frame(dialect, line, text, key)
        seen.account = account
        now, copies = self._wire.now_ms(), 1
        for rule in rules:
            if not rule.fires(seen, now):
                continue
            what = rule.what
            match what.do:
                case "silence":
                    return
                case "freeze":
                    line.frozen = True
                    return
                case "cut":
                    line.abort()
                    return
                case "close":
                    line.close(int(what.code or 1001), what.message)
                    return
                case "duplicate":
                    copies = 2
                case "alter":
                    text = text_of(what.alteration.apply(seen.message))
                case "delay":
                    self._later(what.ms, line, text, send, seen)
                    return
                case "reorder" if line not in self._late:  # else this one overtakes it
                    self._late[line] = (text, send, seen)
                    return
        for _ in range(copies):
            send(text)
        self._note(seen)
        if line in self._late:
            self._hand_on(*self._late.pop(line))

    def release(self) -> None:
        """Send what was held back."""
        late, self._late = self._late, {}
        for text, send, seen in late.values():
            self._hand_on(text, send, seen)

    def _hand_on(self, text: str, send: Send, seen: Seen) -> None:
        send(text)
        self._note(seen)

    def gone(self, line: Line) -> None:
        self._late.pop(line, None)

    def _later(self, ms: int, line: Line, text: str, send: Send, seen: Seen) -> None:
        def now() -> None:
            if line.open and not line.frozen:
                send(text)
                self._note(seen)

        asyncio.get_running_loop().call_later(ms / 1000, now)

    def _note(self, seen: Seen) -> None:
        """Remember which orders a stream told of."""
        if not self._traffic.on or seen.kind is not Kind.ORDER:
            return
        names = _NAMES if seen.event in _CONDITIONAL else _NAMES + _IDS
        found: list[str] = []
        for part in _parts(seen.message):
            found.extend(str(part[name]) for name in names if part.get(name))
        self._traffic.tell(found, self._wire.now_ms())


def _parts(message: Any) -> list[dict[str, Any]]:
    if isinstance(message, dict) and isinstance(message.get("data"), list):
        return [part for part in message["data"] if isinstance(part, dict)]
    payload = payload_of(message)
    inner = payload.get("o")
    return [inner] if isinstance(inner, dict) else [payload]
