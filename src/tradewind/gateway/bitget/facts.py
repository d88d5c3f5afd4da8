"""What follows of orders, in the words that both versions use."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate

from tradewind.exchange import Exchange, Order, OrderRequest, PositionSide, Trade
from tradewind.exchange.events import OrderUpdate
from tradewind.exchange.orders import Cause
from tradewind.market import Side

_SOURCES = {Cause.LIQUIDATION: "force_close", Cause.ADL: "adl", Cause.CLOSE: "delivery_close"}


def closes(request: OrderRequest | Order) -> bool:
    """Whether it can only make a position smaller."""
    if request.position_side is PositionSide.BOTH:
        return request.reduce_only
    return (request.side is Side.BUY) is not (request.position_side is PositionSide.LONG)


def source(order: Order) -> str:
    return _SOURCES.get(order.cause, "normal")


def order_type(trade: Trade, exchange: Exchange) -> str:
    order = exchange.records.known(trade.order_id)
    return "market" if order is not None and not order.price else "limit"


def trades_until(update: OrderUpdate) -> list[Trade]:
    """Those that had filled the order as far as the event says: it may have traded on since."""
    trades = update.order.trades
    before = accumulate((trade.quantity for trade in trades), initial=Decimal(0))
    return [trade for trade, filled in zip(trades, before, strict=False) if filled < update.filled]
