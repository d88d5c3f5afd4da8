"""What a request must satisfy before it becomes an order: sense, filters, limits."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.listing import Filters, Listing, Status
from tradewind.exchange.money import LARGEST, ONE, ZERO, positive
from tradewind.exchange.orders import TAKE_PROFITS, OrderRequest, OrderType, PositionSide, TimeInForce
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.market import Side

_STATUS = {
    Status.HALTED: Refusal.NOT_TRADING,
    Status.CANCEL_ONLY: Refusal.CANCEL_ONLY,
    Status.DELISTED: Refusal.DELISTED,
}


def check_status(listing: Listing) -> None:
    """`Refused` unless the market takes orders."""
    if listing.status is not Status.TRADING:
        raise Refused(_STATUS[listing.status], f"{listing.symbol} is {listing.status}")


def check_request(request: OrderRequest, listing: Listing, reference: Decimal, *, sized: bool = True) -> None:
    """`Refused` with the first reason that a request breaks; `reference` is the price now.

    `sized` is False for orders on the conditional list: they may close a position, whatever its size will
    be, and once triggered at the market they may spend a quote quantity.
    """
    check_status(listing)
    filters = listing.filters
    _check_parameters(request, listing, sized)
    for price in (request.price, request.stop_price, request.activation_price):
        if price is not None:
            check_price(price, filters)
    if request.price is not None and request.type.has_price:
        _check_percent(request, filters, reference)
    if request.take_profit is not None or request.stop_loss is not None:
        _check_exits(request, listing, reference)
    if request.quantity is not None:
        market = not request.type.has_price
        check_quantity(request.quantity, filters, market)
        price = request.price if request.type.has_price else request.stop_price or reference
        check_notional(request.quantity * (price or reference), listing, market, _only_reduces(request))
    elif request.quote_quantity is not None:
        check_notional(request.quote_quantity, listing, True, _only_reduces(request))


def check_good_till(request: OrderRequest, now_ms: int) -> None:
    """`Refused` unless exactly the limit orders that are good till a date have one, and it is to come."""
    dated = request.time_in_force is TimeInForce.GTD
    if dated and request.type is not OrderType.LIMIT:
        raise Refused(Refusal.BAD_REQUEST, "good till a date is for limit orders")
    if dated != bool(request.good_till_ms) or (dated and request.good_till_ms <= now_ms):
        raise Refused(
            Refusal.BAD_REQUEST,
            f"good till {request.good_till_ms}, expected a time after {now_ms} with GTD only",
        )


def check_price(price: Decimal, filters: Filters) -> None:
    if not price.is_finite() or not 0 < price < LARGEST:
        raise Refused(Refusal.PRICE_FILTER, f"price is {price}, expected a positive number")
    if price < filters.min_price or price > filters.max_price or price % filters.tick:
        raise Refused(
            Refusal.PRICE_FILTER,
            f"price is {price}, expected {filters.min_price} to {filters.max_price} in steps of {filters.tick}",
        )


def check_quantity(quantity: Decimal, filters: Filters, market: bool) -> None:
    positive("quantity", quantity)
    if quantity < filters.min_quantity or quantity > filters.max_quantity or quantity % filters.step:
        raise Refused(
            Refusal.LOT_SIZE,
            f"quantity is {quantity}, expected {filters.min_quantity} to {filters.max_quantity} "
            f"in steps of {filters.step}",
        )
    if not market:
        return
    low, high, step = filters.market_min_quantity, filters.market_max_quantity, filters.market_step
    if quantity < low or quantity > high or (step and quantity % step):
        raise Refused(
            Refusal.MARKET_LOT_SIZE, f"quantity is {quantity}, expected {low} to {high} in steps of {step}"
        )


def check_notional(notional: Decimal, listing: Listing, market: bool, reduces: bool) -> None:
    filters = listing.filters
    exempt = reduces or (market and not filters.min_notional_for_market)
    if notional < filters.min_notional and not exempt:
        raise Refused(
            Refusal.NOTIONAL, f"the order is worth {notional}, expected at least {filters.min_notional}"
        )
    if notional > filters.max_notional:
        raise Refused(
            Refusal.NOTIONAL, f"the order is worth {notional}, expected at most {filters.max_notional}"
        )


def _only_reduces(request: OrderRequest) -> bool:
    """Positions may be closed however little they are worth."""
    closing = PositionSide.LONG if request.side is Side.SELL else PositionSide.SHORT
    return request.reduce_only or request.close_position or request.position_side is closing


def _check_percent(request: OrderRequest, filters: Filters, reference: Decimal) -> None:
    assert request.price is not None
    if request.side is Side.BUY:
        down, up = filters.bid_multiplier_down, filters.bid_multiplier_up
    else:
        down, up = filters.ask_multiplier_down, filters.ask_multiplier_up
    if (up and request.price > reference * up) or (down and request.price < reference * down):
        raise Refused(
            Refusal.PERCENT_PRICE,
            f"price is {request.price}, expected {reference * down} to {reference * up}",
        )


def _check_parameters(request: OrderRequest, listing: Listing, sized: bool) -> None:
    _check_size(request, sized)
    kind = request.type
    if kind.has_price and request.price is None:
        raise Refused(Refusal.BAD_REQUEST, f"a {kind} order needs a price")
    if not kind.has_price and request.price is not None:
        raise Refused(Refusal.BAD_REQUEST, f"a {kind} order takes no price")
    if kind is OrderType.TRAILING_STOP:
        rate = request.callback_rate
        if rate is None or not rate.is_finite() or not Decimal("0.001") <= rate <= Decimal("0.1"):
            raise Refused(Refusal.TRAILING_RATE, f"callback rate is {rate}, expected 0.001 to 0.1")
    elif kind.is_conditional and request.stop_price is None and request.trailing_delta is None:
        raise Refused(Refusal.BAD_REQUEST, f"a {kind} order needs a stop price")
    elif not kind.is_conditional and request.stop_price is not None:
        raise Refused(Refusal.BAD_REQUEST, f"a {kind} order takes no stop price")
    if request.time_in_force is not TimeInForce.GTC and not kind.has_price:
        raise Refused(Refusal.BAD_REQUEST, f"a {kind} order takes no time in force")
    if request.time_in_force is TimeInForce.GTX and kind is not OrderType.LIMIT:
        raise Refused(Refusal.BAD_REQUEST, "good till crossing is for limit orders")
    _check_trailing(request, listing)
    _check_iceberg(request, listing)
    futures_only = (
        request.reduce_only or request.close_position or request.position_side is not PositionSide.BOTH
    )
    if listing.is_spot and futures_only:
        raise Refused(Refusal.BAD_REQUEST, "spot orders have no position")


def _check_trailing(request: OrderRequest, listing: Listing) -> None:
    delta, filters = request.trailing_delta, listing.filters
    if delta is None:
        return
    if not listing.is_spot or not request.type.is_conditional or request.type is OrderType.TRAILING_STOP:
        raise Refused(
            Refusal.BAD_REQUEST, "a trailing delta belongs to stops and take profits of spot markets"
        )
    if not filters.min_trailing_delta <= delta <= filters.max_trailing_delta:
        raise Refused(
            Refusal.TRAILING_RATE,
            f"trailing delta is {delta}, expected {filters.min_trailing_delta} to {filters.max_trailing_delta}",
        )


def _check_iceberg(request: OrderRequest, listing: Listing) -> None:
    shown, step = request.iceberg_quantity, listing.filters.step
    if shown is None:
        return
    positive("iceberg quantity", shown)
    if request.quantity is None or not request.type.has_price or request.time_in_force is not TimeInForce.GTC:
        raise Refused(Refusal.BAD_REQUEST, "only limit orders that may rest take an iceberg quantity")
    if not listing.is_spot:
        raise Refused(Refusal.BAD_REQUEST, "iceberg orders are for spot markets")
    if shown % step or shown > request.quantity:
        raise Refused(
            Refusal.LOT_SIZE,
            f"iceberg quantity is {shown}, expected at most the quantity, in steps of {step}",
        )
    if request.quantity > shown * listing.filters.max_iceberg_parts:
        raise Refused(
            Refusal.ICEBERG_PARTS, f"the iceberg has more than {listing.filters.max_iceberg_parts} parts"
        )


def _check_exits(request: OrderRequest, listing: Listing, reference: Decimal) -> None:
    """A take profit lies beyond the price of its order, a stop loss on the other side of it."""
    buy = request.side is Side.BUY
    if (request.take_profit or request.stop_loss) and (
        _only_reduces(request) or (listing.is_spot and not buy)
    ):
        raise Refused(Refusal.BAD_REQUEST, "an order that only reduces brings no take profit or stop loss")
    entry = request.price or request.stop_price or reference
    for found, above in ((request.take_profit, buy), (request.stop_loss, not buy)):
        if found is None:
            continue
        check_price(found.price, listing.filters)
        if found.limit is not None:
            check_price(found.limit, listing.filters)
        if found.price == entry or (found.price > entry) is not above:
            where = "above" if above else "below"
            raise Refused(
                Refusal.WOULD_TRIGGER, f"the trigger is {found.price}, expected a price {where} {entry}"
            )


def _check_size(request: OrderRequest, sized: bool) -> None:
    if request.close_position and not sized:
        if request.quantity is not None or request.quote_quantity is not None:
            raise Refused(Refusal.BAD_REQUEST, "an order that closes a position takes no quantity")
        return
    if (request.quantity is None) == (request.quote_quantity is None):
        raise Refused(Refusal.BAD_REQUEST, "an order needs either a quantity or a quote quantity")
    if request.quote_quantity is not None:
        positive("quote quantity", request.quote_quantity)
        waits = not sized and request.type.is_conditional and not request.type.has_price
        if request.type is not OrderType.MARKET and not waits:
            raise Refused(Refusal.BAD_REQUEST, "only market orders take a quote quantity")


def is_triggered(kind: OrderType, side: Side, stop: Decimal, price: Decimal) -> bool:
    """Stops trigger as the price runs against the position, take profits as it runs for it."""
    rising = (side is Side.BUY) != (kind in TAKE_PROFITS)
    return price >= stop if rising else price <= stop


def check_not_triggered(request: OrderRequest, price: Decimal) -> None:
    """`Refused` when a stop would trigger as soon as it is placed."""
    if request.stop_price is not None and is_triggered(request.type, request.side, request.stop_price, price):
        raise Refused(
            Refusal.WOULD_TRIGGER, f"the price is {price}: the stop at {request.stop_price} is past"
        )


def reverses(sells: bool, price: Decimal, extreme: Decimal, rate: Decimal) -> bool:
    """Whether a price has come back from its extreme by that fraction, which makes a trailing stop due."""
    return price <= extreme * (ONE - rate) if sells else price >= extreme * (ONE + rate)


def check_hedge(request: OrderRequest, hedge: bool) -> None:
    """Position sides belong to hedge mode, BOTH and reduce-only to one-way mode."""
    if hedge == (request.position_side is PositionSide.BOTH):
        mode = "hedge" if hedge else "one-way"
        raise Refused(
            Refusal.POSITION_SIDE, f"position side {request.position_side} does not go with {mode} mode"
        )
    if hedge and request.reduce_only:
        raise Refused(Refusal.BAD_REQUEST, "hedge mode knows no reduce-only: the position side says it")


def none_to_zero(value: Decimal | None) -> Decimal:
    return ZERO if value is None else value
