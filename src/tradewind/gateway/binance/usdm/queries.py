"""Questions about orders and trades of Binance USD-M."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Exchange, Order, Trade
from tradewind.exchange.orders import Cause
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm.market_data import one_or_all
from tradewind.gateway.binance.usdm.markets import listing_of, maybe_listing, span
from tradewind.gateway.binance.usdm.numbers import money, price, quantity
from tradewind.gateway.binance.usdm.orders import order_row
from tradewind.gateway.binance.usdm.trade import named_order

_CLOSES = {Cause.LIQUIDATION: "LIQUIDATION", Cause.ADL: "ADL"}

routes = Routes("/fapi/v1")


def rows(exchange: Exchange, orders: list[Order]) -> list[dict[str, Any]]:
    """Orders of perpetuals, spot orders left out."""
    found = ((exchange.listings[order.symbol], order) for order in orders)
    return [order_row(listing, order) for listing, order in found if not listing.is_spot]


@routes.on("GET", "/order", security=Security.READ)
def order(call: Call) -> Any:
    """An order, open or not."""
    listing = listing_of(call)
    order_id, name = named_order(call.params)
    found = call.exchange.records.find(call.account, listing.symbol, order_id, name)
    return order_row(listing, found)


@routes.on("GET", "/openOrder", security=Security.READ)
def open_order(call: Call) -> Any:
    """An open order; one that is done does not exist here."""
    listing = listing_of(call)
    order_id, name = named_order(call.params)
    found = call.exchange.changes.find_open(call.account, listing.symbol, order_id, name)
    return order_row(listing, found)


@routes.on("GET", "/openOrders", weight=one_or_all(1, 40), security=Security.READ)
def open_orders(call: Call) -> Any:
    """Open orders of one market or all, by id."""
    listing = maybe_listing(call)
    symbol = None if listing is None else listing.symbol
    return rows(call.exchange, call.exchange.open_orders(call.account, symbol))


@routes.on("GET", "/allOrders", weight=5, security=Security.READ)
def all_orders(call: Call) -> Any:
    """Orders of a market, open or not: the newest, or the first from an id or a time."""
    listing, params = listing_of(call), call.params
    start, end = span(params)
    found = call.exchange.records.orders(
        call.account,
        listing.symbol,
        start_ms=start,
        end_ms=end,
        from_id=params.maybe_integer("orderId"),
        limit=params.limit(500, 1000),
    )
    return rows(call.exchange, found)


@routes.on("GET", "/userTrades", weight=5, security=Security.READ)
def user_trades(call: Call) -> Any:
    """Fills of the account in a market: the newest, or the first from an id or a time."""
    listing, params = listing_of(call), call.params
    start, end = span(params)
    first = params.maybe_integer("fromId")
    if first is not None and (start is not None or end is not None):
        raise Failure(-1128, "Combination of optional parameters invalid.")
    found = call.exchange.records.trades(
        call.account,
        listing.symbol,
        order_id=params.maybe_integer("orderId"),
        start_ms=start,
        end_ms=end,
        from_id=first,
        limit=params.limit(500, 1000),
    )
    return [_trade_row(call, trade) for trade in found]


def _trade_row(call: Call, trade: Trade) -> dict[str, Any]:
    listing = call.exchange.listings[trade.symbol]
    buy = trade.side.name == "BUY"
    return {
        "symbol": listing.id,
        "id": trade.id,
        "orderId": trade.order_id,
        "side": trade.side.name,
        "price": price(listing, trade.price),
        "qty": quantity(listing, trade.quantity),
        "realizedPnl": money(trade.realised),
        "quoteQty": money(trade.quote_quantity),
        "commission": money(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "positionSide": trade.position_side.name,
        "buyer": buy,
        "maker": trade.maker,
    }


@routes.on("GET", "/forceOrders", weight=one_or_all(20, 50), security=Security.READ)
def force_orders(call: Call) -> Any:
    """Orders by which the venue closed positions of the account."""
    listing, params = maybe_listing(call), call.params
    start, end = span(params)
    kind = params.maybe("autoCloseType")
    if kind not in (None, *_CLOSES.values()):
        raise Failure(-1130, "Data sent for parameter 'autoCloseType' is not valid.")
    causes = [cause for cause, name in _CLOSES.items() if kind in (None, name)]
    symbol = None if listing is None else listing.symbol
    kept = call.exchange.records.orders(call.account, symbol, start_ms=start, end_ms=end, limit=1_000_000)
    found = [order for order in kept if order.cause in causes]
    limit = params.limit(50, 100)
    return rows(call.exchange, found[-limit:])
