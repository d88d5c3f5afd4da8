"""Strategy orders as they are kept: a take profit and a stop loss of one id are two orders that end each other."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tradewind.exchange import AlgoOrder, AlgoStatus, Exchange, Exit
from tradewind.exchange.orders import TAKE_PROFITS
from tradewind.gateway.bitget.facts import closes
from tradewind.gateway.bitget.formats import text
from tradewind.gateway.bitget.v3.category import category
from tradewind.gateway.bitget.v3.rows import TRIGGER_NAMES, exits_row, position_side

TPSL, TRIGGER = "tpsl", "trigger"
_DONE = (AlgoStatus.TRIGGERED, AlgoStatus.FINISHED)


class Strategy:
    """One or two conditional orders under one id, that of the older. Exits of a position have a parent."""

    def __init__(self, legs: list[AlgoOrder]) -> None:
        self.legs = sorted(legs, key=lambda leg: leg.id)

    @property
    def first(self) -> AlgoOrder:
        return self.legs[0]

    @property
    def id(self) -> int:
        return self.first.id

    @property
    def type(self) -> str:
        return TPSL if self.first.parent_id else TRIGGER

    @property
    def is_open(self) -> bool:
        return any(leg.status is AlgoStatus.NEW for leg in self.legs)

    def leg(self, *, profit: bool) -> AlgoOrder | None:
        """The take profit or the stop loss."""
        found = (leg for leg in self.legs if _profits(leg) is profit)
        return next(found, None) if self.type == TPSL else None

    @property
    def status(self) -> str:
        """pending, success, failed or cancelled."""
        if self.is_open:
            return "pending"
        states = {leg.status for leg in self.legs}
        if states.intersection(_DONE):
            return "success"
        return "failed" if AlgoStatus.REJECTED in states else "cancelled"


def strategies(found: Iterable[AlgoOrder], exchange: Exchange) -> list[Strategy]:
    """Those of contracts, by id; spot has none. An order that fills on after its exits ended brings new ones."""
    groups: list[list[AlgoOrder]] = []
    latest: dict[int, list[AlgoOrder]] = {}
    for leg in sorted(found, key=lambda leg: leg.id):
        if exchange.listings[leg.request.symbol].is_spot:
            continue
        group = latest.get(leg.parent_id, []) if leg.parent_id else []
        if not group or any(_profits(leg) is _profits(other) for other in group):
            group = latest[leg.parent_id] = []
            groups.append(group)
        group.append(leg)
    return [Strategy(legs) for legs in groups]


def _profits(leg: AlgoOrder) -> bool:
    return leg.request.type in TAKE_PROFITS


def strategies_of(exchange: Exchange, account: str) -> list[Strategy]:
    """All of an account that are remembered."""
    return strategies(exchange.records.algos(account, limit=1_000_000_000), exchange)


def _exit(leg: AlgoOrder | None) -> Exit | None:
    if leg is None or leg.request.stop_price is None:
        return None
    return Exit(leg.request.stop_price, leg.request.price, leg.request.trigger_by)


def strategy_row(found: Strategy, exchange: Exchange) -> dict[str, Any]:
    """A strategy order, open or done."""
    plan, request = found.first, found.first.request
    waits = found.type == TRIGGER
    row = {
        "orderId": str(found.id),
        "clientOid": plan.client_id,
        "category": category(exchange.listings[request.symbol]),
        "symbol": exchange.listings[request.symbol].id,
        "qty": text(request.quantity or Decimal(0)),
        "posSide": position_side(request.position_side),
        "status": found.status,
        **exits_row(_exit(found.leg(profit=True)), _exit(found.leg(profit=False))),
        "triggerBy": "",
        "triggerPrice": "",
        "triggerOrderType": "",
        "triggerOrderPrice": "",
        "createdTime": str(plan.created_ms),
        "updatedTime": str(max(leg.updated_ms for leg in found.legs)),
    }
    if waits:
        row["triggerBy"] = TRIGGER_NAMES[request.trigger_by]
        row["triggerPrice"] = text(request.stop_price or Decimal(0))
        row["triggerOrderType"] = "limit" if request.price else "market"
        row["triggerOrderPrice"] = text(request.price) if request.price else ""
    elif not row["posSide"]:  # one-way mode: what a sell closes is long
        row["posSide"] = "long" if request.side.value == "sell" else "short"
    return row


def pushed_row(found: Strategy, exchange: Exchange) -> dict[str, Any]:
    """As the socket tells it."""
    request = found.first.request
    row = strategy_row(found, exchange)
    done = [leg for leg in found.legs if leg.status in _DONE]
    kind = ""
    if done and found.type == TPSL:
        kind = "takeProfit" if done[0].request.type in TAKE_PROFITS else "stopLoss"
    return row | {
        "category": row["category"].lower(),
        "side": request.side.value,
        "reduceOnly": "yes" if closes(request) or request.close_position else "no",
        "type": found.type,
        "triggerType": kind,
    }
