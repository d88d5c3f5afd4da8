"""Streams, of the public and of the account."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.conformance.here import Here
from tests.conformance.surface.acts import held, liquidated
from tests.conformance.surface.method import BOTH, SWAP, Call, Right, about, among, probe, rows, rows_of


async def _soon(work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, 15)


def hear(
    name: str,
    kinds: tuple[str, ...],
    call: Call,
    right: Right,
    ends: Call | None = None,
    ended: str = "",
) -> None:
    """A stream of the public: heard once, and left again where ccxt can."""

    @probe(name, kinds)
    async def run(here: Here) -> None:
        found = await _soon(call(here))
        assert right(here, found), f"{name} told {str(found)[:300]}"

    if ends is not None:

        @probe(ended, kinds)
        async def leave(here: Here) -> None:
            await _soon(call(here))
            await _soon(ends(here))


async def _third(watch: Callable[[Any], Awaitable[Any]], what: Any) -> Any:
    """What is told after two changes, the first being no more than a snapshot."""
    for _ in range(2):
        await watch(what)
    return await watch(what)


def _book(here: Here, found: Any) -> bool:
    return found["symbol"] == here.symbol and found["bids"][0][0] < found["asks"][0][0]


def _by_interval(here: Here, found: Any) -> bool:
    return bool(found[here.symbol]["1m"])


hear(
    "watchTicker",
    BOTH,
    lambda h: h.client.watch_ticker(h.symbol),
    about,
    lambda h: h.client.un_watch_ticker(h.symbol),
    "unWatchTicker",
)
hear(
    "watchTickers",
    BOTH,
    lambda h: h.client.watch_tickers([h.symbol]),
    among,
    lambda h: h.client.un_watch_tickers([h.symbol]),
    "unWatchTickers",
)
hear(
    "watchBidsAsks",
    BOTH,
    lambda h: h.client.watch_bids_asks([h.symbol]),
    among,
    lambda h: h.client.un_watch_bids_asks([h.symbol]),
    "unWatchBidsAsks",
)
hear(
    "watchMarkPrice",
    SWAP,
    lambda h: h.client.watch_mark_price(h.symbol),
    about,
    lambda h: h.client.un_watch_mark_price(h.symbol),
    "unWatchMarkPrice",
)
hear(
    "watchMarkPrices",
    SWAP,
    lambda h: h.client.watch_mark_prices([h.symbol]),
    among,
    lambda h: h.client.un_watch_mark_prices([h.symbol]),
    "unWatchMarkPrices",
)
hear(
    "watchOrderBook",
    BOTH,
    lambda h: _third(h.client.watch_order_book, h.symbol),
    _book,
    lambda h: h.client.un_watch_order_book(h.symbol),
    "unWatchOrderBook",
)
hear(
    "watchOrderBookForSymbols",
    BOTH,
    lambda h: _third(h.client.watch_order_book_for_symbols, [h.symbol]),
    _book,
    lambda h: h.client.un_watch_order_book_for_symbols([h.symbol]),
    "unWatchOrderBookForSymbols",
)
hear(
    "watchTrades",
    BOTH,
    lambda h: h.client.watch_trades(h.symbol),
    rows_of,
    lambda h: h.client.un_watch_trades(h.symbol),
    "unWatchTrades",
)
hear(
    "watchTradesForSymbols",
    BOTH,
    lambda h: h.client.watch_trades_for_symbols([h.symbol]),
    rows_of,
    lambda h: h.client.un_watch_trades_for_symbols([h.symbol]),
    "unWatchTradesForSymbols",
)
hear(
    "watchOHLCV",
    BOTH,
    lambda h: h.client.watch_ohlcv(h.symbol, "1m"),
    rows,
    lambda h: h.client.un_watch_ohlcv(h.symbol, "1m"),
    "unWatchOHLCV",
)
hear(
    "watchOHLCVForSymbols",
    BOTH,
    lambda h: h.client.watch_ohlcv_for_symbols([[h.symbol, "1m"]]),
    _by_interval,
    lambda h: h.client.un_watch_ohlcv_for_symbols([[h.symbol, "1m"]]),
    "unWatchOHLCVForSymbols",
)


def tell(name: str, kinds: tuple[str, ...], watch: Call) -> None:
    """A stream of the account: a market buy must be told."""

    @probe(name, kinds)
    async def run(here: Here) -> None:
        await told_of(here, watch, held)


async def told_of(here: Here, watch: Call, act: Call) -> None:
    """Listen, act, and hear of it."""
    told: list[Any] = []

    async def listen() -> None:
        while True:
            told.append(await watch(here))

    task = asyncio.create_task(listen())
    try:
        await asyncio.sleep(0.5)
        before = len(told)
        await act(here)
        for _ in range(200):
            if task.done():
                task.result()
            if len(told) > before:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("nothing was told")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


tell("watchMyTrades", BOTH, lambda h: h.client.watch_my_trades(h.symbol))
tell("watchBalance", BOTH, lambda h: h.client.watch_balance(h.wallet))
tell("watchPositions", SWAP, lambda h: h.client.watch_positions([h.symbol]))


@probe("watchOrders")
async def watch_orders(here: Here) -> None:
    async def place(here: Here) -> None:
        if here.place.is_swap and not here.place.unified:
            await here.client.create_trigger_order(
                here.symbol,
                "limit",
                "buy",
                await here.amount(),
                await here.price(1.11),
                await here.price(1.1),
            )
            await asyncio.sleep(0.2)
        await held(here)

    await told_of(here, lambda h: h.client.watch_orders(h.symbol), place)


def _of_liquidations(name: str, watch: Call, *, of_others: bool) -> None:
    @probe(name, SWAP)
    async def run(here: Here) -> None:
        if of_others:
            await told_of(here, watch, liquidated)
            return
        # ccxt reads the account's stream only where its balance is watched too
        balance = asyncio.create_task(_forever(lambda h: h.client.watch_balance(h.wallet), here))
        try:
            await told_of(here, watch, liquidated)
        finally:
            balance.cancel()


async def _forever(watch: Call, here: Here) -> None:
    while True:
        await watch(here)


_of_liquidations("watchLiquidations", lambda h: h.client.watch_liquidations(h.symbol), of_others=True)
_of_liquidations(
    "watchLiquidationsForSymbols",
    lambda h: h.client.watch_liquidations_for_symbols([h.symbol]),
    of_others=True,
)
_of_liquidations("watchMyLiquidations", lambda h: h.client.watch_my_liquidations(h.symbol), of_others=False)
_of_liquidations(
    "watchMyLiquidationsForSymbols",
    lambda h: h.client.watch_my_liquidations_for_symbols([h.symbol]),
    of_others=False,
)
