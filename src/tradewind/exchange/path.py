"""The trades inside one bar: seeded by bar and instrument alone, so any bar can be made at any time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from random import Random


@dataclass(frozen=True, slots=True)
class BarPath:
    """Points of one bar in order of time; all prices in ticks, quantities in lots.

    The first is the open at the open time, the last the close in the last millisecond; high and low are both
    visited. Lots sum to the bar's. A point without lots moves the price but is no trade.
    """

    row: int
    times: list[int]  # UTC ms, increasing or equal
    prices: list[int]
    lots: list[int]
    buyer_is_maker: list[bool]

    def index_at(self, ms: int) -> int:
        """The last point at or before `ms`; -1 before the first."""
        return bisect_right(self.times, ms) - 1


@dataclass(frozen=True, slots=True)
class BarTicks:
    """One bar in whole ticks and lots."""

    row: int
    open_time: int
    length_ms: int
    open: int
    high: int
    low: int
    close: int
    lots: int


def make_path(bar: BarTicks, points: int, seed: int) -> BarPath:
    """The path of a bar, the same for the same seed and row. `points` is at least 4."""
    rng = Random((seed << 32) ^ (bar.row * 0x9E3779B1))
    prices = _prices(bar, points, rng)
    return BarPath(
        bar.row, _times(bar, points, rng), prices, _lots(bar.lots, points, rng), _makers(prices, rng)
    )


def _prices(bar: BarTicks, points: int, rng: Random) -> list[int]:
    width = bar.high - bar.low
    if width == 0:
        return [bar.open] * points
    first, second = sorted(rng.sample(range(1, points - 1), 2))
    up_first = rng.random() < (bar.open - bar.low) / width  # a Brownian path reaches the nearer one first
    extremes = (bar.high, bar.low) if up_first else (bar.low, bar.high)
    stops = [(0, bar.open), (first, extremes[0]), (second, extremes[1]), (points - 1, bar.close)]
    prices = [bar.close] * points
    wobble = 0.15 * width
    for (start, left), (end, right) in pairwise(stops):
        prices[start] = left
        slope = (right - left) / (end - start)
        for i in range(start + 1, end):
            price = round(left + slope * (i - start) + (rng.random() - 0.5) * wobble)
            prices[i] = min(bar.high, max(bar.low, price))
    return prices


def _times(bar: BarTicks, points: int, rng: Random) -> list[int]:
    slot = bar.length_ms / points
    times = [bar.open_time + int((i + rng.random()) * slot) for i in range(points)]
    times[0], times[-1] = bar.open_time, bar.open_time + bar.length_ms - 1
    return times


def _lots(total: int, points: int, rng: Random) -> list[int]:
    if total <= 0:
        return [0] * points
    weights = [rng.random() + 0.1 for _ in range(points)]
    scale = total / sum(weights)
    lots = [int(w * scale) for w in weights]
    missing = total - sum(lots)
    for i in range(abs(missing)):
        lots[i % points] += 1 if missing > 0 else -1
    return lots


def _makers(prices: list[int], rng: Random) -> list[bool]:
    """Falling prices are sells into bids (the buyer is the maker), rising ones buys; else a coin decides."""
    makers = [rng.random() < 0.5]
    for before, price in pairwise(prices):
        makers.append(price < before if price != before else rng.random() < 0.5)
    return makers
