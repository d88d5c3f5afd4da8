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
from tradewind.gateway.bitget.v3.refused import REFUSED as UNIFIED_REFUSED

SURFACES = (*(place for place in PLACES if place.local), BINANCE_PERPETUAL)


def is_refused(place: Place, method: Method) -> bool:
    """Whether ccxt cannot do it with an account of that kind, as the dialect says."""
    return place.unified and method.name in UNIFIED_REFUSED and method.is_asked(place)


def is_asked(place: Place, method: Method) -> bool:
    """Whether the suite asks that method there."""
    if place is BINANCE_PERPETUAL and any(method.is_asked(p) for p in PLACES if p.venue == "binance"):
        return False
    return method.is_asked(place) and not is_refused(place, method)


REFUSED = [(p, method) for p in SURFACES for method in METHODS.values() if is_refused(p, method)]
ASKED = [(place, method) for place in SURFACES for method in METHODS.values() if is_asked(place, method)]

__all__ = ["ASKED", "METHODS", "REFUSED", "SURFACES", "Method"]
