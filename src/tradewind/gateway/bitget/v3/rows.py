"""Orders, fills and positions as v3 shows them.

`side` is what is traded, `posSide` the position of hedge mode. Fees that were paid are positive.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, Exit, Order, OrderStatus, PositionSide, SelfTrade, Trade, TriggerBy
from tradewind.exchange.events import PositionState
from tradewind.exchange.orders import Cause
from tradewind.gateway.bitget.facts import closes, order_type
from tradewind.gateway.bitget.formats import FORCE_NAMES, margin_name, mode_name, rounded, text, yes_no
from tradewind.gateway.bitget.requests import SELF_TRADES
from tradewind.gateway.bitget.v3.category import category

STATUS = {
    OrderStatus.NEW: "live",
    OrderStatus.PARTIALLY_FILLED: "partially_filled",
    OrderStatus.FILLED: "filled",
}
TRIGGER_NAMES = {TriggerBy.LAST: "market", TriggerBy.MARK: "mark"}
_EXECUTIONS = {Cause.LIQUIDATION: "liquidation", Cause.ADL: "reduce", Cause.CLOSE: "delivery"}
_SELF_TRADES: dict[SelfTrade, str] = {value: name for name, value in SELF_TRADES.items()}


def status(found: OrderStatus) -> str:
    return STATUS.get(found, "cancelled")


def position_side(side: PositionSide) -> str:
    """Empty in one-way mode and on spot."""
    return "" if side is PositionSide.BOTH else side.value


def trade_side(order: Order | Trade, reduces: bool) -> str:
    """Whether it opens or closes a position, as far as the order says."""
    if order.position_side is PositionSide.BOTH:
        return "close" if reduces else "open"
    return "open" if (order.side.value == "buy") == (order.position_side is PositionSide.LONG) else "close"


def amounts(order: Order) -> dict[str, str]:
    """What was ordered, in base; of a market buy on spot in quote."""
    by_worth = bool(order.quote_quantity)
    return {
        "qty": "0" if by_worth else text(order.quantity),
        "amount": text(order.quote_quantity) if by_worth else "0",
    }


def fees(trades: list[Trade]) -> list[dict[str, str]]:
    """What was paid, by coin."""
    coins: dict[str, Decimal] = {}
    for trade in trades:
        coins[trade.fee_asset] = coins.get(trade.fee_asset, Decimal(0)) + trade.fee
    return [{"feeCoin": coin, "fee": text(fee)} for coin, fee in coins.items()]


def exits_row(profit: Exit | None, loss: Exit | None) -> dict[str, str]:
    """A take profit and a stop loss, empty where there is none."""
    row: dict[str, str] = {}
    for name, price, found in (("tp", "takeProfit", profit), ("sl", "stopLoss", loss)):
        limit = found.limit if found else None
        row[price] = text(found.price) if found else ""
        row[f"{name}TriggerBy"] = TRIGGER_NAMES[found.trigger_by] if found else ""
        row[f"{name}OrderType"] = ("limit" if limit else "market") if found else ""
        row[f"{name}LimitPrice"] = text(limit) if limit else ""
    return row


def order_row(order: Order, exchange: Exchange) -> dict[str, Any]:
    """An order, open or done."""
    m, account = exchange.listings[order.symbol], exchange.account(order.account)
    done_early = status(order.status) == "cancelled"
    return {
        "orderId": str(order.id),
        "clientOid": order.client_id,
        "category": category(m),
        "symbol": m.id,
        "orderType": "limit" if order.price else "market",
        "side": order.side.value,
        "price": text(order.price),
        **amounts(order),
        "cumExecQty": text(order.filled),
        "cumExecValue": rounded(order.quote_filled),
        "avgPrice": rounded(order.average_price),
        "timeInForce": FORCE_NAMES[order.time_in_force],
        "orderStatus": status(order.status),
        "posSide": position_side(order.position_side),
        "holdMode": "" if m.is_spot else mode_name(order.position_side is not PositionSide.BOTH),
        "tradeSide": "" if m.is_spot else trade_side(order, order.reduce_only),
        "delegateType": _delegate(order),
        "reduceOnly": yes_no(closes(order)),
        "marginMode": "" if m.is_spot else margin_name(order.symbol in account.isolated),
        "stpMode": _SELF_TRADES[order.self_trade],
        **exits_row(order.take_profit, order.stop_loss),
        "feeDetail": fees(order.trades) or [{"feeCoin": "", "fee": ""}],
        "cancelReason": "normal_cancel" if done_early else "",
        "execType": _EXECUTIONS.get(order.cause, "normal"),
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def _delegate(order: Order) -> str:
    if order.cause is Cause.LIQUIDATION:
        return "liquidation"
    if order.cause is Cause.ALGO:
        return "plan_limit" if order.price else "plan_market"
    return "normal" if order.price else "market"


def fill_row(trade: Trade, exchange: Exchange) -> dict[str, Any]:
    """One trade of the account."""
    m, order = exchange.listings[trade.symbol], exchange.records.known(trade.order_id)
    return {
        "execId": str(trade.id),
        "execLinkId": str(trade.id),
        "orderId": str(trade.order_id),
        "clientOid": trade.client_id,
        "category": category(m),
        "symbol": m.id,
        "orderType": order_type(trade, exchange),
        "side": trade.side.value,
        "execPrice": text(trade.price),
        "execQty": text(trade.quantity),
        "execValue": text(trade.quote_quantity),
        "tradeScope": "maker" if trade.maker else "taker",
        "tradeSide": "" if m.is_spot else trade_side(trade, order is not None and order.reduce_only),
        "feeDetail": [{"feeCoin": trade.fee_asset, "fee": text(trade.fee)}],
        "createdTime": str(trade.time_ms),
        "updatedTime": str(trade.time_ms),
        "execPnl": rounded(trade.realised),
        "isRPI": "no",
    }


def held_side(state: PositionState) -> str:
    """long or short; of one-way mode as long as there is something."""
    if state.side is PositionSide.BOTH:
        return "long" if state.quantity > 0 else "short"
    return state.side.value


def _frozen(state: PositionState, exchange: Exchange) -> Decimal:
    """What closing orders that rest would take."""
    found = exchange.account(state.account).open_in(state.symbol).values()
    against = (
        o.remaining
        for o in found
        if o.position_side is state.side and closes(o) and o.is_buy is (state.quantity < 0)
    )
    return min(abs(state.quantity), sum(against, Decimal(0)))


def position_row(state: PositionState, exchange: Exchange) -> dict[str, Any]:
    """An open position."""
    m, held = exchange.listings[state.symbol], exchange.account(state.account)
    size, frozen = abs(state.quantity), _frozen(state, exchange)
    margin = state.isolated_wallet if state.isolated else state.initial_margin
    paid = held.position(state.symbol, state.side).fees
    return {
        "category": category(m),
        "symbol": m.id,
        "marginCoin": m.quote,
        "holdMode": mode_name(state.side is not PositionSide.BOTH),
        "posSide": held_side(state),
        "marginMode": margin_name(state.isolated),
        "positionBalance": rounded(margin),
        "available": text(size - frozen),
        "frozen": text(frozen),
        "total": text(size),
        "leverage": str(state.leverage),
        "curRealisedPnl": rounded(state.realised),
        "avgPrice": rounded(state.entry_price),
        "positionStatus": "normal",
        "unrealisedPnl": rounded(state.unrealised),
        "liquidationPrice": rounded(state.liquidation_price),
        "mmr": text(m.tier(abs(state.notional)).rate),
        "profitRate": rounded(state.unrealised / margin) if margin else "0",
        "markPrice": rounded(state.mark_price),
        "breakEvenPrice": rounded(state.break_even_price),
        "totalFunding": "0",
        "openFeeTotal": rounded(-paid),
        "closeFeeTotal": "0",
        "createdTime": str(state.updated_ms),
        "updatedTime": str(state.updated_ms),
    }
