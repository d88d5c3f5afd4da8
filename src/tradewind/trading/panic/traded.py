"""What a panic traded, asked of the venue afterwards."""

from __future__ import annotations

from tradewind.market import Fill
from tradewind.trading.orders.resolver import LOOK_BACK_MS
from tradewind.trading.panic.panic_record import PanicRecord
from tradewind.trading.terms.account_venue import AccountVenue


async def fills_of(venue: AccountVenue, record: PanicRecord, last_trade_at: int) -> list[Fill]:
    """What the orders of a panic traded, as the venue has it. `last_trade_at`: of what is known, 0 if nothing is."""
    names, ids = set(record.orders), {venue_id for venue_id in record.orders.values() if venue_id}
    since = (last_trade_at or record.at) - LOOK_BACK_MS
    touched = dict.fromkeys(step["symbol"] for step in record.steps if step["what"] == "close")
    return [
        trade.fill
        for symbol in touched
        for trade in await venue.trades(symbol, since)
        if trade.fill.order_id in names or trade.venue_id in ids
    ]


async def complete(venue: AccountVenue, record: PanicRecord, last_trade_at: int) -> None:
    """Fetch what a panic traded that was ended, or could not reach the venue, before it could write that down."""
    if record.orders and (record.code is None or not record.flat):
        record.fills = await fills_of(venue, record, last_trade_at)
        record.save()
