"""What the suite does not ask: refused by the exchange, or not done by ccxt itself, each with its reason."""

from __future__ import annotations

from tests.conformance.places import Place
from tests.conformance.surface import ASKED
from tradewind.gateway.binance.spot.refused import REFUSED as BINANCE_SPOT
from tradewind.gateway.binance.usdm.refused import REFUSED as BINANCE_USDM
from tradewind.gateway.bitget.v2.refused import REFUSED as BITGET
from tradewind.gateway.bitget.v3.refused import REFUSED as BITGET_UNIFIED

# ccxt says that it has them, and raises when they are called, or has no such function
NOT_IN_CCXT = {
    "fetchCurrenciesWs": "ccxt has no such function, whatever it says",
    "fetchPositionForSymbolWs": "ccxt has no such function, whatever it says; fetchPositionWs answers",
    "watchOrdersForSymbols": "ccxt raises NotSupported; watchOrders takes no symbol too",
}
# flags of ccxt's table that are no methods
FLAGS = {
    *("publicAPI", "privateAPI", "sandbox", "ws"),
    *("spot", "margin", "swap", "future", "option"),
}
VENUES = ("binance", "binanceusdm", "bitget")


def methods(place: Place) -> list[str]:
    """Every unified method that ccxt says it has for the place's venue."""
    return sorted(name for name, has in place.known().items() if has and name not in FLAGS)


def served(venue: str) -> dict[str, list[str]]:
    """For each method of that id of ccxt the places that answer it in the suite."""
    found: dict[str, list[str]] = {}
    for place, method in ASKED:
        if place.venue == venue:
            found.setdefault(method.name, []).append(place.name)
    return found


def refused_at(place: Place) -> dict[str, str]:
    """What the protocol of that place refuses."""
    if place.venue == "bitget":
        return BITGET_UNIFIED if place.unified else BITGET
    return BINANCE_USDM if place.is_swap else BINANCE_SPOT


def refused(venue: str) -> dict[str, str]:
    """What no market of that id of ccxt answers."""
    table = {
        "binance": BINANCE_USDM | BINANCE_SPOT,
        "binanceusdm": BINANCE_USDM,
        "bitget": BITGET,
    }[venue]
    return {name: why for name, why in (NOT_IN_CCXT | table).items() if name not in served(venue)}
