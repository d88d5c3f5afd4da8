"""Contract orders that wait for a price: plans, trailing orders, stop losses and take profits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tradewind.exchange import (
    AlgoOrder,
    Listing,
    OrderRequest,
    OrderType,
    PositionSide,
    Refusal,
    Refused,
    TimeInForce,
    TriggerBy,
)
from tradewind.gateway.bitget.failure import Failure, known, missing, wrong
from tradewind.gateway.bitget.formats import FORCES, TRIGGERS
from tradewind.gateway.bitget.lookup import open_plan, pair
from tradewind.gateway.bitget.requests import (
    NOT_ENOUGH,
    check_exits,
    check_trigger,
    choose_margin_mode,
    closing_type,
    is_limit,
    margin_mode,
    reduces,
    waiting_type,
)
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_requests import check_coin, direction, exits
from tradewind.gateway.bitget.v2.products import perpetual
from tradewind.gateway.bitget.words import check_scale, order_worded
from tradewind.market import Kind, Side

routes = Routes("/api/v2/mix/order")
STOPS = ("stopSurplus", "stopLoss")
NEW_STOPS = ("newStopSurplus", "newStopLoss")
# planType: whether it is a take profit, whether it is for the whole position
CLOSING = {
    "profit_plan": (True, False),
    "loss_plan": (False, False),
    "pos_profit": (True, True),
    "pos_loss": (False, True),
}
HOLD_SIDES = {
    "long": PositionSide.LONG,
    "buy": PositionSide.LONG,
    "short": PositionSide.SHORT,
    "sell": PositionSide.SHORT,
}


def callback_rate(value: Decimal) -> Decimal:
    """From per cent."""
    if not Decimal("0.1") <= value <= 10:
        raise Failure("40020", "Parameter callbackRatio error")
    return value / 100


def submit(call: Call, m: Listing, request: OrderRequest, kind: str) -> AlgoOrder:
    try:
        plan = call.exchange.place_conditional(call.account, request)
    except Refused as refused:
        raise _worded(refused, m) from None
    call.desk.note(plan, kind)
    return plan


def _worded(refused: Refused, m: Listing) -> Failure:
    return NOT_ENOUGH.anew() if refused.reason is Refusal.NO_POSITION else order_worded(refused, m)


@routes.post("/place-plan-order", 10, Security.FUTURES)
def place_plan(call: Call) -> object:
    """`planType` normal_plan places an order at `triggerPrice`, track_plan follows the price from there."""
    params, m = call.params, perpetual(call)
    kind = params.text("planType").lower()
    if kind not in ("normal_plan", "track_plan"):
        raise wrong("planType")
    check_coin(params, m)
    hedge = call.exchange.account(call.account).hedge
    side, position = direction(params, hedge)
    size, trigger = params.decimal("size"), params.decimal("triggerPrice")
    by = params.maybe_choice("triggerType", TRIGGERS) or TriggerBy.LAST
    check_scale("size", size, m.filters.step)
    check_scale("triggerPrice", trigger, m.filters.tick)
    request = OrderRequest(
        symbol=m.symbol,
        side=side,
        type=OrderType.TRAILING_STOP,
        quantity=size,
        client_id=params.client_id(),
        position_side=position,
        reduce_only=reduces(params) and not hedge,
        trigger_by=by,
    )
    if kind == "track_plan":
        rate = callback_rate(params.decimal("callbackRatio"))
        request = replace(request, activation_price=trigger, callback_rate=rate)
    else:
        request = _normal(call, m, request, trigger)
        found = exits(params, m, STOPS)
        check_exits(found, side is Side.BUY, request.price or trigger)
        request = replace(request, take_profit=found[0], stop_loss=found[1])
    isolated = choose_margin_mode(params, m.symbol in call.exchange.account(call.account).isolated)
    with margin_mode(call.exchange, call.account, m, isolated):
        return pair(submit(call, m, request, kind))


def _normal(call: Call, m: Listing, request: OrderRequest, trigger: Decimal) -> OrderRequest:
    params, limit = call.params, is_limit(call.params)
    price = (params.maybe_positive("executePrice") or params.maybe_positive("price")) if limit else None
    if limit and price is None:
        raise known("43011") if params.has("executePrice") else missing("executePrice")
    check_scale("executePrice", price, m.filters.tick)
    force = params.maybe_choice("force", FORCES) or TimeInForce.GTC
    return replace(
        request,
        type=waiting_type(call, m, request.side, trigger, request.trigger_by, limit),
        price=price,
        stop_price=trigger,
        time_in_force=force if limit else TimeInForce.GTC,
    )


@routes.post("/place-tpsl-order", 10, Security.FUTURES)
def place_tpsl(call: Call) -> object:
    """A stop loss or take profit of a position: of `size` (profit_plan, loss_plan, moving_plan) or of all
    of it (pos_profit, pos_loss)."""
    params, m = call.params, perpetual(call)
    kind = params.text("planType").lower()
    size, trigger = params.maybe_positive("size"), params.decimal("triggerPrice")
    if kind == "moving_plan":
        request = _closing(call, m, size, trigger, None, "", trails=True)
    elif kind in CLOSING:
        profit, whole = CLOSING[kind]
        price = params.maybe_positive("executePrice")
        request = _closing(call, m, None if whole else size, trigger, price, "", profit=profit, whole=whole)
    else:
        raise wrong("planType")
    return pair(submit(call, m, request, kind))


@routes.post("/place-pos-tpsl", 10, Security.FUTURES)
def place_position_tpsl(call: Call) -> object:
    """A take profit and a stop loss for all of a position, one of them or both: both or none are placed."""
    params, m = call.params, perpetual(call)
    found = exits(params, m, STOPS)
    requests = [
        _closing(call, m, None, stop.price, stop.limit, name, profit=profit, whole=True)
        for stop, profit, name in zip(found, (True, False), STOPS, strict=True)
        if stop is not None
    ]
    if not requests:
        raise missing("stopLossTriggerPrice")
    names = [request.client_id for request in requests if request.client_id]
    if len(set(names)) < len(names):
        raise known("40786")
    try:
        return [pair(plan) for plan in call.exchange.place_together(call.account, requests)]
    except Refused as refused:
        raise _worded(refused, m) from None


def _closing(
    call: Call,
    m: Listing,
    size: Decimal | None,
    trigger: Decimal,
    price: Decimal | None,
    name: str,
    *,
    profit: bool = False,
    whole: bool = False,
    trails: bool = False,
) -> OrderRequest:
    """What closes the position of `holdSide`. `name`: how the stop's own parameters begin."""
    params, exchange = call.params, call.exchange
    check_coin(params, m)
    long = params.choice("holdSide", HOLD_SIDES) is PositionSide.LONG
    by_name, id_name = (f"{name}TriggerType", f"{name}ClientOid") if name else ("triggerType", "clientOid")
    by = params.maybe_choice(by_name, TRIGGERS) or TriggerBy.LAST
    check_scale("triggerPrice", trigger, m.filters.tick)
    check_scale("executePrice", price, m.filters.tick)
    check_scale("size", size, m.filters.step)
    if not whole and size is None:
        raise missing("size")
    hedge = exchange.account(call.account).hedge
    position = (PositionSide.LONG if long else PositionSide.SHORT) if hedge else PositionSide.BOTH
    held = exchange.positions.state(call.account, m.symbol, position).quantity
    if not held or (held > 0) is not long:
        raise NOT_ENOUGH.anew()
    if not trails:
        tape = exchange.tape
        reference = tape.mark(m.symbol) if by is TriggerBy.MARK else tape.last(m.symbol)
        check_trigger(trigger, long, reference, profit=profit)
    return OrderRequest(
        symbol=m.symbol,
        side=Side.SELL if long else Side.BUY,
        type=closing_type(profit, price is not None, trails),
        quantity=size,
        price=price,
        stop_price=None if trails else trigger,
        activation_price=trigger if trails else None,
        callback_rate=callback_rate(params.decimal("rangeRate")) if trails else None,
        client_id=params.client_id(id_name),
        position_side=position,
        reduce_only=not hedge,
        close_position=whole,
        trigger_by=by,
    )


def _amend(call: Call, plan: AlgoOrder, request: OrderRequest) -> dict[str, str]:
    m = call.exchange.listings[request.symbol]
    try:
        return pair(call.exchange.amend_conditional(call.account, plan.id, request))
    except Refused as refused:
        raise order_worded(refused, m) from None


@routes.post("/modify-tpsl-order", 10, Security.FUTURES)
def modify_tpsl(call: Call) -> object:
    """Another trigger, price or size for a stop loss or take profit, whose id stays."""
    params = call.params
    plan = open_plan(call, params, Kind.PERPETUAL)
    kind = call.desk.kind(plan)
    if kind not in CLOSING:
        raise known("43025")
    profit, whole = CLOSING[kind]
    old, m = plan.request, call.exchange.listings[plan.request.symbol]
    trigger, price = params.decimal("triggerPrice"), params.maybe_positive("executePrice")
    size = params.maybe_positive("size") or old.quantity
    check_scale("triggerPrice", trigger, m.filters.tick)
    check_scale("executePrice", price, m.filters.tick)
    check_scale("size", None if whole else size, m.filters.step)
    tape = call.exchange.tape
    reference = tape.mark(m.symbol) if old.trigger_by is TriggerBy.MARK else tape.last(m.symbol)
    check_trigger(trigger, old.side is Side.SELL, reference, profit=profit)
    return _amend(
        call,
        plan,
        replace(
            old,
            type=closing_type(profit, price is not None, trails=False),
            quantity=None if whole else size,
            price=price,
            stop_price=trigger,
        ),
    )


@routes.post("/modify-plan-order", 10, Security.FUTURES)
def modify_plan(call: Call) -> object:
    """Another trigger, price, size, callback or stops for a plan or trailing order, whose id stays."""
    params = call.params
    plan = open_plan(call, params, Kind.PERPETUAL)
    kind, old = call.desk.kind(plan), plan.request
    m = call.exchange.listings[old.symbol]
    trigger, price = params.maybe_positive("newTriggerPrice"), params.maybe_positive("newPrice")
    size = params.maybe_positive("newSize") or old.quantity
    check_scale("newTriggerPrice", trigger, m.filters.tick)
    check_scale("newPrice", price, m.filters.tick)
    check_scale("newSize", size, m.filters.step)
    if kind == "track_plan":
        rate = params.maybe_positive("newCallbackRatio")
        request = replace(
            old,
            quantity=size,
            activation_price=trigger or old.activation_price,
            callback_rate=callback_rate(rate) if rate else old.callback_rate,
        )
        return _amend(call, plan, request)
    if kind != "normal_plan":
        raise known("43025")
    found = exits(params, m, NEW_STOPS)
    found = found[0] or old.take_profit, found[1] or old.stop_loss
    trigger, price = trigger or old.stop_price, (price or old.price) if old.price else None
    assert trigger is not None
    check_exits(found, old.side is Side.BUY, price or trigger)
    waits = waiting_type(call, m, old.side, trigger, old.trigger_by, price is not None)
    request = replace(
        old,
        type=waits,
        quantity=size,
        price=price,
        stop_price=trigger,
        take_profit=found[0],
        stop_loss=found[1],
    )
    return _amend(call, plan, request)
