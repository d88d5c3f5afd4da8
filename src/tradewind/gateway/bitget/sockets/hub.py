"""Events of the exchange on their way to the topics of v2, and topics by what clients call them."""

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
from tradewind.gateway.bitget.formats import GRANULARITIES, PRODUCT
from tradewind.gateway.bitget.sockets.conversation import Conversation
from tradewind.gateway.bitget.sockets.failure import LineFailure, no_such_channel
from tradewind.gateway.bitget.sockets.private import (
    AccountTopic,
    FillsTopic,
    FuturesBalancesTopic,
    OrdersTopic,
    PlansTopic,
    PositionsTopic,
    SpotBalancesTopic,
)
from tradewind.gateway.bitget.sockets.public import (
    BookTopic,
    CandleTopic,
    TickerTopic,
    TopOfBookTopic,
    TradeTopic,
)
from tradewind.gateway.bitget.sockets.topic import Key, Topic
from tradewind.gateway.bitget.v2.desk import Desk
from tradewind.market import Kind

KINDS = {"SPOT": Kind.SPOT, PRODUCT: Kind.PERPETUAL}
TOPS = {"books1": 1, "books5": 5, "books15": 15}
PRIVATE = ("orders", "orders-algo", "fill", "account", "positions")
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


class HubV2(TopicHub):
    """Arguments of v2: `instType`, `channel`, and `instId` or `coin`."""

    def __init__(self, exchange: Exchange, desk: Desk) -> None:
        super().__init__(exchange)
        self._desk = desk

    def topic(self, arg: dict[str, Any], key: ApiKey | None) -> Topic:
        names = [arg.get(name) for name in ("instType", "channel")]
        place = arg.get("instId", arg.get("coin"))
        if not all(isinstance(value, str) for value in (*names, place)):
            raise LineFailure(30016)
        product, channel = str(names[0]), str(names[1])
        if product.upper() not in KINDS:
            raise no_such_channel(arg)
        spot = KINDS[product.upper()] is Kind.SPOT
        if channel in PRIVATE:
            if key is None:
                raise LineFailure(30004)
            return self._private(arg, spot, channel, str(place), key.account)
        return self._public(arg, KINDS[product.upper()], channel, str(place))

    def _public(self, arg: dict[str, Any], kind: Kind, channel: str, place: str) -> Topic:
        exchange = self.exchange
        listing = exchange.listings.find(kind, place)
        key = (kind.value, channel, place)
        if channel == "ticker":
            return self.held(key, lambda: TickerTopic(exchange, key, arg, listing))
        if channel == "trade":
            return self.held(key, lambda: TradeTopic(exchange, key, arg, listing))
        if channel == "books":
            return self.held(key, lambda: BookTopic(exchange, key, arg, listing))
        if channel in TOPS:
            return self.held(key, lambda: TopOfBookTopic(exchange, key, arg, listing, TOPS[channel]))
        interval = GRANULARITIES.get(channel.removeprefix("candle")) if channel.startswith("candle") else None
        if interval is None:
            raise no_such_channel(arg)
        return self.held(key, lambda: CandleTopic(exchange, key, arg, listing, interval))

    def _private(self, arg: dict[str, Any], spot: bool, channel: str, place: str, account: str) -> Topic:
        exchange, desk = self.exchange, self._desk
        key = (account, "spot" if spot else "mix", channel, place)
        if channel == "positions" and spot:
            raise no_such_channel(arg)
        symbol = None if place == "default" else place
        if symbol is not None and channel != "account":
            symbol = exchange.listings.find(Kind.SPOT if spot else Kind.PERPETUAL, place).symbol
        kinds: dict[str, type[AccountTopic]] = {
            "orders": OrdersTopic,
            "orders-algo": PlansTopic,
            "fill": FillsTopic,
            "positions": PositionsTopic,
            "account": SpotBalancesTopic if spot else FuturesBalancesTopic,
        }
        kind = kinds[channel]
        return self.held(key, lambda: kind(exchange, key, arg, account, spot, symbol, desk))
