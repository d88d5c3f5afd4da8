"""A run beside its simulation on the same bars, decision by decision and fill by fill."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.backtest.decisions import Decisions
from tradewind.data.timestamps import utc_text
from tradewind.market import CashFlow, CashFlowKind, Decision, Fill, FillReason, Instrument, Reason
from tradewind.trading.journal.records import Record
from tradewind.trading.session.parity import as_arrays, first_difference
from tradewind.trading.terms.bookable import fee_of
from tradewind.trading.terms.order_records import FeeTold
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.told.metrics import percentiles

SAME_WEIGHT = 1e-3  # of equity: targets nearer than that are the same decision
_FORCED = (FillReason.STOP, FillReason.TRAILING_STOP, FillReason.LIQUIDATION)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Shares of the decisions, differences as the run minus the simulation; basis points of the price.

    A price difference above zero was worse for the run. Fills are compared per decision and symbol.
    """

    decisions: int
    identical: bool  # every decision, bit for bit
    same_targets: float | None
    same_orders: float | None  # the same symbols on the same sides
    first_difference: str | None  # of targets
    fills_compared: int
    fills_of_run_alone: int
    fills_of_simulation_alone: int
    fills_by_hand: int  # left out: no decision made them
    price_bp: dict[str, float]  # mean, p50, p95, p99
    fee_bp: dict[str, float]
    forced: tuple[int, int]  # stops and liquidations: run, simulation
    funding: tuple[float, float]  # quote, received less paid: run, simulation
    equity_end: float  # quote
    equity_worst: float  # largest distance at any close, quote
    close_to_fill_ms: dict[str, float]  # p50, p95, p99, of market orders

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class _Traded:
    """All fills of one decision in one symbol."""

    lots: int = 0
    notional: float = 0.0
    fee: float = 0.0  # quote

    def add(self, fill: Fill, instrument: Instrument) -> None:
        self.lots += fill.lots
        self.notional += abs(float(fill.quantity)) * float(fill.price)
        if (fee := fee_of(fill, instrument)) is not None:
            self.fee += float(fee.amount * fill.price if fee.in_base else fee.amount)

    def pay(self, told: FeeTold, instrument: Instrument) -> None:
        self.fee += float(told.fee * told.price if told.fee_asset == instrument.base else told.fee)

    @property
    def fee_rate(self) -> float:
        return self.fee / self.notional


Key = tuple[int, str]  # close of the decided bar, symbol


def contrast(
    records: Sequence[Record],
    decisions: Sequence[Decision],
    fills: Sequence[Fill],
    instruments: Sequence[Instrument],
    flows: Sequence[CashFlow] = (),
) -> Contrast:
    """The records of a run against the decisions, fills and funding of its simulation."""
    made = [record for record in records if isinstance(record, Decision)]
    symbols = tuple(i.symbol for i in instruments)
    rows = min(len(made), len(decisions))
    ours, theirs = as_arrays(made[:rows], symbols), as_arrays(decisions[:rows], symbols)
    near = np.abs(ours.approved - theirs.approved) <= SAME_WEIGHT
    same: NDArray[np.bool_] = np.asarray(
        (near | (np.isnan(ours.approved) & np.isnan(theirs.approved))).all(axis=1)
    )
    sides = (np.sign(ours.orders) == np.sign(theirs.orders)).all(axis=1)
    apart = ours.equity - theirs.equity
    run, simulated = _traded(records, made, instruments), _traded(fills, decisions, instruments)
    lots = {i.symbol: float(i.lot) for i in instruments}
    both = [k for k in run if k in simulated and run[k].lots and simulated[k].lots]
    prices = [_worse(run[k], simulated[k], lots[k[1]]) for k in both]
    fees = [(run[k].fee_rate - simulated[k].fee_rate) * 1e4 for k in both]
    return Contrast(
        decisions=rows,
        identical=first_difference(made, as_arrays(decisions, symbols), symbols)["difference"] is None,
        same_targets=float(same.mean()) if rows else None,
        same_orders=float(sides.mean()) if rows else None,
        first_difference=_first(ours, theirs, same, symbols),
        fills_compared=len(both),
        fills_of_run_alone=len(run.keys() - simulated.keys()),
        fills_of_simulation_alone=len(simulated.keys() - run.keys()),
        fills_by_hand=_by_hand(records),
        price_bp=_spread(prices),
        fee_bp=_spread(fees),
        forced=(_forced(records), _forced(fills)),
        funding=(_funding(records), _funding(flows)),
        equity_end=float(apart[-1]) if rows else 0.0,
        equity_worst=float(apart[np.abs(apart).argmax()]) if rows else 0.0,
        close_to_fill_ms=percentiles(_waits(records, made)),
    )


def _by_hand(records: Sequence[Any]) -> int:
    asked = {record.client_id for record in records if isinstance(record, Intent) and record.by_hand}
    return sum(isinstance(record, Fill) and record.order_id in asked for record in records)


def _first(ours: Decisions, theirs: Decisions, same: NDArray[np.bool_], symbols: Sequence[str]) -> str | None:
    """The first decision with other targets, in words."""
    if same.all():
        return None
    row = int(np.argmin(same))
    told = [
        f"{symbol} {_target(ours, row, a)} in the run, {_target(theirs, row, a)} in the simulation"
        for a, symbol in enumerate(symbols)
        if _target(ours, row, a) != _target(theirs, row, a)
    ]
    return f"bar closed {utc_text(int(ours.at[row]))}: {'; '.join(told)}"


def _target(decisions: Decisions, row: int, a: int) -> str:
    """A weight, and what risk had against more."""
    value, reasons = float(decisions.approved[row, a]), Reason(int(decisions.reasons[row, a]))
    said = "held" if math.isnan(value) else f"{value:.2%}"
    names = ", ".join((one.name or "").lower().replace("_", " ") for one in reasons)
    return f"{said} ({names})" if names else said


def _decided(records: Sequence[Any], decisions: Sequence[Decision]) -> dict[str, int]:
    """Of each order of a decision, the close of its bar."""
    found = {order.id: decision.at for decision in decisions for order in decision.orders}
    for record in records:
        if isinstance(record, Intent) and record.decision_id.isdecimal():
            found[record.client_id] = int(record.decision_id)
    return found


def _traded(
    records: Sequence[Any], decisions: Sequence[Decision], instruments: Sequence[Instrument]
) -> dict[Key, _Traded]:
    of = {i.symbol: i for i in instruments}
    decided = _decided(records, decisions)
    found: dict[Key, _Traded] = defaultdict(_Traded)
    due: dict[tuple[str, str], _Traded] = {}  # by symbol and trade: those whose fee may come later
    for record in records:
        if isinstance(record, Fill) and record.reason is FillReason.ORDER and record.order_id in decided:
            traded = found[decided[record.order_id], record.symbol]
            traded.add(record, of[record.symbol])
            due[record.symbol, record.trade_id] = traded
        elif isinstance(record, FeeTold) and (record.symbol, record.trade_id) in due:
            due[record.symbol, record.trade_id].pay(record, of[record.symbol])
    return dict(found)


def _worse(run: _Traded, simulated: _Traded, lot: float) -> float:
    """By how many basis points the run traded worse."""
    paid = run.notional / (abs(run.lots) * lot)
    expected = simulated.notional / (abs(simulated.lots) * lot)
    return (paid / expected - 1.0) * math.copysign(1e4, run.lots)


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"mean": float(np.mean(values)), **percentiles(values)} if values else {}


def _forced(records: Sequence[Any]) -> int:
    return sum(isinstance(record, Fill) and record.reason in _FORCED for record in records)


def _funding(records: Sequence[Any]) -> float:
    paid = (r for r in records if isinstance(r, CashFlow) and r.kind is CashFlowKind.FUNDING)
    return float(sum(flow.amount for flow in paid))


def _waits(records: Sequence[Record], decisions: Sequence[Decision]) -> list[float]:
    """Milliseconds from the close of a decided bar to each fill of its orders."""
    decided = _decided(records, decisions)
    return [
        float(r.at - decided[r.order_id])
        for r in records
        if isinstance(r, Fill) and r.reason is FillReason.ORDER and r.order_id in decided
    ]
