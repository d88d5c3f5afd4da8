"""Sockets of Binance USD-M: which path is what, and one subscriber of the exchange for all of them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from tradewind.exchange.events import Event
from tradewind.gateway.binance.streams import Hub, StreamTalk
from tradewind.gateway.binance.usdm.market_streams import MarketStreams, is_public
from tradewind.gateway.binance.usdm.user_stream import UserStreams
from tradewind.gateway.house import House
from tradewind.gateway.wire import Line

MOST_STREAMS, MOST_MESSAGES = 1024, 10
_GROUPS = ("public", "market", "private")


class Sockets:
    """The streams of one house: /ws and /stream, whole or below /public, /market and /private."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.hub = Hub(MOST_STREAMS, MOST_MESSAGES)
        self.hub.source = self
        self.markets = MarketStreams(house, self.hub)
        self.users = UserStreams(house, self.hub)
        self._users_heard: set[str] = set()
        self._end: Callable[[], None] | None = None

    def serves(self, path: str) -> bool:
        """Whether it is a path of streams."""
        parts = _group_and_parts(path)[1]
        return bool(parts) and parts[0] in ("ws", "stream")

    def talk(self, line: Line) -> StreamTalk:
        """A conversation at a path that is served."""
        group, parts = _group_and_parts(line.path)
        asked = parse_qs(line.query)
        names = [name for name in parts[1:] if not name.isdigit()]  # ccxt numbers its sockets
        for value in (*asked.get("streams", ()), *asked.get("listenKey", ())):
            names += [name for name in value.split("/") if name]
        heeds = {"": None, "public": self._public, "market": self._market, "private": self._private}[group]
        combined = parts[0] == "stream"
        return StreamTalk(self.hub, line, self._house.wire, combined, names[:MOST_STREAMS], heeds)

    def _public(self, name: str) -> bool:
        return is_public(name)

    def _market(self, name: str) -> bool:
        return not is_public(name) and not self._private(name)

    def _private(self, name: str) -> bool:
        return self.users.keys.find(name) is not None

    def start(self, name: str) -> None:
        """Somebody hears a stream: listen to the exchange."""
        if self._end is None:
            self._end = self._house.exchange.subscribe(self._hear)
        if self.users.start(name):
            self._users_heard.add(name)
        else:
            self.markets.start(name)

    def stop(self, name: str) -> None:
        """Nobody hears it any more."""
        if name in self._users_heard:
            self._users_heard.discard(name)
            self.users.stop(name)
        else:
            self.markets.stop(name)
        if not self.hub.names() and self._end is not None:
            self._end()
            self._end = None

    def account_of(self, name: str) -> str:
        """Whose listen key it is; empty for any other stream."""
        return self.users.keys.account_of(name)

    def _hear(self, event: Event) -> None:
        self.markets.hear(event)
        if self._users_heard:
            self.users.hear(event)

    def tick(self, now_ms: int) -> None:
        self.users.keys.expire(now_ms)
        self.users.keys.expire_revoked(self._house.exchange.treasury, now_ms)
        self.markets.tick(now_ms)
        self.hub.tick(now_ms)


def _group_and_parts(path: str) -> tuple[str, list[str]]:
    """Which half of the split streams a path is in, and what follows."""
    parts = [part for part in path.split("/") if part]
    if parts and parts[0] == "fstream":
        parts = parts[1:]
    if parts and parts[0] in _GROUPS:
        return parts[0], parts[1:]
    return "", parts
