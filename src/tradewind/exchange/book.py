"""The accounts' own resting orders of one market, by price and time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from tradewind.exchange.orders import Order


class OwnBook:
    """Limit orders that rest. Never crossed: what would cross was matched before it rested."""

    def __init__(self) -> None:
        self.version = 0  # grows with every change of what rests
        self._levels: tuple[dict[Decimal, list[Order]], dict[Decimal, list[Order]]] = ({}, {})
        self._prices: tuple[list[Decimal], list[Decimal]] = ([], [])  # bids, asks; both ascending

    def __bool__(self) -> bool:
        return bool(self._prices[0] or self._prices[1])

    def add(self, order: Order, place: int | None = None) -> None:
        """Behind all orders at its price, or back in the place that `remove` told."""
        self.version += 1
        side = not order.is_buy
        level = self._levels[side].get(order.price)
        if level is None:
            self._levels[side][order.price] = [order]
            insort(self._prices[side], order.price)
        else:
            level.insert(len(level) if place is None else place, order)

    def remove(self, order: Order) -> int:
        """Take it out; returns its place among the orders at its price."""
        self.version += 1
        side = not order.is_buy
        level = self._levels[side][order.price]
        place = next(i for i, other in enumerate(level) if other is order)
        del level[place]
        if not level:
            del self._levels[side][order.price]
            prices = self._prices[side]
            del prices[bisect_left(prices, order.price)]
        return place

    def best_bid(self) -> Decimal | None:
        return self._prices[0][-1] if self._prices[0] else None

    def best_ask(self) -> Decimal | None:
        return self._prices[1][0] if self._prices[1] else None

    def bids(self) -> Iterator[tuple[Decimal, list[Order]]]:
        """Best first."""
        levels = self._levels[0]
        return ((price, levels[price]) for price in reversed(self._prices[0]))

    def asks(self) -> Iterator[tuple[Decimal, list[Order]]]:
        """Best first."""
        levels = self._levels[1]
        return ((price, levels[price]) for price in self._prices[1])

    def crosses(self, order: Order) -> bool:
        """Whether the book would be crossed, were the order added."""
        best = self.best_ask() if order.is_buy else self.best_bid()
        return best is not None and (order.price >= best if order.is_buy else order.price <= best)

    def at(self, price: Decimal, bids: bool) -> list[Order]:
        """The orders of one level, first come first."""
        return self._levels[not bids].get(price, [])

    def orders(self) -> Iterator[Order]:
        for levels in self._levels:
            for level in levels.values():
                yield from level
