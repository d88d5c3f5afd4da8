"""What an account of Binance Spot asks about its orders and trades. Times are market time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tradewind.exchange import Order, Trade
from tradewind.gateway.binance.failure import Failure, malformed, not_together
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.changes import order_named
from tradewind.gateway.binance.spot.markets import DAY_MS, day_span, listing_of, maybe_listing
from tradewind.gateway.binance.spot.shown import my_trade, queried

ARCHIVED_AFTER_MS = 90 * DAY_MS

routes = Routes("/api/v3")


@routes.on("GET", "/order", weight=4, security=Security.READ, takes="symbol orderId origClientOrderId")
def order(call: Call) -> Any:
    """One order, open or closed."""
    listing = listing_of(call)
    order_id, client_id = order_named(call.params, "orderId", "origClientOrderId")
    found = call.exchange.records.find(call.account, listing.symbol, order_id, client_id)
    if client_id and found.client_id != client_id:
        raise Failure(-2039, "Client order ID is not correct for this order ID")
    if _is_archived(found, call.exchange.now_ms):
        raise Failure(
            -2026,
            "Order was canceled or expired with no executed qty over 90 days ago and has been archived.",
        )
    return queried(found)


def _is_archived(found: Order, now_ms: int) -> bool:
    return not (found.status.is_open or found.filled) and now_ms - found.updated_ms > ARCHIVED_AFTER_MS


def _open_weight(params: Params) -> int:
    return 6 if params.has("symbol") else 80


@routes.on("GET", "/openOrders", weight=_open_weight, security=Security.READ, takes="symbol")
def open_orders(call: Call) -> Any:
    """Open orders of one market or of all."""
    listing = maybe_listing(call)
    symbol = None if listing is None else listing.symbol
    listings = call.exchange.listings
    found = call.exchange.open_orders(call.account, symbol)
    return [queried(o) for o in found if listings[o.symbol].is_spot]


@routes.on(
    "GET", "/allOrders", weight=20, security=Security.READ, takes="symbol orderId startTime endTime limit"
)
def all_orders(call: Call) -> Any:
    """Orders by id, from `orderId` or `startTime` on, else the newest; not those that are archived."""
    listing, params = listing_of(call), call.params
    start, end = day_span(call)
    found = call.exchange.records.orders(
        call.account,
        listing.symbol,
        start_ms=start,
        end_ms=end,
        from_id=params.maybe_integer("orderId"),
        limit=params.limit(500, 1000),
    )
    now = call.exchange.now_ms
    return [queried(o) for o in found if not _is_archived(o, now)]


def _trades_weight(params: Params) -> int:
    return 5 if params.has("orderId") else 20


@routes.on(
    "GET",
    "/myTrades",
    weight=_trades_weight,
    security=Security.READ,
    takes="symbol orderId startTime endTime fromId limit",
)
def my_trades(call: Call) -> Any:
    """Trades by id, of one order, from `fromId` or `startTime` on, else the newest."""
    listing, params = listing_of(call), call.params
    start, end = day_span(call)
    order_id, first = params.maybe_integer("orderId"), params.maybe_integer("fromId")
    timed = start is not None or end is not None
    if timed and (first is not None or order_id is not None):
        raise not_together()
    found = call.exchange.records.trades(
        call.account,
        listing.symbol,
        order_id=order_id,
        start_ms=start,
        end_ms=end,
        from_id=first,
        limit=params.limit(500, 1000),
    )
    return [my_trade(t, _list_id(call, t)) for t in found]


def _list_id(call: Call, trade: Trade) -> int:
    order = call.exchange.records.known(trade.order_id)
    return 0 if order is None else order.list_id


def _prevented_weight(params: Params) -> int:
    return 2 if params.has("preventedMatchId") else 20


@routes.on(
    "GET",
    "/myPreventedMatches",
    weight=_prevented_weight,
    security=Security.READ,
    takes="symbol preventedMatchId orderId fromPreventedMatchId limit",
)
def prevented_matches(call: Call) -> Any:
    """Always empty: which orders would have met is not kept; orders tell their prevented quantity."""
    listing_of(call)
    params = call.params
    if params.maybe_integer("preventedMatchId") is None and params.maybe_integer("orderId") is None:
        raise malformed("preventedMatchId")
    params.maybe_integer("fromPreventedMatchId")
    params.limit(500, 1000)
    return []


@routes.on(
    "GET",
    "/myAllocations",
    weight=20,
    security=Security.READ,
    takes="symbol startTime endTime fromAllocationId limit orderId",
)
def allocations(call: Call) -> Any:
    """Always empty: no order is routed elsewhere."""
    listing_of(call)
    day_span(call)
    call.params.limit(500, 1000)
    return []


@routes.on(
    "GET",
    "/order/amendments",
    weight=4,
    security=Security.READ,
    takes="symbol orderId fromExecutionId limit",
)
def amendments(call: Call) -> Any:
    """The changes of one order's quantity that the ledger still holds, oldest first."""
    listing, order_id = listing_of(call), call.params.integer("orderId")
    first = call.params.maybe_integer("fromExecutionId") or 0
    limit = call.params.limit(500, 1000)
    call.exchange.records.find(call.account, listing.symbol, order_id)
    rows = [r for r in call.exchange.ledger.orders() if r.order_id == order_id and r.symbol == listing.symbol]
    return [
        {
            "symbol": listing.id,
            "orderId": order_id,
            "executionId": row.seq,
            "origClientOrderId": before.client_id,
            "newClientOrderId": row.client_id,
            "origQty": f"{before.quantity:.8f}",
            "newQty": f"{row.quantity:.8f}",
            "time": row.time_ms,
        }
        for before, row in pairwise(rows)
        if row.execution == "amended" and row.seq >= first
    ][:limit]
