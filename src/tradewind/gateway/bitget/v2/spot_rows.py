"""Spot orders, plans and fills as v2 shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from tradewind.exchange import AlgoOrder, AlgoStatus, Exchange, Order, OrderStatus, Trade
from tradewind.gateway.bitget.facts import order_type
from tradewind.gateway.bitget.formats import FORCE_NAMES, TRIGGER_NAMES, rounded, text

_STATUS = {OrderStatus.NEW: "live", OrderStatus.PARTIALLY_FILLED: "partially_filled"} | {
    OrderStatus.FILLED: "filled"
}
_PLAN_STATUS = {
    AlgoStatus.NEW: "live",
    AlgoStatus.TRIGGERED: "executed",
    AlgoStatus.FINISHED: "executed",
    AlgoStatus.REJECTED: "fail_execute",
}


def status(found: OrderStatus) -> str:
    return _STATUS.get(found, "cancelled")


def plan_status(found: AlgoStatus) -> str:
    return _PLAN_STATUS.get(found, "cancelled")


def size(order: Order) -> Decimal:
    """In quote for a market order by worth, else in base."""
    return order.quote_quantity or order.quantity


def order_row(order: Order, exchange: Exchange) -> dict[str, Any]:
    """As order info and history give it."""
    m = exchange.listings[order.symbol]
    return _common(order, exchange) | {
        "price": text(order.price),
        "priceAvg": rounded(order.average_price),
        "quoteCoin": m.quote,
        "baseCoin": m.base,
        "cancelReason": "" if order.status.is_open or order.status is OrderStatus.FILLED else "normal_cancel",
        "feeDetail": fee_detail(order),
    }


def open_row(order: Order, exchange: Exchange) -> dict[str, Any]:
    """As the list of open orders gives it: `priceAvg` is the limit, `basePrice` what was filled at."""
    return _common(order, exchange) | {
        "priceAvg": text(order.price),
        "basePrice": rounded(order.average_price),
        "triggerPrice": None,
        "tpslType": "normal",
    }


def _common(order: Order, exchange: Exchange) -> dict[str, Any]:
    return {
        "userId": order.account,
        "symbol": exchange.listings[order.symbol].id,
        "orderId": str(order.id),
        "clientOid": order.client_id,
        "size": text(size(order)),
        "orderType": "limit" if order.price else "market",
        "force": FORCE_NAMES[order.time_in_force],
        "side": order.side.value,
        "status": status(order.status),
        "baseVolume": text(order.filled),
        "quoteVolume": rounded(order.quote_filled),
        "enterPointSource": "API",
        "orderSource": "normal",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def fee_detail(order: Order) -> str:
    """JSON in a text, empty while nothing was paid."""
    if not order.trades:
        return ""
    coins: dict[str, Decimal] = {}
    for trade in order.trades:
        coins[trade.fee_asset] = coins.get(trade.fee_asset, Decimal(0)) - trade.fee
    total = float(sum(coins.values()))
    fees: dict[str, Any] = {
        "newFees": {"c": 0, "d": 0, "deduction": False, "r": total, "t": total, "totalDeductionFee": 0}
    }
    for coin, fee in coins.items():
        fees[coin] = {
            "deduction": False,
            "feeCoinCode": coin,
            "totalDeductionFee": 0,
            "totalFee": float(fee),
        }
    return orjson.dumps(fees).decode()


def fill_row(trade: Trade, exchange: Exchange) -> dict[str, Any]:
    """One trade of the account."""
    return {
        "userId": trade.account,
        "symbol": exchange.listings[trade.symbol].id,
        "orderId": str(trade.order_id),
        "tradeId": str(trade.id),
        "orderType": order_type(trade, exchange),
        "side": trade.side.value,
        "priceAvg": text(trade.price),
        "size": text(trade.quantity),
        "amount": text(trade.quote_quantity),
        "feeDetail": fee(trade),
        "tradeScope": "maker" if trade.maker else "taker",
        "cTime": str(trade.time_ms),
        "uTime": str(trade.time_ms),
    }


def fee(trade: Trade) -> dict[str, Any]:
    """What was paid is negative."""
    return {
        "deduction": "no",
        "feeCoin": trade.fee_asset,
        "totalDeductionFee": "",
        "totalFee": text(-trade.fee),
    }


def plan_row(plan: AlgoOrder, exchange: Exchange) -> dict[str, Any]:
    """A plan order, open or done."""
    request = plan.request
    return {
        "orderId": str(plan.id),
        "clientOid": plan.client_id,
        "symbol": exchange.listings[request.symbol].id,
        "size": text(request.quote_quantity or request.quantity or Decimal(0)),
        "planType": "total" if request.quote_quantity else "amount",
        "executePrice": text(request.price or Decimal(0)),
        "triggerPrice": text(request.stop_price or Decimal(0)),
        "status": plan_status(plan.status),
        "orderType": "limit" if request.price else "market",
        "side": request.side.value,
        "triggerType": TRIGGER_NAMES[request.trigger_by],
        "enterPointSource": "API",
        "executeOrderId": str(plan.order_id) if plan.order_id else "",
        "cTime": str(plan.created_ms),
        "uTime": str(plan.updated_ms),
    }
