"""The crowd's book: levels around the last trade, as deep as the market's typical volume makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange.feed import Feed, Point

Level = tuple[Decimal, Decimal]  # price, quantity


@dataclass(frozen=True, slots=True)
class DepthShape:
    """How the synthetic book looks. Fractions are of the price, shares of a typical minute's volume."""

    levels: int = 100
    spread_fraction: float = 0.0001
    spacing_fraction: float = 0.00005
    level_share: float = 0.05


class Depth:
    """Levels of one market at the present point of its tape, less what accounts took since that point.

    A level keeps its size while its bar lasts, so that changes of the book are few.
    """

    def __init__(self, feed: Feed, shape: DepthShape) -> None:
        self._feed = feed
        self._shape = shape
        self._row = -1
        self._sizes: dict[int, int] = {}
        self._step = -1
        self._taken: dict[Decimal, Decimal] = {}
        self._ask = self._bid = 0
        self._spacing = 1
        self._unit = 1
        self._share = shape.level_share

    def thin(self, factor: float) -> None:
        """From now on levels hold so many times of what they usually do, though never less than one lot."""
        self._share = self._shape.level_share * factor
        self._sizes.clear()
        self._unit = self._usual()

    def _usual(self) -> int:
        return max(1, int(self._feed.typical_lots(self._row) * self._share))

    def stand(self, point: Point) -> None:
        """Move the book to a point of the tape; what was taken before is replenished."""
        if point.step == self._step:
            return
        self._step = point.step
        self._taken.clear()
        if point.row != self._row:
            self._row = point.row
            self._sizes.clear()
            self._unit = self._usual()
        spread = max(1, round(point.price * self._shape.spread_fraction))
        self._spacing = max(1, round(point.price * self._shape.spacing_fraction))
        if point.buyer_is_maker:  # it hit the bid
            self._bid, self._ask = point.price, point.price + spread
        else:
            self._bid, self._ask = point.price - spread, point.price

    def asks(self) -> Iterator[Level]:
        """Best first; levels that were taken whole are left out."""
        price = self._ask
        for _ in range(self._shape.levels):
            yield from self._level(price)
            price += self._spacing - price % self._spacing

    def bids(self) -> Iterator[Level]:
        """Best first; levels that were taken whole are left out."""
        price = self._bid
        for _ in range(self._shape.levels):
            if price < 1:
                return
            yield from self._level(price)
            price -= (price % self._spacing) or self._spacing

    def at(self, price: Decimal, bids: bool) -> Decimal:
        """The quantity of one level; 0 where there is none."""
        ticks, spacing = int(price / self._feed.tick), self._spacing
        best = self._bid if bids else self._ask
        if ticks != best:
            first = best - (best % spacing or spacing) if bids else best + spacing - best % spacing
            index, off = divmod(first - ticks if bids else ticks - first, spacing)
            if off or not 0 <= index < self._shape.levels - 1:
                return Decimal(0)
        return next((quantity for _, quantity in self._level(ticks)), Decimal(0))

    def take(self, price: Decimal, quantity: Decimal) -> None:
        """An account took that much at that price; it stays gone until the tape moves on."""
        self._taken[price] = self._taken.get(price, Decimal(0)) + quantity

    @property
    def unit(self) -> int:
        """Lots that a level has on average, while the bar lasts."""
        return self._unit

    @property
    def taken(self) -> dict[Decimal, Decimal]:
        """What is gone at the present point, by price."""
        return self._taken

    def _level(self, ticks: int) -> Iterator[Level]:
        lots = self._sizes.get(ticks)
        if lots is None:
            lots = self._sizes[ticks] = max(1, int(self._unit * (0.5 + self._feed.noise(self._row, ticks))))
        price, quantity = ticks * self._feed.tick, lots * self._feed.lot
        if self._taken:
            quantity -= self._taken.get(price, Decimal(0))
        if quantity > 0:
            yield price, quantity
