"""ccxt.pro as it is: market streams, the user stream, orders over the WebSocket API."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.exchange.worlds import assert_sound, flat
from tests.gateway.binance.usdm.venue import NOW, Running, close, running

SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"


async def while_time_runs(here: Running, watch: Any, minutes: float = 0.2) -> Any:
    """What a watch resolves to, with market time stepped on meanwhile."""
    task = asyncio.ensure_future(watch)
    for _ in range(200):
        await asyncio.sleep(0.05)
        if task.done():
            break
        here.run(minutes)
    return await asyncio.wait_for(task, 1)


@pytest.mark.asyncio
async def test_trades_and_candles(client: Any, here: Running) -> None:
    trades = await while_time_runs(here, client.watch_trades(SYMBOL))
    assert trades[-1]["symbol"] == SYMBOL
    assert trades[-1]["timestamp"] > NOW
    grouped = await while_time_runs(here, client.watch_trades(SYMBOL, params={"name": "aggTrade"}))
    assert grouped
    rows = await while_time_runs(here, client.watch_ohlcv(SYMBOL, "1m"))
    stored = await client.fetch_ohlcv(SYMBOL, "1m", rows[-1][0], 1)
    assert rows[-1][0] == stored[0][0]
    assert rows[-1][1] == stored[0][1]


@pytest.mark.asyncio
async def test_a_book_follows_the_tape_and_own_orders(client: Any, here: Running) -> None:
    book = await while_time_runs(here, client.watch_order_book(SYMBOL))
    for _ in range(20):
        book = await while_time_runs(here, client.watch_order_book(SYMBOL))
    last = book["bids"][0][0]
    await client.create_order(SYMBOL, "limit", "buy", 3.5, round(last - 0.5, 2))
    book = await asyncio.wait_for(client.watch_order_book(SYMBOL), 2)
    await asyncio.sleep(0.3)
    truth = here.house.exchange.tape.book(SYMBOL, 1000)
    assert [list(level[:2]) for level in book["bids"]] == [[float(p), float(q)] for p, q in truth[1]]
    assert [list(level[:2]) for level in book["asks"]] == [[float(p), float(q)] for p, q in truth[2]]


@pytest.mark.asyncio
async def test_tickers_marks_and_best_prices(client: Any, here: Running) -> None:
    ticker = await asyncio.wait_for(client.watch_ticker(SYMBOL), 5)
    assert ticker["last"] == float(here.house.exchange.tape.last(SYMBOL))
    tickers = await asyncio.wait_for(client.watch_tickers(), 5)
    assert SYMBOL in tickers or OTHER in tickers
    mark = await asyncio.wait_for(client.watch_mark_price(SYMBOL), 5)
    assert mark["markPrice"] == float(here.house.exchange.tape.mark(SYMBOL))
    marks = await asyncio.wait_for(client.watch_mark_prices(), 5)
    assert set(marks) <= {SYMBOL, OTHER}
    best = await asyncio.wait_for(client.watch_bids_asks([SYMBOL]), 5)
    bid, _ = here.house.exchange.tape.best(SYMBOL)
    assert bid is not None
    assert best[SYMBOL]["bid"] == float(bid[0])
    every = await while_time_runs(here, client.watch_bids_asks())
    assert every


@pytest.mark.asyncio
async def test_unsubscribing_ends_the_work(client: Any, here: Running) -> None:
    await while_time_runs(here, client.watch_trades(SYMBOL))
    usdm = here.server.dialects[1]
    assert usdm.sockets.hub.names() == ("btcusdt@trade",)
    await client.un_watch_trades(SYMBOL)
    assert usdm.sockets.hub.names() == ()
    assert not here.house.exchange.stream.heard
    assert not here.house.exchange.watches.any(SYMBOL)


@pytest.mark.asyncio
async def test_the_user_stream_tells_orders_fills_balance_and_position(client: Any, here: Running) -> None:
    orders = asyncio.ensure_future(client.watch_orders(SYMBOL))
    await asyncio.sleep(0.5)
    placed = await client.create_order(SYMBOL, "limit", "buy", 0.5, 90, {"clientOrderId": "mine"})
    (told,) = await asyncio.wait_for(orders, 5)
    assert (told["id"], told["status"], told["clientOrderId"]) == (placed["id"], "open", "mine")
    fills = asyncio.ensure_future(client.watch_my_trades(SYMBOL))
    balance = asyncio.ensure_future(client.watch_balance())
    positions = asyncio.ensure_future(client.watch_positions([SYMBOL]))
    await asyncio.sleep(0.5)
    bought = await client.create_order(SYMBOL, "market", "buy", 2)
    (fill, *_) = await asyncio.wait_for(fills, 5)
    assert fill["order"] == bought["id"]
    assert fill["takerOrMaker"] == "taker"
    money = await asyncio.wait_for(balance, 5)
    wallet = here.house.exchange.account("me").futures["USDT"]
    assert money["USDT"]["total"] == pytest.approx(float(wallet), abs=1)
    found = await asyncio.wait_for(positions, 5)
    if not found:  # the snapshot that was taken before the trade
        found = await asyncio.wait_for(client.watch_positions([SYMBOL]), 5)
    assert found[-1]["side"] == "long"


@pytest.mark.asyncio
async def test_the_user_stream_tells_algo_orders_and_liquidations(folder: Path) -> None:
    bars = [*flat(62), (100, 100, 60, 60, 1000.0), *flat(300, 60.0)]
    async with running(folder, bars) as here:
        client = await here.client()
        try:
            await client.set_margin_mode("isolated", SYMBOL)
            told = asyncio.ensure_future(client.watch_orders(SYMBOL))
            await asyncio.sleep(0.5)
            await client.create_order(SYMBOL, "market", "buy", 1, None, {"triggerPrice": 130})
            (found,) = await asyncio.wait_for(told, 5)
            assert (found["status"], found["triggerPrice"]) == ("open", 130)
            forced = asyncio.ensure_future(client.watch_my_liquidations(SYMBOL))
            public = asyncio.ensure_future(client.watch_liquidations(SYMBOL))
            await client.create_order(SYMBOL, "market", "buy", 10)
            await asyncio.sleep(0.5)
            here.run(5)
            await asyncio.wait_for(forced, 5)  # the order, and then its fill
            (everybody,) = await asyncio.wait_for(public, 5)
            mine = client.myLiquidations[-1]
            assert mine["contracts"] == everybody["contracts"] == 10
            assert_sound(here.house.exchange)
        finally:
            await close(client)


@pytest.mark.asyncio
async def test_orders_over_the_websocket_api(client: Any, here: Running) -> None:
    order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.5, 90)
    assert order["status"] == "open"
    assert (await client.fetch_order_ws(order["id"], SYMBOL))["id"] == order["id"]
    edited = await client.edit_order_ws(order["id"], SYMBOL, "limit", "buy", 0.4, 91)
    assert edited["price"] == 91
    assert (await client.cancel_order_ws(order["id"], SYMBOL))["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order_ws(order["id"], SYMBOL)
    await client.create_order_ws(SYMBOL, "market", "buy", 1)
    for method in ("account.position", "v2/account.position"):
        (position,) = await client.fetch_positions_ws([SYMBOL], {"method": method})
        assert position["contracts"] == 1
    for method in ("account.status", "v2/account.status", "account.balance", "v2/account.balance"):
        balance = await client.fetch_balance_ws({"method": method})
        assert balance["USDT"]["total"] == pytest.approx(10_000, abs=5)
    stop = await client.create_order_ws(
        SYMBOL, "market", "sell", 1, None, {"stopLossPrice": 90, "reduceOnly": True}
    )
    assert stop["triggerPrice"] == 90
    gone = await client.cancel_order_ws(stop["id"], SYMBOL, {"trigger": True})
    assert gone["id"] == stop["id"]
    book = await client.fetch_order_book_ws(SYMBOL, 5)
    assert len(book["bids"]) == 5
