"""Were the decisions of a session those that the backtest makes on the same bars?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.backtest.decisions import Decisions
from tradewind.backtest.run import backtest
from tradewind.market import Command, CommandKind, Decision, Snapshot, TargetWeights
from tradewind.policy.agent import Agent
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.recorded import gaps_in, market_of
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import Denied
from tradewind.words import counted

FIELDS = ("at", "wanted", "approved", "reasons", "orders", "equity", "reward")


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


def first_difference(
    decisions: Sequence[Decision], expected: Decisions, symbols: tuple[str, ...]
) -> dict[str, Any]:
    """{"decisions": how many agree from the start, "difference": the first that does not, in words}."""
    ours = as_arrays(decisions, symbols)
    rows = min(len(ours), len(expected))
    first = {
        name: int(np.argmin(same))
        for name in FIELDS
        if not (same := same_rows(getattr(ours, name)[:rows], getattr(expected, name)[:rows])).all()
    }
    if first:
        name = min(first, key=lambda f: (first[f], FIELDS.index(f)))
        row = first[name]
        was, now = getattr(ours, name)[row].tolist(), getattr(expected, name)[row].tolist()
        told = f"at {int(ours.at[row])} {name} was {was} in the session, {now} in the backtest"
        return {"decisions": row, "difference": told}
    if len(ours) != len(expected):
        return {"decisions": rows, "difference": f"{counted(len(ours), 'decision')} against {len(expected)}"}
    return {"decisions": rows, "difference": None}


def backtest_parity(journal: Journal, agent: Agent) -> dict[str, Any]:
    """As `first_difference`, against the backtest on the bars of a journal of paper.

    With "left_out" in place of a difference where a backtest cannot know what happened: an order that was not sent
    on purpose, or bars that are missing. What was decided after a bar was revised is left out, and told so: the run
    decided on the bar first as it was, then as it is, and a backtest knows one of the two.
    """
    session, told = journal.session, [record for _, record in journal.records()]
    records = list(takewhile(lambda record: not isinstance(record, Revision), told))
    after = sum(isinstance(record, Decision) for record in told[len(records) :])
    revised = f"{counted(after, 'decision')} after a revision" if len(records) < len(told) else ""
    decisions = [record for record in records if isinstance(record, Decision)]
    denied = sum(isinstance(record, Denied) for record in records)
    if not decisions:
        return {"decisions": 0, "difference": None, "left_out": "nothing was decided"}
    gaps = gaps_in(records)
    if denied or gaps:
        why = (
            f"{counted(denied, 'order')} not sent on purpose"
            if denied
            else f"bars are missing in {counted(gaps, 'place')}"
        )
        return {"decisions": 0, "difference": None, "left_out": why}
    market = market_of(session, records)
    expected = backtest(
        agent,
        agent.tape(market),
        start_ms=session["trade_from"],
        capital=session["capital"],
        rearm_at=_rearms(records),
    )
    return first_difference(decisions, expected.decisions, market.symbols) | {"left_out": revised}


def _rearms(records: Sequence[Record]) -> list[int]:
    """When a person re-armed: the close of the bar that it took effect with."""
    times, waiting = [], False
    for record in records:
        if isinstance(record, Command) and record.kind is CommandKind.REARM:
            waiting = True
        elif isinstance(record, Snapshot) and waiting:
            times.append(record.close_time)
            waiting = False
    return times


def same_rows(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.bool_]:
    """[T] is the row the same, bit for bit? Every NaN is one."""
    if ours.shape != theirs.shape:
        return np.zeros(1, np.bool_)
    same = (ours.view(np.int64) == theirs.view(np.int64)) | ((ours != ours) & (theirs != theirs))
    return same if same.ndim == 1 else np.asarray(same.all(axis=1))


def _numbers(weights: TargetWeights) -> list[float]:
    return [math.nan if w is None else w for w in weights.weights]
