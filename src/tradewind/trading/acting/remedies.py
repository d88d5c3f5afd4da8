"""What an account can do about a refused order: read rules and balances again, wait as long as it was told to."""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from dataclasses import replace
from decimal import Decimal

from tradewind.market import Instrument, Kind, Order, Side
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.pricing import price_of
from tradewind.trading.terms.quotes import Quotes

ROOM = Decimal("0.995")  # of what is free: prices and fees move meanwhile


class AccountRemedies:
    """`trading.aims.Remedies` of one account. `leverage` is that of its perpetuals."""

    def __init__(
        self,
        venue: AccountVenue,
        instruments: MutableMapping[str, Instrument],
        quotes: Quotes,
        leverage: float = 1.0,
    ) -> None:
        self._venue, self._instruments, self._quotes = venue, instruments, quotes
        self._leverage = Decimal(repr(leverage))

    def wait_seconds(self) -> float:
        return self._venue.wait_seconds()

    async def reload(self, symbol: str) -> int:
        known = self._instruments[symbol]
        now = (await self._venue.instruments([symbol])).get(symbol, known)
        self._instruments[symbol] = replace(now, lot=known.lot)
        return math.ceil(now.lot / known.lot)

    async def affordable(self, order: Order) -> int:
        reading, instrument = await self._venue.account(), self._instruments[order.symbol]
        if instrument.kind is Kind.SPOT and order.side is Side.SELL:
            return instrument.whole_lots(_free(reading, instrument.base))
        price = Decimal(repr(price_of(self._quotes.newest(order.symbol))))
        if not price.is_finite():
            return 0
        means = _free(reading, instrument.quote) * self._leverage * ROOM
        cost = price * (1 + Decimal(repr(instrument.taker_fee)) * self._leverage)
        held = reading.positions.get(order.symbol)
        closes = 0 if held is None else instrument.whole_lots(abs(held.quantity))
        turns = held is not None and held.quantity * order.lots < 0
        return instrument.whole_lots(means / cost) + (closes if turns else 0)


def _free(reading: AccountReading, coin: str) -> Decimal:
    balance = reading.balances.get(coin)
    return max(balance.free, Decimal(0)) if balance is not None else Decimal(0)
