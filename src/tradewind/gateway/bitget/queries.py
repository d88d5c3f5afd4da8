"""Orders and trades of an account, by pages."""

from __future__ import annotations

from tradewind.exchange import Order, Trade
from tradewind.gateway.bitget.paging import newest
from tradewind.gateway.bitget.routes import Call
from tradewind.market import Kind

ALL = 1_000_000_000


def orders(
    call: Call,
    kind: Kind | None,
    symbol: str | None,
    *,
    open_ones: bool,
    client_id: str = "",
    cursor: str = "idLessThan",
) -> list[Order]:
    """Orders of the account in markets of a kind (None: of all) that were made in the asked time, by pages."""
    exchange, order_id = call.exchange, call.params.maybe_integer("orderId")
    start, end = call.params.times()
    if open_ones:
        found = exchange.open_orders(call.account, symbol)
    else:
        found = exchange.records.orders(call.account, symbol, start_ms=start, end_ms=end, limit=ALL)

    def wanted(order: Order) -> bool:
        return (
            order.status.is_open is open_ones
            and kind in (None, exchange.listings[order.symbol].kind)
            and order_id in (None, order.id)
            and client_id in ("", order.client_id)
            and (start is None or order.created_ms >= start)
            and (end is None or order.created_ms <= end)
        )

    return newest(found, call.params, wanted, cursor)


def trades(call: Call, kind: Kind | None, symbol: str | None, cursor: str = "idLessThan") -> list[Trade]:
    """Trades of the account in markets of a kind (None: of all), by pages."""
    start, end = call.params.times()
    order_id, listings = call.params.maybe_integer("orderId"), call.exchange.listings
    found = call.exchange.records.trades(
        call.account, symbol, order_id=order_id, start_ms=start, end_ms=end, limit=ALL
    )
    return newest(found, call.params, lambda t: kind in (None, listings[t.symbol].kind), cursor)
