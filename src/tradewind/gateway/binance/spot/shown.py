"""Orders and trades of Binance Spot as its replies show them. Times are market time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind.exchange import ListStatus, Order, OrderList, OrderType, Trade
from tradewind.gateway.binance.spot.markets import eight
from tradewind.gateway.binance.spot.words import STATUS_NAMES, TYPE_NAMES

NO_LIST = -1
_FULL = (OrderType.MARKET, OrderType.LIMIT)


def symbol_id(found: Order | Trade | OrderList) -> str:
    return found.symbol.replace("/", "").upper()


def list_of(order: Order) -> int:
    return order.list_id or NO_LIST


def placed(order: Order, style: str | None) -> dict[str, Any]:
    """The reply to a new order: ACK, RESULT or FULL; None is what the order's type has by default."""
    style = style or ("FULL" if order.original_type in _FULL else "ACK")
    reply: dict[str, Any] = {
        "symbol": symbol_id(order),
        "orderId": order.id,
        "orderListId": list_of(order),
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
        "orderListId": list_of(order),
        "clientOrderId": order.client_id,
        **_state(order),
        "stopPrice": eight(order.stop_price),
        "icebergQty": eight(order.iceberg),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working_ms > 0,
        "workingTime": order.working_ms or -1,
        **_trailing(order),
        **_prevented(order),
    }


def cancelled(order: Order, original_name: str, cancel_name: str) -> dict[str, Any]:
    """The reply to a cancel, which has a client id of its own."""
    return {
        "symbol": symbol_id(order),
        "origClientOrderId": original_name,
        "orderId": order.id,
        "orderListId": list_of(order),
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
    found: dict[str, Any] = {"stopPrice": eight(order.stop_price)} if order.stop_price else {}
    if order.iceberg:
        found["icebergQty"] = eight(order.iceberg)
    if order.trailing_delta:
        found |= _trailing(order)
    return found | _prevented(order) if order.prevented else found


def _trailing(order: Order) -> dict[str, Any]:
    if not order.trailing_delta:
        return {}
    return {"trailingDelta": order.trailing_delta, "trailingTime": trailing_since(order)}


def trailing_since(order: Order) -> int:
    """When a trailing stop without a stop price began to follow; -1 for one that waits or waited for its stop price."""
    return -1 if order.stop_price else order.created_ms


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


def my_trade(trade: Trade, list_id: int) -> dict[str, Any]:
    """A trade of the account; `list_id` is that of its order, 0 for none."""
    return {
        "symbol": symbol_id(trade),
        "id": trade.id,
        "orderId": trade.order_id,
        "orderListId": list_id or NO_LIST,
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


def order_list(found: OrderList, orders: Sequence[Order]) -> dict[str, Any]:
    """An order list with the names of its orders."""
    status = list_status(found.status)
    return {
        "orderListId": found.id,
        "contingencyType": "OCO",
        "listStatusType": status[0],
        "listOrderStatus": status[1],
        "listClientOrderId": found.client_id,
        "transactionTime": found.updated_ms,
        "symbol": symbol_id(found),
        "orders": [
            {"symbol": symbol_id(order), "orderId": order.id, "clientOrderId": order.client_id}
            for order in orders
        ],
    }


def list_status(status: ListStatus) -> tuple[str, str]:
    """`listStatusType` and `listOrderStatus`."""
    return ("ALL_DONE", "ALL_DONE") if status is ListStatus.ALL_DONE else ("EXEC_STARTED", "EXECUTING")
