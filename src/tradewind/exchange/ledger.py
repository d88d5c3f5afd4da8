"""The truth to compare a bot's books with: every order, fill and balance change, in order, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import orjson

from tradewind.exchange.money import ZERO
from tradewind.exchange.spill import Spill

VENUE = "venue"  # the owner of the pots below
Change = tuple[str, str, str, Decimal]  # owner, wallet (spot, futures, or a pot), asset, amount
Holding = tuple[str, str, str]  # owner, wallet, asset
Place = tuple[str, str, str]  # account, symbol, position side


class OrderRow(NamedTuple):
    """A change of an order."""

    seq: int
    time_ms: int
    wire_ms: int
    account: str
    symbol: str
    order_id: int
    client_id: str
    execution: str
    status: str
    side: str
    type: str
    quantity: Decimal
    price: Decimal
    filled: Decimal
    quote_filled: Decimal
    reduce_only: bool
    reason: str


class FillRow(NamedTuple):
    """One account's part in a trade."""

    seq: int
    time_ms: int
    wire_ms: int
    account: str
    symbol: str
    trade_id: int
    order_id: int
    client_id: str
    side: str
    position_side: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    realised: Decimal


class TransferRow(NamedTuple):
    """Money that moved; the changes sum to zero in every asset."""

    seq: int
    time_ms: int
    wire_ms: int
    cause: str
    account: str
    symbol: str
    reference: int  # trade, or 0
    changes: tuple[Change, ...]


Row = OrderRow | FillRow | TransferRow
_KINDS: dict[type, str] = {OrderRow: "order", FillRow: "fill", TransferRow: "transfer"}
_PORTION = 256  # rows that leave memory at once: few, so that nobody waits for it


@dataclass(slots=True)
class Recomputed:
    """Balances and positions that follow from the rows alone."""

    balances: dict[Holding, Decimal] = field(default_factory=dict)
    positions: dict[Place, Decimal] = field(default_factory=dict)

    def fold(self, row: Row) -> None:
        if isinstance(row, TransferRow):
            for owner, wallet, asset, amount in row.changes:
                key = (owner, wallet, asset)
                self.balances[key] = self.balances.get(key, ZERO) + amount
        elif isinstance(row, FillRow):
            place = (row.account, row.symbol, row.position_side)
            signed = row.quantity if row.side == "buy" else -row.quantity
            self.positions[place] = self.positions.get(place, ZERO) + signed


class Ledger:
    """Append-only. With `limit`, the oldest rows leave memory for the file `spill`, or for one without a name.

    `rows` and `books` know every row; all else only those in memory. A row's `seq` counts from 1 and never repeats.
    """

    def __init__(self, limit: int | None = None, spill: Path | None = None) -> None:
        self._rows: list[Row] = []
        self._seq = 0
        self._limit = limit
        self._spill = Spill(spill)
        self._folded = Recomputed()

    def __len__(self) -> int:
        """Rows ever written."""
        return self._seq

    @property
    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def append(self, row: Row) -> None:
        self._rows.append(row)
        if self._limit is not None and len(self._rows) > self._limit:
            self._let_go(min(_PORTION, len(self._rows)))

    def rows(self, since: int = 0) -> Iterator[Row]:
        """Rows with a `seq` above `since`, oldest first: those written until now."""
        first = self._rows[0].seq if self._rows else self._seq + 1
        held = self._rows[max(0, since + 1 - first) :]
        return chain(self._spilled(since, first), held) if since + 1 < first else iter(held)

    def held(self) -> Iterator[Row]:
        """Rows in memory, oldest first."""
        return iter(self._rows)

    def newest(self) -> Iterator[Row]:
        """Rows in memory, newest first."""
        return reversed(self._rows)

    def orders(self) -> Iterator[OrderRow]:
        return (row for row in self._rows if isinstance(row, OrderRow))

    def fills(self) -> Iterator[FillRow]:
        return (row for row in self._rows if isinstance(row, FillRow))

    def transfers(self) -> Iterator[TransferRow]:
        return (row for row in self._rows if isinstance(row, TransferRow))

    def books(self) -> Recomputed:
        """What every owner must hold, from all rows ever written. Zero balances and positions are left out."""
        books = Recomputed(dict(self._folded.balances), dict(self._folded.positions))
        for row in self._rows:
            books.fold(row)
        return Recomputed(
            {k: v for k, v in books.balances.items() if v}, {k: v for k, v in books.positions.items() if v}
        )

    def digest(self, wire: bool = False) -> str:
        """A hash of the rows in memory: equal for equal worlds. Without wire times, unless asked for."""
        digest = hashlib.sha256()
        for row in self._rows:
            digest.update(repr(row if wire else row._replace(wire_ms=0)).encode())
        return digest.hexdigest()

    def to_json(self) -> dict[str, object]:
        return {
            "seq": self._seq,
            "rows": [orjson.Fragment(_line(row)) for row in self._rows],
            "spilled": self._spill.to_json(),
            "balances": [[*k, str(v)] for k, v in self._folded.balances.items()],
            "positions": [[*k, str(v)] for k, v in self._folded.positions.items()],
        }

    def load(self, values: dict[str, Any]) -> None:
        """Take the place of what is here: the rows that `to_json` gave; `DataError` where their file has lost some."""
        self._spill.load(values["spilled"])
        self._seq = values["seq"]
        self._rows = [_made(*fields) for fields in values["rows"]]
        self._folded = Recomputed(
            {(a, b, c): Decimal(v) for a, b, c, v in values["balances"]},
            {(a, b, c): Decimal(v) for a, b, c, v in values["positions"]},
        )

    def _spilled(self, since: int, before: int) -> Iterator[Row]:
        for line in self._spill.lines(since + 1):
            row = _row_of(line)
            if row.seq >= before:
                return
            if row.seq > since:
                yield row

    def _let_go(self, count: int) -> None:
        old = self._rows[:count]
        del self._rows[:count]
        for row in old:
            self._folded.fold(row)
        self._spill.append(old[0].seq, [_line(row) for row in old])


def read_spilled(path: Path) -> Iterator[Row]:
    """The rows of a spill file, oldest first."""
    with path.open("rb") as file:
        yield from map(_row_of, file)


def _line(row: Row) -> bytes:
    return orjson.dumps([_KINDS[type(row)], *row], default=str)


def _row_of(line: bytes) -> Row:
    return _made(*orjson.loads(line))


def _made(kind: str, *fields: Any) -> Row:
    if kind == "transfer":
        changes = tuple((a, b, c, Decimal(v)) for a, b, c, v in fields[-1])
        return TransferRow._make([*fields[:-1], changes])
    kept = OrderRow if kind == "order" else FillRow
    decimals = _decimal_fields(kept)
    return kept._make([Decimal(v) if is_decimal else v for is_decimal, v in zip(decimals, fields)])


@cache
def _decimal_fields(kept: type[OrderRow] | type[FillRow]) -> tuple[bool, ...]:
    types = get_type_hints(kept)
    return tuple(types[name] is Decimal for name in kept._fields)
