"""Orders and trades of Binance Spot as its replies show them. Times are market time."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import Order, OrderType, Trade
from tradewind.gateway.binance.spot.markets import eight
from tradewind.gateway.binance.spot.words import STATUS_NAMES, TYPE_NAMES

NO_LIST = -1
_FULL = (OrderType.MARKET, OrderType.LIMIT)


def symbol_id(order: Order | Trade) -> str:
    return order.symbol.replace("/", "").upper()


def placed(order: Order, style: str | None) -> dict[str, Any]:
    """The reply to a new order: ACK, RESULT or FULL; None is what the order's type has by default."""
    style = style or ("FULL" if order.original_type in _FULL else "ACK")
    reply: dict[str, Any] = {
        "symbol": symbol_id(order),
        "orderId": order.id,
        "orderListId": NO_LIST,
        "clientOrderId": order.client_id,
        "transactTime": order.updated_ms,
    }
    if style == "ACK":
        return reply
    reply |= _state(order)
    reply["workingTime"] = order.working_ms or -1
    reply |= _sometimes(order)
    if style == "FULL":
        reply["fills"] = [_fill(trade) for trade in order.trades]
    return reply


def queried(order: Order) -> dict[str, Any]:
    """The reply to a question about an order."""
    return {
        "symbol": symbol_id(order),
        "orderId": order.id,
        "orderListId": NO_LIST,
        "clientOrderId": order.client_id,
        **_state(order),
        "stopPrice": eight(order.stop_price),
        "icebergQty": "0.00000000",
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working_ms > 0,
        "workingTime": order.working_ms or -1,
        **_prevented(order),
    }


def cancelled(order: Order, original_name: str, cancel_name: str) -> dict[str, Any]:
    """The reply to a cancel, which has a client id of its own."""
    return {
        "symbol": symbol_id(order),
        "origClientOrderId": original_name,
        "orderId": order.id,
        "orderListId": NO_LIST,
        "clientOrderId": cancel_name,
        "transactTime": order.updated_ms,
        **_state(order),
        **_sometimes(order),
    }


def _state(order: Order) -> dict[str, Any]:
    return {
        "price": eight(order.price),
        "origQty": eight(order.quantity),
        "executedQty": eight(order.filled),
        "origQuoteOrderQty": eight(order.quote_quantity),
        "cummulativeQuoteQty": eight(order.quote_filled),
        "status": STATUS_NAMES[order.status],
        "timeInForce": order.time_in_force.name,
        "type": TYPE_NAMES[order.original_type],
        "side": order.side.name,
        "selfTradePreventionMode": order.self_trade.name,
    }


def _sometimes(order: Order) -> dict[str, Any]:
    found = {"stopPrice": eight(order.stop_price)} if order.stop_price else {}
    return found | _prevented(order) if order.prevented else found


def _prevented(order: Order) -> dict[str, Any]:
    return {"preventedQuantity": eight(order.prevented)} if order.prevented else {}


def _fill(trade: Trade) -> dict[str, Any]:
    return {
        "price": eight(trade.price),
        "qty": eight(trade.quantity),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "tradeId": trade.id,
    }


def my_trade(trade: Trade) -> dict[str, Any]:
    """A trade of the account."""
    return {
        "symbol": symbol_id(trade),
        "id": trade.id,
        "orderId": trade.order_id,
        "orderListId": NO_LIST,
        "price": eight(trade.price),
        "qty": eight(trade.quantity),
        "quoteQty": eight(trade.quote_quantity),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "isBuyer": trade.side.name == "BUY",
        "isMaker": trade.maker,
        "isBestMatch": True,
    }
