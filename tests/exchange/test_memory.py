"""An exchange that runs for days keeps what it was told to keep, and no more."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from tests.exchange.worlds import PERP, SPOT, START, D, assert_sound, buy, exchange, flat, sell
from tradewind.exchange import Exchange, OrderType
from tradewind.exchange.ledger import Recomputed, read_spilled

MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_MARKET


def busy(folder: Path) -> Exchange:
    world = exchange(
        flat(3000, volume=10_000.0),
        (SPOT, PERP),
        ledger_limit=4_000,
        ledger_spill=folder / "ledger.jsonl",
        keep_orders=500,
    )
    for asset in ("USDT", "BTC"):
        world.control.deposit("a", asset, D(10**8))
    world.control.deposit("a", "USDT", D(10**8), "futures")
    for symbol in (SPOT, PERP):
        for channel in ("trade", "book", "candle:1m"):
            world.watch(symbol, channel)
    world.subscribe(lambda event: None)
    return world


def trade(world: Exchange, first: int, count: int) -> None:
    """Eight orders a round: taken, amended and renamed, cancelled, conditional, in a list."""
    for number in range(first, first + count // 8):
        for symbol in (SPOT, PERP):
            world.place("a", buy(MARKET, "0.2", symbol=symbol, client_id=f"m{number}"))
            world.place("a", sell(MARKET, "0.1", symbol=symbol))
        order = world.place("a", buy(LIMIT, "0.2", "95", client_id=f"l{number}"))
        world.amend("a", SPOT, order.id, price=D(96), new_client_id=f"r{number}")
        world.cancel("a", SPOT, order.id)
        stop = sell(STOP, "0.1", symbol=PERP, stop_price="90", client_id=f"s{number}")
        world.cancel_conditional("a", world.place_conditional("a", stop).id)
        pair = sell(OrderType.LIMIT_MAKER, "0.1", "120"), sell(STOP, "0.1", stop_price="90")
        world.lists.cancel("a", SPOT, world.lists.place("a", *pair).id)
        world.advance(world.now_ms + 5_000)


def held(world: Exchange) -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def check_flat(world: Exchange, folder: Path, orders: int) -> None:
    """Once everything is as large as it may be, more orders add nothing that stays."""
    trade(world, 0, 2_000)
    tracemalloc.start()
    try:
        trade(world, 2_000, 1_000)
        before = held(world)
        trade(world, 3_000, orders)
        grown = held(world) - before
    finally:
        tracemalloc.stop()
    assert grown < 1_500_000, f"{grown} bytes were kept of {orders} orders"
    assert_sound(world)
    books = Recomputed()
    for row in read_spilled(folder / "ledger.jsonl"):
        books.fold(row)
    for row in world.ledger.held():
        books.fold(row)
    assert {k: v for k, v in books.balances.items() if v} == world.treasury.holdings()
    assert world.now_ms > START


def test_memory_stays_flat(tmp_path: Path) -> None:
    check_flat(busy(tmp_path), tmp_path, 4_000)


@pytest.mark.slow
def test_memory_stays_flat_over_100_000_orders(tmp_path: Path) -> None:
    check_flat(busy(tmp_path), tmp_path, 100_000)
