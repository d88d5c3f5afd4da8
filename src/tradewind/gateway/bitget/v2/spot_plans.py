"""Spot plan orders: they wait for a price and hold nothing until then."""

from __future__ import annotations

from dataclasses import replace

from tradewind.exchange import AlgoOrder, OrderRequest, Refused, TimeInForce, TriggerBy
from tradewind.gateway.bitget.failure import known, missing, wrong
from tradewind.gateway.bitget.formats import FORCES, SIDES, TRIGGERS
from tradewind.gateway.bitget.lookup import open_plan, pair
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.requests import is_limit, waiting_type
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.spot_rows import plan_row
from tradewind.gateway.bitget.words import check_scale, order_worded
from tradewind.market import Kind, Side

routes = Routes("/api/v2/spot/trade")


@routes.post("/place-plan-order", 20)
def place_plan(call: Call) -> object:
    """An order to place when `triggerPrice` is reached. `planType` total: `size` is in quote."""
    m, params = call.listing(Kind.SPOT), call.params
    side, limit = params.choice("side", SIDES), is_limit(params)
    size, trigger = params.decimal("size"), params.decimal("triggerPrice")
    price = params.maybe_positive("executePrice") if limit else None
    if limit and price is None:
        raise known("43011") if params.has("executePrice") else missing("executePrice")
    total = (params.maybe("planType") or "amount").lower()
    if total not in ("amount", "total"):
        raise wrong("planType")
    by_worth = side is Side.BUY and not limit
    by = params.maybe_choice("triggerType", TRIGGERS) or TriggerBy.LAST
    check_scale("triggerPrice", trigger, m.filters.tick)
    check_scale("executePrice", price, m.filters.tick)
    if not by_worth:
        check_scale("size", size, m.filters.step)
    request = OrderRequest(
        symbol=m.symbol,
        side=side,
        type=waiting_type(call, m, side, trigger, by, limit),
        quantity=None if by_worth else size,
        quote_quantity=size if by_worth else None,
        price=price,
        stop_price=trigger,
        time_in_force=(params.maybe_choice("force", FORCES) or TimeInForce.GTC) if limit else TimeInForce.GTC,
        client_id=params.client_id(),
        trigger_by=by,
    )
    try:
        return pair(call.exchange.place_conditional(call.account, request))
    except Refused as refused:
        raise order_worded(refused, m) from None


@routes.post("/modify-plan-order", 20)
def modify_plan(call: Call) -> object:
    """Another trigger, price or size for an open plan order, whose id stays."""
    params = call.params
    plan = open_plan(call, params, Kind.SPOT)
    old, m = plan.request, call.exchange.listings[plan.request.symbol]
    limit = is_limit(params)
    trigger = params.decimal("triggerPrice")
    size = params.maybe_positive("size") or old.quote_quantity or old.quantity
    price = (params.maybe_positive("executePrice") or old.price) if limit else None
    if limit and price is None:
        raise missing("executePrice")
    check_scale("triggerPrice", trigger, m.filters.tick)
    check_scale("executePrice", price, m.filters.tick)
    by_worth = old.side is Side.BUY and not limit
    request = replace(
        old,
        type=waiting_type(call, m, old.side, trigger, old.trigger_by, limit),
        quantity=None if by_worth else size,
        quote_quantity=size if by_worth else None,
        price=price,
        stop_price=trigger,
        time_in_force=old.time_in_force if limit else TimeInForce.GTC,
    )
    try:
        return pair(call.exchange.amend_conditional(call.account, plan.id, request))
    except Refused as refused:
        raise order_worded(refused, m) from None


@routes.post("/cancel-plan-order", 20)
def cancel_plan(call: Call) -> object:
    """Cancel one by `orderId` or `clientOid`."""
    plan = open_plan(call, call.params, Kind.SPOT)
    call.exchange.cancel_conditional(call.account, plan.id)
    return {"result": "success"}


@routes.post("/batch-cancel-plan-order", 5)
def batch_cancel_plans(call: Call) -> object:
    """All plan orders of the markets in `symbolList`, or of all spot markets."""
    wanted = call.params.texts("symbolList")
    markets = {call.exchange.listings.find(Kind.SPOT, name).symbol for name in wanted}
    found = [p for p in _open(call) if not wanted or p.request.symbol in markets]
    if not found:
        raise known("43004")
    return {
        "successList": [pair(call.exchange.cancel_conditional(call.account, p.id)) for p in found],
        "failureList": [],
    }


@routes.get("/current-plan-order", 20, Security.READ)
def current_plans(call: Call) -> object:
    """Plan orders that wait, newest first."""
    return _listed(call, _open(call))


@routes.get("/history-plan-order", 20, Security.READ)
def history_plans(call: Call) -> object:
    """Plan orders that were triggered or cancelled, newest first."""
    found = call.exchange.records.algos(call.account, limit=1_000_000_000)
    listings, open_ones = call.exchange.listings, {p.id for p in _open(call)}
    return _listed(call, [p for p in found if listings[p.request.symbol].is_spot and p.id not in open_ones])


@routes.get("/plan-sub-order", 20, Security.READ)
def plan_sub_orders(call: Call) -> object:
    """The order that a plan order placed."""
    plan_id = call.params.integer("planOrderId")
    plan = call.exchange.records.find_algo(call.account, plan_id)
    if not plan.order_id:
        return []
    order = call.exchange.records.by_id(call.account, plan.order_id)
    kind = "market" if not order.price else "limit"
    return [{"orderId": str(order.id), "price": f"{order.price:f}", "type": kind, "status": "success"}]


def _open(call: Call) -> list[AlgoOrder]:
    listings = call.exchange.listings
    found = call.exchange.open_conditional(call.account)
    return [p for p in found if listings[p.request.symbol].is_spot]


def _listed(call: Call, plans: list[AlgoOrder]) -> object:
    m, (start, end) = call.maybe_listing(Kind.SPOT), call.params.times()
    kept = [
        p
        for p in plans
        if (m is None or p.request.symbol == m.symbol)
        and (start is None or p.created_ms >= start)
        and (end is None or p.created_ms <= end)
    ]
    rows = page(kept, call.params, default=20)
    return {
        "nextFlag": len(kept) > len(rows),
        "idLessThan": end_id(rows),
        "orderList": [plan_row(p, call.exchange) for p in rows],
    }
