"""Where two records of decisions are not the same."""

from __future__ import annotations

from tradewind.backtest.decisions import Decisions
from tradewind.trading.session.parity import FIELDS, same_rows


def differing_fields(ours: Decisions, theirs: Decisions) -> list[str]:
    """Names of the columns that are not equal bit for bit (NaN equals NaN)."""
    return [f for f in FIELDS if not same_rows(getattr(ours, f), getattr(theirs, f)).all()]
