"""A whole local exchange for tests, opened as the command does it, on coins with a few days of candles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tradewind.clients import Keys, Loopback
from tradewind.data.coins import coin_markets
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange

FIRST = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE = 60_000
BARS, HISTORY = 6_000, 4_000
NOW = FIRST + HISTORY * MINUTE
KEYS = Keys("demo-key", "demo-secret", "demo-pass")


def settings(folder: Path, **changes: Any) -> Settings:
    """BTC and ETH as spot and perpetual, time standing, one account; certificates in that folder."""
    values: dict[str, Any] = {
        "markets": coin_markets(["BTC", "ETH"], seed=1, start_ms=FIRST, bars=BARS),
        "start_ms": NOW,
        "speed": 0.0,
        "accounts": [Opening.local("demo", {"USDT": Decimal(100_000)})],
        "authority": folder / "authority",
    }
    return Settings(**values | changes)


@asynccontextmanager
async def opened(folder: Path, **changes: Any) -> AsyncIterator[LocalExchange]:
    async with await open_exchange(settings(folder, **changes)) as exchange:
        yield exchange


def loopback(exchange: LocalExchange) -> Loopback:
    assert exchange.authority is not None
    return Loopback(exchange.tls_port, exchange.authority.certificate)
