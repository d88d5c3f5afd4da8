"""New orders of Binance Spot."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from secrets import token_hex
from typing import Any

from tradewind.exchange import Listing, OrderRequest, OrderType, SelfTrade, TimeInForce
from tradewind.gateway.binance.failure import (
    Failure,
    invalid,
    malformed,
    not_required,
    not_together,
    one_of,
    too_precise,
)
from tradewind.gateway.binance.params import CLIENT_ID, Params
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.commission import order_commission
from tradewind.gateway.binance.spot.markets import listing_of
from tradewind.gateway.binance.spot.shown import placed
from tradewind.gateway.binance.spot.words import SELF_TRADES, SIDES, TIMES_IN_FORCE, TYPES
from tradewind.market import Side

ORDER = (
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType stopPrice "
    "trailingDelta icebergQty newOrderRespType selfTradePreventionMode pegPriceType pegOffsetValue pegOffsetType"
)
PLACES = 8  # of every amount
STYLES = ("ACK", "RESULT", "FULL")
_STRATEGIES_FROM = 1_000_000
_SIDE = Failure(-1117, "Invalid side.")
TYPE = Failure(-1116, "Invalid orderType.")
_FORCE = Failure(-1115, "Invalid timeInForce.")
_SELF_TRADE = invalid("selfTradePreventionMode")
_PEGS = ("pegPriceType", "pegOffsetValue", "pegOffsetType")


@dataclass(frozen=True, slots=True)
class Names:
    """What the parameters of one order are called in its request, which may hold several."""

    price: str = "price"
    stop: str = "stopPrice"
    force: str = "timeInForce"
    trailing: str = "trailingDelta"
    iceberg: str = "icebergQty"
    client: str = "newClientOrderId"
    strategy: str = "strategyId"
    strategy_type: str = "strategyType"
    pegs: tuple[str, ...] = _PEGS
    of_list: bool = False


ALONE = Names()

routes = Routes("/api/v3")


@routes.on("POST", "/order", security=Security.TRADE, orders=1, takes=ORDER)
def new_order(call: Call) -> Any:
    """Place an order; `newOrderRespType` chooses how much the reply tells."""
    request, told = order_request(call), style(call.params)
    return place(call, request, told)


def place(call: Call, request: OrderRequest, told: str | None) -> dict[str, Any]:
    """The reply to an accepted order."""
    check_may_trade(call)
    order = call.exchange.place(call.account, request)
    return placed(order, told) | strategy(call.params)


def check_may_trade(call: Call) -> None:
    if not call.exchange.account(call.account).can_trade:
        raise Failure(-2010, "This action is disabled on this account.")


def _test_weight(params: Params) -> int:
    return 20 if params.values().get("computeCommissionRates", "").lower() == "true" else 1


@routes.on(
    "POST",
    "/order/test",
    weight=_test_weight,
    security=Security.TRADE,
    takes=f"{ORDER} computeCommissionRates",
)
def test_order(call: Call) -> Any:
    """Whether an order would be accepted; `computeCommissionRates` answers with what it would pay."""
    request = order_request(call)
    style(call.params)
    compute = call.params.flag("computeCommissionRates")
    check_may_trade(call)
    call.exchange.check(call.account, request)
    return order_commission(call, request.symbol) if compute else {}


def style(params: Params) -> str | None:
    found = params.maybe("newOrderRespType")
    if found not in (None, *STYLES):
        raise invalid("newOrderRespType")
    return found


def strategy(params: Params, names: Names = ALONE) -> dict[str, int]:
    """The caller's own numbers, told back."""
    if not (params.has(names.strategy) or params.has(names.strategy_type)):
        return {}
    kind = params.maybe_integer(names.strategy_type)
    if kind is not None and kind < _STRATEGIES_FROM:
        raise invalid(names.strategy_type)
    number = params.maybe_integer(names.strategy)
    found = {"strategyId": number, "strategyType": kind}
    return {name: value for name, value in found.items() if value is not None}


def order_request(call: Call) -> OrderRequest:
    """The request as the exchange takes it; `Failure` when parameters are missing or do not go together."""
    params = call.params
    listing = listing_of(call)
    side = side_of(params)
    kind = params.choice("type", TYPES, TYPE)
    quantity, quote = amount(params, "quantity"), amount(params, "quoteOrderQty")
    request = one_order(params, listing, side, kind, (quantity, quote), ALONE)
    if quote is not None and (kind is not OrderType.MARKET or quantity is not None):
        raise not_together()
    if quantity is None and quote is None:
        raise malformed("quantity")
    return request


def one_order(
    params: Params,
    listing: Listing,
    side: Side,
    kind: OrderType,
    amounts: tuple[Decimal | None, Decimal | None],
    names: Names,
) -> OrderRequest:
    """One order of a request, for these amounts of base and quote."""
    price, stop = amount(params, names.price), amount(params, names.stop)
    force = params.maybe_choice(names.force, TIMES_IN_FORCE, _FORCE)
    trailing = params.maybe_integer(names.trailing)
    iceberg = amount(params, names.iceberg)
    if not params.values().keys().isdisjoint(names.pegs):
        raise Failure(-2010, "Pegged orders are not supported for this symbol.")
    strategy(params, names)
    _check_fit(names, kind, price, stop, trailing, force)
    if iceberg is not None:
        _check_iceberg(names, kind, force, amounts[0], iceberg)
    return OrderRequest(
        symbol=listing.symbol,
        side=side,
        type=kind,
        quantity=amounts[0],
        quote_quantity=amounts[1],
        price=price,
        stop_price=stop,
        time_in_force=force or TimeInForce.GTC,
        client_id=params.maybe_matching(names.client, CLIENT_ID) or token_hex(11),
        self_trade=params.maybe_choice("selfTradePreventionMode", SELF_TRADES, _SELF_TRADE)
        or SelfTrade.EXPIRE_MAKER,
        trailing_delta=trailing,
        iceberg_quantity=iceberg,
    )


def side_of(params: Params) -> Side:
    return params.choice("side", SIDES, _SIDE)


def amount(params: Params, name: str) -> Decimal | None:
    """A quantity or price: positive, with at most eight places."""
    value = params.maybe_decimal(name)
    if value is None:
        return None
    if -int(value.as_tuple().exponent) > PLACES:
        raise too_precise(name)
    if not value:
        raise Failure(-1013, f"Invalid {'price' if 'rice' in name else 'quantity'}.")
    return value


def _check_fit(
    names: Names,
    kind: OrderType,
    price: Decimal | None,
    stop: Decimal | None,
    trailing: int | None,
    force: TimeInForce | None,
) -> None:
    if kind.has_price and price is None:
        raise malformed(names.price)
    if not kind.has_price and price is not None:
        raise not_required(names.price)
    if kind.is_conditional:
        if stop is None and trailing is None:
            raise one_of(names.stop, names.trailing)
    elif stop is not None or trailing is not None:
        raise not_required(names.trailing if stop is None else names.stop)
    timed = kind.has_price and kind is not OrderType.LIMIT_MAKER
    if timed and force is None:
        raise malformed(names.force)
    if not timed and force is not None:
        raise not_required(names.force)


def _check_iceberg(
    names: Names, kind: OrderType, force: TimeInForce | None, quantity: Decimal | None, shown: Decimal
) -> None:
    if not kind.has_price:
        raise not_required(names.iceberg)
    if force not in (None, TimeInForce.GTC):
        if names.of_list:
            raise Failure(
                -1160, f"Parameter '{names.iceberg}' is not supported if '{names.force}' is not GTC."
            )
        raise Failure(-1014, "Unsupported order combination.")
    if quantity is not None and shown > quantity:
        raise Failure(-2010, "IcebergQty exceeds QTY.")
