"""The records of a journal put in order for people: what was decided, and what became of each order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tradewind.market import CashFlow, Decision, Fill, Inconsistent, OrderId, Snapshot
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Intent, OrderEvent, OrderState, Status, transition


@dataclass(slots=True)
class OrderLife:
    """One order that was sent. `steps`: (UTC ms, status, what was said), each once it changed."""

    intent: Intent
    state: OrderState
    steps: list[tuple[int, Status, str]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    @property
    def decided_at(self) -> int | None:
        """Close of the bar that it was decided on; None for an order that protects."""
        return int(self.intent.decision_id) if self.intent.decision_id.isdecimal() else None


@dataclass(slots=True)
class Chronicle:
    decisions: list[Decision] = field(default_factory=list)
    bars: dict[int, Snapshot] = field(default_factory=dict)  # by close time
    orders: dict[OrderId, OrderLife] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    cash_flows: list[CashFlow] = field(default_factory=list)
    denied: list[tuple[int | None, Denied]] = field(default_factory=list)  # close of the decided bar
    alarms: list[OrderAlarm] = field(default_factory=list)
    calls: list[ApiCall] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Chronicle:
        chronicle = cls()
        for record in records:
            chronicle._take(record)
        return chronicle

    def _take(self, record: Record) -> None:
        match record:
            case Decision():
                self.decisions.append(record)
            case Snapshot():
                self.bars[record.close_time] = record
            case Intent():
                life = OrderLife(record, OrderState(record, since=record.at))
                life.steps.append((record.at, Status.INTENT, ""))
                self.orders[record.client_id] = life
            case OrderEvent():
                self._step(record.client_id, record, record.text or record.code)
            case Fill():
                self.fills.append(record)
                if record.order_id in self.orders:
                    self.orders[record.order_id].fills.append(record)
                    self._step(record.order_id, record, "")
            case CashFlow():
                self.cash_flows.append(record)
            case Denied():
                self.denied.append((self.decisions[-1].at if self.decisions else None, record))
            case OrderAlarm():
                self.alarms.append(record)
            case ApiCall():
                self.calls.append(record)

    def _step(self, client_id: OrderId, news: OrderEvent | Fill, text: str) -> None:
        life = self.orders.get(client_id)
        if life is None:
            raise Inconsistent(f"order {client_id} has no beginning in the journal: restore it from a backup")
        before, life.state = life.state, transition(life.state, news).state
        if life.state.status is not before.status:
            life.steps.append((news.at, life.state.status, text))
