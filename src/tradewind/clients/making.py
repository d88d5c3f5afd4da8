"""What every ccxt client of ours has in common: only what is traded here is loaded, and half an answer is none.

ccxt itself is imported where a client is made: it takes most of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from tradewind.clients.answers import keep_answers
from tradewind.market import ConfigError, Kind

_PERPETUAL = {"binance": "linear", "binanceusdm": "linear", "bitget": "swap"}  # ccxt's word for them
_ALL = {"binanceusdm": (Kind.PERPETUAL,)}


def market_types(venue: str, kinds: Sequence[Kind]) -> list[str]:
    """What ccxt is to load. Only these are traded here; each further type costs requests and thousands of markets."""
    return ["spot" if kind is Kind.SPOT else _PERPETUAL[venue] for kind in kinds]


def make_client(venue: str, module: ModuleType, options: dict[str, Any] | None = None, **config: Any) -> Any:
    """A ccxt client of that venue from `module` (ccxt.async_support or ccxt.pro); `options` add to ours.

    `ConfigError` for a venue that ccxt does not know.
    """
    if venue not in module.exchanges:
        near = get_close_matches(venue, module.exchanges, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see ccxt's list of exchanges"
        raise ConfigError(f"no venue is called {venue!r}: {hint}")
    ours: dict[str, Any] = {"fetchCurrencies": False, "fetchMargins": False}
    if venue in _PERPETUAL:
        ours["fetchMarkets"] = {"types": market_types(venue, _ALL.get(venue, tuple(Kind)))}
    client = getattr(module, venue)({"enableRateLimit": True, "options": ours | (options or {}), **config})
    client.has["fetchCurrencies"] = False  # private on several venues, and nothing here needs it
    keep_answers(client, module)
    return client
