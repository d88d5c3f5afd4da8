"""Asking for contract orders that wait, and cancelling them."""

from __future__ import annotations

from tradewind.exchange import AlgoOrder
from tradewind.gateway.bitget.failure import Failure, known, wrong
from tradewind.gateway.bitget.lookup import failed, open_plan, pair
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_rows import plan_row
from tradewind.gateway.bitget.v2.products import is_served, maybe_perpetual
from tradewind.market import Kind

routes = Routes("/api/v2/mix/order")
_PROFIT_LOSS = ("profit_plan", "loss_plan", "moving_plan", "pos_profit", "pos_loss")
# what a `planType` of a question covers
GROUPS: dict[str, tuple[str, ...]] = {
    "normal_plan": ("normal_plan",),
    "track_plan": ("track_plan",),
    "profit_loss": _PROFIT_LOSS,
    **{name: (name,) for name in _PROFIT_LOSS},
}


def group(call: Call, default: str | None) -> tuple[str, ...]:
    """The kinds that are meant; all of them without a `planType` if there is no default."""
    name = call.params.maybe("planType") or default
    if name is None:
        return tuple(GROUPS)
    if name.lower() not in GROUPS:
        raise wrong("planType")
    return GROUPS[name.lower()]


def _plans(call: Call, plans: list[AlgoOrder], kinds: tuple[str, ...]) -> list[AlgoOrder]:
    m, listings = maybe_perpetual(call), call.exchange.listings
    return [
        p
        for p in plans
        if not listings[p.request.symbol].is_spot
        and (m is None or p.request.symbol == m.symbol)
        and call.desk.kind(p) in kinds
    ]


@routes.post("/cancel-plan-order", 10, Security.FUTURES)
def cancel_plans(call: Call) -> object:
    """The plans of `orderIdList`, else all of the market, kept to `planType` if there is one."""
    done, refused = [], []
    if call.params.has("orderIdList"):
        for row in call.params.rows("orderIdList", 50):
            try:
                plan = open_plan(call, row, Kind.PERPETUAL)
            except Failure as failure:
                refused.append(failed(row, failure))
                continue
            done.append(pair(call.exchange.cancel_conditional(call.account, plan.id)))
        if not done:
            raise known("43025")
    else:
        for plan in _plans(call, call.exchange.open_conditional(call.account), group(call, None)):
            done.append(pair(call.exchange.cancel_conditional(call.account, plan.id)))
        if not done:
            raise known("43004")
    return {"successList": done, "failureList": refused}


@routes.get("/orders-plan-pending", 10, Security.READ)
def pending_plans(call: Call) -> object:
    """What waits, newest first: `planType` normal_plan, track_plan or profit_loss."""
    return _listed(call, call.exchange.open_conditional(call.account))


@routes.get("/orders-plan-history", 10, Security.READ)
def plan_history(call: Call) -> object:
    """What was triggered or cancelled, newest first."""
    open_ids = {p.id for p in call.exchange.open_conditional(call.account)}
    found = call.exchange.records.algos(call.account, limit=1_000_000_000)
    return _listed(call, [p for p in found if p.id not in open_ids])


def _listed(call: Call, plans: list[AlgoOrder]) -> object:
    kinds = group(call, "normal_plan")
    if not is_served(call):
        return {"entrustedList": [], "endId": None}
    params, (start, end) = call.params, call.params.times()
    order_id, client_id = params.maybe_integer("orderId"), params.client_id()
    kept = (
        p
        for p in _plans(call, plans, kinds)
        if order_id in (None, p.id)
        and client_id in ("", p.client_id)
        and (start is None or p.created_ms >= start)
        and (end is None or p.created_ms <= end)
    )
    rows = page(kept, params)
    return {
        "entrustedList": [plan_row(p, call.exchange, call.desk) for p in rows],
        "endId": end_id(rows),
    }
