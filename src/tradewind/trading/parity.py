"""Were the decisions of a session those that the backtest makes on the same bars?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.backtest.decisions import Decisions
from tradewind.market import Decision, TargetWeights

_FIELDS = ("at", "wanted", "approved", "reasons", "orders", "equity", "reward")


def as_arrays(decisions: Sequence[Decision], symbols: tuple[str, ...]) -> Decisions:
    """Decisions of an engine in the form in which a backtest records its own."""
    arrays = Decisions.empty(len(decisions), len(symbols))
    for t, decision in enumerate(decisions):
        arrays.at[t], arrays.equity[t], arrays.reward[t] = decision.at, decision.equity, decision.reward
        arrays.wanted[t] = _numbers(decision.wanted)
        arrays.approved[t] = _numbers(decision.review.approved)
        arrays.reasons[t] = [int(reason) for reason in decision.review.reasons]
        for order in decision.orders:
            arrays.orders[t, symbols.index(order.symbol)] = order.lots
    return arrays


def differing_fields(ours: Decisions, theirs: Decisions) -> list[str]:
    """Names of the columns that are not equal bit for bit (NaN equals NaN)."""
    return [f for f in _FIELDS if not _same(getattr(ours, f), getattr(theirs, f)).all()]


def first_difference(
    decisions: Sequence[Decision], expected: Decisions, symbols: tuple[str, ...]
) -> dict[str, Any]:
    """{"decisions": how many agree from the start, "difference": the first that does not, in words}."""
    ours = as_arrays(decisions, symbols)
    rows = min(len(ours), len(expected))
    first = {
        name: int(np.argmin(same))
        for name in _FIELDS
        if not (same := _same(getattr(ours, name)[:rows], getattr(expected, name)[:rows])).all()
    }
    if first:
        name = min(first, key=lambda f: (first[f], _FIELDS.index(f)))
        row = first[name]
        was, now = getattr(ours, name)[row].tolist(), getattr(expected, name)[row].tolist()
        told = f"at {int(ours.at[row])} {name} was {was} in the session, {now} in the backtest"
        return {"decisions": row, "difference": told}
    if len(ours) != len(expected):
        return {"decisions": rows, "difference": f"{len(ours)} decisions against {len(expected)}"}
    return {"decisions": rows, "difference": None}


def _same(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.bool_]:
    """[T] is the row the same, bit for bit? Every NaN is one."""
    if ours.shape != theirs.shape:
        return np.zeros(1, np.bool_)
    same = (ours.view(np.int64) == theirs.view(np.int64)) | ((ours != ours) & (theirs != theirs))
    return same if same.ndim == 1 else np.asarray(same.all(axis=1))


def _numbers(weights: TargetWeights) -> list[float]:
    return [math.nan if w is None else w for w in weights.weights]
