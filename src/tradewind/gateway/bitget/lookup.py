"""Finding the orders that a request names."""

from __future__ import annotations

from tradewind.exchange import AlgoOrder, Order, Refused
from tradewind.gateway.bitget.failure import Failure, known, missing
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.routes import Call
from tradewind.market import Kind


def named(params: Params) -> tuple[int | None, str]:
    """`orderId` and `clientOid`, of which one must be there."""
    order_id, client_id = params.maybe_integer("orderId"), params.client_id()
    if order_id is None and not client_id:
        raise missing("orderId")
    return order_id, client_id


def find_order(call: Call, params: Params, kind: Kind, symbol: str | None = None) -> Order | None:
    """An order of the account by id or client id, in one market or in any of a kind."""
    order_id, client_id = named(params)
    records, listings = call.exchange.records, call.exchange.listings
    symbols = [symbol] if symbol else [m.symbol for m in listings if m.kind is kind]
    for name in symbols:
        try:
            return records.find(call.account, name, order_id, client_id)
        except Refused:
            continue
    return None


def check_new_name(call: Call, symbol: str, client_id: str, failure: Failure | None = None) -> None:
    """`Failure` (40786, unless another is given) when an order of the market had that name, also when it is done."""
    if not client_id:
        return
    try:
        call.exchange.records.find(call.account, symbol, None, client_id)
    except Refused:
        return
    raise failure.anew() if failure else known("40786")


def open_plan(call: Call, params: Params, kind: Kind) -> AlgoOrder:
    """An open plan order; `Failure` 43025 when there is none."""
    order_id, client_id = named(params)
    for plan in call.exchange.open_conditional(call.account):
        same = plan.id == order_id if order_id is not None else plan.client_id == client_id
        if same and call.exchange.listings[plan.request.symbol].kind is kind:
            return plan
    raise known("43025")


def pair(order: Order | AlgoOrder) -> dict[str, str]:
    """Both names of an order, as replies give them."""
    return {"orderId": str(order.id), "clientOid": order.client_id}


def failed(params: Params, failure: Failure) -> dict[str, str | None]:
    """A member of a batch that was refused."""
    return {
        "orderId": str(params.maybe("orderId") or ""),
        "clientOid": params.maybe("clientOid") or "",
        "errorMsg": failure.msg,
        "errorCode": failure.code,
    }
