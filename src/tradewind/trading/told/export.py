"""A journal as tables: one file for each kind of record, as CSV or Parquet. The only place that needs polars here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from tradewind.data.timestamps import utc_text
from tradewind.files import replacing
from tradewind.market import Reason
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.redaction import Redactor
from tradewind.trading.told.chronicle import Chronicle

Row = dict[str, Any]
_FLOAT, _TEXT, _WHOLE, _FLAG = pl.Float64, pl.String, pl.Int64, pl.Boolean


class Form(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"


_COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "decisions": {
        "at": _WHOLE, "time": _TEXT, "symbol": _TEXT, "wanted": _FLOAT, "approved": _FLOAT, "reasons": _TEXT,
        "order_id": _TEXT, "lots": _WHOLE, "equity": _FLOAT, "reward": _FLOAT, "observation_hash": _TEXT,
        "model_hash": _TEXT, "latency_us": _FLOAT,
    },
    "orders": {
        "at": _WHOLE, "time": _TEXT, "client_id": _TEXT, "venue_id": _TEXT, "symbol": _TEXT, "lots": _WHOLE,
        "reduce_only": _FLAG, "type": _TEXT, "price": _TEXT, "trigger": _TEXT, "reason": _TEXT,
        "decided_at": _WHOLE, "status": _TEXT, "filled": _WHOLE,
    },
    "transitions": {
        "at": _WHOLE, "time": _TEXT, "client_id": _TEXT, "symbol": _TEXT, "status": _TEXT, "text": _TEXT,
    },
    "denied": {
        "at": _WHOLE, "time": _TEXT, "client_id": _TEXT, "symbol": _TEXT, "lots": _WHOLE, "decided_at": _WHOLE,
        "text": _TEXT,
    },
    "fills": {
        "at": _WHOLE, "time": _TEXT, "trade_id": _TEXT, "order_id": _TEXT, "symbol": _TEXT, "lots": _WHOLE,
        "quantity": _TEXT, "price": _TEXT, "fee": _TEXT, "fee_asset": _TEXT, "reason": _TEXT,
    },
    "cash_flows": {
        "at": _WHOLE, "time": _TEXT, "id": _TEXT, "kind": _TEXT, "amount": _TEXT, "symbol": _TEXT,
    },
    "equity": {"at": _WHOLE, "time": _TEXT, "equity": _FLOAT},
    "alarms": {
        "at": _WHOLE, "time": _TEXT, "alarm": _TEXT, "symbol": _TEXT, "client_id": _TEXT, "text": _TEXT,
    },
    "api_calls": {
        "at": _WHOLE, "time": _TEXT, "method": _TEXT, "path": _TEXT, "parameters": _TEXT, "status": _WHOLE,
        "code": _TEXT, "latency_ms": _FLOAT, "used_weight": _WHOLE, "failure": _TEXT,
    },
}  # fmt: skip


def export(journal: Journal, folder: Path, form: Form) -> dict[Path, int]:
    """Write every table, all of them or none: the files and their rows. Times are UTC ms, and as text beside."""
    chronicle = Chronicle.of(record for _, record in journal.records())
    tables = _tables(chronicle, tuple(journal.session["symbols"]))
    paths = {name: folder / f"{name}.{form.value}" for name in _COLUMNS}
    redactor = Redactor()
    with replacing(*paths.values()) as places:
        for name, place in zip(_COLUMNS, places, strict=True):
            rows = [_clean(redactor, row) for row in tables[name]]
            frame = pl.DataFrame(rows, schema=dict(_COLUMNS[name]), orient="row")
            if form is Form.CSV:
                frame.write_csv(place)
            else:
                frame.write_parquet(place)
    return {path: len(tables[name]) for name, path in paths.items()}


def _clean(redactor: Redactor, row: Row) -> Row:
    """What was written by hands, or by a venue, once more without what looks like a secret."""
    free = ("text", "parameters", "path")
    return {k: redactor.text(v) if k in free and isinstance(v, str) else v for k, v in row.items()}


def _tables(chronicle: Chronicle, symbols: Sequence[str]) -> dict[str, list[Row]]:
    make: Mapping[str, Callable[[], list[Row]]] = {
        "decisions": lambda: _decisions(chronicle, symbols),
        "orders": lambda: _orders(chronicle),
        "transitions": lambda: [
            {**_when(at), "client_id": i, "symbol": life.intent.symbol, "status": status.value, "text": text}
            for i, life in chronicle.orders.items()
            for at, status, text in life.steps
        ],
        "denied": lambda: [
            {
                **_when(d.at),
                "client_id": d.client_id,
                "symbol": d.symbol,
                "lots": d.lots,
                "decided_at": decided,
                "text": d.text,
            }
            for decided, d in chronicle.denied
        ],
        "fills": lambda: [
            {
                **_when(f.at),
                "trade_id": f.trade_id,
                "order_id": f.order_id,
                "symbol": f.symbol,
                "lots": f.lots,
                "quantity": f"{f.quantity:f}",
                "price": f"{f.price:f}",
                "fee": f"{f.fee:f}",
                "fee_asset": f.fee_asset,
                "reason": f.reason.name.lower(),
            }
            for f in chronicle.fills
        ],
        "cash_flows": lambda: [
            {**_when(f.at), "id": f.id, "kind": f.kind.value, "amount": f"{f.amount:f}", "symbol": f.symbol}
            for f in chronicle.cash_flows
        ],
        "equity": lambda: [{**_when(d.at), "equity": d.equity} for d in chronicle.decisions],
        "alarms": lambda: [
            {
                **_when(a.at),
                "alarm": a.alarm.value,
                "symbol": a.symbol,
                "client_id": a.client_id,
                "text": a.text,
            }
            for a in chronicle.alarms
        ],
        "api_calls": lambda: [
            {
                **_when(c.at),
                "method": c.method,
                "path": c.path,
                "parameters": orjson.dumps(dict(c.parameters)).decode(),
                "status": c.status,
                "code": c.code,
                "latency_ms": c.latency_ms,
                "used_weight": c.used_weight,
                "failure": c.failure,
            }
            for c in chronicle.calls
        ],
    }
    return {name: rows() for name, rows in make.items()}


def _decisions(chronicle: Chronicle, symbols: Sequence[str]) -> list[Row]:
    """A row for each symbol of each decision."""
    rows = []
    for decision in chronicle.decisions:
        orders = {order.symbol: order for order in decision.orders}
        for a, symbol in enumerate(symbols):
            order = orders.get(symbol)
            rows.append(
                {
                    **_when(decision.at),
                    "symbol": symbol,
                    "wanted": decision.wanted.weights[a],
                    "approved": decision.review.approved.weights[a],
                    "reasons": reasons_text(decision.review.reasons[a]),
                    "order_id": order.id if order else None,
                    "lots": order.lots if order else 0,
                    "equity": decision.equity,
                    "reward": None if math.isnan(decision.reward) else decision.reward,
                    "observation_hash": decision.observation_hash,
                    "model_hash": decision.model_hash,
                    "latency_us": decision.latency_us,
                }
            )
    return rows


def reasons_text(reason: Reason) -> str:
    """The names of what risk had to say, empty for nothing."""
    return " ".join((one.name or "").lower() for one in reason)


def _orders(chronicle: Chronicle) -> list[Row]:
    return [
        {
            **_when(life.intent.at),
            "client_id": client_id,
            "venue_id": life.state.venue_id,
            "symbol": life.intent.symbol,
            "lots": life.intent.lots,
            "reduce_only": life.intent.reduce_only,
            "type": life.intent.type.value,
            "price": None if life.intent.price is None else f"{life.intent.price:f}",
            "trigger": None if life.intent.trigger is None else f"{life.intent.trigger:f}",
            "reason": life.intent.reason.name.lower(),
            "decided_at": life.decided_at,
            "status": life.state.status.value,
            "filled": life.state.filled,
        }
        for client_id, life in chronicle.orders.items()
    ]


def _when(at: int) -> Row:
    return {"at": at, "time": utc_text(at)}
