"""Topics of v3 by what clients call them: `instType`, `topic`, and `symbol` and `interval` where they matter."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import ApiKey, Exchange
from tradewind.gateway.bitget.formats import GRANULARITIES
from tradewind.gateway.bitget.sockets.failure import LineFailure, no_such_channel
from tradewind.gateway.bitget.sockets.hub import TopicHub
from tradewind.gateway.bitget.sockets.topic import Topic
from tradewind.gateway.bitget.v3.category import NAMES
from tradewind.gateway.bitget.v3.desk import UnifiedDesk
from tradewind.gateway.bitget.v3.public_topics import (
    BookTopic,
    CandleTopic,
    TickerTopic,
    TopOfBookTopic,
    TradeTopic,
)
from tradewind.gateway.bitget.v3.topics import (
    AssetsTopic,
    FastFillsTopic,
    FillsTopic,
    OrdersTopic,
    PositionsTopic,
    StrategiesTopic,
    UnifiedTopic,
)
from tradewind.market import Kind

KINDS = {name.lower(): kind for kind, name in NAMES.items()}
TOPS = {"books1": 1, "books5": 5, "books50": 50}
UNIFIED = "UTA"
PRIVATE: dict[str, type[UnifiedTopic]] = {
    "account": AssetsTopic,
    "position": PositionsTopic,
    "order": OrdersTopic,
    "fill": FillsTopic,
    "fast-fill": FastFillsTopic,
    "strategy-order": StrategiesTopic,
}


class HubV3(TopicHub):
    """Private topics are of type UTA, public ones of the category in lower case."""

    def __init__(self, exchange: Exchange, desk: UnifiedDesk) -> None:
        super().__init__(exchange)
        self._desk = desk

    def topic(self, arg: dict[str, Any], key: ApiKey | None) -> Topic:
        kind, name = arg.get("instType"), arg.get("topic")
        if not isinstance(kind, str) or not isinstance(name, str):
            raise LineFailure(30016)
        if kind.upper() == UNIFIED:
            return self._private(arg, name, key)
        if kind.lower() not in KINDS:
            raise no_such_channel(arg)
        symbol = arg.get("symbol")
        if not isinstance(symbol, str):
            raise LineFailure(30016)
        return self._public(arg, KINDS[kind.lower()], name, symbol)

    def _private(self, arg: dict[str, Any], name: str, key: ApiKey | None) -> Topic:
        if key is None:
            raise LineFailure(30004)
        found = PRIVATE.get(name)
        if found is None:
            raise no_such_channel(arg)
        account, known = key.account, (key.account, name)
        return self.held(known, lambda: found(self.exchange, known, arg, account, self._desk))

    def _public(self, arg: dict[str, Any], kind: Kind, name: str, symbol: str) -> Topic:
        exchange = self.exchange
        listing = exchange.listings.find(kind, symbol)
        interval = arg.get("interval")
        key = (kind.value, name, symbol, str(interval))
        if name == "kline":
            span = GRANULARITIES.get(interval) if isinstance(interval, str) else None
            if span is None:
                raise no_such_channel(arg)
            return self.held(key, lambda: CandleTopic(exchange, key, arg, listing, span))
        if name == "ticker":
            return self.held(key, lambda: TickerTopic(exchange, key, arg, listing))
        if name == "publicTrade":
            return self.held(key, lambda: TradeTopic(exchange, key, arg, listing))
        if name == "books":
            return self.held(key, lambda: BookTopic(exchange, key, arg, listing))
        if name in TOPS:
            return self.held(key, lambda: TopOfBookTopic(exchange, key, arg, listing, TOPS[name]))
        raise no_such_channel(arg)
