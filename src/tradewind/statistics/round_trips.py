"""From fills to round trips: from flat to flat again, per instrument, net of fees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.compiled import compiled
from tradewind.market.errors import DataError

TRIP_ROW = np.dtype(
    [
        ("instrument", np.int64),
        ("side", np.int64),  # 1 long, -1 short
        ("entry_row", np.int64),  # bar of the first fill
        ("exit_row", np.int64),  # bar of the last fill; -1 while open
        ("lots", np.int64),  # all lots that were opened, unsigned
        ("entry_price", np.float64),  # volume-weighted over all that opened
        ("exit_price", np.float64),  # volume-weighted over all that closed; NaN when nothing was closed
        ("fees", np.float64),  # quote, of entries and exits
        ("profit", np.float64),  # quote, net of fees; of an open trip at the mark
        ("exit_reason", np.int64),  # FillReason of the last fill; -1 while open
    ]
)

_OPEN_ROW = np.dtype([("trip", np.int64), ("position", np.int64), ("closed", np.float64)])


@compiled
def _walk(fills: Any, lot_size: Any, mark: Any, book: Any, trips: Any) -> int:
    """Fill `trips`, return how many; `book` holds the open trip of each instrument."""
    count = 0
    for f in range(len(fills)):
        fill = fills[f]
        a = fill.instrument
        rest = fill.lots
        fee_per_lot = fill.fee / abs(rest)
        while rest != 0:
            state = book[a]
            if state.position == 0:
                state.trip = count
                state.closed = 0.0
                trip = trips[count]
                trip.instrument = a
                trip.side = 1 if rest > 0 else -1
                trip.entry_row = fill.row
                trip.exit_row = -1
                trip.exit_reason = -1
                trip.exit_price = math.nan
                count += 1
            trip = trips[state.trip]
            if (rest > 0) == (trip.side > 0):
                trip.entry_price = (trip.entry_price * trip.lots + fill.price * abs(rest)) / (
                    trip.lots + abs(rest)
                )
                trip.lots += abs(rest)
                part = rest
            else:
                part = rest if abs(rest) <= abs(state.position) else -state.position
                before = 0.0 if state.closed == 0 else trip.exit_price * state.closed
                state.closed += abs(part)
                trip.exit_price = (before + fill.price * abs(part)) / state.closed
            state.position += part
            trip.fees += fee_per_lot * abs(part)
            trip.profit -= part * lot_size[a] * fill.price + fee_per_lot * abs(part)
            rest -= part
            if state.position == 0:
                trip.exit_row = fill.row
                trip.exit_reason = fill.reason
    for a in range(len(book)):
        if book[a].position != 0:
            trips[book[a].trip].profit += book[a].position * lot_size[a] * mark[a]
    return count


def round_trips(
    fills: NDArray[np.void], lot_size: NDArray[np.float64], mark: NDArray[np.float64]
) -> NDArray[np.void]:
    """[trips] of `TRIP_ROW` in order of entry; a fill through zero ends one trip and begins the next.

    `fills` has the fields row, instrument, lots, price, fee, reason, in order of time; `lot_size` [A] is
    base units per lot and `mark` [A] the last known price, at which what is still open is valued.
    Funding belongs to no trip.
    """
    if len(fills) and (fills["lots"] == 0).any():
        raise DataError(f"fill {int(np.argmax(fills['lots'] == 0))} has 0 lots: a fill moves at least one")
    trips = np.zeros(2 * len(fills), TRIP_ROW)
    book = np.zeros(len(lot_size), _OPEN_ROW)
    count = _walk(
        np.ascontiguousarray(fills),
        np.asarray(lot_size, dtype=np.float64),
        np.asarray(mark, dtype=np.float64),
        book,
        trips,
    )
    return trips[:count]
