"""Everything of one market: its tape, the crowd's book, the accounts' orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from tradewind.exchange.book import OwnBook
from tradewind.exchange.depth import Depth, DepthShape, Level
from tradewind.exchange.feed import Feed, Point
from tradewind.exchange.funding import FundingSchedule
from tradewind.exchange.money import CENT, ZERO
from tradewind.exchange.orders import AlgoOrder, Order


@dataclass(slots=True)
class Desk:
    """One market. `sync` first: tape and crowd then stand at that market time."""

    symbol: str
    number: int
    feed: Feed
    depth: Depth
    funding: FundingSchedule
    book: OwnBook = field(default_factory=OwnBook)
    stops: dict[int, Order] = field(default_factory=dict)  # that wait for their price, by order id
    dated: dict[int, Order] = field(default_factory=dict)  # that rest until a time, by order id
    algos: dict[int, AlgoOrder] = field(default_factory=dict)
    holders: set[str] = field(default_factory=set)  # accounts with a position
    point: Point | None = None
    synced_ms: int = -1
    price: Decimal = ZERO  # of the point
    averaged: tuple[int, Decimal] = (-1, ZERO)  # the last average price that was asked for, and its minute

    @classmethod
    def of(cls, number: int, feed: Feed, funding: FundingSchedule, shape: DepthShape) -> Desk:
        return cls(feed.symbol, number, feed, Depth(feed, shape), funding)

    def sync(self, now_ms: int) -> Point:
        """Stand at the last point of the tape at or before that time."""
        if self.synced_ms != now_ms or self.point is None:
            self.stand(self.feed.point_at(now_ms))
            self.synced_ms = now_ms
        assert self.point is not None
        return self.point

    def stand(self, point: Point) -> None:
        self.point = point
        self.price = point.price * self.feed.tick
        self.synced_ms = point.time
        self.depth.stand(point)

    @property
    def busy(self) -> bool:
        """Whether what the tape does here matters to an account."""
        return bool(self.book or self.stops or self.algos or self.holders)

    def last(self, now_ms: int) -> Decimal:
        if self.synced_ms != now_ms:
            self.sync(now_ms)
        return self.price

    def mark(self, now_ms: int) -> Decimal:
        """The mark price: of the recorded mark candles where there are any, else the last price."""
        if self.feed.mark_bars is None:
            return self.last(now_ms)
        found = mark_within(self.feed, self.sync(now_ms))
        return self.last(now_ms) if found is None else found

    def crowd(self, buy: bool) -> Iterator[Level]:
        """The crowd's levels that an order of that side would meet, but those that cross a resting order."""
        if buy:
            bound = self.book.best_bid()
            levels = self.depth.asks()
            return levels if bound is None else (lv for lv in levels if lv[0] > bound)
        bound = self.book.best_ask()
        levels = self.depth.bids()
        return levels if bound is None else (lv for lv in levels if lv[0] < bound)

    def levels(self, buy: bool) -> Iterator[tuple[Decimal, Decimal, list[Order]]]:
        """(price, the crowd's quantity, the accounts' orders) that an order of that side meets, best first."""
        own = self.book.asks() if buy else self.book.bids()
        crowd = self.crowd(buy)
        mine, theirs = next(own, None), next(crowd, None)
        while mine is not None or theirs is not None:
            if mine is None or (theirs is not None and (theirs[0] < mine[0]) == buy and theirs[0] != mine[0]):
                assert theirs is not None
                yield theirs[0], theirs[1], []
                theirs = next(crowd, None)
            elif theirs is None or theirs[0] != mine[0]:
                yield mine[0], ZERO, list(mine[1])
                mine = next(own, None)
            else:
                yield mine[0], theirs[1], list(mine[1])
                mine, theirs = next(own, None), next(crowd, None)

    def crowd_at(self, price: Decimal, buy: bool) -> Decimal:
        """The crowd's quantity that rests at a price on the side of an order that would rest there."""
        return self.depth.at(price, buy)

    def view(self, buy_side: bool, limit: int) -> list[Level]:
        """The public book: crowd and accounts together, best first."""
        if not self.book:
            return list(islice(self.depth.bids() if buy_side else self.depth.asks(), limit))
        found: list[Level] = []
        for price, crowd, orders in self.levels(not buy_side):
            found.append((price, sum((o.shown for o in orders), crowd)))
            if len(found) == limit:
                break
        return found


def mark_within(feed: Feed, point: Point) -> Decimal | None:
    """The recorded mark at a point: over its bar's points it runs from the open by both extremes to the close.

    None where no mark is recorded.
    """
    if feed.mark_bars is None:
        return None
    o, h, low, c = (float(v) for v in feed.mark_bars[point.row])
    if not o > 0:
        return None
    last = feed.points_per_bar - 1
    place = (point.step % feed.points_per_bar) / last * 3
    stops = (o, h, low, c) if c < o else (o, low, h, c)
    leg = min(2, int(place))
    value = stops[leg] + (stops[leg + 1] - stops[leg]) * (place - leg)
    return Decimal(str(round(value, 8))).quantize(CENT)
