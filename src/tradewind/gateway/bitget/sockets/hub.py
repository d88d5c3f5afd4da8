"""Events of the exchange on their way to topics, and topics by what clients call them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from tradewind.exchange import ApiKey, Exchange
from tradewind.exchange.events import (
    AlgoUpdate,
    BookChange,
    CandleTick,
    Event,
    FuturesUpdate,
    OrderUpdate,
    SpotUpdate,
    TradeTick,
)
from tradewind.gateway.bitget.sockets.conversation import Conversation
from tradewind.gateway.bitget.sockets.topic import AccountTopic, Key, Topic

Route = tuple[str, str]


class TopicHub(ABC):
    """Topics that have listeners. `where` is what of the exchange a topic hears."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._topics: dict[Key, Topic] = {}
        self._routes: dict[Route, list[Topic]] = {}
        exchange.subscribe(self._hear)

    @abstractmethod
    def topic(self, arg: dict[str, Any], key: ApiKey | None) -> Topic:
        """What `arg` names; `LineFailure` when nobody may have it, 30004 before the login."""

    def join(self, topic: Topic, conversation: Conversation) -> None:
        if topic.key not in self._topics:
            topic.start()
            self._topics[topic.key] = topic
            self._routes.setdefault(self.where(topic), []).append(topic)
        data = topic.greet()
        if data is not None:
            conversation.line.send(topic.frame("snapshot", data))
        topic.listeners.add(conversation)

    def leave(self, topic: Topic, conversation: Conversation) -> None:
        topic.listeners.discard(conversation)
        if not topic.listeners and self._topics.get(topic.key) is topic:
            del self._topics[topic.key]
            self._routes[self.where(topic)].remove(topic)
            topic.stop()

    def where(self, topic: Topic) -> Route:
        """Accounts hear of themselves; public topics of one channel of one market."""
        if isinstance(topic, AccountTopic):
            return ("account", topic.account)
        channel, symbol = getattr(topic, "channel", ""), getattr(topic, "listing", None)
        return (channel, symbol.symbol if symbol else "")

    def held(self, key: Key, make: Callable[[], Topic]) -> Topic:
        """The topic of that key that has listeners, else a new one."""
        return self._topics.get(key) or make()

    def flush(self, now_ms: int) -> None:
        for topic in list(self._topics.values()):
            topic.flush(now_ms)

    def _hear(self, event: Event) -> None:
        if not self._routes:
            return
        match event:
            case TradeTick():
                route = ("trade", event.trade.symbol)
            case CandleTick():
                route = (f"candle:{event.candle.interval}", event.candle.symbol)
            case BookChange():
                route = ("book", event.symbol)
            case OrderUpdate() | AlgoUpdate() | SpotUpdate() | FuturesUpdate():
                route = ("account", event.account)
            case _:
                return
        for topic in tuple(self._routes.get(route, ())):
            topic.hear(event)
