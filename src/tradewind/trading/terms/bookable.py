"""What the books take of a trade. They count whole lots, and fees in quote, or in base where that is received."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from tradewind.market import Fill, Instrument, Kind


class Fee(NamedTuple):
    amount: Decimal
    in_base: bool  # taken from what was bought


def fee_of(fill: Fill, instrument: Instrument) -> Fee | None:
    """The fee as the books take it; None while nobody has told it in a coin that they know."""
    if fill.fee_asset == instrument.base and instrument.kind is Kind.SPOT and fill.quantity > 0:
        return Fee(fill.fee, True)
    if fill.fee_asset == instrument.quote or (fill.fee_asset and not fill.fee):
        return Fee(fill.fee, False)
    return None


def beside_lots(fill: Fill, instrument: Instrument) -> Decimal:
    """What it traded beside its whole lots, signed base units: where the venue's lot became smaller than the run's."""
    return fill.quantity - instrument.quantity(fill.lots)
