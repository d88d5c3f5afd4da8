"""Orders of Binance Spot."""

from __future__ import annotations

from decimal import Decimal
from secrets import token_hex
from typing import Any

from tradewind.exchange import Order, OrderRequest, OrderType, SelfTrade, TimeInForce, Trade
from tradewind.gateway.binance.failure import Failure, malformed, not_required
from tradewind.gateway.binance.params import CLIENT_ID, Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.words import (
    SELF_TRADES,
    SIDES,
    STATUS_NAMES,
    TIMES_IN_FORCE,
    TYPE_NAMES,
    TYPES,
)
from tradewind.market import Kind

routes = Routes("/api/v3")


@routes.on("POST", "/order", security=Security.TRADE, orders=1)
def new_order(call: Call) -> Any:
    """Place an order; `newOrderRespType` chooses how much the reply tells."""
    request = order_request(call)
    kind = call.params.maybe("newOrderRespType")
    order = call.exchange.place(call.account, request)
    name = kind or ("FULL" if order.type in (OrderType.MARKET, OrderType.LIMIT) else "ACK")
    return placed(order, name, call.now_ms())


def order_request(call: Call) -> OrderRequest:
    """The request as the exchange takes it; `Failure` when parameters are missing or do not go together."""
    params = call.params
    listing = call.exchange.listings.find(Kind.SPOT, params.text("symbol"))
    side = params.choice("side", SIDES, Failure(-1117, "Invalid side."))
    kind = params.choice("type", TYPES, Failure(-1116, "Invalid orderType."))
    quantity, quote = params.maybe_decimal("quantity"), params.maybe_decimal("quoteOrderQty")
    price, stop = params.maybe_decimal("price"), params.maybe_decimal("stopPrice")
    force = params.maybe_choice("timeInForce", TIMES_IN_FORCE, Failure(-1115, "Invalid timeInForce."))
    _check_fit(params, kind, quantity, quote, price, stop, force)
    return OrderRequest(
        symbol=listing.symbol,
        side=side,
        type=kind,
        quantity=quantity,
        quote_quantity=quote,
        price=price,
        stop_price=stop,
        time_in_force=force or TimeInForce.GTC,
        client_id=params.maybe_matching("newClientOrderId", CLIENT_ID) or token_hex(11),
        self_trade=params.maybe_choice(
            "selfTradePreventionMode", SELF_TRADES, Failure(-1136, "Invalid selfTradePreventionMode.")
        )
        or SelfTrade.EXPIRE_MAKER,
    )


def _check_fit(
    params: Params,
    kind: OrderType,
    quantity: Decimal | None,
    quote: Decimal | None,
    price: Decimal | None,
    stop: Decimal | None,
    force: TimeInForce | None,
) -> None:
    if kind.has_price and price is None:
        raise malformed("price")
    if not kind.has_price and price is not None:
        raise not_required("price")
    if kind.is_conditional and stop is None:
        raise malformed("stopPrice")
    if not kind.is_conditional and stop is not None:
        raise not_required("stopPrice")
    timed = kind.has_price and kind is not OrderType.LIMIT_MAKER
    if timed and force is None:
        raise malformed("timeInForce")
    if not timed and force is not None:
        raise not_required("timeInForce")
    if quote is not None and (kind is not OrderType.MARKET or quantity is not None):
        raise Failure(-1128, "Combination of optional parameters invalid.")
    if quantity is None and quote is None:
        raise malformed("quantity")


def placed(order: Order, kind: str, transact_ms: int) -> dict[str, Any]:
    """The reply to a new order: ACK, RESULT or FULL."""
    reply: dict[str, Any] = {
        "symbol": symbol_id(order),
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": transact_ms,
    }
    if kind == "ACK":
        return reply
    reply |= {
        "price": f"{order.price:.8f}",
        "origQty": f"{order.quantity:.8f}",
        "executedQty": f"{order.filled:.8f}",
        "origQuoteOrderQty": f"{order.quote_quantity:.8f}",
        "cummulativeQuoteQty": f"{order.quote_filled:.8f}",
        "status": STATUS_NAMES[order.status],
        "timeInForce": order.time_in_force.name,
        "type": TYPE_NAMES[order.original_type],
        "side": order.side.name,
        "workingTime": order.working_ms or -1,
        "selfTradePreventionMode": order.self_trade.name,
    }
    if order.stop_price:
        reply["stopPrice"] = f"{order.stop_price:.8f}"
    if kind == "FULL":
        reply["fills"] = [_fill(trade) for trade in order.trades]
    return reply


def symbol_id(order: Order) -> str:
    return order.symbol.replace("/", "")


def _fill(trade: Trade) -> dict[str, Any]:
    return {
        "price": f"{trade.price:.8f}",
        "qty": f"{trade.quantity:.8f}",
        "commission": f"{trade.fee:.8f}",
        "commissionAsset": trade.fee_asset,
        "tradeId": trade.id,
    }
