"""Contract orders, plans, fills and positions as v2 shows them.

In hedge mode Bitget's `side` is that of the position (buy: long), and `tradeSide` says open or close.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import (
    AlgoOrder,
    AlgoStatus,
    Exchange,
    Exit,
    Order,
    OrderStatus,
    OrderType,
    PositionSide,
    Trade,
)
from tradewind.exchange.events import PositionState
from tradewind.gateway.bitget.desk import Desk
from tradewind.gateway.bitget.facts import closes, order_type, source
from tradewind.gateway.bitget.formats import (
    FORCE_NAMES,
    POSITION_SIDES,
    TRIGGER_NAMES,
    margin_name,
    mode_name,
    rounded,
    text,
    yes_no,
)
from tradewind.market import Side

_STATUS = {
    OrderStatus.NEW: "live",
    OrderStatus.PARTIALLY_FILLED: "partially_filled",
    OrderStatus.FILLED: "filled",
}
_PLAN_STATUS = {
    AlgoStatus.NEW: "live",
    AlgoStatus.TRIGGERED: "executed",
    AlgoStatus.FINISHED: "executed",
    AlgoStatus.REJECTED: "fail_execute",
}


def status(found: OrderStatus) -> str:
    return _STATUS.get(found, "canceled")


def plan_status(found: AlgoStatus) -> str:
    return _PLAN_STATUS.get(found, "cancelled")


def sides(side: Side, position: PositionSide) -> tuple[str, str]:
    """`side` and `tradeSide`."""
    if position is PositionSide.BOTH:
        return side.value, f"{side.value}_single"
    opens = (side is Side.BUY) == (position is PositionSide.LONG)
    return ("buy" if position is PositionSide.LONG else "sell"), ("open" if opens else "close")


def order_row(order: Order, exchange: Exchange) -> dict[str, Any]:
    """An order with its status under both names that v2 uses for it."""
    m, account = exchange.listings[order.symbol], exchange.account(order.account)
    side, trade_side = sides(order.side, order.position_side)
    state = status(order.status)
    return {
        "symbol": m.id,
        "size": text(order.quantity),
        "orderId": str(order.id),
        "clientOid": order.client_id,
        "baseVolume": text(order.filled),
        "fee": text(-sum((t.fee for t in order.trades), Decimal(0))),
        "price": text(order.price) if order.price else "",
        "priceAvg": rounded(order.average_price) if order.filled else "",
        "state": state,
        "status": state,
        "side": side,
        "force": FORCE_NAMES[order.time_in_force],
        "totalProfits": rounded(sum((t.realised for t in order.trades), Decimal(0))),
        "posSide": POSITION_SIDES[order.position_side],
        "marginCoin": m.quote,
        "quoteVolume": rounded(order.quote_filled),
        "leverage": str(account.leverage_of(order.symbol)),
        "marginMode": margin_name(order.symbol in account.isolated),
        "reduceOnly": yes_no(closes(order)),
        "enterPointSource": "API",
        "tradeSide": trade_side,
        "posMode": mode_name(order.position_side is not PositionSide.BOTH),
        "orderType": "limit" if order.price else "market",
        "orderSource": source(order),
        "cancelReason": "" if state != "canceled" else "normal_cancel",
        "presetStopSurplusPrice": trigger_text(order.take_profit),
        "presetStopSurplusExecutePrice": limit_text(order.take_profit),
        "presetStopLossPrice": trigger_text(order.stop_loss),
        "presetStopLossExecutePrice": limit_text(order.stop_loss),
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def trigger_text(found: Exit | None) -> str:
    return text(found.price) if found else ""


def limit_text(found: Exit | None) -> str:
    return text(found.limit) if found and found.limit else ""


def fill_row(trade: Trade, exchange: Exchange) -> dict[str, Any]:
    """One trade of the account; what was paid is negative."""
    side, trade_side = sides(trade.side, trade.position_side)
    return {
        "tradeId": str(trade.id),
        "symbol": exchange.listings[trade.symbol].id,
        "orderId": str(trade.order_id),
        "orderType": order_type(trade, exchange),
        "price": text(trade.price),
        "baseVolume": text(trade.quantity),
        "feeDetail": [
            {
                "deduction": "no",
                "feeCoin": trade.fee_asset,
                "totalDeductionFee": "0",
                "totalFee": text(-trade.fee),
            }
        ],
        "side": side,
        "quoteVolume": text(trade.quote_quantity),
        "profit": rounded(trade.realised),
        "enterPointSource": "api",
        "tradeSide": trade_side,
        "posMode": mode_name(trade.position_side is not PositionSide.BOTH),
        "tradeScope": "maker" if trade.maker else "taker",
        "cTime": str(trade.time_ms),
        "uTime": str(trade.time_ms),
    }


def plan_row(plan: AlgoOrder, exchange: Exchange, desk: Desk) -> dict[str, Any]:
    """A plan order, trailing order, stop loss or take profit."""
    request, m = plan.request, exchange.listings[plan.request.symbol]
    account, state = exchange.account(plan.account), plan_status(plan.status)
    side, trade_side = sides(request.side, request.position_side)
    trails = request.type is OrderType.TRAILING_STOP
    trigger = request.activation_price if trails else request.stop_price
    profit, loss = request.take_profit, request.stop_loss
    price = text(request.price) if request.price else ""
    return {
        "planType": desk.kind(plan),
        "symbol": m.id,
        "size": text(request.quantity or Decimal(0)),
        "orderId": str(plan.id),
        "executeOrderId": str(plan.order_id) if plan.order_id else "",
        "clientOid": plan.client_id,
        "price": price,
        "executePrice": price,
        "callbackRatio": text((request.callback_rate or Decimal(0)) * 100) if trails else "",
        "triggerPrice": text(trigger) if trigger else "",
        "triggerType": TRIGGER_NAMES[request.trigger_by],
        "planStatus": state,
        "status": state,
        "side": side,
        "posSide": POSITION_SIDES[request.position_side],
        "marginCoin": m.quote,
        "marginMode": margin_name(request.symbol in account.isolated),
        "leverage": str(account.leverage_of(request.symbol)),
        "reduceOnly": yes_no(closes(request) or request.close_position),
        "enterPointSource": "API",
        "tradeSide": trade_side,
        "posMode": mode_name(request.position_side is not PositionSide.BOTH),
        "orderType": "limit" if request.price else "market",
        "stopSurplusTriggerPrice": trigger_text(profit),
        "stopSurplusExecutePrice": limit_text(profit),
        "stopSurplusTriggerType": TRIGGER_NAMES[profit.trigger_by] if profit else "fill_price",
        "stopLossTriggerPrice": trigger_text(loss),
        "stopLossExecutePrice": limit_text(loss),
        "stopLossTriggerType": TRIGGER_NAMES[loss.trigger_by] if loss else "fill_price",
        "cTime": str(plan.created_ms),
        "uTime": str(plan.updated_ms),
    }


def hold_side(state: PositionState) -> str:
    return "long" if state.quantity > 0 else "short"


def position_row(state: PositionState, exchange: Exchange) -> dict[str, Any]:
    """An open position."""
    m, account = exchange.listings[state.symbol], exchange.account(state.account)
    size = abs(state.quantity)
    worth = abs(state.notional)
    reducing = sum(
        (o.remaining for o in account.open_in(state.symbol).values() if _reduces(o, state)), Decimal(0)
    )
    locked = min(size, reducing)
    balance = exchange.positions.wallet(state.account, m.quote)
    buffer = state.isolated_margin if state.isolated else balance.cross_wallet + balance.cross_unrealised
    needed = state.maintenance_margin if state.isolated else balance.cross_maintenance_margin
    return {
        "marginCoin": m.quote,
        "symbol": m.id,
        "holdSide": hold_side(state),
        "openDelegateSize": "0",
        "marginSize": rounded(state.isolated_wallet if state.isolated else state.initial_margin),
        "available": text(size - locked),
        "locked": text(locked),
        "total": text(size),
        "leverage": str(state.leverage),
        "achievedProfits": rounded(state.realised),
        "openPriceAvg": rounded(state.entry_price),
        "marginMode": margin_name(state.isolated),
        "posMode": mode_name(state.side is not PositionSide.BOTH),
        "unrealizedPL": rounded(state.unrealised),
        "liquidationPrice": rounded(state.liquidation_price),
        "keepMarginRate": text(m.tier(worth).rate),
        "markPrice": rounded(state.mark_price),
        "marginRatio": rounded(needed / buffer) if buffer > 0 else "0",
        "breakEvenPrice": rounded(state.break_even_price),
        "totalFee": "",
        "deductedFee": "0",
        "grant": "",
        "assetMode": "single",
        "autoMargin": "off",
        "takeProfit": "",
        "stopLoss": "",
        "takeProfitId": "",
        "stopLossId": "",
        "cTime": str(state.updated_ms),
        "uTime": str(state.updated_ms),
    }


def _reduces(order: Order, state: PositionState) -> bool:
    against = order.is_buy != (state.quantity > 0)
    return (
        order.position_side is state.side
        and against
        and (order.reduce_only or state.side is not PositionSide.BOTH)
    )
