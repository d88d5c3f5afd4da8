"""What came into an account's futures wallet and went out of it, item by item, as venues list it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tradewind.exchange.accounts import FUTURES
from tradewind.exchange.ledger import FillRow, Ledger, Row, TransferRow


class IncomeKind(StrEnum):
    REALISED = "realised"
    COMMISSION = "commission"
    FUNDING = "funding"
    TRANSFER = "transfer"
    INSURANCE = "insurance"
    OTHER = "other"  # deposits, adjustments, wipes


@dataclass(frozen=True, slots=True)
class Income:
    """`id` is unique with `kind`. `amount` is positive when it came in."""

    id: int
    kind: IncomeKind
    symbol: str
    asset: str
    amount: Decimal
    time_ms: int
    trade_id: int


_CAUSES = {kind.value: kind for kind in (IncomeKind.FUNDING, IncomeKind.TRANSFER, IncomeKind.INSURANCE)}


def incomes(
    ledger: Ledger,
    account: str,
    *,
    kind: IncomeKind | None = None,
    symbol: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int = 100,
) -> list[Income]:
    """Items that the ledger has in memory, oldest first: with `start_ms` the first ones, else the newest."""
    first = start_ms is not None
    found: list[Income] = []
    kinds = _rows_of(kind)
    for row in ledger.held() if first else ledger.newest():
        if type(row) not in kinds:
            continue
        if row.account != account or (symbol is not None and row.symbol != symbol):
            continue
        if (start_ms is not None and row.time_ms < start_ms) or (end_ms is not None and row.time_ms > end_ms):
            continue
        found.extend(i for i in _of(row) if kind is None or i.kind is kind)
        if len(found) >= limit:
            break
    return found[:limit] if first else found[:limit][::-1]


def _rows_of(kind: IncomeKind | None) -> tuple[type, ...]:
    """What rows can hold items of a kind."""
    if kind is None:
        return (FillRow, TransferRow)
    return (FillRow,) if kind in (IncomeKind.REALISED, IncomeKind.COMMISSION) else (TransferRow,)


def _of(row: Row) -> Iterator[Income]:
    if isinstance(row, FillRow) and _is_futures(row):
        if row.realised:
            yield _item(row, IncomeKind.REALISED, row.realised, row.fee_asset, row.trade_id)
        if row.fee:
            yield _item(row, IncomeKind.COMMISSION, -row.fee, row.fee_asset, row.trade_id)
    elif isinstance(row, TransferRow) and row.cause != "trade":
        kind = _CAUSES.get(row.cause, IncomeKind.OTHER)
        for owner, wallet, asset, amount in row.changes:
            if owner == row.account and wallet == FUTURES:
                yield _item(row, kind, amount, asset, row.reference)


def _is_futures(row: FillRow) -> bool:
    return ":" in row.symbol  # unified symbols of contracts name their settlement


def _item(row: Row, kind: IncomeKind, amount: Decimal, asset: str, trade_id: int) -> Income:
    return Income(row.seq, kind, row.symbol, asset, amount, row.time_ms, trade_id)
