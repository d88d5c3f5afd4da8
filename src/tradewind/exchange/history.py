"""Candles of any interval and 24-hour tickers, made from the bars of a feed up to a market time."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tradewind.exchange.candles import Candle, Ticker
from tradewind.exchange.desk import Desk
from tradewind.exchange.feed import Feed, in_lots
from tradewind.exchange.interval import Interval
from tradewind.exchange.money import CENT, ZERO, floor

DAY_MS = 86_400_000
AVERAGE_MINUTES = 5


class _Heap:
    """A candle in the making, in ticks and lots."""

    __slots__ = ("close", "first", "high", "lots", "low", "next", "open", "quote", "takers", "trades")

    def __init__(self, price: int, step: int) -> None:
        self.open = self.high = self.low = self.close = price
        self.first = self.next = step
        self.lots = self.quote = self.takers = self.trades = 0

    def add_bars(self, feed: Feed, first: int, stop: int) -> None:
        """Whole bars, rows [first, stop)."""
        o, h, low, c, v = feed.columns(first, stop)
        tick = float(feed.tick)
        lots = np.floor(in_lots(v, float(feed.lot)))
        self.high = max(self.high, round(float(np.max(h)) / tick))
        self.low = min(self.low, max(1, round(float(np.min(low)) / tick)))
        self.close = max(1, round(float(c[-1]) / tick))
        total = int(np.sum(lots))
        self.lots += total
        self.quote += int(np.dot(lots, o + h + low + c) / (4 * tick))
        self.takers += total // 2
        self.trades += (stop - first) * feed.points_per_bar
        self.next = stop * feed.points_per_bar

    def add_part(self, feed: Feed, row: int, from_ms: int, until_ms: int) -> None:
        """Points of one bar in [from_ms, until_ms)."""
        path = feed.path(row)
        first, last = path.index_at(from_ms - 1) + 1, path.index_at(until_ms - 1)
        if last < first:
            return
        prices, lots = path.prices[first : last + 1], path.lots[first : last + 1]
        self.high, self.low, self.close = max(self.high, *prices), min(self.low, *prices), prices[-1]
        for i, quantity in enumerate(lots):
            self.lots += quantity
            self.quote += quantity * prices[i]
            if not path.buyer_is_maker[first + i]:
                self.takers += quantity
        self.trades += len(prices)
        self.next = row * feed.points_per_bar + last + 1


def candle(desk: Desk, interval: Interval, open_ms: int, now_ms: int) -> Candle | None:
    """The candle that opens at `open_ms`, as far as it is known at `now_ms`; None when nothing traded."""
    feed = desk.feed
    end = min(interval.next(open_ms), now_ms + 1)
    row = feed.row_at(open_ms)
    if row < 0 or int(feed.open_time[row]) + feed.length_ms <= open_ms:
        row += 1  # nothing at the open: the next bar may still open inside
    if row >= len(feed) or int(feed.open_time[row]) >= end:
        return None
    last = feed.row_at(end - 1)
    whole_from = row if int(feed.open_time[row]) >= open_ms else row + 1
    whole_to = last + 1 if int(feed.open_time[last]) + feed.length_ms <= end else last
    heap = None
    if whole_from > row:
        heap = _add_part(feed, heap, row, open_ms, min(end, int(feed.open_time[row]) + feed.length_ms))
    if whole_from < whole_to:
        if heap is None:
            heap = _Heap(feed.bar(whole_from).open, whole_from * feed.points_per_bar)
        heap.add_bars(feed, whole_from, whole_to)
    if whole_to == last and whole_from <= last:
        heap = _add_part(feed, heap, last, int(feed.open_time[last]), end)
    if heap is None:
        return None
    return _candle(desk, interval, open_ms, heap, interval.next(open_ms) <= now_ms)


def candles(
    desk: Desk, interval: Interval, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
) -> list[Candle]:
    """At most `limit` candles that open in [start_ms, end_ms], the forming one included, oldest first.

    With `start_ms` the first ones from there, without it the newest.
    """
    last = interval.floor(min(now_ms, end_ms if end_ms is not None else now_ms))
    begin = interval.floor(desk.feed.start_ms)
    if start_ms is None:
        opened = max(begin, interval.back(last, limit - 1))
    else:
        opened = interval.floor(start_ms)
        opened = max(begin, opened if opened >= start_ms else interval.next(opened))
    found = _bars_as_they_are(desk, interval, opened, last, limit, now_ms)
    if found:
        opened = interval.next(found[-1].open_time)
    while opened <= last and len(found) < limit:
        made = candle(desk, interval, opened, now_ms)
        if made is not None:
            found.append(made)
            opened = interval.next(opened)
        else:
            opened = _after_gap(desk.feed, interval, opened)
    return found


def _bars_as_they_are(
    desk: Desk, interval: Interval, opened: int, last: int, limit: int, now_ms: int
) -> list[Candle]:
    """The closed candles of the data's own length, at once; none for other intervals."""
    feed = desk.feed
    if interval.ms != feed.length_ms or interval.months or interval.floor(feed.start_ms) != feed.start_ms:
        return []
    first = int(np.searchsorted(feed.open_time, opened))
    until = min(last, now_ms - feed.length_ms)
    stop = min(first + limit, int(np.searchsorted(feed.open_time, until, side="right")))
    if first >= stop:
        return []
    o, h, low, c, v = feed.columns(first, stop)
    ticks = [
        np.maximum(1, np.rint(prices / float(feed.tick))).astype(np.int64).tolist()
        for prices in (o, h, low, c)
    ]
    lots = np.floor(in_lots(v, float(feed.lot)))
    quotes = [int(quote) for quote in (lots * (o + h + low + c) / (4 * float(feed.tick))).tolist()]
    found, size = [], feed.points_per_bar
    for i, (amount, quote) in enumerate(zip(lots.astype(np.int64).tolist(), quotes, strict=True)):
        heap = _Heap(ticks[0][i], (first + i) * size)
        heap.high, heap.low, heap.close = ticks[1][i], ticks[2][i], ticks[3][i]
        heap.lots, heap.quote, heap.takers, heap.trades = amount, quote, amount // 2, size
        heap.next = heap.first + size
        found.append(_candle(desk, interval, int(feed.open_time[first + i]), heap, True))
    return found


def average(desk: Desk, now_ms: int) -> Decimal:
    """Price by volume over the last five whole minutes; the last price when nothing traded in them."""
    minute = now_ms - now_ms % 60_000
    if desk.averaged[0] != minute:
        window = Interval.of(f"{AVERAGE_MINUTES}m")
        made = candle(desk, window, minute - window.ms, minute - 1)
        price = desk.feed.price(desk.feed.point_at(minute).price)
        if made is not None and made.volume:
            price = (made.quote_volume / made.volume).quantize(CENT)
        desk.averaged = (minute, price)
    return desk.averaged[1]


def ticker(desk: Desk, now_ms: int) -> Ticker:
    """The rolling day up to `now_ms`."""
    return ticker_since(desk, now_ms, now_ms - DAY_MS)


def ticker_since(desk: Desk, now_ms: int, open_ms: int) -> Ticker:
    """From the bar that holds `open_ms` up to `now_ms`."""
    feed, point = desk.feed, desk.sync(now_ms)
    opened = max(open_ms, feed.start_ms)
    first = max(0, feed.row_at(opened))
    path = feed.path(point.row)
    seen = point.step - point.row * feed.points_per_bar + 1
    heap = _Heap(feed.bar(first).open, first * feed.points_per_bar)
    if first < point.row:
        heap.add_bars(feed, first, point.row)
    heap.add_part(feed, point.row, path.times[0], path.times[seen - 1] + 1)
    bid = next(iter(desk.view(True, 1)), (ZERO, ZERO))
    ask = next(iter(desk.view(False, 1)), (ZERO, ZERO))
    return Ticker(
        symbol=desk.symbol,
        open_time=opened,
        close_time=now_ms,
        open=feed.price(heap.open),
        high=feed.price(heap.high),
        low=feed.price(heap.low),
        last=feed.price(point.price),
        last_quantity=feed.quantity(point.lots),
        volume=feed.quantity(heap.lots),
        quote_volume=floor(heap.quote * feed.tick * feed.lot),
        trades=point.step + 1 - first * feed.points_per_bar,
        first_trade_id=first * feed.points_per_bar,
        last_trade_id=point.step,
        previous_close=feed.price(feed.bar(max(0, first - 1)).close),
        bid=bid[0],
        bid_quantity=bid[1],
        ask=ask[0],
        ask_quantity=ask[1],
    )


def _add_part(feed: Feed, heap: _Heap | None, row: int, from_ms: int, until_ms: int) -> _Heap:
    path = feed.path(row)
    if heap is None:
        index = path.index_at(from_ms - 1) + 1
        inside = index < len(path.times) and path.times[index] < until_ms
        price = path.prices[index] if inside else path.prices[max(0, index - 1)]  # else as it was before
        heap = _Heap(price, row * feed.points_per_bar + index)
    heap.add_part(feed, row, from_ms, until_ms)
    return heap


def _candle(desk: Desk, interval: Interval, open_ms: int, heap: _Heap, closed: bool) -> Candle:
    feed = desk.feed
    return Candle(
        symbol=desk.symbol,
        interval=interval.text,
        open_time=open_ms,
        close_time=interval.next(open_ms),
        open=feed.price(heap.open),
        high=feed.price(heap.high),
        low=feed.price(heap.low),
        close=feed.price(heap.close),
        volume=feed.quantity(heap.lots),
        quote_volume=floor(heap.quote * feed.tick * feed.lot),
        trades=heap.trades,
        taker_buy_volume=feed.quantity(heap.takers),
        taker_buy_quote_volume=_share(feed, heap),
        first_trade_id=heap.first,
        next_trade_id=heap.next,
        closed=closed,
    )


def _share(feed: Feed, heap: _Heap) -> Decimal:
    takers = heap.quote * heap.takers // heap.lots if heap.lots else 0
    return floor(takers * feed.tick * feed.lot)


def _after_gap(feed: Feed, interval: Interval, opened: int) -> int:
    """The open time of the next candle that can hold a bar."""
    row = feed.row_at(opened) + 1
    if row >= len(feed):
        return 1 << 62
    return max(interval.next(opened), interval.floor(int(feed.open_time[row])))
