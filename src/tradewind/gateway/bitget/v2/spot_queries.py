"""Asking for spot orders and fills."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.bitget.lookup import find_order
from tradewind.gateway.bitget.queries import orders, trades
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.spot_rows import fill_row, open_row, order_row
from tradewind.market import Kind

routes = Routes("/api/v2/spot/trade")
ALL = 1_000_000_000


def _symbol(call: Call) -> str | None:
    m = call.maybe_listing(Kind.SPOT)
    return m.symbol if m else None


@routes.get("/orderInfo", 20, Security.READ)
def order_info(call: Call) -> object:
    """One order by `orderId` or `clientOid`, in a list; empty when there is none."""
    order = find_order(call, call.params, Kind.SPOT)
    return [order_row(order, call.exchange)] if order else []


@routes.get("/unfilled-orders", 20, Security.READ)
def unfilled_orders(call: Call) -> object:
    """Open orders, newest first."""
    found = orders(call, Kind.SPOT, _symbol(call), open_ones=True)
    return [open_row(o, call.exchange) for o in found]


@routes.get("/history-orders", 20, Security.READ)
def history_orders(call: Call) -> object:
    """Orders that are done, newest first."""
    found = orders(call, Kind.SPOT, _symbol(call), open_ones=False)
    return [order_row(o, call.exchange) for o in found]


@routes.get("/fills", 10, Security.READ)
def fills(call: Call) -> Any:
    """Trades of the account, newest first."""
    return [fill_row(t, call.exchange) for t in trades(call, Kind.SPOT, _symbol(call))]
