"""Product types of v2: USDT futures are served, of the others there are no markets."""

from __future__ import annotations

from tradewind.exchange import Listing
from tradewind.gateway.bitget.failure import does_not_exist, wrong
from tradewind.gateway.bitget.formats import OTHER_PRODUCTS, PRODUCT
from tradewind.gateway.bitget.routes import Call
from tradewind.market import Kind


def is_served(call: Call) -> bool:
    """Whether USDT futures are meant; False for the types that have no markets here."""
    name = call.params.text("productType").upper()
    if name == PRODUCT:
        return True
    if name in OTHER_PRODUCTS:
        return False
    raise wrong("productType")


def perpetual(call: Call) -> Listing:
    """The contract that is asked for."""
    if not is_served(call):
        raise does_not_exist("symbol")
    return call.listing(Kind.PERPETUAL)


def maybe_perpetual(call: Call) -> Listing | None:
    """The contract that is asked for, None for all of them."""
    return perpetual(call) if call.params.has("symbol") else None


def listings(call: Call, kind: Kind) -> list[Listing]:
    """One market if a symbol is given, else all; none for product types that are not served."""
    if kind is Kind.PERPETUAL and not is_served(call):
        return []
    if call.params.has("symbol"):
        return [call.listing(kind)]
    return [listing for listing in call.exchange.listings if listing.kind is kind]
