"""Books as clients keep them, and the checksum over their best levels."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal

from tradewind.exchange import Listing
from tradewind.gateway.bitget.formats import price_text, text

COVERED = 25
Pair = tuple[str, str]


def checksum(bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> int:
    """Signed CRC32 of bid:ask:bid:ask… over 25 levels, prices and sizes as they were sent."""
    parts: list[str] = []
    for place in range(COVERED):
        if place < len(bids):
            parts.extend(bids[place])
        if place < len(asks):
            parts.extend(asks[place])
    value = zlib.crc32(":".join(parts).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


class KeptBook:
    """The levels that listeners were told of. A quantity of 0 takes one away."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._bids: dict[Decimal, Pair] = {}
        self._asks: dict[Decimal, Pair] = {}

    def reset(self, bids: Sequence[tuple[Decimal, Decimal]], asks: Sequence[tuple[Decimal, Decimal]]) -> None:
        self._bids = {price: self.pair(price, quantity) for price, quantity in bids}
        self._asks = {price: self.pair(price, quantity) for price, quantity in asks}

    def change(
        self, bids: Sequence[tuple[Decimal, Decimal]], asks: Sequence[tuple[Decimal, Decimal]]
    ) -> tuple[list[Pair], list[Pair]]:
        """The changed levels as they are sent."""
        return self._apply(self._bids, bids), self._apply(self._asks, asks)

    def _apply(self, held: dict[Decimal, Pair], changes: Sequence[tuple[Decimal, Decimal]]) -> list[Pair]:
        sent = []
        for price, quantity in changes:
            pair = self.pair(price, quantity)
            sent.append(pair)
            if quantity:
                held[price] = pair
            else:
                held.pop(price, None)
        return sent

    def pair(self, price: Decimal, quantity: Decimal) -> Pair:
        return price_text(price, self._listing), text(quantity)

    def best(self, levels: int | None = None) -> tuple[list[Pair], list[Pair]]:
        """Bids and asks, best first."""
        bids = [self._bids[p] for p in sorted(self._bids, reverse=True)[:levels]]
        asks = [self._asks[p] for p in sorted(self._asks)[:levels]]
        return bids, asks

    def checksum(self) -> int:
        return checksum(*self.best(COVERED))
