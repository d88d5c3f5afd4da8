"""The sockets of one version: who talks, and what is due."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import Failure
from tradewind.gateway.bitget.limits import Connections
from tradewind.gateway.bitget.sockets.conversation import Conversation
from tradewind.gateway.bitget.sockets.hub import TopicHub
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line, Reply


class Lines:
    """Conversations at a public and a private path."""

    def __init__(self, house: House, hub: TopicHub, prefix: str, *, unified: bool) -> None:
        self._house = house
        self._hub = hub
        self._public, self._private = f"{prefix}/public", f"{prefix}/private"
        self._unified = unified
        self._talking: set[Conversation] = set()
        self._connections = Connections(house.limits)

    def talk(self, line: Line) -> Conversation | Reply | None:
        """A conversation, if the path is one of these; a reply when the address has too many."""
        if line.path.rstrip("/") not in (self._public, self._private):
            return None
        already = sum(1 for other in self._talking if other.line.open and other.line.address == line.address)
        try:
            self._connections.admit(line.address, already, line.opened_ms)
        except Failure as failure:
            return failure.reply(line.opened_ms)
        private = line.path.rstrip("/") == self._private
        made = Conversation(line, self._house, self._hub, private=private, unified=self._unified)
        self._talking.add(made)
        return made

    def tick(self) -> None:
        """Periodic frames; the silent and the old are cut off."""
        now = self._house.wire.now_ms()
        self._hub.flush(now)
        for conversation in tuple(self._talking):
            if conversation.line.open:
                conversation.tick(now)
            else:
                self._talking.discard(conversation)
