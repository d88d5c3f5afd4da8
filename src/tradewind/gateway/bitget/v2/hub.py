"""Topics of v2 by what clients call them."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import ApiKey, Exchange
from tradewind.gateway.bitget.desk import Desk
from tradewind.gateway.bitget.formats import GRANULARITIES, PRODUCT
from tradewind.gateway.bitget.sockets.failure import LineFailure, no_such_channel
from tradewind.gateway.bitget.sockets.hub import TopicHub
from tradewind.gateway.bitget.sockets.public import (
    BookTopic,
    CandleTopic,
    TickerTopic,
    TopOfBookTopic,
    TradeTopic,
)
from tradewind.gateway.bitget.sockets.topic import Topic
from tradewind.gateway.bitget.v2.topics import (
    FillsTopic,
    FuturesBalancesTopic,
    OrdersTopic,
    PlansTopic,
    PositionsTopic,
    SpotBalancesTopic,
    WalletTopic,
)
from tradewind.market import Kind

KINDS = {"SPOT": Kind.SPOT, PRODUCT: Kind.PERPETUAL}
TOPS = {"books1": 1, "books5": 5, "books15": 15}
PRIVATE = ("orders", "orders-algo", "fill", "account", "positions")


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
        kinds: dict[str, type[WalletTopic]] = {
            "orders": OrdersTopic,
            "orders-algo": PlansTopic,
            "fill": FillsTopic,
            "positions": PositionsTopic,
            "account": SpotBalancesTopic if spot else FuturesBalancesTopic,
        }
        kind = kinds[channel]
        return self.held(key, lambda: kind(exchange, key, arg, account, spot, symbol, desk))
