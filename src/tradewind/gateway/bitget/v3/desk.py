"""What v3 has beside the exchange."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.gateway.bitget.v3.pool import Pool


@dataclass(frozen=True, slots=True)
class UnifiedDesk:
    """Handed to every endpoint and private topic."""

    pool: Pool
