"""Where the events of Binance Spot's streams come from. It listens to the exchange only while somebody hears."""

from __future__ import annotations

from collections.abc import Callable

from tradewind.exchange import Exchange
from tradewind.exchange.events import (
    BookChange,
    CandleTick,
    Event,
    OrderListUpdate,
    OrderUpdate,
    SpotUpdate,
    TradeTick,
)
from tradewind.gateway.binance.spot.markets import all_listings
from tradewind.gateway.binance.spot.streams.market import FAST_MS, SECOND_MS, MarketStream, MiniTicker
from tradewind.gateway.binance.spot.streams.names import all_markets, market_stream, of_market
from tradewind.gateway.binance.spot.streams.users import UserEvents
from tradewind.gateway.binance.streams import Hub

_CHANNELS = {"trade": TradeTick, "book": BookChange}


class AllTickers:
    """A ticker of every market, every second."""

    def __init__(self, hub: Hub, exchange: Exchange, name: str, what: str) -> None:
        self._hub = hub
        self._name = name
        made = (of_market(hub, exchange, name, one, what) for one in all_listings(exchange))
        self._tickers = [one for one in made if isinstance(one, MiniTicker)]
        self.period_ms = SECOND_MS
        self.due_ms = 0

    def beat(self) -> None:
        self._hub.publish(self._name, [ticker.event() for ticker in self._tickers])


class SpotSource:
    """The source of a hub: market streams by name, and listen keys."""

    def __init__(self, hub: Hub, exchange: Exchange, users: UserEvents) -> None:
        self._hub = hub
        self._exchange = exchange
        self._users = users
        self._markets: dict[str, MarketStream] = {}
        self._timed: dict[str, MarketStream | AllTickers] = {}
        self._hearing: dict[tuple[type, str], dict[str, MarketStream]] = {}
        self._end: Callable[[], None] | None = None
        self._flush_ms = 0
        users.on_change = self.listen

    def start(self, name: str) -> None:
        if self._users.start(name):
            return
        everything = all_markets(name)
        if everything is not None:
            self._timed[name] = AllTickers(self._hub, self._exchange, name, everything)
            return
        made = market_stream(self._hub, self._exchange, name)
        if made is None:
            return
        self._markets[name] = made
        if made.period_ms:
            self._timed[name] = made
        if made.channel:
            self._exchange.watch(made.symbol, made.channel)
            kind = _CHANNELS.get(made.channel, CandleTick)
            self._hearing.setdefault((kind, made.symbol), {})[name] = made
        self.listen()

    def account_of(self, name: str) -> str:
        """Whose listen key it is; empty for any other stream."""
        return self._users.account_of(name)

    def stop(self, name: str) -> None:
        self._users.stop(name)
        self._timed.pop(name, None)
        made = self._markets.pop(name, None)
        if made is not None and made.channel:
            self._exchange.unwatch(made.symbol, made.channel)
            key = (_CHANNELS.get(made.channel, CandleTick), made.symbol)
            del self._hearing[key][name]
            if not self._hearing[key]:
                del self._hearing[key]
        self.listen()

    def listen(self) -> None:
        """Hear the exchange exactly while somebody here is heard."""
        wanted = bool(self._hearing) or self._users.heard
        if wanted and self._end is None:
            self._end = self._exchange.subscribe(self._hear)
        elif not wanted and self._end is not None:
            self._end()
            self._end = None

    def _hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate):
            self._users.order(event)
        elif isinstance(event, OrderListUpdate):
            self._users.order_list(event)
        elif isinstance(event, SpotUpdate):
            self._users.balances(event)
        elif isinstance(event, TradeTick):
            self._tell(event, event.trade.symbol)
        elif isinstance(event, CandleTick):
            self._tell(event, event.candle.symbol)
        elif isinstance(event, BookChange):
            self._tell(event, event.symbol)

    def _tell(self, event: Event, symbol: str) -> None:
        for stream in self._hearing.get((type(event), symbol), {}).values():
            stream.hear(event)

    def tick(self, now_ms: int) -> None:
        """Publish what is due at this wire time."""
        if now_ms >= self._flush_ms:
            self._flush_ms = now_ms - now_ms % FAST_MS + FAST_MS
            for kind, symbol in tuple(self._hearing):
                if kind is BookChange:  # accounts change books while market time stands
                    self._exchange.flush_book(symbol)
        for stream in tuple(self._timed.values()):
            if now_ms >= stream.due_ms:
                stream.due_ms = now_ms - now_ms % stream.period_ms + stream.period_ms
                stream.beat()
