"""Recompute every decision of a journal, and report the first that differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from tradewind.market import Decision, Kind, Timeframe
from tradewind.market.errors import ConfigError
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.policy.agent import Agent, agent_of_baseline
from tradewind.simulator import Rules
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.arming import GrantRecord
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import NoteRecord
from tradewind.trading.terms.discrepancy import Epoch, ReconcileRecord
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import FeeTold, OrderRecord

_NOT_COMPARED = ("latency_us",)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a recomputed decision departs from the recorded one."""

    number: int  # of the journal's record
    at: int  # close time of the bar, UTC ms
    field: str
    recorded: object
    recomputed: object

    def __str__(self) -> str:
        return (
            f"record {self.number}, bar closed at {self.at}: {self.field} was {self.recorded}, "
            f"recomputed {self.recomputed}"
        )


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """How many decisions were recomputed, and the first difference if there is one."""

    decisions: int
    difference: Difference | None

    @property
    def identical(self) -> bool:
        return self.difference is None


def engine_for(journal: Journal, agent: Agent) -> Engine:
    """A fresh engine as the journal's session began; `ConfigError` if the agent is not the one that ran."""
    session = journal.session
    for name, ours in (
        ("model_hash", agent.model_hash),
        ("rules", agent.rules.as_dict()),
        ("plan", agent.plan.schema_hash(session["symbols"])),
    ):
        if session[name] != ours:
            raise ConfigError(f"the journal was written with {name} {session[name]}, this agent has {ours}")
    instruments = [instrument_from_dict(i) for i in session["instruments"]]
    return Engine(
        agent,
        instruments,
        Timeframe(session["timeframe"]),
        session["capital"],
        trade_from=session["trade_from"],
        run=session["run"],
    )


def agent_of_session(session: dict[str, Any], bundle_agent: Callable[[str], Agent]) -> Agent:
    """The agent that a journal names; `bundle_agent` finds the one of a bundle."""
    described = session["agent"]
    if "baseline" in described:
        kinds = [Kind(i["kind"]) for i in session["instruments"]]
        rules = Rules.from_dict(session["rules"])
        return agent_of_baseline(described["baseline"], kinds, Timeframe(session["timeframe"]), rules)
    return bundle_agent(described["bundle"])


def replay(journal: Journal, agent: Agent) -> ReplayReport:
    """Feed the recorded events to a fresh engine: each decision must come out again, bit for bit."""
    engine = engine_for(journal, agent)
    decisions, number, due = 0, 0, None
    for number, record in journal.records():
        if isinstance(record, Epoch):
            engine.begin_anew()
        if isinstance(record, FeeTold):
            engine.pay(record)
        if isinstance(record, OrderRecord | ReconcileRecord | GrantRecord | NoteRecord):
            continue  # of these the engine knows nothing
        if isinstance(record, Decision):
            decisions += 1
            difference = _compare(number, record, due)
            due = None
        elif due is not None:
            difference = _unrecorded(number, due)
        elif isinstance(record, Revision):
            engine.revise(record)
            continue
        else:
            difference, due = None, engine.process(record)
        if difference is not None:
            return ReplayReport(decisions, difference)
    return ReplayReport(decisions, None if due is None else _unrecorded(number + 1, due))


def _unrecorded(number: int, recomputed: Decision) -> Difference:
    return Difference(number, recomputed.at, "decision", "none", "one")


def _compare(number: int, recorded: Decision, recomputed: Decision | None) -> Difference | None:
    if recomputed is None:
        return Difference(number, recorded.at, "decision", "one", "none")
    for field in fields(Decision):
        if field.name in _NOT_COMPARED:
            continue
        was, now = getattr(recorded, field.name), getattr(recomputed, field.name)
        if repr(was) != repr(now):  # exact to the bit, tells 0 from -0, and NaN equals itself
            return Difference(number, recorded.at, field.name, was, now)
    return None
