"""Streams, through ccxt.pro's unified calls."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import pytest

from tests.conformance.here import Here
from tests.conformance.test_orders import name, resting

pytestmark = pytest.mark.asyncio
T = TypeVar("T")


async def soon(work: Awaitable[T], seconds: float = 15.0) -> T:
    return await asyncio.wait_for(work, seconds)


@asynccontextmanager
async def heard(watch: Callable[[], Awaitable[Any]]) -> AsyncIterator[list[Any]]:
    """Everything that a watch tells, as it comes, once it has had half a second to begin."""
    told: list[Any] = []

    async def listen() -> None:
        while True:
            found = await watch()
            told.extend(found if isinstance(found, list) else [found])

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.5)
    try:
        yield told
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def first(told: list[Any], wanted: Callable[[Any], bool], seconds: float = 15.0) -> Any:
    """The first of them that is wanted."""
    end = asyncio.get_running_loop().time() + seconds
    while not (found := [item for item in told if wanted(item)]):
        assert asyncio.get_running_loop().time() < end, f"not among {len(told)} that were told: {told[-3:]}"
        await asyncio.sleep(0.05)
    return found[0]


async def test_watch_ticker(here: Here) -> None:
    ticker = await soon(here.client.watch_ticker(here.symbol))
    assert ticker["symbol"] == here.symbol
    assert ticker["last"] > 0


async def test_watch_order_book_follows_the_book(here: Here) -> None:
    levels = (50 if here.place.unified else 15) if here.place.venue == "bitget" else 20
    for _ in range(5):
        book = await soon(here.client.watch_order_book(here.symbol, levels))
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
    kept = {
        r[0]: r
        for r in await here.client.fetch_ohlcv(here.symbol, "1m", since=times[-min(4, len(times))], limit=50)
    }
    for opened in times[-4:-1]:
        assert kept[opened][:5] == pytest.approx(seen[opened][:5])


async def test_orders_are_told(here: Here) -> None:
    client_id = name()
    async with heard(lambda: here.client.watch_orders(here.symbol)) as told:
        made = await resting(here, clientOrderId=client_id)
        opened = await first(told, lambda o: o["id"] == made["id"] and o["status"] == "open")
        assert opened["clientOrderId"] == client_id
        assert opened["filled"] == 0
        await here.client.cancel_order(made["id"], here.symbol)
        assert await first(told, lambda o: o["id"] == made["id"] and o["status"] == "canceled")


async def buy_now(here: Here) -> tuple[str, float]:
    """A market buy: the order's id and amount."""
    amount = await here.amount()
    made = await here.client.create_order(
        here.symbol,
        "market",
        "buy",
        await here.to_buy(amount),
        await here.price(1.0),
        {"clientOrderId": name()},
    )
    return made["id"], amount


async def test_fills_are_told(here: Here) -> None:
    async with heard(lambda: here.client.watch_my_trades(here.symbol)) as told:
        order_id, _ = await buy_now(here)
        trade = await first(told, lambda t: t["order"] == order_id)
        assert trade["side"] == "buy"
        assert trade["amount"] > 0
        assert trade["takerOrMaker"] == "taker"
        kept = await here.client.fetch_my_trades(here.symbol)
        assert trade["id"] in [t["id"] for t in kept]


async def test_balances_are_told(here: Here) -> None:
    before = (await here.client.fetch_balance(here.wallet))["USDT"]["total"]
    async with heard(lambda: here.client.watch_balance(here.wallet)) as told:
        await buy_now(here)
        after = await first(told, lambda b: b.get("USDT", {}).get("total") not in (None, before))
        assert after["USDT"]["total"] < before


async def test_positions_are_told(here: Here, swap: None) -> None:
    async with heard(lambda: here.client.watch_positions([here.symbol])) as told:
        _, amount = await buy_now(here)
        position = await first(told, lambda p: p["contracts"])
        assert position["side"] == "long"
        assert position["contracts"] == pytest.approx(amount)
