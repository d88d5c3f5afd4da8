"""ccxt, unchanged, over a real socket: markets, candles, balance, a market order."""

from __future__ import annotations

import ccxt.async_support as ccxt
import pytest

from tests.gateway.here import D, running, spot_client


@pytest.mark.asyncio
async def test_ccxt_trades_spot() -> None:
    async with running() as here:
        client = spot_client(here.origin)
        try:
            markets = await client.load_markets()
            assert markets["BTC/USDT"]["precision"]["amount"] == 0.001
            rows = await client.fetch_ohlcv("BTC/USDT", "1m", limit=5)
            assert len(rows) == 5
            assert rows[-1][4] == 100
            order = await client.create_order("BTC/USDT", "market", "buy", 1)
            assert order["status"] == "closed"
            assert order["filled"] == 1
            balance = await client.fetch_balance()
            held = here.house.exchange.account("me").spot["BTC"].free
            assert D(str(balance["BTC"]["free"])) == held
            with pytest.raises(ccxt.InsufficientFunds):
                await client.create_order("BTC/USDT", "limit", "buy", 1000, 99)
        finally:
            await client.close()


@pytest.mark.asyncio
async def test_a_wrong_secret_is_refused() -> None:
    async with running() as here:
        client = spot_client(here.origin)
        client.secret = "wrong"
        try:
            with pytest.raises(ccxt.AuthenticationError, match="-1022"):
                await client.create_order("BTC/USDT", "market", "buy", 1)
            assert not here.house.exchange.records.orders("me")
        finally:
            await client.close()
