"""What the venue holds when a session ends, beside its books."""

from __future__ import annotations

from tradewind.market import Clock
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.order_venue import OrderVenue
from tradewind.trading.terms.session_records import BooksCompared


async def look_last(manager: OrderManager, venue: OrderVenue, stamps: Clock) -> None:
    """Ask for every position, and write down the drift in whole lots. `VenueUnavailable`: nothing was learnt."""
    ledger, drift = manager.ledger, 0
    for symbol, baseline in ledger.baselines.items():
        apart = await venue.holding(symbol) - baseline.quantity - ledger.owned(symbol)
        drift += int(abs(apart) / ledger.instruments[symbol].lot)
    manager.write(BooksCompared(stamps.now_ms(), drift))
