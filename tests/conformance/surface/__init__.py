"""ccxt's unified surface: every method that is served, with a call of it. docs/exchange_coverage.md tells of it."""

from tests.conformance.places import BINANCE_PERPETUAL, PLACES, Place
from tests.conformance.surface import (  # noqa: F401 - they fill the table
    account,
    money,
    orders,
    over_a_socket,
    positions,
    public,
    streams,
    waiting,
)
from tests.conformance.surface.method import METHODS, Method

SURFACES = (*(place for place in PLACES if place.local), BINANCE_PERPETUAL)


def is_asked(place: Place, method: Method) -> bool:
    """Whether the suite asks that method there."""
    if place is BINANCE_PERPETUAL and any(method.is_asked(p) for p in PLACES if p.venue == "binance"):
        return False
    return method.is_asked(place)


ASKED = [(place, method) for place in SURFACES for method in METHODS.values() if is_asked(place, method)]

__all__ = ["ASKED", "METHODS", "SURFACES", "Method"]
