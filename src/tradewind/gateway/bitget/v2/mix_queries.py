"""Asking for contract orders and fills."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import known
from tradewind.gateway.bitget.lookup import find_order
from tradewind.gateway.bitget.paging import end_id
from tradewind.gateway.bitget.queries import orders, trades
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_rows import fill_row, order_row
from tradewind.gateway.bitget.v2.products import is_served, maybe_perpetual, perpetual
from tradewind.market import Kind

routes = Routes("/api/v2/mix/order")


@routes.get("/detail", 10, Security.READ)
def detail(call: Call) -> object:
    """One order by `orderId` or `clientOid`; 40109 when there is none."""
    order = find_order(call, call.params, Kind.PERPETUAL, perpetual(call).symbol)
    if order is None:
        raise known("40109")
    return order_row(order, call.exchange)


@routes.get("/orders-pending", 10, Security.READ)
def pending(call: Call) -> object:
    """Open orders, newest first."""
    return _listed(call, open_ones=True)


@routes.get("/orders-history", 10, Security.READ)
def history(call: Call) -> object:
    """Orders that are done, newest first."""
    return _listed(call, open_ones=False)


def _listed(call: Call, open_ones: bool) -> object:
    if not is_served(call):
        return {"entrustedList": [], "endId": None}
    m, client_id = maybe_perpetual(call), call.params.client_id()
    symbol = m.symbol if m else None
    found = orders(call, Kind.PERPETUAL, symbol, open_ones=open_ones, client_id=client_id)
    rows = [order_row(o, call.exchange) for o in found]
    return {"entrustedList": rows, "endId": end_id(found)}


@routes.get("/fills", 10, Security.READ)
def fills(call: Call) -> object:
    """Trades of the account, newest first."""
    return _fills(call)


@routes.get("/fill-history", 10, Security.READ)
def fill_history(call: Call) -> object:
    """As `fills`."""
    return _fills(call)


def _fills(call: Call) -> object:
    if not is_served(call):
        return {"fillList": [], "endId": None}
    m = maybe_perpetual(call)
    found = trades(call, Kind.PERPETUAL, m.symbol if m else None)
    return {"fillList": [fill_row(t, call.exchange) for t in found], "endId": end_id(found)}
