"""What the public may ask of the markets: trades, books, candles, tickers, mark prices, funding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tradewind.exchange.candles import Candle, FundingRate, MarketTrade, PremiumIndex, Ticker
from tradewind.exchange.clock import Times
from tradewind.exchange.depth import DepthShape, Level
from tradewind.exchange.desk import Desk, mark_within
from tradewind.exchange.events import BookChange
from tradewind.exchange.feed import Feed
from tradewind.exchange.funding import FundingSchedule
from tradewind.exchange.history import candle, candles, ticker, ticker_since
from tradewind.exchange.interval import Interval
from tradewind.exchange.listing import Listings
from tradewind.exchange.money import ZERO
from tradewind.exchange.prices import Prices
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.exchange.stream import Stream
from tradewind.market import Market


class Watches:
    """What somebody subscribed to, counted: channels trade, book, mark, and candle:<interval>."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, symbol: str, channel: str) -> None:
        if channel.startswith("candle:"):
            Interval.of(channel[7:])
        elif channel not in ("trade", "book", "mark"):
            raise Refused(Refusal.BAD_REQUEST, f"there is no channel {channel!r}")
        channels = self._counts.setdefault(symbol, {})
        channels[channel] = channels.get(channel, 0) + 1

    def remove(self, symbol: str, channel: str) -> None:
        channels = self._counts.get(symbol, {})
        if channels.get(channel, 0) > 1:
            channels[channel] -= 1
        else:
            channels.pop(channel, None)
            if not channels:
                self._counts.pop(symbol, None)

    def has(self, symbol: str, channel: str) -> bool:
        return channel in self._counts.get(symbol, ())

    def any(self, symbol: str) -> bool:
        return bool(self._counts.get(symbol))

    @property
    def symbols(self) -> list[str]:
        """Markets where anything is watched."""
        return list(self._counts)

    def points(self, symbol: str) -> bool:
        """Whether every point of the tape is wanted."""
        channels = self._counts.get(symbol, ())
        return "trade" in channels or "mark" in channels

    def intervals(self, symbol: str) -> list[str]:
        return [name[7:] for name in self._counts.get(symbol, ()) if name.startswith("candle:")]


class Shown:
    """The levels of one book that its stream last told, and the number of that update."""

    __slots__ = ("asks", "bids", "last_id", "seen")

    def __init__(self) -> None:
        self.seen: object = None  # what the levels were made from
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last_id = 1


class Tape:
    """All markets at the present market time. Symbols are unified; `Refused` UNKNOWN_SYMBOL otherwise."""

    def __init__(
        self,
        markets: Sequence[Market],
        listings: Listings,
        times: Times,
        stream: Stream,
        watches: Watches,
        seed: int,
        shape: DepthShape,
    ) -> None:
        self.desks: dict[str, Desk] = {}
        self._listings = listings
        self._times = times
        self._stream = stream
        self._watches = watches
        self._shown: dict[str, Shown] = {}
        for market in markets:
            for column, instrument in enumerate(market.instruments):
                listing = listings[instrument.symbol]
                feed = Feed(market, column, listing.filters.tick, listing.filters.step, seed)
                funding = FundingSchedule(market, column, listing.funding_interval_ms)
                self.desks[instrument.symbol] = Desk.of(len(self.desks), feed, funding, shape)
        self.desks_in_order = tuple(self.desks.values())
        self.prices = Prices(self.desks, listings, times)

    @property
    def now_ms(self) -> int:
        """Market time."""
        return self._times.now

    @property
    def start_ms(self) -> int:
        """When the first bar opens."""
        return min(desk.feed.start_ms for desk in self.desks_in_order)

    @property
    def end_ms(self) -> int:
        """When the last bar of all markets closes; nothing trades after it."""
        return max(desk.feed.end_ms for desk in self.desks_in_order)

    def last(self, symbol: str) -> Decimal:
        return self._desk(symbol).last(self._times.now)

    def mark(self, symbol: str) -> Decimal:
        return self.desks[symbol].mark(self._times.now)

    def worth(self, coin: str, quote: str) -> Decimal | None:
        """The price of a coin in another, where such a spot market is listed."""
        if coin == quote:
            return Decimal(1)
        symbol = f"{coin}/{quote}"
        return self.last(symbol) if symbol in self.desks else None

    def candle(self, symbol: str, interval: str, open_ms: int) -> Candle | None:
        return candle(self._desk(symbol), Interval.of(interval), open_ms, self._times.now)

    def candles(
        self,
        symbol: str,
        interval: str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Candle]:
        """Candles that open in [start_ms, end_ms], the forming one included, oldest first.

        With `start_ms` the first `limit` from there, without it the newest.
        """
        return candles(self._desk(symbol), Interval.of(interval), start_ms, end_ms, limit, self._times.now)

    def ticker(self, symbol: str, open_ms: int | None = None) -> Ticker:
        """The last 24 hours, or the time since the bar that holds `open_ms`."""
        if open_ms is None:
            return ticker(self._desk(symbol), self._times.now)
        return ticker_since(self._desk(symbol), self._times.now, open_ms)

    def trades(self, symbol: str, limit: int = 500, before_id: int | None = None) -> list[MarketTrade]:
        """The newest public trades, oldest first."""
        return self._desk(symbol).feed.trades_before(self._times.now, limit, before_id)

    def trades_from(self, symbol: str, first_id: int, limit: int = 500) -> list[MarketTrade]:
        """The first public trades from an id on."""
        return self._desk(symbol).feed.trades_from(first_id, self._times.now, limit)

    def trades_since(
        self, symbol: str, start_ms: int, limit: int = 500, end_ms: int | None = None
    ) -> list[MarketTrade]:
        """The first public trades in [start_ms, end_ms]."""
        feed, now = self._desk(symbol).feed, self._times.now
        return feed.trades_from(feed.step_at(start_ms), now if end_ms is None else min(now, end_ms), limit)

    def book(self, symbol: str, limit: int = 100) -> tuple[int, list[Level], list[Level]]:
        """(update id, bids, asks), best first: the sum of all `BookChange`s up to that id."""
        desk = self._desk(symbol)
        desk.sync(self._times.now)
        if self._watches.has(symbol, "book"):
            self.flush_book(symbol)
        return self._show(symbol).last_id, desk.view(True, limit), desk.view(False, limit)

    def best(self, symbol: str) -> tuple[Level | None, Level | None]:
        """Best bid and ask."""
        desk = self._desk(symbol)
        desk.sync(self._times.now)
        return next(iter(desk.view(True, 1)), None), next(iter(desk.view(False, 1)), None)

    def watch_book(self, symbol: str) -> None:
        """From now on changes of the book are told; what stands now is known."""
        desk, shown = self._desk(symbol), self._show(symbol)
        desk.sync(self._times.now)
        shown.bids, shown.asks = dict(desk.view(True, _ALL)), dict(desk.view(False, _ALL))
        shown.seen = (desk.point, desk.book.version, desk.depth.unit)

    def flush_book(self, symbol: str) -> BookChange | None:
        """Emit what changed in a watched book since the last time; None when nothing did."""
        desk, shown = self._desk(symbol), self._show(symbol)
        seen = (desk.sync(self._times.now), desk.book.version, desk.depth.unit)
        if seen == shown.seen:
            return None
        shown.seen = seen
        bids, asks = dict(desk.view(True, _ALL)), dict(desk.view(False, _ALL))
        changed = _difference(shown.bids, bids), _difference(shown.asks, asks)
        if not (changed[0] or changed[1]):
            return None
        shown.bids, shown.asks, shown.last_id = bids, asks, shown.last_id + 1
        change = BookChange(
            symbol,
            shown.last_id,
            shown.last_id,
            *changed,
            self._times.now,
            self._times.wire_ms(),
        )
        self._stream.emit(change)
        return change

    def book_id(self, symbol: str) -> int:
        """The number of the last `BookChange`."""
        return self._show(symbol).last_id

    def set_book_id(self, symbol: str, last_id: int) -> None:
        self._show(symbol).last_id = last_id

    def premium(self, symbol: str) -> PremiumIndex:
        """Mark, index and coming funding of a perpetual."""
        desk, now = self.prices.perpetual(symbol), self._times.now
        due = desk.funding.next_ms(now)
        index = self.prices.index(symbol)
        return PremiumIndex(symbol, now, desk.mark(now), index, desk.funding.rate(due), due)

    def funding_history(
        self, symbol: str, start_ms: int | None = None, end_ms: int | None = None, limit: int = 100
    ) -> list[FundingRate]:
        """Funding that was charged in [start_ms, end_ms]: the first from `start_ms`, else the newest."""
        desk, now = self.prices.perpetual(symbol), self._times.now
        end = now if end_ms is None else min(end_ms, now)
        start = desk.feed.start_ms if start_ms is None else max(start_ms, desk.feed.start_ms)
        if start_ms is None:
            start = max(start, end - limit * desk.funding.interval_ms)
        found = desk.funding.between(start, end)
        found = found[:limit] if start_ms is not None else found[-limit:]
        return [FundingRate(symbol, t, desk.funding.rate(t), self._mark_at(desk, t)) for t in found]

    def revise_candle(
        self, symbol: str, open_ms: int, values: tuple[float, float, float, float, float]
    ) -> None:
        """Correct one bar of the data (o, h, l, c, volume), as venues sometimes do after the close."""
        desk = self._desk(symbol)
        desk.feed.revise(open_ms, values)
        desk.averaged = (-1, ZERO)

    def _mark_at(self, desk: Desk, time_ms: int) -> Decimal:
        """At a funding time."""
        feed, row = desk.feed, desk.feed.row_at(time_ms)
        at_open = row >= 0 and feed.open_time[row] == time_ms
        point = feed.opening(row) if at_open else feed.point_at(time_ms)
        found = mark_within(feed, point)
        return feed.price(point.price) if found is None else found

    def _show(self, symbol: str) -> Shown:
        found = self._shown.get(symbol)
        if found is None:
            found = self._shown[symbol] = Shown()
        return found

    def _desk(self, symbol: str) -> Desk:
        self._listings[symbol]
        return self.desks[symbol]


_ALL = 1_000_000


def _difference(old: dict[Decimal, Decimal], new: dict[Decimal, Decimal]) -> tuple[Level, ...]:
    changed = [(price, quantity) for price, quantity in new.items() if old.get(price) != quantity]
    changed.extend((price, Decimal(0)) for price in old if price not in new)
    return tuple(changed)
