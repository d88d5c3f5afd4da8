"""Candles of the mark price: the same times as the candles of trades, without volume."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from tradewind.exchange.candles import Candle
from tradewind.exchange.desk import Desk, mark_inside
from tradewind.exchange.money import CENT, ZERO


def mark_candles(desk: Desk, traded: list[Candle]) -> list[Candle]:
    """What the mark did while those candles traded; where no marks are recorded it is the last price."""
    return [_mark_candle(desk, candle) for candle in traded]


def _mark_candle(desk: Desk, candle: Candle) -> Candle:
    values = (candle.open, candle.high, candle.low, candle.close)
    if desk.feed.mark_bars is not None:
        values = _between(desk, candle.first_trade_id, candle.next_trade_id, values)
    return replace(
        candle,
        open=values[0],
        high=values[1],
        low=values[2],
        close=values[3],
        volume=ZERO,
        quote_volume=ZERO,
        taker_buy_volume=ZERO,
        taker_buy_quote_volume=ZERO,
    )


def _between(
    desk: Desk, first: int, stop: int, else_: tuple[Decimal, Decimal, Decimal, Decimal]
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    bars, per_bar = desk.feed.mark_bars, desk.feed.points_per_bar
    assert bars is not None
    rows = np.asarray(bars[first // per_bar : (max(first, stop - 1)) // per_bar + 1], dtype=np.float64)
    if not len(rows) or not np.all(rows > 0):
        return else_
    ends = [
        mark_inside(rows[0], first % per_bar, per_bar),
        mark_inside(rows[-1], (stop - 1) % per_bar, per_bar),
    ]
    high, low = list(ends), list(ends)
    for i, row in enumerate(rows):
        begin = first % per_bar if i == 0 else 0
        end = (stop - 1) % per_bar if i == len(rows) - 1 else per_bar - 1
        turns = [step for step in _turns(per_bar) if begin <= step <= end]
        marks = [mark_inside(row, step, per_bar) for step in (*turns, begin, end)]
        high.append(max(marks))
        low.append(min(marks))
    found = (ends[0], max(high), min(low), ends[1])
    return _money(found[0]), _money(found[1]), _money(found[2]), _money(found[3])


def _turns(per_bar: int) -> tuple[int, ...]:
    """Steps next to the high and the low of a bar's mark."""
    third = (per_bar - 1) / 3
    return tuple(sorted({int(third), int(third) + 1, int(2 * third), int(2 * third) + 1}))


def _money(value: float) -> Decimal:
    return Decimal(str(round(value, 8))).quantize(CENT)
