"""Public topics of v3: the channels of v2 in other words."""

from __future__ import annotations

from typing import Any

from tradewind.exchange.candles import Candle
from tradewind.exchange.events import BookChange, Event
from tradewind.gateway.bitget.formats import price_text, rounded, text
from tradewind.gateway.bitget.sockets import public
from tradewind.gateway.bitget.v3.market import ticker_row

MAX_DEPTH = "1000"


class TickerTopic(public.TickerTopic):
    """Whole tickers, as often as they change and ten times a second at most."""

    def row(self) -> dict[str, Any]:
        row = ticker_row(self.exchange, self.listing)
        if not self.listing.is_spot:
            premium = self.exchange.tape.premium(self.listing.symbol)
            row["nextFundingTime"] = str(premium.next_funding_time)
        return row


class TradeTopic(public.TradeTopic):
    """Public trades, newest first in every frame."""

    def row(self, trade: Any) -> dict[str, str]:
        return {
            "p": price_text(trade.price, self.listing),
            "S": "sell" if trade.buyer_is_maker else "buy",
            "T": str(trade.time),
            "v": text(trade.quantity),
            "i": str(trade.id),
            "L": str(trade.id),
            "isRPI": "no",
        }


class CandleTopic(public.CandleTopic):
    """The forming candle and, once, each that closed."""

    def row(self, candle: Candle) -> dict[str, str]:
        m = self.listing
        return {
            "start": str(candle.open_time),
            "open": price_text(candle.open, m),
            "close": price_text(candle.close, m),
            "high": price_text(candle.high, m),
            "low": price_text(candle.low, m),
            "volume": text(candle.volume),
            "turnover": rounded(candle.quote_volume),
        }


class BookTopic(public.BookTopic):
    """All levels once, then what changed; `pseq` is the `seq` of the change before. There is no checksum."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._before = 0

    def greet(self) -> Any:
        self._before = 0
        return super().greet()

    def hear(self, event: Event) -> None:
        if isinstance(event, BookChange):
            self._before = event.first_id - 1
            super().hear(event)

    def row(self, bids: list[Any], asks: list[Any], seq: int) -> dict[str, Any]:
        return {
            "a": asks,
            "b": bids,
            "pseq": self._before,
            "seq": seq,
            "maxDepth": MAX_DEPTH,
            "ts": str(self.exchange.now_ms),
        }


class TopOfBookTopic(public.TopOfBookTopic):
    """The best 1, 5 or 50 levels, whole whenever they changed."""

    def row(self, bids: list[Any], asks: list[Any]) -> dict[str, Any]:
        seq = self.exchange.tape.book_id(self.listing.symbol)
        return {"a": asks, "b": bids, "pseq": 0, "seq": seq, "ts": str(self.exchange.now_ms)}
