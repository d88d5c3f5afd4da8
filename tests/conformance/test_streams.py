"""Streams, through ccxt.pro's unified calls."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest

from tests.conformance.conftest import Here
from tests.conformance.test_orders import name, resting

pytestmark = pytest.mark.asyncio
T = TypeVar("T")


async def soon(work: Awaitable[T], seconds: float = 15.0) -> T:
    return await asyncio.wait_for(work, seconds)


async def test_watch_ticker(here: Here) -> None:
    ticker = await soon(here.client.watch_ticker(here.symbol))
    assert ticker["symbol"] == here.symbol
    assert ticker["last"] > 0


async def test_watch_order_book_follows_the_book(here: Here) -> None:
    for _ in range(5):
        book = await soon(
            here.client.watch_order_book(here.symbol, 20 if here.place.venue != "bitget" else 15)
        )
    assert book["bids"][0][0] < book["asks"][0][0]
    assert [p for p, _ in book["bids"]] == sorted((p for p, _ in book["bids"]), reverse=True)


async def test_watch_trades(here: Here) -> None:
    trades = await soon(here.client.watch_trades(here.symbol))
    assert trades
    assert all(t["symbol"] == here.symbol and t["amount"] > 0 for t in trades)


async def test_watch_candles(here: Here) -> None:
    seen: dict[int, list[float]] = {}
    while len(seen) < (3 if here.place.local else 1):
        for row in await soon(here.client.watch_ohlcv(here.symbol, "1m")):
            seen[row[0]] = row
    times = sorted(seen)
    assert all(later - earlier == 60_000 for earlier, later in itertools.pairwise(times))
    if not here.place.local:
        return
    kept = {r[0]: r for r in await here.client.fetch_ohlcv(here.symbol, "1m", since=times[0], limit=50)}
    for opened in times[:-1]:
        assert kept[opened][:5] == pytest.approx(seen[opened][:5])


async def test_orders_are_told(here: Here) -> None:
    client_id = name()
    listening = asyncio.create_task(here.client.watch_orders(here.symbol))
    await asyncio.sleep(0.5)
    made = await resting(here, clientOrderId=client_id)
    told = await soon(listening)
    assert [(o["id"], o["clientOrderId"], o["status"]) for o in told][-1] == (made["id"], client_id, "open")
    await here.client.cancel_order(made["id"], here.symbol)

    async def cancelled() -> Any:
        orders = await soon(here.client.watch_orders(here.symbol))
        return any(o["id"] == made["id"] and o["status"] == "canceled" for o in orders)

    assert await here.until(cancelled)


async def test_fills_are_told(here: Here) -> None:
    listening = asyncio.create_task(here.client.watch_my_trades(here.symbol))
    await asyncio.sleep(0.5)
    amount = await here.amount()
    made = await here.client.create_order(
        here.symbol, "market", "buy", amount, await here.price(1.0), {"clientOrderId": name()}
    )
    trades = await soon(listening)
    assert {t["order"] for t in trades} == {made["id"]}
    assert all(t["side"] == "buy" and t["amount"] > 0 for t in trades)


async def test_balances_are_told(here: Here) -> None:
    before = await here.client.fetch_balance()
    listening = asyncio.create_task(here.client.watch_balance())
    await asyncio.sleep(0.5)
    amount = await here.amount()
    await here.client.create_order(
        here.symbol, "market", "buy", amount, await here.price(1.0), {"clientOrderId": name()}
    )

    async def moved() -> Any:
        balance = await soon(listening if not listening.done() else here.client.watch_balance())
        return balance if balance["USDT"]["total"] != before["USDT"]["total"] else None

    balance = await here.until(moved)
    assert balance["USDT"]["total"] < before["USDT"]["total"]


async def test_positions_are_told(here: Here, swap: None) -> None:
    await here.client.load_leverage_brackets() if "binance" in here.place.venue else None
    listening = asyncio.create_task(here.client.watch_positions([here.symbol]))
    await asyncio.sleep(0.5)
    amount = await here.amount()
    await here.client.create_order(here.symbol, "market", "buy", amount, None, {"clientOrderId": name()})

    async def opened() -> Any:
        found = await soon(listening if not listening.done() else here.client.watch_positions([here.symbol]))
        return [p for p in found if p["contracts"]]

    position = (await here.until(opened))[0]
    assert position["side"] == "long"
    assert position["contracts"] == pytest.approx(amount)
