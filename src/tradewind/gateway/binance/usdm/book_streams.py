"""Streams of one book: changes, best levels, and the best prices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Listing
from tradewind.exchange.events import BookChange
from tradewind.gateway.binance.usdm.market_data import levels
from tradewind.gateway.binance.usdm.numbers import price, quantity

Publish = Callable[[str, Any], None]
Side = dict[Decimal, Decimal]


@dataclass(slots=True)
class DepthStream:
    """A stream of a book every `period_ms` of wire time: all changes, or the best `top` levels."""

    name: str
    top: int  # 0: changes
    period_ms: int
    due_ms: int = 0
    first_id: int = 0  # of what waits; 0: nothing does
    last_id: int = 0
    sent_id: int = 0  # the last id that was sent
    fresh: bool = True
    bids: Side = field(default_factory=dict)
    asks: Side = field(default_factory=dict)

    def note(self, change: BookChange) -> None:
        """A change waits to be sent with the others of its period."""
        self.first_id = self.first_id or change.first_id
        self.last_id = change.last_id
        if not self.top:
            self.bids.update(change.bids)
            self.asks.update(change.asks)


class BookStreams:
    """All streams of one market's book. `tickers` are the names that hear its best prices."""

    def __init__(self, exchange: Exchange, listing: Listing, publish: Publish) -> None:
        self._exchange = exchange
        self._listing = listing
        self._publish = publish
        self.depths: dict[str, DepthStream] = {}
        self.tickers: dict[str, None] = {}
        self._best: object = None

    @property
    def empty(self) -> bool:
        return not self.depths and not self.tickers

    def add(self, stream: DepthStream) -> None:
        stream.sent_id = self._exchange.tape.book_id(self._listing.symbol)
        self.depths[stream.name] = stream

    def add_ticker(self, name: str) -> None:
        self.tickers[name] = None
        self._best = None

    def remove(self, name: str) -> None:
        self.depths.pop(name, None)
        self.tickers.pop(name, None)

    def note(self, change: BookChange) -> None:
        for stream in self.depths.values():
            stream.note(change)

    def tick(self, now_ms: int) -> None:
        """Send what is due."""
        if self.tickers:
            self._tell_best()
        for stream in self.depths.values():
            if now_ms >= stream.due_ms and (stream.first_id or (stream.fresh and stream.top)):
                stream.due_ms = now_ms + stream.period_ms
                self._tell(stream)

    def _tell(self, stream: DepthStream) -> None:
        last = stream.last_id or stream.sent_id
        if stream.top:
            bids, asks = self._exchange.tape.book(self._listing.symbol, stream.top)[1:]
        else:
            bids, asks = list(stream.bids.items()), list(stream.asks.items())
        now = self._exchange.now_ms
        self._publish(
            stream.name,
            {
                "e": "depthUpdate",
                "E": now,
                "T": now,
                "s": self._listing.id,
                "U": stream.first_id or last,
                "u": last,
                "pu": stream.sent_id,
                "b": levels(self._listing, bids),
                "a": levels(self._listing, asks),
            },
        )
        stream.sent_id, stream.first_id, stream.fresh = last, 0, False
        stream.bids.clear()
        stream.asks.clear()

    def _tell_best(self) -> None:
        best = self._exchange.tape.best(self._listing.symbol)
        if best == self._best:
            return
        self._best = best
        zero = (Decimal(0), Decimal(0))
        bid, ask = best[0] or zero, best[1] or zero
        now = self._exchange.now_ms
        frame = {
            "e": "bookTicker",
            "u": self._exchange.tape.book_id(self._listing.symbol),
            "s": self._listing.id,
            "b": price(self._listing, bid[0]),
            "B": quantity(self._listing, bid[1]),
            "a": price(self._listing, ask[0]),
            "A": quantity(self._listing, ask[1]),
            "T": now,
            "E": now,
        }
        for name in self.tickers:
            self._publish(name, frame)
