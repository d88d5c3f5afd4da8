"""Categories of v3: spot and USDT futures are served, of the others there are no markets."""

from __future__ import annotations

from tradewind.exchange import Listing
from tradewind.gateway.bitget.failure import Failure, wrong
from tradewind.gateway.bitget.formats import PRODUCT
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.routes import Call
from tradewind.market import Kind

SPOT = "SPOT"
NAMES = {Kind.SPOT: SPOT, Kind.PERPETUAL: PRODUCT}
_KINDS: dict[str, Kind | None] = {
    SPOT: Kind.SPOT,
    PRODUCT: Kind.PERPETUAL,
    "MARGIN": None,
    "COIN-FUTURES": None,
    "USDC-FUTURES": None,
}


def category(m: Listing) -> str:
    return NAMES[m.kind]


def asked_kind(params: Params) -> Kind | None:
    """What `category` means; None for the categories that have no markets here."""
    name = params.text("category").upper()
    if name not in _KINDS:
        raise wrong("category")
    return _KINDS[name]


def listing(call: Call, params: Params | None = None) -> Listing:
    """The market that `category` and `symbol` name."""
    asked = params or call.params
    kind = asked_kind(asked)
    if kind is None:
        raise Failure("25100", f"Trading pair {asked.text('symbol')[:40]} does not exist")
    return call.exchange.listings.find(kind, asked.text("symbol"))


def contract(call: Call) -> Listing:
    """The contract that `category` and `symbol` name; spot is refused."""
    m = listing(call)
    if m.is_spot:
        raise wrong("category")
    return m


def maybe_listing(call: Call) -> Listing | None:
    """The market that is asked for, None for all of its category."""
    return listing(call) if call.params.has("symbol") else None


def listings(call: Call) -> list[Listing]:
    """The market if `symbol` is given, else all of the category."""
    one, kind = maybe_listing(call), asked_kind(call.params)
    if one is not None:
        return [one]
    return [m for m in call.exchange.listings if m.kind is kind]
