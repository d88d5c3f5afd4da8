"""Events and decisions as JSON, exact to the bit, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import orjson

from tradewind.market import (
    Bar,
    CashFlow,
    Command,
    Decision,
    Event,
    Fill,
    Inconsistent,
    Order,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
)
from tradewind.market.bar import proved_bar
from tradewind.trading.journal.arming import Arm, GrantRecord, Override
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.discrepancy import Discrepancy, Epoch, ReconcileRecord
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import (
    Baseline,
    Denied,
    FeeTold,
    OrderAlarm,
    OrderRecord,
    RiskState,
)
from tradewind.trading.terms.order_states import Intent, OrderEvent
from tradewind.trading.terms.session_records import BooksCompared, Incident, SessionBegan
from tradewind.validation.stages import StageBegan

NoteRecord = ApiCall | SessionBegan | BooksCompared | Incident  # for people: no books follow from them
Record = Event | Decision | OrderRecord | ReconcileRecord | GrantRecord | Revision | NoteRecord
_NO_WEIGHTS = TargetWeights(())
_BAR_FIELDS = [f.name for f in fields(Bar)][2:]

# What is written field by field. A new record is named here, and in `Record`, and nowhere else.
_PLAIN: dict[str, type[Any]] = {
    "fill": Fill,
    "cash_flow": CashFlow,
    "command": Command,
    "intent": Intent,
    "order_event": OrderEvent,
    "denied": Denied,
    "order_alarm": OrderAlarm,
    "baseline": Baseline,
    "fee_told": FeeTold,
    "risk_state": RiskState,
    "discrepancy": Discrepancy,
    "epoch": Epoch,
    "arm": Arm,
    "override": Override,
    "stage_began": StageBegan,
    "api_call": ApiCall,
    "revision": Revision,
    "session_began": SessionBegan,
    "books_compared": BooksCompared,
    "incident": Incident,
}
_KIND_OF = {cls: kind for kind, cls in _PLAIN.items()}


def encode(record: Record) -> tuple[str, int, bytes]:
    """(kind, time in UTC ms, payload); floats are written so that they read back the same."""
    match record:
        case Snapshot():
            return "snapshot", record.at, _dump(_snapshot(record))
        case Decision():
            return "decision", record.at, _dump(_decision(record))
        case _:
            kind = _KIND_OF.get(type(record))
            if kind is None:
                raise TypeError(f"{type(record).__name__} is no record of a journal")
            return kind, record.at, _dump({f.name: getattr(record, f.name) for f in fields(record)})


def decode(kind: str, payload: bytes) -> Record:
    """What `encode` wrote. `Inconsistent` on a kind that this version does not know."""
    data = orjson.loads(payload)
    match kind:
        case "snapshot":
            return _read_snapshot(data)
        case "decision":
            return _read_decision(data)
    if kind not in _PLAIN:
        raise Inconsistent(f"the journal holds a record of kind {kind!r}: it was written by a newer version")
    for name, read in _READERS[kind]:
        if data.get(name) is not None:
            data[name] = read(data[name])
    return _PLAIN[kind](**data)


def recall(kind: str, payload: bytes) -> Record:
    """As `decode`, for books: of a decision without what was observed and what risk made of it."""
    return _read_order_part(orjson.loads(payload)) if kind == "decision" else decode(kind, payload)


def _readers(cls: type[Any]) -> list[tuple[str, Callable[[Any], Any]]]:
    """What makes values of JSON into those of the fields; numbers, texts and flags are what they are."""
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for name, hint in get_type_hints(cls).items():
        plain = get_origin(hint) is tuple or not get_args(hint)
        kind = hint if plain else next(k for k in get_args(hint) if k is not NoneType)
        if get_origin(kind) is tuple:
            found.append((name, tuple))
        elif isinstance(kind, type) and issubclass(kind, Decimal | Enum):
            found.append((name, kind))
    return found


_READERS = {kind: _readers(cls) for kind, cls in _PLAIN.items()}


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=str)


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    bars = [None if b is None else [getattr(b, name) for name in _BAR_FIELDS] for b in snapshot.bars]
    return {"open_time": snapshot.open_time, "close_time": snapshot.close_time, "bars": bars}


def _read_snapshot(data: dict[str, Any]) -> Snapshot:
    opened, closed = data["open_time"], data["close_time"]
    return Snapshot(opened, closed, tuple(b and _read_bar(opened, closed, b) for b in data["bars"]))


def _read_bar(opened: int, closed: int, values: list[float | None]) -> Bar:
    if None in values:
        values = [math.nan if v is None else v for v in values]
    return proved_bar((opened, closed, *values))  # type: ignore[arg-type]


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


def _read_order_part(data: dict[str, Any]) -> Decision:
    at = data["at"]
    return Decision(
        at=at,
        wanted=TargetWeights(tuple(data["wanted"])),
        review=Review(_NO_WEIGHTS, tuple(map(Reason, data["reasons"]))),
        orders=tuple([Order(i, s, lots, reduce, at) for i, s, lots, reduce in data["orders"]]),
        equity=data["equity"],
        reward=data["reward"],
        model_hash=data["model_hash"],
        latency_us=data["latency_us"],
    )
