"""What an order costs, and what it leaves behind; `make bench` measures the same over sockets."""

from __future__ import annotations

import gc
import time
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from tests.gateway.binance.spot.venue import Venue
from tests.gateway.exchange_here import opened
from tests.gateway.here import KEY, SECRET, house

ALLOWED_US = 500  # the whole of 2,000 a second; measured 100, without sockets
ALLOWED_BYTES = 200_000


def trade(venue: Venue, orders: int, quantity: str = "0.1") -> None:
    for number in range(orders):
        venue.order("SELL" if number % 2 else "BUY", quantity=quantity, newOrderRespType="FULL")


def test_a_signed_market_order_is_cheap() -> None:
    venue = Venue(house(limits=0))
    trade(venue, 200)
    spent = []
    for _ in range(5):
        began = time.process_time()
        trade(venue, 200)
        spent.append((time.process_time() - began) / 200)
    assert min(spent) * 1e6 < ALLOWED_US


@pytest.mark.asyncio
async def test_orders_leave_nothing_behind_in_the_running_exchange(tmp_path: Path) -> None:
    small = {"ledger_limit": 1_000, "keep_orders": 200, "limits": 0}
    async with opened(tmp_path, tls=False, **small) as exchange:
        found = exchange.house("binance")
        found.exchange.control.add_key("demo", KEY, SECRET)
        found.exchange.control.deposit("demo", "BTC", Decimal(1))
        venue = Venue(found)
        trade(venue, 1_000, "0.001")
        tracemalloc.start()
        try:
            trade(venue, 1_000, "0.001")
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            trade(venue, 2_000, "0.001")
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert len(found.exchange.ledger) > 12_000
        assert grown < ALLOWED_BYTES, f"{grown} bytes were kept of 2,000 orders"
