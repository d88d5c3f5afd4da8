"""One line of a venue's table: what a code says about the request that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tradewind.market.outcome import RejectKind

WHY = {
    RejectKind.FILTER: "checked before anything is booked",
    RejectKind.BALANCE: "checked before anything is booked",
    RejectKind.DUPLICATE: "an order with this client id was accepted before: ask for it",
    RejectKind.WOULD_TAKE: "refused by the book, nothing rests",
    RejectKind.WOULD_TRIGGER: "refused before it rests",
    RejectKind.REDUCE_ONLY: "there is no position to reduce",
    RejectKind.POSITION_MODE: "the account's mode does not fit",
    RejectKind.NOT_TRADING: "the market takes no order",
    RejectKind.AUTH: "refused at the door",
    RejectKind.CLOCK: "too old or too early when it came: never looked at",
    RejectKind.LIMIT: "turned away before it was looked at; wait",
    RejectKind.MAINTENANCE: "nobody was there to do it",
    RejectKind.NOT_FOUND: "no such order, as an answer to a cancel or a query",
    RejectKind.OTHER: "the request itself is wrong",
}


@dataclass(frozen=True, slots=True)
class Row:
    """`kind` None: it may have been done or not. `having` narrows the code to texts with these words."""

    code: str
    kind: RejectKind | None
    says: str
    having: str = ""
    because: str = ""

    @property
    def why(self) -> str:
        """Why this is definite, or why it is not."""
        return self.because or (WHY[self.kind] if self.kind else "execution status unknown: ask")


def rows(kind: RejectKind | None, said: dict[str, str], because: str = "") -> list[Row]:
    """Rows of one kind; a code may carry the words that narrow it: `-2010 insufficient balance`."""
    found = []
    for name, says in said.items():
        code, _, having = name.partition(" ")
        found.append(Row(code, kind, says, having, because))
    return found


def table_of(*parts: Iterable[Row]) -> tuple[Row, ...]:
    """All rows by code, those for some texts before the one for all others."""
    found = [row for part in parts for row in part]
    return tuple(sorted(found, key=lambda row: (abs(int(row.code)), not row.having)))


def row_for(table: Sequence[Row], code: str, text: str) -> Row | None:
    """The row for what a venue said; None for a code that the table does not have."""
    said = text.casefold()
    for row in table:
        if row.code == code and row.having.casefold() in said:
            return row
    return None
