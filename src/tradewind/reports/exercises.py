"""What a session has met and come through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tradewind.market import Command, CommandKind, Decision, Fill, FillReason, OrderId, Reason, RejectKind
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.order_records import Risk, RiskState
from tradewind.trading.terms.order_states import Happening, Intent, OrderEvent

THROWN = (Risk.HALTED, Risk.FLATTENING, Risk.FLAT)


def exercised(records: Sequence[Record], faults: Mapping[str, int]) -> tuple[str, ...]:
    """Names, sorted. `faults` are those survived, as a `Tally` counts them.

    An "order lifecycle": one of ours was written down, accepted, and filled whole. "kill switch": the run was halted,
    by whomever. "drawdown stop": the rules' limit on the fall from the peak did it.
    """
    found = {name for name in ("reconnect", "restart") if faults.get(name)}
    fills, lots, accepted = Counter[OrderId](), Counter[OrderId](), set[OrderId]()
    asked: dict[OrderId, int] = {}
    for record in records:
        match record:
            case Fill():
                fills[record.order_id] += 1
                lots[record.order_id] += abs(record.lots)
                if record.reason in (FillReason.STOP, FillReason.TRAILING_STOP):
                    found.add("protective stop")
            case Intent():
                asked[record.client_id] = abs(record.lots)
            case OrderEvent(happening=Happening.ACCEPTED):
                accepted.add(record.client_id)
            case OrderEvent(happening=Happening.REFUSED) if record.kind != RejectKind.BARRED:
                found.add("reject")
            case OrderEvent(happening=Happening.DOUBTED):
                found.add("unknown order")
            case RiskState() if record.state in THROWN:
                found.add("kill switch")
            case Command(kind=CommandKind.HALT | CommandKind.PANIC):
                found.add("kill switch")
            case Decision() if any(Reason.KILL_SWITCH in r for r in record.review.reasons):
                found |= {"kill switch", "drawdown stop"}
    if any(count > 1 for order, count in fills.items() if order):
        found.add("partial fill")
    if any(lots[order] >= asked[order] for order in accepted & asked.keys()):
        found.add("order lifecycle")
    return tuple(sorted(found))
