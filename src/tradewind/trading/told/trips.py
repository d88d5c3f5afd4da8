"""The trades of a run, from flat to flat, as its fills arrive."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tradewind.market import Fill, FillReason, Instrument
from tradewind.statistics import round_trips
from tradewind.trading.terms.bookable import fee_of
from tradewind.trading.terms.order_records import FeeTold

_FILL = np.dtype(
    [
        ("row", np.int64),  # UTC ms
        ("instrument", np.int64),
        ("lots", np.int64),
        ("price", np.float64),
        ("fee", np.float64),
        ("reason", np.int64),
    ]
)


class TripBook:
    """Fees of spot that are taken in base shorten what can be sold: a trip ends when the lots are gone."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self.fees = 0.0  # quote, in all
        self._instruments = tuple(instruments)
        self._index = {i.symbol: a for a, i in enumerate(instruments)}
        self._held = {i.symbol: Decimal(0) for i in instruments}
        self._rows: list[tuple[int, int, int, float, float, int]] = []
        self._price = {i.symbol: 0.0 for i in instruments}
        self._closed = (0, 0, 0)  # fills counted, and what they say

    def fill(self, fill: Fill) -> float:
        """What it changes of the equity, at the last price known."""
        a = self._index[fill.symbol]
        instrument = self._instruments[a]
        told, in_base = fee_of(fill, instrument) or (Decimal(0), False)
        before = instrument.whole_lots(self._held[fill.symbol])
        self._held[fill.symbol] += fill.quantity - (told if in_base else 0)
        lots = instrument.whole_lots(self._held[fill.symbol]) - before
        fee = float(told * fill.price if in_base else told)
        self.fees += fee
        if lots:
            self._rows.append((fill.at, a, lots, float(fill.price), fee, int(fill.reason)))
        mark = self._price[fill.symbol] or float(fill.price)
        paid = float(told) * mark if in_base else fee
        return float(fill.quantity) * (mark - float(fill.price)) - paid

    def pay(self, told: FeeTold) -> float:
        """A fee that came later counts in all, and to no trip; what it changes of the equity."""
        in_base = told.fee_asset == self._instruments[self._index[told.symbol]].base
        self._held[told.symbol] -= told.fee if in_base else 0
        fee = float(told.fee * told.price if in_base else told.fee)
        self.fees += fee
        return -fee

    def begin_anew(self) -> None:
        """What was held is gone, with the account: it counts as closed at the last price."""
        at = self._rows[-1][0] if self._rows else 0
        for a, instrument in enumerate(self._instruments):
            lots = instrument.whole_lots(self._held[instrument.symbol])
            self._held[instrument.symbol] = Decimal(0)
            if lots:
                price = self._price[instrument.symbol]
                self._rows.append((at, a, -lots, price, 0.0, int(FillReason.CLOSE_OUT)))

    def price(self, symbol: str, price: float) -> None:
        """The last one known, at which what is open is valued."""
        self._price[symbol] = price

    @property
    def closed(self) -> tuple[int, int]:
        """How many trips have ended, and how many of these with a profit. Counted again only after a fill."""
        if self._closed[0] != len(self._rows):
            trips = self.trips()
            ended = trips[trips["exit_row"] >= 0]
            self._closed = (len(self._rows), len(ended), int((ended["profit"] > 0).sum()))
        return self._closed[1:]

    def trips(self) -> NDArray[np.void]:
        """`statistics.TRIP_ROW` in order of entry; their rows are UTC ms, exit_row is -1 while open."""
        lots = np.array([float(i.lot) for i in self._instruments])
        marks = np.array([self._price[i.symbol] for i in self._instruments])
        return round_trips(np.array(self._rows, _FILL), lots, marks)
