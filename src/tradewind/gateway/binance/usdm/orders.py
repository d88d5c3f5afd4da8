"""What an order of Binance Futures must look like, and how it is shown."""

from __future__ import annotations

import re
from decimal import Decimal
from secrets import token_hex
from typing import Any

from tradewind.exchange import (
    Exchange,
    Listing,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    SelfTrade,
    TimeInForce,
)
from tradewind.gateway.binance.failure import Failure, malformed, not_required
from tradewind.gateway.binance.params import Params
from tradewind.gateway.binance.usdm.numbers import money, places, price, quantity, trimmed
from tradewind.gateway.binance.usdm.words import (
    PLAIN_TYPES,
    POSITION_SIDES,
    PRICE_MATCHES,
    SELF_TRADES,
    SIDES,
    TIMES_IN_FORCE,
    TYPE_NAMES,
    TYPES,
    WORKING_NAMES,
    too_little,
)
from tradewind.market import Kind, Side

LEAST_LIFE_MS = 600_000
LATEST_DATE_MS = 253_402_300_799_000
_CLIENT_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}")
_SIDE = Failure(-1117, "Invalid side.")
_TYPE = Failure(-1116, "Invalid orderType.")
_FORCE = Failure(-1115, "Invalid timeInForce.")
_POSITION_SIDE = Failure(-4060, "Invalid position side.")
_SELF_TRADE = Failure(-5039, "Invalid self trade prevention mode")


def order_request(exchange: Exchange, params: Params, hedge: bool) -> OrderRequest:
    """A limit or market order as asked for; `Failure` when parameters are missing or do not go together."""
    listing = exchange.listings.find(Kind.PERPETUAL, params.text("symbol"))
    side = params.choice("side", SIDES, _SIDE)
    kind = params.choice("type", TYPES, _TYPE)
    if kind not in PLAIN_TYPES.values():
        raise Failure(
            -4120,
            "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        )
    if params.flag("closePosition"):
        raise Failure(-4136, f"Target strategy invalid for orderType {TYPE_NAMES[kind]},closePosition true")
    match = price_match(params)
    amount, limit = params.maybe_decimal("quantity"), params.maybe_decimal("price")
    force = params.maybe_choice("timeInForce", TIMES_IN_FORCE, _FORCE)
    if kind is OrderType.LIMIT:
        if force is None:
            raise malformed("timeInForce")
        limit = matched_price(exchange, listing, side, match) if match and limit is None else limit
        if limit is None:
            raise malformed("price")
        if match and params.has("price"):
            raise not_required("price")
        check_price(listing, limit)
    elif match:
        raise Failure(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
    elif limit is not None:
        raise not_required("price")
    elif force is not None:
        raise not_required("timeInForce")
    if amount is None:
        raise malformed("quantity")
    check_quantity(listing, amount)
    return OrderRequest(
        symbol=listing.symbol,
        side=side,
        type=kind,
        quantity=amount,
        price=limit,
        time_in_force=force or TimeInForce.GTC,
        client_id=client_id(params, "newClientOrderId") or token_hex(11),
        position_side=params.maybe_choice("positionSide", POSITION_SIDES, _POSITION_SIDE)
        or PositionSide.BOTH,
        reduce_only=reduce_only(params, hedge),
        self_trade=params.maybe_choice("selfTradePreventionMode", SELF_TRADES, _SELF_TRADE)
        or SelfTrade.EXPIRE_MAKER,
        good_till_ms=good_till(params, force, exchange.now_ms),
        price_match=match,
    )


def good_till(params: Params, force: TimeInForce | None, now_ms: int) -> int:
    """Market time at which a GTD order expires, in whole seconds; 0 for any other."""
    if force is not TimeInForce.GTD:
        if params.has("goodTillDate"):
            raise not_required("goodTillDate")
        return 0
    value = params.integer("goodTillDate")
    if not now_ms + LEAST_LIFE_MS < value < LATEST_DATE_MS:
        raise Failure(
            -5040,
            "Invalid goodTillDate: it must be greater than the current time plus 600 seconds and smaller than "
            f"{LATEST_DATE_MS}.",
        )
    return value - value % 1000


def reduce_only(params: Params, hedge: bool) -> bool:
    """`Failure` when it is sent in hedge mode, where the position side says it."""
    if hedge and params.has("reduceOnly"):
        raise not_required("reduceonly")
    return params.flag("reduceOnly")


def price_match(params: Params) -> str:
    """Where in the book the price is to be taken from; nothing when the client names a price."""
    name = params.maybe("priceMatch") or "NONE"
    if name != "NONE" and name not in PRICE_MATCHES:
        raise Failure(-5037, "Invalid price match")
    return "" if name == "NONE" else name


def matched_price(exchange: Exchange, listing: Listing, side: Side, match: str) -> Decimal:
    """The price of that level of the present book; `Failure` -4131 when there is none."""
    opponent, level = PRICE_MATCHES[match]
    _, bids, asks = exchange.tape.book(listing.symbol, level)
    levels = asks if (side is Side.BUY) is opponent else bids
    if len(levels) < level:
        raise Failure(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
    return levels[level - 1][0]


def check_no_price_match(params: Params) -> None:
    if price_match(params):
        raise Failure(-5037, "Invalid price match")


def client_id(params: Params, name: str) -> str:
    """The name that the client gave, or nothing."""
    value = params.maybe(name)
    if value is None:
        return ""
    if len(value) > 36:
        raise Failure(-4015, "Client order id length should not be more than 36 chars")
    if not _CLIENT_ID.fullmatch(value):
        raise Failure(-4015, "Client order id is not valid.")
    return value


def check_price(listing: Listing, value: Decimal) -> None:
    rules = listing.filters
    if value <= 0:
        raise Failure(-4001, "Price less than 0.")
    if _digits(value) > places(rules.tick):
        raise Failure(-1111, "Precision is over the maximum defined for this asset.")
    if value > rules.max_price:
        raise Failure(-4002, "Price greater than max price.")
    if value < rules.min_price:
        raise Failure(-4013, "Price less than min price.")
    if value % rules.tick:
        raise Failure(-4014, "Price not increased by tick size.")


def check_quantity(listing: Listing, value: Decimal) -> None:
    rules = listing.filters
    if value <= 0:
        raise Failure(-4003, "Quantity less than or equal to zero.")
    if _digits(value) > places(rules.step):
        raise Failure(-1111, "Precision is over the maximum defined for this asset.")
    if value > rules.max_quantity:
        raise Failure(-4005, "Quantity greater than max quantity.")
    if value < rules.min_quantity:
        raise Failure(-4004, "Quantity less than min quantity.")
    if value % rules.step:
        raise Failure(-4023, "Qty not increased by step size.")


def _digits(value: Decimal) -> int:
    """Digits after the point that are not zeros at the end."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return 0 if exponent >= 0 else places(value)


def refused_order(exchange: Exchange, request: OrderRequest, refused: Refused) -> Failure | Refused:
    """A refusal of an order with the texts that name numbers; the refusal itself where none does."""
    listing = exchange.listings[request.symbol]
    rules = listing.filters
    if refused.reason is Refusal.NOTIONAL:
        least = trimmed(rules.min_notional)
        return too_little(least)
    if refused.reason is Refusal.PERCENT_PRICE:
        last, buy = exchange.tape.last(listing.symbol), request.side is Side.BUY
        up = rules.bid_multiplier_up if buy else rules.ask_multiplier_up
        down = rules.bid_multiplier_down if buy else rules.ask_multiplier_down
        if request.price is not None and request.price > last:
            return Failure(-4016, f"Limit price can't be higher than {price(listing, last * up)}.")
        return Failure(-4024, f"Limit price can't be lower than {price(listing, last * down)}.")
    if refused.reason is Refusal.MARKET_LOT_SIZE and (request.quantity or 0) < rules.market_min_quantity:
        return Failure(-4004, "Quantity less than min quantity.")
    return refused


def order_row(listing: Listing, order: Order) -> dict[str, Any]:
    """An order as queries show it."""
    return {
        "orderId": order.id,
        "symbol": listing.id,
        "status": order.status.name,
        "clientOrderId": order.client_id,
        "price": price(listing, order.price),
        "avgPrice": average(listing, order),
        "origQty": quantity(listing, order.quantity),
        "executedQty": quantity(listing, order.filled),
        "cumQuote": money(order.quote_filled),
        "timeInForce": order.time_in_force.name,
        "type": TYPE_NAMES[order.type],
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side.name,
        "positionSide": order.position_side.name,
        "stopPrice": price(listing, order.stop_price),
        "workingType": WORKING_NAMES[order.trigger_by],
        "priceProtect": False,
        "origType": TYPE_NAMES[order.original_type],
        "priceMatch": order.price_match or "NONE",
        "selfTradePreventionMode": order.self_trade.name,
        "goodTillDate": order.good_till_ms,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def average(listing: Listing, order: Order) -> str:
    return f"{order.average_price:.{places(listing.filters.tick) + 3}f}" if order.filled else "0.00"


def changed_row(listing: Listing, order: Order) -> dict[str, Any]:
    """An order as the replies show that placed, modified or cancelled it."""
    row = order_row(listing, order)
    del row["time"]
    row["cumQty"] = row["executedQty"]
    return row


def acknowledged_row(listing: Listing, order: Order) -> dict[str, Any]:
    """A new order as if nothing of it had traded yet."""
    zero = quantity(listing, Decimal(0))
    return changed_row(listing, order) | {
        "status": OrderStatus.NEW.name,
        "avgPrice": "0.00",
        "executedQty": zero,
        "cumQty": zero,
        "cumQuote": money(Decimal(0)),
    }
