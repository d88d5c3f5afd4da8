"""What follows when a venue refuses an order: each remedy is tried once, and nothing is ever repeated in a loop."""

from __future__ import annotations

from dataclasses import replace

from tradewind.market import Clock, Order, RejectKind, VenueUnavailable
from tradewind.trading.acting.aims import Aim, Remedies
from tradewind.trading.orders.order_manager import OrderManager

LIMIT_TRIES = 3  # of an exit that the venue's limits refused
RETRY_SECONDS = 1.0  # before it is sent again, where the venue does not say how long


async def after_refusal(
    aim: Aim, order: Order, kind: RejectKind, remedies: Remedies, manager: OrderManager, clock: Clock
) -> Order | None:
    """The order to send in place of a refused one, perhaps smaller; None where there is none.

    `order` has a fresh id and what is left to trade. What adds exposure is dropped where the venue is busy.
    """
    if kind is RejectKind.WOULD_TAKE and kind in aim.remedies:
        aim.at_market = True
        return order
    if kind is RejectKind.LIMIT:
        aim.limited += 1
        if not order.reduce_only or aim.limited >= LIMIT_TRIES:
            return None
        await clock.sleep(remedies.wait_seconds() or RETRY_SECONDS)
        return order
    if kind in aim.remedies:
        return None
    aim.remedies.add(kind)
    try:
        return await _remedied(order, kind, remedies, manager)
    except VenueUnavailable:
        return None  # nothing was learnt: the next decision tries again


def _rounded(order: Order, step: int) -> Order | None:
    """In whole lots of the venue, towards zero."""
    lots = abs(order.lots) // step * step
    return replace(order, lots=lots if order.lots > 0 else -lots) if lots else None


async def _remedied(
    order: Order, kind: RejectKind, remedies: Remedies, manager: OrderManager
) -> Order | None:
    match kind:
        case RejectKind.WOULD_TAKE | RejectKind.CLOCK:  # at the new price; by the clock that was set anew
            return order
        case RejectKind.FILTER:
            return _rounded(order, await remedies.reload(order.symbol))
        case RejectKind.BALANCE:
            lots = min(await remedies.affordable(order), abs(order.lots) - 1)
            return replace(order, lots=lots if order.lots > 0 else -lots) if lots > 0 else None
        case RejectKind.REDUCE_ONLY:
            await manager.refresh()  # what closed it stands in the trades
    return None
