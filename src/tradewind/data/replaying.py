"""A stored market as the live engine sees one: closed bars in order, and the ends of its segments."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator

from tradewind.market import Bar, Command, CommandKind, Market, Snapshot


class Replay:
    """`market.CandleSource` over recorded bars; iterates with `for` and with `async for`."""

    def __init__(self, market: Market) -> None:
        self.market = market

    def __len__(self) -> int:
        """Snapshots to come; the ends of segments are not counted."""
        return int((self.market.fragments[:, 1] - self.market.fragments[:, 0]).sum())

    def __iter__(self) -> Iterator[Snapshot | Command]:
        for start, stop in self.market.fragments.tolist():
            for row in range(start, stop):
                yield snapshot_of(self.market, row)
            at = int(self.market.open_time[stop - 1]) + self.market.timeframe.ms
            yield Command(CommandKind.SEGMENT_END, at, "the recorded bars end here")

    async def __aiter__(self) -> AsyncIterator[Snapshot | Command]:
        for item in self:
            yield item


def snapshot_of(market: Market, row: int) -> Snapshot:
    """The closed bars of one row, None where an instrument has none."""
    opened = int(market.open_time[row])
    closed = opened + market.timeframe.ms
    bars = tuple(
        _bar(market, row, a, opened, closed) if market.tradable[row, a] else None
        for a in range(len(market.instruments))
    )
    return Snapshot(opened, closed, bars)


def _bar(market: Market, row: int, a: int, opened: int, closed: int) -> Bar:
    prices = {name: float(getattr(market, name)[row, a]) for name in ("open", "high", "low", "close")}
    marks = {}
    if market.mark is not None:
        marks = {f"mark_{name}": float(market.mark[row, a, k]) for k, name in enumerate(prices)}
    rate = 0.0 if market.funding_rate is None else float(market.funding_rate[row, a])
    if math.isnan(rate):  # not known is nothing due, as on a tape
        rate = 0.0
    return Bar(opened, closed, **prices, volume=float(market.volume[row, a]), funding_rate=rate, **marks)
