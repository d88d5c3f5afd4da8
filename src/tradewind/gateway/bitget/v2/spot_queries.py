"""Asking for spot orders and fills."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Order, Trade
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.lookup import find_order
from tradewind.gateway.bitget.v2.paging import newest
from tradewind.gateway.bitget.v2.spot_rows import fill_row, open_row, order_row
from tradewind.market import Kind

routes = Routes("/api/v2/spot/trade")
ALL = 1_000_000_000


def orders(
    call: Call, kind: Kind, symbol: str | None, *, open_ones: bool, client_id: str = ""
) -> list[Order]:
    """Orders of the account in markets of a kind that were made in the asked time, by pages."""
    exchange, order_id = call.exchange, call.params.maybe_integer("orderId")
    start, end = call.params.times()
    if open_ones:
        found = exchange.open_orders(call.account, symbol)
    else:
        found = exchange.records.orders(call.account, symbol, start_ms=start, end_ms=end, limit=ALL)

    def wanted(order: Order) -> bool:
        return (
            order.status.is_open is open_ones
            and exchange.listings[order.symbol].kind is kind
            and order_id in (None, order.id)
            and client_id in ("", order.client_id)
            and (start is None or order.created_ms >= start)
            and (end is None or order.created_ms <= end)
        )

    return newest(found, call.params, wanted)


def trades(call: Call, kind: Kind, symbol: str | None) -> list[Trade]:
    """Trades of the account in markets of a kind, by pages."""
    start, end = call.params.times()
    order_id, listings = call.params.maybe_integer("orderId"), call.exchange.listings
    found = call.exchange.records.trades(
        call.account, symbol, order_id=order_id, start_ms=start, end_ms=end, limit=ALL
    )
    return newest(found, call.params, lambda trade: listings[trade.symbol].kind is kind)


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
