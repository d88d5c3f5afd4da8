"""Has the price come to a level? By quotes that can be trusted, or not at all."""

from __future__ import annotations

import math

from tradewind.market import Clock, Instrument
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.terms.quotes import Quotes

SPIKE = 0.05  # a last price further than this from the book fires nothing


class TriggerPrice:
    """What the local guard of stops watches."""

    def __init__(self, kind: Trigger, quotes: Quotes, clock: Clock) -> None:
        self._kind, self._quotes, self._clock = kind, quotes, clock

    def price(self, symbol: str) -> float:
        """NaN where nothing trustworthy is known.

        Where there is no mark, as on spot, or none for a minute, the last price; without one, the middle of the book.
        """
        quote = self._quotes.newest(symbol)
        if quote is None:
            return math.nan
        quote = quote.fresh(self._clock.now_ms())
        if self._kind is Trigger.MARK and not math.isnan(quote.mark):
            return quote.mark if 0 < quote.mark < math.inf else math.nan
        price = quote.middle if math.isnan(quote.last) else quote.last
        spikes = quote.middle > 0 and abs(price / quote.middle - 1.0) > SPIKE
        return price if 0 < price < math.inf and not spikes else math.nan

    def reached(self, symbol: str, *, long: bool, level: float) -> bool:
        price = self.price(symbol)
        return price <= level if long else price >= level  # never for NaN

    def is_dust(self, instrument: Instrument, lots: int) -> bool:
        """Is it too small for the venue to take? Unknown prices make no dust."""
        worth = abs(float(instrument.quantity(lots))) * self.price(instrument.symbol)
        return not instrument.closes_below_minimum and worth < float(instrument.min_notional)
