"""What a venue refuses, as the class that ccxt makes of it. Nothing may have changed afterwards."""

from __future__ import annotations

import ccxt.async_support as ccxt
import pytest

from tests.conformance.here import Here

pytestmark = pytest.mark.asyncio
REFUSED = (ccxt.InvalidOrder, ccxt.BadRequest, ccxt.ExchangeError)


async def nothing_open(here: Here) -> bool:
    return await here.client.fetch_open_orders(here.symbol) == []


async def test_more_than_the_account_has(here: Here) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        await here.client.create_order(
            here.symbol, "limit", "buy", await here.amount(50_000_000), await here.price(0.95)
        )
    assert await nothing_open(here)


async def test_too_small(here: Here) -> None:
    smallest = here.market["limits"]["amount"]["min"]
    price = await here.price(0.95)
    if smallest * price >= (here.market["limits"]["cost"]["min"] or 0):
        pytest.skip("the smallest amount is enough here")
    with pytest.raises(REFUSED):
        await here.client.create_order(here.symbol, "limit", "buy", smallest, price)
    assert await nothing_open(here)


async def test_a_wrong_secret(here: Here) -> None:
    right, here.client.secret = here.client.secret, "x" * 64
    try:
        with pytest.raises(ccxt.AuthenticationError):
            await here.client.create_order(
                here.symbol, "limit", "buy", await here.amount(), await here.price(0.95)
            )
    finally:
        here.client.secret = right
    assert await nothing_open(here)


async def test_a_key_that_is_unknown(here: Here) -> None:
    here.client.apiKey = "x" * 64
    with pytest.raises(ccxt.AuthenticationError):
        await here.client.fetch_balance()


async def test_a_clock_that_is_wrong(here: Here) -> None:
    here.client.options["timeDifference"] = 120_000
    here.client.options["adjustForTimeDifference"] = True
    with pytest.raises((ccxt.InvalidNonce, ccxt.AuthenticationError, ccxt.RequestTimeout)):
        await here.client.create_order(
            here.symbol, "limit", "buy", await here.amount(), await here.price(0.95)
        )
    here.client.options["timeDifference"] = 0
    assert await nothing_open(here)


async def test_reduce_only_without_a_position(here: Here, swap: None) -> None:
    with pytest.raises(ccxt.ExchangeError) as caught:
        await here.client.create_order(
            here.symbol, "market", "sell", await here.amount(), None, {"reduceOnly": True}
        )
    assert not isinstance(caught.value, ccxt.NetworkError)
    assert sum(p["contracts"] or 0 for p in await here.client.fetch_positions([here.symbol])) == 0
