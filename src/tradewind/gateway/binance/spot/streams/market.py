"""The streams of one market of Binance Spot: what each watches, and the events it publishes.

Event times are market time. Periods are wire time, as on the venue.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Listing
from tradewind.exchange.candles import Candle, Ticker
from tradewind.exchange.events import BookChange, CandleTick, Event, TradeTick
from tradewind.gateway.binance.spot.market_data import aggregate, book, levels
from tradewind.gateway.binance.spot.markets import eight
from tradewind.gateway.binance.spot.tickers import change_percent, rolled
from tradewind.gateway.binance.streams import Hub

FAST_MS, SECOND_MS = 100, 1_000
_ZERO = Decimal(0)
Best = tuple[tuple[Decimal, Decimal] | None, tuple[Decimal, Decimal] | None]


class MarketStream:
    """One stream. `channel` is what the exchange must watch for it; every `period_ms` it is asked to `beat`."""

    channel = ""
    period_ms = 0

    def __init__(self, hub: Hub, exchange: Exchange, name: str, listing: Listing) -> None:
        self.hub = hub
        self.exchange = exchange
        self.name = name
        self.id = listing.id
        self.symbol = listing.symbol
        self.due_ms = 0

    def hear(self, event: Event) -> None:
        """An event of the watched channel."""

    def beat(self) -> None:
        """A period is over."""

    def publish(self, event: dict[str, Any]) -> None:
        self.hub.publish(self.name, event)

    def head(self, kind: str) -> dict[str, Any]:
        return {"e": kind, "E": self.exchange.now_ms, "s": self.id}


class Trades(MarketStream):
    """Every trade of the tape."""

    channel = "trade"

    def hear(self, event: Event) -> None:
        assert isinstance(event, TradeTick)
        trade = event.trade
        self.publish(
            {
                "e": "trade",
                "E": trade.time,
                "s": self.id,
                "t": trade.id,
                "p": eight(trade.price),
                "q": eight(trade.quantity),
                "T": trade.time,
                "m": trade.buyer_is_maker,
                "M": True,
            }
        )


class AggregateTrades(MarketStream):
    """Every trade of the tape, as an aggregate of one."""

    channel = "trade"

    def hear(self, event: Event) -> None:
        assert isinstance(event, TradeTick)
        self.publish({"e": "aggTrade", "E": event.trade.time, "s": self.id} | aggregate(event.trade))


class Klines(MarketStream):
    """A candle: closed ones at once, the forming one every two seconds."""

    period_ms = 2 * SECOND_MS

    def __init__(self, hub: Hub, exchange: Exchange, name: str, listing: Listing, interval: str) -> None:
        super().__init__(hub, exchange, name, listing)
        self.channel = f"candle:{interval}"
        self._interval = interval
        self._forming: Candle | None = None
        if interval == "1s":
            self.period_ms = SECOND_MS

    def hear(self, event: Event) -> None:
        assert isinstance(event, CandleTick)
        if event.candle.interval != self._interval:
            return
        if event.candle.closed:
            self._forming = None
            self._publish(event.candle)
        else:
            self._forming = event.candle

    def beat(self) -> None:
        if self._forming is not None:
            self._publish(self._forming)
            self._forming = None

    def _publish(self, candle: Candle) -> None:
        some = candle.next_trade_id > candle.first_trade_id
        self.publish(
            {
                **self.head("kline"),
                "k": {
                    "t": candle.open_time,
                    "T": candle.close_time - 1,
                    "s": self.id,
                    "i": candle.interval,
                    "f": candle.first_trade_id if some else -1,
                    "L": candle.next_trade_id - 1 if some else -1,
                    "o": eight(candle.open),
                    "c": eight(candle.close),
                    "h": eight(candle.high),
                    "l": eight(candle.low),
                    "v": eight(candle.volume),
                    "n": candle.trades,
                    "x": candle.closed,
                    "q": eight(candle.quote_volume),
                    "V": eight(candle.taker_buy_volume),
                    "Q": eight(candle.taker_buy_quote_volume),
                    "B": "0",
                },
            }
        )


class MiniTicker(MarketStream):
    """Prices and volumes of 24 hours, every second."""

    period_ms = SECOND_MS

    def beat(self) -> None:
        self.publish(self.event())

    def event(self) -> dict[str, Any]:
        ticker = self.exchange.tape.ticker(self.symbol)
        return {
            **self.head("24hrMiniTicker"),
            "c": eight(ticker.last),
            "o": eight(ticker.open),
            "h": eight(ticker.high),
            "l": eight(ticker.low),
            "v": eight(ticker.volume),
            "q": eight(ticker.quote_volume),
        }


class DayTicker(MiniTicker):
    """All of 24 hours, every second."""

    def event(self) -> dict[str, Any]:
        ticker = self.exchange.tape.ticker(self.symbol)
        return {
            **self.head("24hrTicker"),
            **_changes(ticker),
            "x": eight(ticker.previous_close),
            "Q": eight(ticker.last_quantity),
            "b": eight(ticker.bid),
            "B": eight(ticker.bid_quantity),
            "a": eight(ticker.ask),
            "A": eight(ticker.ask_quantity),
        }


class WindowTicker(MiniTicker):
    """A rolling window of 1h, 4h or 1d, every second."""

    def __init__(self, hub: Hub, exchange: Exchange, name: str, listing: Listing, size: str) -> None:
        super().__init__(hub, exchange, name, listing)
        self._size = size

    def event(self) -> dict[str, Any]:
        ticker = rolled(self.exchange.tape, self.symbol, self._size)
        return {**self.head(f"{self._size}Ticker"), **_changes(ticker)}


def _changes(ticker: Ticker) -> dict[str, Any]:
    return {
        "p": eight(ticker.change),
        "P": change_percent(ticker),
        "w": eight(ticker.weighted_average),
        "c": eight(ticker.last),
        "o": eight(ticker.open),
        "h": eight(ticker.high),
        "l": eight(ticker.low),
        "v": eight(ticker.volume),
        "q": eight(ticker.quote_volume),
        "O": ticker.open_time,
        "C": ticker.close_time,
        "F": ticker.first_trade_id,
        "L": ticker.last_trade_id,
        "n": ticker.trades,
    }


class AveragePrice(MarketStream):
    """The average of five whole minutes, every second."""

    period_ms = SECOND_MS

    def beat(self) -> None:
        found = self.exchange.prices.average(self.symbol)
        told = {"i": f"{found.minutes}m", "w": eight(found.price), "T": found.time}
        self.publish({**self.head("avgPrice"), **told})


class BookTicker(MarketStream):
    """The best bid and ask whenever one of them changes."""

    channel = "book"

    def __init__(self, hub: Hub, exchange: Exchange, name: str, listing: Listing) -> None:
        super().__init__(hub, exchange, name, listing)
        self._told: Best | None = None

    def hear(self, event: Event) -> None:
        assert isinstance(event, BookChange)
        best = self.exchange.tape.best(self.symbol)
        if best == self._told:
            return
        self._told = best
        bid, ask = (side or (_ZERO, _ZERO) for side in best)
        self.publish(
            {
                "u": event.last_id,
                "s": self.id,
                "b": eight(bid[0]),
                "B": eight(bid[1]),
                "a": eight(ask[0]),
                "A": eight(ask[1]),
            }
        )


class DepthChanges(MarketStream):
    """What changed in the book since the last frame, without a gap in its numbers."""

    channel = "book"

    def __init__(self, hub: Hub, exchange: Exchange, name: str, listing: Listing, period_ms: int) -> None:
        super().__init__(hub, exchange, name, listing)
        self.period_ms = period_ms
        self._first_id = self._last_id = 0
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def hear(self, event: Event) -> None:
        assert isinstance(event, BookChange)
        self._first_id = self._first_id or event.first_id
        self._last_id = event.last_id
        self._bids.update(event.bids)
        self._asks.update(event.asks)

    def beat(self) -> None:
        if not self._first_id:
            return
        self.publish(
            {
                **self.head("depthUpdate"),
                "U": self._first_id,
                "u": self._last_id,
                "b": levels(tuple(sorted(self._bids.items(), reverse=True))),
                "a": levels(tuple(sorted(self._asks.items()))),
            }
        )
        self._first_id = 0
        self._bids, self._asks = {}, {}


class TopOfBook(MarketStream):
    """The best levels of both sides, when they changed and every second."""

    channel = "book"

    def __init__(
        self, hub: Hub, exchange: Exchange, name: str, listing: Listing, size: int, period_ms: int
    ) -> None:
        super().__init__(hub, exchange, name, listing)
        self.period_ms = period_ms
        self._listing = listing
        self._size = size
        self._changed = True
        self._quiet_ms = 0

    def hear(self, event: Event) -> None:
        self._changed = True

    def beat(self) -> None:
        self._quiet_ms += self.period_ms
        if self._changed or self._quiet_ms >= SECOND_MS:
            self._changed, self._quiet_ms = False, 0
            self.publish(book(self.exchange.tape, self._listing, self._size))
