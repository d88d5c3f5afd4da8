"""Markets as Bitget lists them."""

from __future__ import annotations

from dataclasses import replace

from tradewind.exchange import Exchange, Listing, listing_of
from tradewind.market import Instrument, Kind

MOST_ORDERS, MOST_PLANS = 400, 200


def bitget_listing(instrument: Instrument) -> Listing:
    """The listing of an instrument with Bitget's limits on open orders and plan orders."""
    listing = listing_of(instrument)
    filters = replace(listing.filters, max_orders=MOST_ORDERS, max_algo_orders=MOST_PLANS)
    return replace(listing, filters=filters)


def settle_coins(exchange: Exchange) -> list[str]:
    """What contracts are settled in, each once."""
    return list(dict.fromkeys(m.quote for m in exchange.listings if m.kind is Kind.PERPETUAL))
