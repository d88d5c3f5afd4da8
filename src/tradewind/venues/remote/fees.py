"""What a fee in a third coin is worth."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from tradewind.market import Clock, Fill, FillReason, Instrument, Kind, VenueUnavailable
from tradewind.trading.terms.order_venue import Trade

PRICE_AGE_MS = 600_000  # how long a coin's price is good enough for fees


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A trade as the venue writes it. `quantity` is signed; `client_id` is empty where the venue leaves it out."""

    trade_id: str
    venue_id: str
    client_id: str
    at: int
    quantity: Decimal
    price: Decimal
    fee: Decimal | None  # positive is paid; None: not told yet
    fee_coin: str
    reason: FillReason = FillReason.ORDER


class Fees:
    """Makes trades of rows: a fee in what was received or in quote as it is, any other at its value in quote. One that
    is not told, or whose value is not known now, has no coin: it must be asked for again.

    `price_of(coin, quote)` asks the venue for a last price; it is asked again after ten minutes.
    """

    def __init__(self, clock: Clock, price_of: Callable[[str, str], Awaitable[Decimal]]) -> None:
        self._clock, self._price_of = clock, price_of
        self._prices: dict[tuple[str, str], tuple[int, Decimal]] = {}

    async def trade(self, instrument: Instrument, row: TradeRow) -> Trade:
        fee = row.fee if row.fee_coin or not row.fee else None
        coin = row.fee_coin or instrument.quote
        received = instrument.base if row.quantity > 0 and instrument.kind is Kind.SPOT else instrument.quote
        if fee and coin == instrument.base != received:  # paid out of coins beside the run, as BNB is
            fee, coin = fee * row.price, instrument.quote
        if fee and coin not in (instrument.base, instrument.quote):
            try:
                fee, coin = fee * await self._price(coin, instrument.quote), instrument.quote
            except VenueUnavailable:
                fee = None  # the trade counts, its cost when that is known
        if fee is None:
            fee, coin = Decimal(0), ""
        fill = Fill(
            trade_id=row.trade_id,
            order_id=row.client_id,
            at=row.at,
            symbol=instrument.symbol,
            lots=instrument.whole_lots(row.quantity),
            quantity=row.quantity,
            price=row.price,
            fee=fee,
            fee_asset=coin,
            reason=row.reason,
        )
        return Trade(fill, row.venue_id)

    async def _price(self, coin: str, quote: str) -> Decimal:
        now, kept = self._clock.now_ms(), self._prices.get((coin, quote))
        if kept is None or now - kept[0] > PRICE_AGE_MS:
            kept = now, await self._price_of(coin, quote)
            self._prices[coin, quote] = kept
        return kept[1]
