"""ccxt.pro over real sockets, its own checksum check included."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import ccxt
import pytest

from tests.exchange.worlds import PERP, SPOT, assert_sound, moving
from tests.gateway.bitget.venue import client, house, running
from tradewind.market import WallClock

pytestmark = pytest.mark.asyncio


async def soon(awaited: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(awaited, 10)


@pytest.mark.parametrize("symbol", [SPOT, PERP])
async def test_public_channels(symbol):
    moves = house(moving(600), wire=WallClock())
    async with running(moves) as (found, address), client(address, pro=True) as bitget:
        await bitget.load_markets()
        found.clock.set_speed(60)
        assert (await soon(bitget.watch_ticker(symbol)))["symbol"] == symbol
        assert (await soon(bitget.watch_trades(symbol)))[-1]["symbol"] == symbol
        assert len(await soon(bitget.watch_ohlcv(symbol))) >= 1
        for _ in range(25):  # every update is checked against its checksum
            book = await soon(bitget.watch_order_book(symbol))
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await soon(bitget.watch_bids_asks([symbol])))[symbol]["bid"] > 0
        for name in ("ticker", "trades", "order_book", "ohlcv"):
            assert await soon(getattr(bitget, f"un_watch_{name}")(symbol)) is True
        for levels in (1, 5, 15):
            top = await soon(bitget.watch_order_book(symbol, levels))
            assert len(top["bids"]) == levels
            await soon(bitget.un_watch_order_book(symbol, {"limit": levels}))


@pytest.mark.parametrize(("symbol", "kind"), [(SPOT, "spot"), (PERP, "swap")])
async def test_private_channels(symbol, kind):
    async with running() as (found, address), client(address, pro=True) as bitget:
        await bitget.load_markets()
        first = await soon(bitget.watch_balance({"type": kind}))
        assert first["USDT"]["total"] == 10_000
        watching = [
            asyncio.create_task(bitget.watch_orders(symbol)),
            asyncio.create_task(bitget.watch_my_trades(symbol)),
        ]
        await asyncio.sleep(0.2)
        balance = asyncio.create_task(bitget.watch_balance({"type": kind}))
        await bitget.create_order(symbol, "market", "buy", 1, 200 if kind == "spot" else None)
        orders, trades = [await soon(task) for task in watching]
        assert (orders[-1]["symbol"], orders[-1]["status"], orders[-1]["type"]) == (
            symbol,
            "closed",
            "market",
        )
        assert (trades[-1]["symbol"], trades[-1]["side"], trades[-1]["takerOrMaker"]) == (
            symbol,
            "buy",
            "taker",
        )
        assert (await soon(balance))["USDT"]["total"] < 10_000
        assert_sound(found.exchange)


async def test_limit_orders_from_placing_to_cancelling():
    async with running() as (_, address), client(address, pro=True) as bitget:
        await bitget.load_markets()
        seen = []

        async def watch() -> None:
            while len(seen) < 2:
                seen.extend((o["status"], o["price"], o["amount"]) for o in await bitget.watch_orders(PERP))

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.2)
        placed = await bitget.create_order(PERP, "limit", "buy", 1, 90)
        await asyncio.sleep(0.1)
        await bitget.cancel_order(placed["id"], PERP)
        await soon(watching)
        assert seen == [("open", 90, 1), ("canceled", 90, 1)]


async def test_positions_and_plan_orders():
    async with running() as (_, address), client(address, pro=True) as bitget:
        await bitget.load_markets()
        assert await soon(bitget.watch_positions([PERP])) == []
        positions = asyncio.create_task(bitget.watch_positions([PERP]))
        plans = asyncio.create_task(bitget.watch_orders(PERP, params={"trigger": True}))
        await asyncio.sleep(0.2)
        await bitget.create_order(PERP, "market", "sell", 2)
        (position,) = await soon(positions)
        assert (position["side"], position["contracts"], position["hedged"]) == ("short", 2, False)
        await bitget.create_order(PERP, "market", "buy", 2, None, {"stopLossPrice": 120})
        (plan,) = await soon(plans)
        assert (plan["triggerPrice"], plan["status"], plan["side"]) == (120, "open", "buy")


async def test_a_wrong_secret_is_told_and_a_cut_line_is_opened_again():
    async with running() as (_, address):
        async with client(address, pro=True) as bitget:
            await bitget.load_markets()
            bitget.secret = "wrong"
            with pytest.raises(ccxt.AuthenticationError, match="30015"):
                await soon(bitget.watch_balance())
        async with client(address, pro=True) as bitget:
            await soon(bitget.watch_ticker(SPOT))
            url = next(iter(bitget.clients))
            await bitget.clients[url].close()
            assert (await soon(bitget.watch_ticker(SPOT)))["last"] == 100
