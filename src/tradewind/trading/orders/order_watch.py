"""Waiting for an order: until it is clear, until it is over, and no longer than said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tradewind.market import Clock, OrderId
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.terms.order_states import IN_FLIGHT, OrderState


def is_clear(state: OrderState) -> bool:
    """Is nothing of it in doubt or on its way? It may work on."""
    return state.status not in IN_FLIGHT and not state.lacks_fills


def is_over(state: OrderState) -> bool:
    """Is it done, with all its fills?"""
    return state.done and not state.lacks_fills


class OrderWatch:
    """Wakes whoever waits for an order, and tells `listeners` the symbol of each order that changed."""

    def __init__(self, ledger: OrderLedger, clock: Clock) -> None:
        self.listeners: list[Callable[[str], None]] = []
        self._ledger, self._clock = ledger, clock
        self._waiting: dict[OrderId, set[asyncio.Event]] = {}

    def changed(self, client_id: OrderId) -> None:
        for event in self._waiting.get(client_id, ()):
            event.set()
        for listener in self.listeners:
            listener(self._ledger.orders[client_id].intent.symbol)

    async def until(
        self, client_id: OrderId, true: Callable[[OrderState], bool], seconds: float
    ) -> OrderState:
        """What the order is when this is true of it, or when the time is up."""
        orders = self._ledger.orders
        if true(orders[client_id]):
            return orders[client_id]
        event = asyncio.Event()
        self._waiting.setdefault(client_id, set()).add(event)
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            while not true(orders[client_id]) and not timer.done():
                event.clear()
                await first_of(event, timer)
        finally:
            timer.cancel()
            self._waiting[client_id].discard(event)
            if not self._waiting[client_id]:
                del self._waiting[client_id]
        return orders[client_id]


async def first_of(event: asyncio.Event, timer: asyncio.Future[None]) -> None:
    """Until the event is set or the timer has ended."""
    waiter = asyncio.ensure_future(event.wait())
    either: set[asyncio.Future[Any]] = {waiter, timer}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()


async def within(clock: Clock, event: asyncio.Event, seconds: float) -> bool:
    """Is the event set before the time is up?"""
    if not event.is_set():
        timer = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await first_of(event, timer)
        finally:
            timer.cancel()
    return event.is_set()
