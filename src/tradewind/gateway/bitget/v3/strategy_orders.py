"""Placing, changing, cancelling and listing strategy orders: exits of positions, and orders that wait for a price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tradewind.exchange import (
    AlgoOrder,
    Exit,
    Listing,
    OrderRequest,
    PositionSide,
    Refused,
    TriggerBy,
)
from tradewind.gateway.bitget.failure import missing, wrong
from tradewind.gateway.bitget.formats import SIDES
from tradewind.gateway.bitget.lookup import named
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.requests import (
    NOT_ENOUGH,
    check_trigger,
    closing_type,
    reduces,
    waiting_type,
)
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v3.category import asked_kind, contract, maybe_listing
from tradewind.gateway.bitget.v3.orders import (
    EXIT_TYPES,
    POSITION_SIDES,
    TRIGGERS,
    client_id,
    direction,
    exits,
)
from tradewind.gateway.bitget.v3.strategies import (
    TPSL,
    TRIGGER,
    Strategy,
    strategies,
    strategies_of,
    strategy_row,
)
from tradewind.gateway.bitget.v3.words import NO_ORDER, order_worded
from tradewind.gateway.bitget.words import check_scale
from tradewind.market import Side

routes = Routes("/api/v3/trade")
_TYPES = {TPSL: TPSL, TRIGGER: TRIGGER}
_MODES = {"full": True, "partial": False}


def _pair(found: Strategy) -> dict[str, str]:
    return {"orderId": str(found.id), "clientOid": found.first.client_id}


@routes.post("/place-strategy-order", 10, Security.FUTURES)
def place_strategy(call: Call) -> object:
    """`type` tpsl (unless trigger is given): a take profit, a stop loss or both for a position, for all of it unless
    `tpslMode` is partial. `type` trigger: an order to place at `triggerPrice`."""
    m, kind = contract(call), call.params.maybe_choice("type", _TYPES) or TPSL
    found = _tpsl(call, m) if kind == TPSL else _trigger(call, m)
    return _pair(found)


def _tpsl(call: Call, m: Listing) -> Strategy:
    params, exchange = call.params, call.exchange
    profit, loss = exits(params, m)
    if profit is None and loss is None:
        raise missing("stopLoss")
    whole = params.maybe_choice("tpslMode", _MODES)
    whole = True if whole is None else whole
    quantity = None if whole else params.decimal("qty")
    check_scale("qty", quantity, m.filters.step)
    position = _held(call, m)
    long = exchange.positions.state(call.account, m.symbol, position).quantity > 0
    base = OrderRequest(
        symbol=m.symbol,
        side=Side.SELL if long else Side.BUY,
        type=closing_type(True, False, False),
        quantity=quantity,
        client_id=client_id(params),
        position_side=position,
        reduce_only=position is PositionSide.BOTH,
        close_position=whole,
    )
    wanted = [(found, is_profit) for found, is_profit in ((profit, True), (loss, False)) if found]
    for found, is_profit in wanted:
        _check(call, m, found, long, is_profit)
    first, *more = (_with_exit(base, found, is_profit) for found, is_profit in wanted)
    legs = [first, *(replace(leg, client_id="") for leg in more)]  # two open orders may not share a name
    try:
        return Strategy(exchange.place_together(call.account, legs))
    except Refused as refused:
        raise order_worded(refused, m) from None


def _held(call: Call, m: Listing) -> PositionSide:
    """The position that is meant, by `posSide`, or by the `side` that closes it; 43023 when there is none."""
    params, positions = call.params, call.exchange.positions
    asked = params.maybe_choice("posSide", POSITION_SIDES)
    side = params.maybe_choice("side", SIDES)
    if asked is None and side is not None:
        asked = PositionSide.LONG if side is Side.SELL else PositionSide.SHORT
    hedge = call.exchange.account(call.account).hedge
    if hedge and asked is None:
        raise missing("posSide")
    position = asked if hedge and asked else PositionSide.BOTH
    quantity = positions.state(call.account, m.symbol, position).quantity
    if not quantity or (asked is not None and (asked is PositionSide.LONG) is not (quantity > 0)):
        raise NOT_ENOUGH.anew()
    return position


def _check(call: Call, m: Listing, found: Exit, long: bool, profit: bool) -> None:
    tape = call.exchange.tape
    reference = tape.mark(m.symbol) if found.trigger_by is TriggerBy.MARK else tape.last(m.symbol)
    check_trigger(found.price, long, reference, profit=profit)


def _with_exit(request: OrderRequest, found: Exit, profit: bool) -> OrderRequest:
    return replace(
        request,
        type=closing_type(profit, found.limit is not None, False),
        price=found.limit,
        stop_price=found.price,
        trigger_by=found.trigger_by,
    )


def _trigger(call: Call, m: Listing) -> Strategy:
    params = call.params
    hedge = call.exchange.account(call.account).hedge
    side, position = direction(params, hedge)
    quantity, trigger = params.decimal("qty"), params.decimal("triggerPrice")
    limit = params.maybe_choice("triggerOrderType", EXIT_TYPES) or False
    price = params.maybe_positive("triggerOrderPrice") if limit else None
    if limit and price is None:
        raise missing("triggerOrderPrice")
    by = params.maybe_choice("triggerBy", TRIGGERS) or TriggerBy.LAST
    check_scale("qty", quantity, m.filters.step)
    check_scale("triggerPrice", trigger, m.filters.tick)
    check_scale("triggerOrderPrice", price, m.filters.tick)
    request = OrderRequest(
        symbol=m.symbol,
        side=side,
        type=waiting_type(call, m, side, trigger, by, limit),
        quantity=quantity,
        price=price,
        stop_price=trigger,
        client_id=client_id(params),
        position_side=position,
        reduce_only=reduces(params) and not hedge,
        trigger_by=by,
    )
    try:
        return Strategy([call.exchange.place_conditional(call.account, request)])
    except Refused as refused:
        raise order_worded(refused, m) from None


def _open(call: Call) -> list[Strategy]:
    return strategies(call.exchange.open_conditional(call.account), call.exchange)


def _find(call: Call) -> Strategy:
    """An open one by `orderId`, which wins, or `clientOid`; 25204 when there is none."""
    order_id, name = named(call.params)
    for found in _open(call):
        if found.id == order_id if order_id is not None else found.first.client_id == name:
            return found
    raise NO_ORDER.anew()


@routes.post("/modify-strategy-order", 10, Security.FUTURES)
def modify_strategy(call: Call) -> object:
    """Other prices or another size for an open strategy order, whose id stays."""
    params, found = call.params, _find(call)
    m = call.exchange.listings[found.first.request.symbol]
    quantity = params.maybe_positive("qty")
    check_scale("qty", quantity, m.filters.step)
    if found.type == TRIGGER:
        changed = [(found.first, _changed_trigger(call, m, found.first))]
    else:
        changed = list(_changed_exits(call, m, found))
    wanted = [(leg.id, _resized(request, quantity)) for leg, request in changed]
    try:
        call.exchange.amend_together(call.account, wanted)
    except Refused as refused:
        raise order_worded(refused, m) from None
    return _pair(found)


def _resized(request: OrderRequest, quantity: Decimal | None) -> OrderRequest:
    """Of that quantity; what closes a whole position has none."""
    if quantity is None or request.close_position:
        return request
    return replace(request, quantity=quantity)


def _changed_trigger(call: Call, m: Listing, leg: AlgoOrder) -> OrderRequest:
    params, old = call.params, leg.request
    trigger = params.maybe_positive("triggerPrice") or old.stop_price
    limit = params.maybe_choice("triggerOrderType", EXIT_TYPES)
    limit = bool(old.price) if limit is None else limit
    price = (params.maybe_positive("triggerOrderPrice") or old.price) if limit else None
    if limit and price is None:
        raise missing("triggerOrderPrice")
    by = params.maybe_choice("triggerBy", TRIGGERS) or old.trigger_by
    check_scale("triggerPrice", trigger, m.filters.tick)
    check_scale("triggerOrderPrice", price, m.filters.tick)
    assert trigger is not None
    kind = waiting_type(call, m, old.side, trigger, by, price is not None)
    return replace(old, type=kind, stop_price=trigger, price=price, trigger_by=by)


def _changed_exits(call: Call, m: Listing, found: Strategy) -> Iterable[tuple[AlgoOrder, OrderRequest]]:
    """The legs as they shall be: those that the request names, the others with another size at most."""
    changed = []
    for new, profit in zip(exits(call.params, m), (True, False), strict=True):
        leg = found.leg(profit=profit)
        if new is not None and leg is None:
            raise wrong("takeProfit" if profit else "stopLoss")
        if leg is None:
            continue
        request = leg.request
        if new is not None:
            _check(call, m, new, request.side is Side.SELL, profit)
            request = _with_exit(request, new, profit)
        changed.append((leg, request))
    return changed


@routes.post("/cancel-strategy-order", 10, Security.FUTURES)
def cancel_strategy(call: Call) -> object:
    """Cancel by `orderId` or `clientOid`, both of its legs."""
    for leg in _find(call).legs:
        call.exchange.cancel_conditional(call.account, leg.id)
    return None


def _asked(call: Call, found: Iterable[Strategy]) -> list[Strategy]:
    params, kind = call.params, asked_kind(call.params)
    m, wanted = maybe_listing(call), params.maybe_choice("type", _TYPES)
    start, end = params.times()
    return [
        s
        for s in found
        if kind is call.exchange.listings[s.first.request.symbol].kind
        and (m is None or s.first.request.symbol == m.symbol)
        and wanted in (None, s.type)
        and (start is None or s.first.created_ms >= start)
        and (end is None or s.first.created_ms <= end)
    ]


@routes.get("/unfilled-strategy-orders", 20, Security.READ)
def unfilled_strategies(call: Call) -> Any:
    """What waits, newest first, of one `type` or of both."""
    return [strategy_row(s, call.exchange) for s in reversed(_asked(call, _open(call)))]


@routes.get("/history-strategy-orders", 20, Security.READ)
def strategy_history(call: Call) -> Any:
    """What was executed or cancelled, newest first."""
    done = [s for s in strategies_of(call.exchange, call.account) if not s.is_open]
    rows = page(_asked(call, done), call.params, cursor="cursor")
    return {"list": [strategy_row(s, call.exchange) for s in rows], "cursor": end_id(rows)}
