"""Markets as a venue lists them: a coin as spot and as perpetual, from the same candles, on the grid of its ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Instrument, Kind, Market

Floats = NDArray[np.float64]


def listed(market: Market, kinds: Sequence[Kind] | None = None) -> tuple[Market, ...]:
    """One market for each listing: every coin as each of `kinds`, None as it is.

    Those of one coin share their candles. A listing that the market has itself is never a copy of another.
    Spot has neither funding nor a mark price of its own.
    """
    there = {i.symbol for i in market.instruments}
    found: list[Market] = []
    for column, instrument in enumerate(market.instruments):
        alone = _column(market, column)
        for kind in (instrument.kind,) if kinds is None else kinds:
            if kind is instrument.kind:
                found.append(alone)
            elif (twin := _as_kind(instrument, kind)).symbol not in there:
                spot = kind is Kind.SPOT
                funding, mark = (None, None) if spot else (alone.funding_rate, alone.mark)
                found.append(replace(alone, instruments=(twin,), funding_rate=funding, mark=mark))
    return tuple(found)


def _column(market: Market, column: int) -> Market:
    """One instrument of a market, with arrays of its own: an exchange reads them where they are."""
    names = [name for name in market.array_names() if name not in ("open_time", "fragments")]
    cut = {name: np.ascontiguousarray(getattr(market, name)[:, [column]]) for name in names}
    return replace(market, instruments=(market.instruments[column],), **cut)  # type: ignore[arg-type]


def _as_kind(instrument: Instrument, kind: Kind) -> Instrument:
    pair = f"{instrument.base}/{instrument.quote}"
    symbol = pair if kind is Kind.SPOT else f"{pair}:{instrument.quote}"
    return replace(instrument, symbol=symbol, kind=kind, closes_below_minimum=None)


def on_grid(market: Market) -> Market:
    """The market with prices in whole ticks and volumes in whole lots (rounded down): as it reads over a wire."""
    columns = {
        name: np.column_stack(
            [_rounded(getattr(market, name)[:, a], i, name) for a, i in enumerate(market.instruments)]
        )
        for name in ("open", "high", "low", "close", "volume")
    }
    return replace(market, **columns)  # type: ignore[arg-type]


def _rounded(values: Floats, instrument: Instrument, name: str) -> Floats:
    step = instrument.lot if name == "volume" else instrument.tick
    counts = np.floor(values / float(step) + 1e-9) if name == "volume" else np.rint(values / float(step))
    if name != "volume":
        counts = np.maximum(1.0, counts)
    places = max(0, -int(step.as_tuple().exponent))
    return np.asarray(counts * int(step.scaleb(places)) / 10.0**places)
