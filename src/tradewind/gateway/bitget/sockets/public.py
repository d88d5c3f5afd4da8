"""Public channels of v2: ticker, trades, candles, books."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Exchange, Interval, Listing
from tradewind.exchange.candles import Candle
from tradewind.exchange.events import BookChange, CandleTick, Event, TradeTick
from tradewind.gateway.bitget.sockets.checksum import KeptBook
from tradewind.gateway.bitget.sockets.topic import Key, Topic
from tradewind.gateway.bitget.v2.history import candle_row
from tradewind.gateway.bitget.v2.quotes import ticker_row, trade_row

TICKER_MS = 100
OLD_TRADES, OLD_CANDLES = 50, 500
ALL = 1_000_000


class MarketTopic(Topic):
    """About one market. `channel` is what the exchange watches for it; empty: nothing."""

    channel = ""

    def __init__(self, exchange: Exchange, key: Key, arg: dict[str, Any], listing: Listing) -> None:
        super().__init__(exchange, key, arg)
        self.listing = listing

    def start(self) -> None:
        if self.channel:
            self.exchange.watch(self.listing.symbol, self.channel)

    def stop(self) -> None:
        if self.channel:
            self.exchange.unwatch(self.listing.symbol, self.channel)


class TickerTopic(MarketTopic):
    """Whole tickers, as often as they change and ten times a second at most."""

    def __init__(self, exchange: Exchange, key: Key, arg: dict[str, Any], listing: Listing) -> None:
        super().__init__(exchange, key, arg, listing)
        self._sent: Any = None
        self._looked_ms = 0

    def row(self) -> dict[str, Any]:
        row = ticker_row(self.exchange, self.listing)
        row["instId"] = row["symbol"]
        row.setdefault("open24h", row.get("open"))
        if not self.listing.is_spot:
            premium = self.exchange.tape.premium(self.listing.symbol)
            row |= {
                "nextFundingTime": str(premium.next_funding_time),
                "symbolType": "1",
                "deliveryPrice": "0",
            }
        return row

    def greet(self) -> Any:
        return [self.row()]

    def flush(self, now_ms: int) -> None:
        if now_ms - self._looked_ms < TICKER_MS:
            return
        self._looked_ms = now_ms
        row = self.row()
        told = {name: value for name, value in row.items() if name != "ts"}
        if told != self._sent:
            self._sent = told
            self.send("snapshot", [row])


class TradeTopic(MarketTopic):
    """Public trades, newest first in every frame."""

    channel = "trade"

    def __init__(self, exchange: Exchange, key: Key, arg: dict[str, Any], listing: Listing) -> None:
        super().__init__(exchange, key, arg, listing)
        self._waiting: list[Any] = []

    def row(self, trade: Any) -> Any:
        row = trade_row(trade, self.listing)
        del row["symbol"]
        return row

    def greet(self) -> Any:
        found = self.exchange.tape.trades(self.listing.symbol, OLD_TRADES)
        return [self.row(t) for t in reversed(found)]

    def hear(self, event: Event) -> None:
        if isinstance(event, TradeTick):
            self._waiting.append(self.row(event.trade))

    def flush(self, now_ms: int) -> None:
        if self._waiting:
            rows, self._waiting = self._waiting[::-1], []
            self.send("update", rows)


class CandleTopic(MarketTopic):
    """The forming candle and, once, each that closed."""

    def __init__(
        self, exchange: Exchange, key: Key, arg: dict[str, Any], listing: Listing, interval: Interval
    ) -> None:
        super().__init__(exchange, key, arg, listing)
        self.interval = interval
        self.channel = f"candle:{interval.text}"
        self._closed: list[Candle] = []
        self._forming: Candle | None = None

    def row(self, candle: Candle) -> Any:
        row = candle_row(candle, self.listing)
        return [*row, row[-1]]

    def greet(self) -> Any:
        found = self.exchange.tape.candles(self.listing.symbol, self.interval.text, limit=OLD_CANDLES)
        return [self.row(c) for c in found]

    def hear(self, event: Event) -> None:
        if isinstance(event, CandleTick):
            if event.candle.closed:
                self._closed.append(event.candle)
                self._forming = None
            else:
                self._forming = event.candle

    def flush(self, now_ms: int) -> None:
        candles = [*self._closed, *([self._forming] if self._forming else [])]
        self._closed, self._forming = [], None
        for candle in candles:
            self.send("update", [self.row(candle)])


class BookTopic(MarketTopic):
    """All levels once, then what changed, with a checksum over the best 25 of each side."""

    channel = "book"

    def __init__(self, exchange: Exchange, key: Key, arg: dict[str, Any], listing: Listing) -> None:
        super().__init__(exchange, key, arg, listing)
        self.book = KeptBook(listing)

    def start(self) -> None:
        super().start()
        _, bids, asks = self.exchange.tape.book(self.listing.symbol, ALL)
        self.book.reset(bids, asks)

    def greet(self) -> Any:
        self.exchange.flush_book(self.listing.symbol)
        bids, asks = self.book.best()
        return [self.row(bids, asks, self.exchange.tape.book_id(self.listing.symbol))]

    def hear(self, event: Event) -> None:
        if isinstance(event, BookChange):
            bids, asks = self.book.change(event.bids, event.asks)
            self.send("update", [self.row(bids, asks, event.last_id)])

    def flush(self, now_ms: int) -> None:
        self.exchange.flush_book(self.listing.symbol)

    def row(self, bids: list[Any], asks: list[Any], seq: int) -> dict[str, Any]:
        return {
            "asks": asks,
            "bids": bids,
            "checksum": self.book.checksum(),
            "seq": seq,
            "ts": str(self.exchange.now_ms),
        }


class TopOfBookTopic(MarketTopic):
    """The best 1, 5 or 15 levels, whole whenever they changed."""

    channel = "book"

    def __init__(
        self, exchange: Exchange, key: Key, arg: dict[str, Any], listing: Listing, levels: int
    ) -> None:
        super().__init__(exchange, key, arg, listing)
        self.book = KeptBook(listing)
        self.levels = levels
        self._sent: Any = None

    def levels_now(self) -> tuple[list[Any], list[Any]]:
        _, bids, asks = self.exchange.tape.book(self.listing.symbol, self.levels)
        return [self.book.pair(p, q) for p, q in bids], [self.book.pair(p, q) for p, q in asks]

    def greet(self) -> Any:
        return [self.row(*self.levels_now())]

    def flush(self, now_ms: int) -> None:
        levels = self.levels_now()
        if levels != self._sent:
            self._sent = levels
            self.send("snapshot", [self.row(*levels)])

    def row(self, bids: list[Any], asks: list[Any]) -> dict[str, Any]:
        return {
            "asks": asks,
            "bids": bids,
            "checksum": 0,
            "seq": self.exchange.tape.book_id(self.listing.symbol),
            "ts": str(self.exchange.now_ms),
        }
