"""The money of a run whose share of its allocation changes.

A share is of what the allocation is worth now: the equity of the run and what it may not use yet. So a loss is not
made good by a stage, and none takes out more than is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tradewind.market import CashFlow, CashFlowKind

FUNDED = "share"  # what ids of these cash flows begin with: "share-0.25-1700000000000"


def change_of_share(
    allocation: float, share: float, flows: Iterable[CashFlow], equity: float, now: int
) -> CashFlow | None:
    """What to book at a start that grants this share; None while it is the one in use.

    `flows`: all that were booked, oldest first. A smaller share never pays in, and a larger one takes nothing out.
    """
    funded = [flow for flow in flows if flow.id.startswith(f"{FUNDED}-")]
    paid_in = sum(float(flow.amount) for flow in funded)
    before = _share_of(funded[-1], paid_in, allocation) if funded else 1.0
    if share == before:
        return None
    change = share * (equity - paid_in) - equity
    change = min(change, 0.0) if share < before else max(change, 0.0)
    amount = Decimal(repr(round(change, 8)))
    return CashFlow(f"{FUNDED}-{share:g}-{now}", now, CashFlowKind.DEPOSIT, amount)


def _share_of(flow: CashFlow, paid_in: float, allocation: float) -> float:
    """Older journals name no share: there it was of the allocation as it began."""
    named = flow.id.split("-")[1:-1]
    return float(named[0]) if named else round(1.0 + paid_in / allocation, 6)
