"""Events and decisions as JSON, exact to the bit, and back."""

from __future__ import annotations

import math
from dataclasses import fields
from decimal import Decimal
from typing import Any, assert_never

import orjson

from tradewind.market import (
    Bar,
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Event,
    Fill,
    FillReason,
    Inconsistent,
    Order,
    OrderType,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
)
from tradewind.trading.feed_records import Revision
from tradewind.trading.order_records import Baseline, Denied, OrderAlarm, OrderRecord
from tradewind.trading.order_states import Alarm, Happening, Intent, OrderEvent

Record = Event | Decision | OrderRecord | Revision
_BAR_FIELDS = [f.name for f in fields(Bar)][2:]


def encode(record: Record) -> tuple[str, int, bytes]:
    """(kind, time in UTC ms, payload); floats are written so that they read back the same."""
    match record:
        case Snapshot():
            return "snapshot", record.at, _dump(_snapshot(record))
        case Fill():
            return "fill", record.at, _dump(_plain(record))
        case CashFlow():
            return "cash_flow", record.at, _dump(_plain(record))
        case Command():
            return "command", record.at, _dump(_plain(record))
        case Decision():
            return "decision", record.at, _dump(_decision(record))
        case Intent():
            return "intent", record.at, _dump(_plain(record))
        case OrderEvent():
            return "order_event", record.at, _dump(_plain(record))
        case Denied():
            return "denied", record.at, _dump(_plain(record))
        case OrderAlarm():
            return "order_alarm", record.at, _dump(_plain(record))
        case Baseline():
            return "baseline", record.at, _dump(_plain(record))
        case Revision():
            return "revision", record.at, _dump(_plain(record))
        case _:
            assert_never(record)


def decode(kind: str, payload: bytes) -> Record:
    """What `encode` wrote. `Inconsistent` on a kind that this version does not know."""
    data = orjson.loads(payload)
    match kind:
        case "snapshot":
            bars = tuple(None if b is None else _bar(data, b) for b in data["bars"])
            return Snapshot(data["open_time"], data["close_time"], bars)
        case "fill":
            for name in ("quantity", "price", "fee"):
                data[name] = Decimal(data[name])
            return Fill(**data | {"reason": FillReason(data["reason"])})
        case "cash_flow":
            return CashFlow(**data | {"amount": Decimal(data["amount"]), "kind": CashFlowKind(data["kind"])})
        case "command":
            return Command(**data | {"kind": CommandKind(data["kind"])})
        case "decision":
            return _read_decision(data)
        case "intent":
            return _read_intent(data)
        case "order_event":
            return OrderEvent(**data | {"happening": Happening(data["happening"])})
        case "denied":
            return Denied(**data)
        case "order_alarm":
            return OrderAlarm(**data | {"alarm": Alarm(data["alarm"])})
        case "baseline":
            return Baseline(**data | {"quantity": Decimal(data["quantity"])})
        case "revision":
            before, after = data["before"], tuple(data["after"])
            return Revision(**data | {"before": before and tuple(before), "after": after})
    raise Inconsistent(f"the journal holds a record of kind {kind!r}: it was written by a newer version")


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=str)


def _plain(record: Fill | CashFlow | Command | OrderRecord | Revision) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(record)}


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    bars = [None if b is None else [getattr(b, name) for name in _BAR_FIELDS] for b in snapshot.bars]
    return {"open_time": snapshot.open_time, "close_time": snapshot.close_time, "bars": bars}


def _bar(data: dict[str, Any], values: list[float | None]) -> Bar:
    known = [math.nan if v is None else v for v in values]
    return Bar(data["open_time"], data["close_time"], *known)


def _read_intent(data: dict[str, Any]) -> Intent:
    """Older journals knew market orders only."""
    for name in ("price", "trigger"):
        if data.get(name) is not None:
            data[name] = Decimal(data[name])
    for name, kind in (("type", OrderType), ("reason", FillReason)):
        if name in data:
            data[name] = kind(data[name])
    return Intent(**data)


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "at": decision.at,
        "wanted": decision.wanted.weights,
        "approved": decision.review.approved.weights,
        "reasons": [int(r) for r in decision.review.reasons],
        "orders": [[o.id, o.symbol, o.lots, o.reduce_only] for o in decision.orders],
        "equity": decision.equity,
        "reward": decision.reward,
        "observation": decision.observation,
        "observation_hash": decision.observation_hash,
        "model_hash": decision.model_hash,
        "latency_us": decision.latency_us,
    }


def _read_decision(data: dict[str, Any]) -> Decision:
    at = data["at"]
    return Decision(
        at=at,
        wanted=TargetWeights(tuple(data["wanted"])),
        review=Review(TargetWeights(tuple(data["approved"])), tuple(Reason(r) for r in data["reasons"])),
        orders=tuple(Order(i, s, lots, reduce, at) for i, s, lots, reduce in data["orders"]),
        equity=data["equity"],
        reward=data["reward"],
        observation=tuple(math.nan if v is None else v for v in data["observation"]),
        observation_hash=data["observation_hash"],
        model_hash=data["model_hash"],
        latency_us=data["latency_us"],
    )
