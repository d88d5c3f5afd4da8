"""What private channels of v2 tell of orders, plans, fills, balances and positions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import AlgoOrder, AlgoStatus, Exchange, OrderStatus, Trade
from tradewind.exchange.events import AlgoUpdate, OrderUpdate, PositionState
from tradewind.gateway.bitget.desk import Desk
from tradewind.gateway.bitget.facts import closes, source, trades_until
from tradewind.gateway.bitget.formats import (
    FORCE_NAMES,
    POSITION_SIDES,
    TRIGGER_NAMES,
    margin_name,
    mode_name,
    rounded,
    text,
)
from tradewind.gateway.bitget.v2 import mix_rows, spot_rows

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
_PLAN_NAMES = {
    "normal_plan": "pl",
    "track_plan": "track",
    "profit_plan": "tp",
    "loss_plan": "sl",
    "pos_profit": "ptp",
    "pos_loss": "psl",
    "moving_plan": "mt",
}


def order_row(update: OrderUpdate, exchange: Exchange) -> dict[str, Any]:
    """The order as it was right after the event."""
    m, order = exchange.listings[update.order.symbol], update.order
    row: dict[str, Any] = {
        "instId": m.id,
        "orderId": str(order.id),
        "clientOid": update.client_id,
        "orderType": "limit" if order.price else "market",
        "force": FORCE_NAMES[order.time_in_force],
        "accBaseVolume": text(update.filled),
        "priceAvg": rounded(update.quote_filled / update.filled) if update.filled else "0",
        "status": _STATUS.get(update.status, "canceled" if not m.is_spot else "cancelled"),
        "cTime": str(order.created_ms),
        "uTime": str(update.time_ms),
        "feeDetail": _fees(update),
        "enterPointSource": "API",
        "cancelReason": update.reason,
    }
    if update.trade is not None:
        row |= _filled(update.trade, m.is_spot)
    if m.is_spot:
        by_worth = order.quote_quantity
        row |= {
            "side": order.side.value,
            "size": text(by_worth or update.quantity * (order.price or Decimal(1))),
            "newSize": text(by_worth or update.quantity),
            "notional": text(by_worth or update.quantity * order.price),
        }
        if order.price:
            row["price"] = text(update.price)
        return row
    account = exchange.account(update.account)
    side, trade_side = mix_rows.sides(order.side, order.position_side)
    return row | {
        "side": side,
        "tradeSide": trade_side,
        "posSide": POSITION_SIDES[order.position_side],
        "posMode": mode_name(order.position_side.value != "both"),
        "size": text(update.quantity),
        "price": text(update.price),
        "leverage": str(account.leverage_of(order.symbol)),
        "marginCoin": m.quote,
        "marginMode": margin_name(order.symbol in account.isolated),
        "notionalUsd": rounded(update.quantity * (update.price or exchange.tape.last(order.symbol))),
        "reduceOnly": "yes" if closes(order) else "no",
        "orderSource": source(order),
    }


def _filled(trade: Trade, spot: bool) -> dict[str, str]:
    row = {
        "baseVolume": text(trade.quantity),
        "fillPrice": text(trade.price),
        "fillTime": str(trade.time_ms),
        "fillFee": text(-trade.fee),
        "fillFeeCoin": trade.fee_asset,
        "tradeId": str(trade.id),
        "tradeScope": "M" if trade.maker else "T",
    }
    if spot:
        return row
    return row | {"fillNotionalUsd": text(trade.quote_quantity), "pnl": rounded(trade.realised)}


def _fees(update: OrderUpdate) -> list[dict[str, str]]:
    """What was paid up to this event, by coin."""
    coins: dict[str, Decimal] = {}
    for trade in trades_until(update):
        coins[trade.fee_asset] = coins.get(trade.fee_asset, Decimal(0)) - trade.fee
    return [{"feeCoin": coin, "fee": text(fee)} for coin, fee in coins.items()]


def fill_row(trade: Trade, exchange: Exchange) -> dict[str, Any]:
    """One trade; that of a contract tells the position mode."""
    if exchange.listings[trade.symbol].is_spot:
        row = spot_rows.fill_row(trade, exchange)
        return row | {"feeDetail": [row["feeDetail"]]}
    return mix_rows.fill_row(trade, exchange)


def plan_row(update: AlgoUpdate, exchange: Exchange, desk: Desk) -> dict[str, Any]:
    """A plan order, trailing order, stop loss or take profit."""
    plan, request = update.algo, update.algo.request
    m = exchange.listings[request.symbol]
    trigger = text(request.stop_price or request.activation_price or Decimal(0))
    price = text(request.price) if request.price else ""
    row: dict[str, Any] = {
        "instId": m.id,
        "orderId": str(plan.id),
        "clientOid": plan.client_id,
        "triggerPrice": trigger,
        "triggerType": TRIGGER_NAMES[request.trigger_by],
        "executePrice": price,
        "price": trigger,
        "orderType": "limit" if request.price else "market",
        "side": request.side.value,
        "status": _PLAN_STATUS.get(update.status, "cancelled"),
        "actualSize": _executed(update, exchange),
        "stopSurplusTriggerType": "fill_price",
        "stopLossTriggerType": "fill_price",
        "enterPointSource": "API",
        "cTime": str(plan.created_ms),
        "uTime": str(update.time_ms),
    }
    if plan.triggered_ms:
        row["triggerTime"] = str(plan.triggered_ms)
    if m.is_spot:
        total = request.quote_quantity
        return row | {
            "size": text(total or request.quantity or Decimal(0)),
            "newSize": text(total or request.quantity or Decimal(0)),
            "planType": "total" if total else "amount",
        }
    return row | _contract_plan(plan, exchange, desk)


def _contract_plan(plan: AlgoOrder, exchange: Exchange, desk: Desk) -> dict[str, Any]:
    request, account = plan.request, exchange.account(plan.account)
    side, trade_side = mix_rows.sides(request.side, request.position_side)
    return {
        "size": text(request.quantity or Decimal(0)),
        "planType": _PLAN_NAMES[desk.kind(plan)],
        "side": side,
        "tradeSide": trade_side,
        "posSide": POSITION_SIDES[request.position_side],
        "posMode": mode_name(request.position_side.value != "both"),
        "marginCoin": exchange.listings[request.symbol].quote,
        "marginMode": margin_name(request.symbol in account.isolated),
        "leverage": str(account.leverage_of(request.symbol)),
        "reduceOnly": "yes" if closes(request) or request.close_position else "no",
    }


def _executed(update: AlgoUpdate, exchange: Exchange) -> str:
    order = exchange.records.known(update.order_id) if update.order_id else None
    return text(order.filled) if order else "0"


def spot_balance_row(coin: str, free: Decimal, locked: Decimal, time_ms: int) -> dict[str, str]:
    return {
        "coin": coin,
        "available": text(free),
        "frozen": text(locked),
        "locked": "0",
        "limitAvailable": "0",
        "uTime": str(time_ms),
    }


def futures_balance_row(exchange: Exchange, account: str, coin: str) -> dict[str, str]:
    """A coin of the futures wallet as it is now."""
    wallet = exchange.positions.wallet(account, coin)
    return {
        "marginCoin": coin,
        "frozen": rounded(wallet.order_initial_margin),
        "available": rounded(wallet.margin_balance),
        "maxOpenPosAvailable": rounded(max(Decimal(0), wallet.available)),
        "maxTransferOut": rounded(wallet.max_withdraw),
        "equity": rounded(wallet.margin_balance),
        "usdtEquity": rounded(wallet.margin_balance),
        "crossedRiskRate": "0",
        "unrealizedPL": rounded(wallet.unrealised),
    }


def position_row(state: PositionState, exchange: Exchange) -> dict[str, Any]:
    """An open position."""
    row = mix_rows.position_row(state, exchange)
    margin = state.isolated_wallet if state.isolated else state.initial_margin
    return {
        "posId": f"{state.symbol}-{state.side.value}",
        "instId": row["symbol"],
        "marginCoin": row["marginCoin"],
        "marginSize": row["marginSize"],
        "marginMode": row["marginMode"],
        "holdSide": row["holdSide"],
        "posMode": row["posMode"],
        "total": row["total"],
        "available": row["available"],
        "frozen": row["locked"],
        "openPriceAvg": row["openPriceAvg"],
        "leverage": state.leverage,
        "achievedProfits": row["achievedProfits"],
        "unrealizedPL": row["unrealizedPL"],
        "unrealizedPLR": rounded(state.unrealised / margin) if margin else "0",
        "liquidationPrice": row["liquidationPrice"],
        "keepMarginRate": row["keepMarginRate"],
        "marginRate": row["marginRatio"],
        "markPrice": row["markPrice"],
        "breakEvenPrice": row["breakEvenPrice"],
        "cTime": row["cTime"],
        "uTime": row["uTime"],
        "autoMargin": "off",
    }
