"""Prices beside the last trade: mark, index and premium of perpetuals, and the average of five minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from tradewind.exchange.candles import Candle
from tradewind.exchange.clock import Times
from tradewind.exchange.desk import Desk, mark_within
from tradewind.exchange.feed import Feed
from tradewind.exchange.history import AVERAGE_MINUTES, average, candles
from tradewind.exchange.interval import Interval
from tradewind.exchange.listing import Listings
from tradewind.exchange.money import CENT, ZERO
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.market import Kind


@dataclass(frozen=True, slots=True)
class AveragePrice:
    """Weighted by volume over the last whole `minutes` up to `time`, UTC ms."""

    symbol: str
    minutes: int
    price: Decimal
    time: int


class Prices:
    """Questions about prices at the present market time. Candles of prices have no volume.

    The index of a perpetual is the last price of the spot market of the same coins where that is listed and has
    begun, else its own last price. The premium is last price / index - 1.
    """

    def __init__(self, desks: dict[str, Desk], listings: Listings, times: Times) -> None:
        self._desks = desks
        self._listings = listings
        self._times = times
        spot = {(i.base, i.quote): i.symbol for i in listings if i.is_spot}
        pairs = {i.symbol: spot.get((i.base, i.quote), "") for i in listings if i.kind is Kind.PERPETUAL}
        self._spot_of = {symbol: found for symbol, found in pairs.items() if found in desks}

    def average(self, symbol: str) -> AveragePrice:
        self._listings[symbol]
        now = self._times.now
        return AveragePrice(symbol, AVERAGE_MINUTES, average(self._desks[symbol], now), now - now % 60_000)

    def index(self, symbol: str) -> Decimal:
        """Of a perpetual."""
        return self._index_desk(symbol).last(self._times.now)

    def mark_candles(
        self,
        symbol: str,
        interval: str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Candle]:
        """As `Tape.candles`, of the mark price."""
        desk = self.perpetual(symbol)
        traded = candles(desk, Interval.of(interval), start_ms, end_ms, limit, self._times.now)
        return [_mark_candle(desk.feed, made) for made in traded]

    def index_candles(
        self,
        symbol: str,
        interval: str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Candle]:
        """As `Tape.candles`, of the index price."""
        desk = self._index_desk(symbol)
        traded = candles(desk, Interval.of(interval), start_ms, end_ms, limit, self._times.now)
        return [_of_prices(made, symbol) for made in traded]

    def premium_candles(
        self,
        symbol: str,
        interval: str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Candle]:
        """Premiums as fractions at open and close; high and low compare the highs and lows of both prices."""
        desk = self.perpetual(symbol)
        traded = candles(desk, Interval.of(interval), start_ms, end_ms, limit, self._times.now)
        if not traded:
            return []
        first, last = traded[0].open_time, traded[-1].open_time
        indices = {c.open_time: c for c in self.index_candles(symbol, interval, first, last, len(traded))}
        return [_premium_candle(c, indices[c.open_time]) for c in traded if c.open_time in indices]

    def _index_desk(self, symbol: str) -> Desk:
        desk = self.perpetual(symbol)
        spot = self._desks.get(self._spot_of.get(symbol, ""))
        return spot if spot is not None and spot.feed.start_ms <= self._times.now else desk

    def perpetual(self, symbol: str) -> Desk:
        """`Refused` UNKNOWN_SYMBOL when there is no perpetual of that symbol."""
        if self._listings[symbol].is_spot:
            raise Refused(Refusal.UNKNOWN_SYMBOL, f"{symbol} is no perpetual")
        return self._desks[symbol]


def _of_prices(made: Candle, symbol: str) -> Candle:
    return replace(
        made,
        symbol=symbol,
        volume=ZERO,
        quote_volume=ZERO,
        taker_buy_volume=ZERO,
        taker_buy_quote_volume=ZERO,
    )


def _mark_candle(feed: Feed, traded: Candle) -> Candle:
    """The candle of the mark over the same points of the tape."""
    bare = _of_prices(traded, traded.symbol)
    if feed.mark_bars is None:
        return bare
    size = feed.points_per_bar
    first, stop = traded.first_trade_id, traded.next_trade_id
    if stop == first:  # nothing traded in it: the point before
        first -= 1
    whole = range(-(-first // size), stop // size)
    opens, closes = feed.mark_bars[whole.start : whole.stop, 0], feed.mark_bars[whole.start : whole.stop, 3]
    if len(whole) and np.all(opens > 0):
        steps = [*range(first, whole.start * size), *range(whole.stop * size, stop)]
        bars = feed.mark_bars[whole.start : whole.stop]
        highs, lows = [_price(bars[:, 1].max())], [_price(bars[:, 2].min())]
        begin = _price(opens[0]) if first % size == 0 else _mark(feed, first)
        end = _price(closes[-1]) if stop % size == 0 else _mark(feed, stop - 1)
    else:
        steps = list(range(first, stop))
        highs, lows = [], []
        begin, end = _mark(feed, first), _mark(feed, stop - 1)
    marks = [_mark(feed, step) for step in steps]
    return replace(
        bare, open=begin, close=end, high=max(begin, end, *highs, *marks), low=min(begin, end, *lows, *marks)
    )


def _mark(feed: Feed, step: int) -> Decimal:
    point = feed.point(step)
    found = mark_within(feed, point)
    return feed.price(point.price) if found is None else found


def _price(value: float) -> Decimal:
    return Decimal(str(round(float(value), 8))).quantize(CENT)


def _premium_candle(traded: Candle, index: Candle) -> Candle:
    names: tuple[Callable[[Candle], Decimal], ...] = (
        lambda c: c.open,
        lambda c: c.high,
        lambda c: c.low,
        lambda c: c.close,
    )
    found = [(of(traded) / of(index) - 1).quantize(CENT) for of in names]
    return replace(
        _of_prices(traded, traded.symbol), open=found[0], high=max(found), low=min(found), close=found[3]
    )
