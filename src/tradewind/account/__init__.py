"""One account, one arithmetic: records for N accounts x A instruments, changed only by compiled functions."""

from tradewind.account.books import apply_cash_flow, apply_fill, mark_to_market, position_value
from tradewind.account.records import (
    ACCOUNT,
    BAR,
    FILL,
    INSTRUMENT,
    MAX_TIERS,
    POSITION,
    ROW,
    RULES,
    instrument_records,
    open_account,
)

__all__ = [
    "ACCOUNT",
    "BAR",
    "FILL",
    "INSTRUMENT",
    "MAX_TIERS",
    "POSITION",
    "ROW",
    "RULES",
    "apply_cash_flow",
    "apply_fill",
    "instrument_records",
    "mark_to_market",
    "open_account",
    "position_value",
]
