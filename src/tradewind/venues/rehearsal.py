"""The bars of a journal once more, through the simulator's rules: what the run would have done there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tradewind.account.books import EXTERNAL, apply_cash_flow
from tradewind.market import CashFlow, CashFlowKind, Command, Decision, Fill, Snapshot
from tradewind.policy.agent import Agent
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.session.replaying import engine_for
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import Denied
from tradewind.venues.paper import PaperVenue


@dataclass(slots=True)
class Rehearsal:
    """What came out. Orders that the run did not send on purpose were not sent here either."""

    decisions: list[Decision] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    flows: list[CashFlow] = field(default_factory=list)  # funding that the bars' rates came to


def rehearse(journal: Journal, agent: Agent) -> Rehearsal:
    """Run the agent over the recorded bars, commands and payments, on paper, from the first bar of the journal."""
    records = [record for _, record in journal.records()]
    engine, out = engine_for(journal, agent), Rehearsal()
    venue = PaperVenue(engine.instruments, agent.rules, journal.session["capital"])
    denied = denied_orders(records)
    for record in records:
        if isinstance(record, CashFlow) and record.kind is not CashFlowKind.FUNDING:
            engine.process(record)
            apply_cash_flow(venue.accounts[0], float(record.amount), EXTERNAL)
        if isinstance(record, Epoch):
            engine.begin_anew()
            venue.begin_anew()
        if not isinstance(record, Snapshot | Command):
            continue
        for event in venue.trade(record):
            engine.process(event)
            if isinstance(event, Fill):
                out.fills.append(event)
            else:
                out.flows.append(event)
        decision = engine.process(record)
        if decision is not None:
            out.decisions.append(decision)
            venue.take([o for o in decision.orders if (decision.at, o.symbol) not in denied])
    return out


def denied_orders(records: Iterable[Record]) -> set[tuple[int, str]]:
    """(close of the decided bar, symbol) of what was decided and not sent on purpose."""
    found: set[tuple[int, str]] = set()
    last: Decision | None = None
    for record in records:
        match record:
            case Decision():
                last = record
            case Denied() if last is not None and any(o.symbol == record.symbol for o in last.orders):
                found.add((last.at, record.symbol))
    return found
