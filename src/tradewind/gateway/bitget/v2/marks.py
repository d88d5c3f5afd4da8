"""Candles of mark and index prices."""

from __future__ import annotations

from tradewind.exchange import Exchange, Interval

Row = tuple[int, str, str, str, str]  # open time, open, high, low, close


def mark_rows(
    exchange: Exchange, symbol: str, interval: Interval, end_ms: int | None, limit: int
) -> list[Row] | None:
    """The newest candles of the recorded mark prices; None where nothing but trades was recorded.

    A bar that is not over is known by its open and by the mark of now.
    """
    tape, now = exchange.tape, exchange.now_ms
    feed = tape.desks[symbol].feed
    bars = feed.mark_bars
    if bars is None:
        return None
    last = feed.row_at(min(now, end_ms if end_ms is not None else now))
    found: dict[int, list[float]] = {}
    for row in range(last, -1, -1):
        opened = int(feed.open_time[row])
        o, h, low, c = (float(value) for value in bars[row])
        if opened + feed.length_ms > now:
            c = float(tape.mark(symbol))
            h, low = max(o, c), min(o, c)
        place = interval.floor(opened)
        held = found.get(place)
        if held is None:
            if len(found) == limit:
                break
            found[place] = [o, h, low, c]
        else:
            found[place] = [o, max(h, held[1]), min(low, held[2]), held[3]]
    return [
        (place, *(f"{value:.8f}".rstrip("0").rstrip(".") for value in values))  # type: ignore[misc]
        for place, values in sorted(found.items())
    ]
