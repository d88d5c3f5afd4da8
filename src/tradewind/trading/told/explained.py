"""One decision of a journal, explained: what changed, what moved the action, what risk cut, what became of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import ConfigError, Decision, Fill, Observation
from tradewind.policy.agent import Agent
from tradewind.policy.model import NetworkPolicy
from tradewind.simulator.observation import observation_names
from tradewind.trading.terms.reasons import IN_WORDS
from tradewind.trading.told.chronicle import Chronicle, OrderLife

MOST = 8  # inputs that are named


@dataclass(frozen=True, slots=True)
class Input:
    """One number that the policy saw. `effect`: by how much less some target would have moved without its change."""

    name: str
    before: float | None  # at the decision before
    now: float
    effect: float | None = None


@dataclass(frozen=True, slots=True)
class SymbolStory:
    """One instrument of the decision. Weights are fractions of equity, None held."""

    symbol: str
    wanted: float | None
    approved: float | None
    cuts: tuple[str, ...]  # sentences
    ordered_lots: int
    denied: tuple[str, ...]
    orders: tuple[dict[str, Any], ...]  # each with its steps and fills
    simulated_approved: float | None
    simulated_lots: int | None  # None where the simulation has no such decision
    simulated_fills: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    at: int  # close of the bar, UTC ms
    equity: float
    latency_us: float
    changed: tuple[Input, ...]  # largest change first
    moved: tuple[Input, ...] | None  # what moved the action most; None where that cannot be told
    symbols: tuple[SymbolStory, ...]


def chosen(chronicle: Chronicle, at: int | None) -> int:
    """The number of the decision at that time or the last before it; without a time the last that traded."""
    made = chronicle.decisions
    if not made:
        raise ConfigError("nothing was decided in this journal yet")
    if at is None:
        return next((k for k in reversed(range(len(made))) if made[k].orders), len(made) - 1)
    row = next((k for k in reversed(range(len(made))) if made[k].at <= at), None)
    if row is None:
        from tradewind.data.timestamps import utc_text

        raise ConfigError(
            f"the first decision was at {utc_text(made[0].at)}, after {utc_text(at)}: name a later time"
        )
    return row


def explain(
    chronicle: Chronicle,
    row: int,
    agent: Agent,
    symbols: Sequence[str],
    simulated: Sequence[Decision],
    simulated_fills: Sequence[Fill],
) -> Explanation:
    """The decision with that number, beside what the simulation did on its bar."""
    decision = chronicle.decisions[row]
    before = chronicle.decisions[row - 1] if row else None
    beside = next((d for d in simulated if d.at == decision.at), None)
    changed = _changed(agent, symbols, decision, before)
    stories = [
        _story(chronicle, decision, a, symbol, beside, simulated_fills) for a, symbol in enumerate(symbols)
    ]
    moved = _moved(agent, symbols, decision, before)
    return Explanation(decision.at, decision.equity, decision.latency_us, changed, moved, tuple(stories))


def _names(agent: Agent, symbols: Sequence[str], size: int) -> list[str]:
    rules = agent.rules
    names = observation_names(agent.plan.columns(symbols), symbols, rules.lookback, rules.clock)
    return names if len(names) == size else [f"input {k + 1}" for k in range(size)]


def _changed(
    agent: Agent, symbols: Sequence[str], decision: Decision, before: Decision | None
) -> tuple[Input, ...]:
    now = decision.observation
    names = _names(agent, symbols, len(now))
    then = before.observation if before is not None and len(before.observation) == len(now) else None
    inputs = [Input(n, None if then is None else then[k], v) for k, (n, v) in enumerate(zip(names, now))]
    if then is None:
        return tuple(inputs[:MOST])
    largest = sorted(inputs, key=lambda i: -abs(i.now - (i.before or 0.0)))
    return tuple(i for i in largest[:MOST] if i.now != i.before)


def _moved(
    agent: Agent, symbols: Sequence[str], decision: Decision, before: Decision | None
) -> tuple[Input, ...] | None:
    """Each input put back to what it was at the decision before, one at a time, through the policy."""
    policy = agent.policy
    if not isinstance(policy, NetworkPolicy) or policy.spec.adapter is not None:
        return None
    if before is None or not decision.observation or len(before.observation) != len(decision.observation):
        return None
    now = np.array(decision.observation, np.float32)
    then = np.array(before.observation, np.float32)
    action = _ask(policy, now, len(symbols))
    names, found = _names(agent, symbols, len(now)), []
    for k in np.flatnonzero(now != then):
        changed = now.copy()
        changed[k] = then[k]
        effect = float(np.abs(action - _ask(policy, changed, len(symbols))).max())
        found.append(Input(names[k], float(then[k]), float(now[k]), effect))
    found.sort(
        key=lambda one: -(one.effect if one.effect is not None and one.effect == one.effect else math.inf)
    )
    return tuple(found[:MOST])


def _ask(policy: NetworkPolicy, vector: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """A network looks at the vector alone. NaN where it answers with no number."""
    nothing = np.zeros(width)
    seen = Observation(0, vector, np.zeros((1, 0)), nothing, nothing, nothing == 0, 0.0, 0.0)
    wanted = policy.decide(seen)
    return np.where(np.isfinite(wanted), wanted, np.nan)


def _story(
    chronicle: Chronicle,
    decision: Decision,
    a: int,
    symbol: str,
    beside: Decision | None,
    simulated_fills: Sequence[Fill],
) -> SymbolStory:
    ordered = sum(order.lots for order in decision.orders if order.symbol == symbol)
    ids = {order.id for order in decision.orders if order.symbol == symbol}
    lives = [
        life
        for life in chronicle.orders.values()
        if life.intent.symbol == symbol and (life.decided_at == decision.at or life.intent.client_id in ids)
    ]
    orders = [_order(life) for life in lives]
    if not lives and ids:  # paper has no orders of its own: its fills name those of the decision
        fills = [fill for fill in chronicle.fills if fill.order_id in ids]
        orders = [{"id": i, "lots": ordered, "steps": [], "fills": [_fill(f) for f in fills]} for i in ids]
    own = set() if beside is None else {order.id for order in beside.orders if order.symbol == symbol}
    return SymbolStory(
        symbol=symbol,
        wanted=decision.wanted.weights[a],
        approved=decision.review.approved.weights[a],
        cuts=tuple(IN_WORDS[one] for one in decision.review.reasons[a]),
        ordered_lots=ordered,
        denied=tuple(d.text for at, d in chronicle.denied if at == decision.at and d.symbol == symbol),
        orders=tuple(orders),
        simulated_approved=None if beside is None else beside.review.approved.weights[a],
        simulated_lots=None if beside is None else sum(o.lots for o in beside.orders if o.symbol == symbol),
        simulated_fills=tuple(_fill(fill) for fill in simulated_fills if fill.order_id in own),
    )


def _order(life: OrderLife) -> dict[str, Any]:
    return {
        "id": life.intent.client_id,
        "type": life.intent.type.value,
        "lots": life.intent.lots,
        "status": life.state.status.value,
        "steps": [{"at": at, "status": status.value, "text": text} for at, status, text in life.steps],
        "fills": [_fill(fill) for fill in life.fills],
    }


def _fill(fill: Fill) -> dict[str, Any]:
    return {
        "at": fill.at,
        "lots": fill.lots,
        "quantity": f"{fill.quantity:f}",
        "price": f"{fill.price:f}",
        "fee": f"{fill.fee:f}",
        "fee_asset": fill.fee_asset,
    }
