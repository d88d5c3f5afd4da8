"""Asking for orders and fills."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Order, Trade
from tradewind.gateway.bitget import queries
from tradewind.gateway.bitget.paging import end_id
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v3.category import asked_kind, maybe_listing
from tradewind.gateway.bitget.v3.orders import find
from tradewind.gateway.bitget.v3.rows import fill_row, order_row
from tradewind.market import Kind

routes = Routes("/api/v3/trade")


@routes.get("/order-info", 20, Security.READ)
def order_info(call: Call) -> object:
    """One order by `orderId` or `clientOid`; 25204 when there is none."""
    return order_row(find(call, call.params), call.exchange)


@routes.get("/unfilled-orders", 20, Security.READ)
def unfilled_orders(call: Call) -> object:
    """Open orders, newest first; of all categories unless one is given."""
    return _orders(call, open_ones=True)


@routes.get("/history-orders", 20, Security.READ)
def history_orders(call: Call) -> object:
    """Orders of a category that are done, newest first."""
    call.params.text("category")
    return _orders(call, open_ones=False)


def _asked(call: Call) -> tuple[bool, Kind | None, str | None]:
    """Whether there is anything to look for, and in what."""
    if not call.params.has("category"):
        return True, None, None
    kind, m = asked_kind(call.params), maybe_listing(call)
    return kind is not None, kind, m.symbol if m else None


def _orders(call: Call, open_ones: bool) -> dict[str, Any]:
    served, kind, symbol = _asked(call)
    found: list[Order] = []
    if served:
        found = queries.orders(call, kind, symbol, open_ones=open_ones, cursor="cursor")
    return {"list": [order_row(o, call.exchange) for o in found], "cursor": end_id(found)}


@routes.get("/fills", 20, Security.READ)
def fills(call: Call) -> object:
    """Trades of the account, newest first; of all categories unless one is given."""
    served, kind, symbol = _asked(call)
    found: list[Trade] = queries.trades(call, kind, symbol, "cursor") if served else []
    return {"list": [fill_row(t, call.exchange) for t in found], "cursor": end_id(found)}
