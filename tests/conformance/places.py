"""Where the suite runs: the local exchange on all its markets, and venues' own test places when keys are given.

A real one joins when its variables are set: `TRADEWIND_BINANCE_TESTNET_KEY` and `..._SECRET` (spot),
`TRADEWIND_BINANCEUSDM_DEMO_...` and `TRADEWIND_BITGET_DEMO_...` (which also needs `..._PASSPHRASE`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import ccxt.pro

from tradewind.clients import Environment, Keys, connect


@dataclass(frozen=True)
class Place:
    """One market of one venue. `unified`: an account of Bitget's newer kind."""

    name: str
    venue: str  # ccxt's id
    symbol: str
    environment: Environment = Environment.LOCAL
    unified: bool = False

    @property
    def local(self) -> bool:
        return self.environment is Environment.LOCAL

    @property
    def is_swap(self) -> bool:
        return ":" in self.symbol

    @property
    def kind(self) -> str:
        return "swap" if self.is_swap else "spot"

    def known(self) -> dict[str, Any]:
        """ccxt's table of unified methods for this venue."""
        return _has(self.venue)

    def has(self, method: str) -> bool:
        """Whether ccxt has that unified method here."""
        return bool(self.known().get(method))

    @property
    def variables(self) -> str:
        """What the names of its keys in the environment begin with."""
        return f"TRADEWIND_{self.venue}_{self.environment}_".upper()

    def keys(self) -> Keys | None:
        """Those in the environment; None when there are none."""
        found = [os.environ.get(self.variables + part, "") for part in ("KEY", "SECRET", "PASSPHRASE")]
        return Keys(*found) if found[0] and found[1] else None

    def client(self, origin: str | None, keys: Keys) -> Any:
        client = connect(self.venue, self.environment, keys=keys, at=origin, unified=self.unified)
        if self.local:  # ccxt waits before requests and after its end, which nothing here needs
            client.enableRateLimit, client.timeout_on_exit = False, 0
        return client

    def __str__(self) -> str:
        return self.name


@cache
def _has(venue: str) -> dict[str, Any]:
    return dict(getattr(ccxt.pro, venue)().has)


SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
PLACES = (
    Place("local-binance-spot", "binance", SPOT),
    Place("local-binance-swap", "binanceusdm", SWAP),
    Place("local-bitget-spot", "bitget", SPOT),
    Place("local-bitget-swap", "bitget", SWAP),
    Place("local-bitget-unified-spot", "bitget", SPOT, unified=True),
    Place("local-bitget-unified-swap", "bitget", SWAP, unified=True),
    Place("binance-spot-testnet", "binance", SPOT, Environment.TESTNET),
    Place("binance-swap-demo", "binanceusdm", SWAP, Environment.DEMO),
    Place("bitget-spot-demo", "bitget", SPOT, Environment.DEMO),
    Place("bitget-swap-demo", "bitget", SWAP, Environment.DEMO),
)

# ccxt's own `binance` trades perpetuals too: it is asked what its spot markets cannot answer.
BINANCE_PERPETUAL = Place("local-binance-perpetual", "binance", SWAP)
