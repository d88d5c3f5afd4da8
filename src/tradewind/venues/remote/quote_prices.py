"""Which of the prices that a venue tells are believed, and when each became known. No I/O, no waiting."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tradewind.trading.terms.quotes import Quote
from tradewind.venues.remote.quote_frames import Part, Price

NAMES = {Price.BOOK: ("bid", "ask"), Price.LAST: ("last",), Price.MARK: ("mark",)}


@dataclass(slots=True)
class QuoteCounters:
    frames: int = 0
    bad_frames: int = 0
    rejected: int = 0  # prices that cannot be
    doubted: int = 0  # prices far from what is known
    by_rest: int = 0
    rest_failures: int = 0
    ends: int = 0
    silences: int = 0


class NewestPrices:
    """Of one symbol. A price further than `factor` from all that is known is believed once it stood for a while."""

    def __init__(self, symbol: str, factor: float, believed_ms: float, counters: QuoteCounters) -> None:
        self.symbol = symbol
        self.at = dict.fromkeys(Price, 0)  # when each was accepted last
        self._factor, self._believed_ms, self._counters = factor, believed_ms, counters
        self._known = dict.fromkeys(("bid", "ask", "last", "mark"), math.nan)
        self.funding_times = (0, 0)  # of the last payment whose time was told, and of the next, UTC ms
        self._funding_rate = math.nan
        self._doubts: dict[str, tuple[float, int]] = {}

    @property
    def quote(self) -> Quote | None:
        """None while nothing was accepted."""
        if not any(self.at.values()):
            return None
        known, at = self._known, self.at
        return Quote(
            self.symbol,
            known["bid"],
            known["ask"],
            known["last"],
            known["mark"],
            at[Price.BOOK],
            at[Price.LAST],
            at[Price.MARK],
            self._funding_rate,
        )

    def take(self, part: Part, now: int) -> list[Price]:
        """The prices of a part that were accepted: only they are newer now. A book is taken whole, or not at all."""
        accepted: dict[Price, dict[str, float]] = {}
        for price, names in NAMES.items():
            if not part.prices.keys().isdisjoint(names):
                found = {name: self._accepted(name, part.prices.get(name), now) for name in names}
                good = {name: value for name, value in found.items() if value is not None}
                if len(good) == len(names):
                    accepted[price] = good
        book = accepted.get(Price.BOOK)
        if (
            book is not None and book["bid"] > book["ask"]
        ):  # a book cannot be crossed: one of the two is wrong
            self._counters.rejected += 1
            del accepted[Price.BOOK]
        for price, values in accepted.items():
            self._known |= values
            self.at[price] = now
        if Price.MARK in accepted:
            self._funding_rate = _rate(part.funding_rate)
            due = whole(part.funding_at)
            if due is not None and due > self.funding_times[1]:
                self.funding_times = (self.funding_times[1], due)
        return list(accepted)

    def _accepted(self, name: str, told: Any, now: int) -> float | None:
        price = _number(told)
        if price is None:
            self._counters.rejected += 1
        elif self._believed(name, price, now):
            return price
        return None

    def _believed(self, name: str, price: float, now: int) -> bool:
        """Near to some known price; else only once it has stood for a while."""
        others = [other for other in self._known.values() if other == other]
        if not others or self._near(price, others):
            self._doubts.pop(name, None)
            return True
        self._counters.doubted += 1
        first, since = self._doubts.get(name, (price, now))
        if not self._near(price, [first]):
            first, since = price, now
        self._doubts[name] = (first, since)
        return now - since >= self._believed_ms

    def _near(self, price: float, others: Iterable[float]) -> bool:
        return any(other / self._factor <= price <= other * self._factor for other in others)


def _number(value: Any) -> float | None:
    try:
        price = float(value)
    except (TypeError, ValueError):
        return None
    return price if math.isfinite(price) and price > 0 else None


def whole(value: Any) -> int | None:
    """A time in ms; None for what is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _rate(value: Any) -> float:
    """A fraction of the position, of either sign; NaN for what cannot be one."""
    try:
        rate = float(value)
    except (TypeError, ValueError):
        return math.nan
    return rate if abs(rate) < 1 else math.nan
