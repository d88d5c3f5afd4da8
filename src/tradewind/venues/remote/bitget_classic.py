"""What Bitget's classic accounts (v2) share."""

from __future__ import annotations

from abc import abstractmethod

from tradewind.market import Instrument
from tradewind.trading.terms.order_venue import OrderReport
from tradewind.venues.remote.bitget import Bitget
from tradewind.venues.remote.reading import Row, maybe_text


class ClassicBitget(Bitget):
    """A plan order tells the id of the order that it placed; a unified account has to look for it."""

    async def _placed_by(self, instrument: Instrument, row: Row) -> OrderReport | None:
        order_id = maybe_text(row, "executeOrderId")
        return await self._find_by_id(instrument, order_id) if order_id else None

    @abstractmethod
    async def _find_by_id(self, instrument: Instrument, order_id: str) -> OrderReport | None: ...
