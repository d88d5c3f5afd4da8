"""What clients asked and what they were told: with the ledger, all that a judgement of a bot rests on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from tradewind.gateway.faults.seen import Seen

KEPT = 100_000


class Told(StrEnum):
    """What the client could know from the reply."""

    PENDING = "pending"  # not answered yet
    ANSWERED = "answered"  # what the venue said
    UNKNOWN = "unknown"  # whether it was done cannot be known from the reply, or there was none
    REFUSED = "refused"  # a fault said no, and that was true
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Made:
    """An order that a request made: of the book, of an order list, or on the list of conditional ones."""

    id: int
    client_id: str
    symbol: str  # the venue's id
    listed: bool = False
    conditional: bool = False


@dataclass(slots=True)
class Sent:
    """One request, or one call over a WebSocket, whose `path` ends with the call's name."""

    seq: int
    wire_ms: int
    market_ms: int
    venue: str
    account: str
    kind: str
    method: str
    path: str
    symbol: str
    client_id: str
    order_id: str
    side: str
    quantity: str
    told: Told = Told.PENDING
    status: int = 0
    answered_ms: int = 0
    made: list[Made] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Traffic:
    """The newest requests, while `on`; and names and ids of orders that streams told of."""

    def __init__(self) -> None:
        self.on = False
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._seq = 0
        self.streamed: dict[str, int] = {}  # client id or order id -> when it was first told, wire ms

    def begin(self, seen: Seen, wire_ms: int, market_ms: int) -> Sent:
        self._seq += 1
        sent = Sent(
            self._seq,
            wire_ms,
            market_ms,
            seen.venue,
            seen.account,
            seen.kind.value,
            seen.method,
            f"{seen.path} {seen.event}" if seen.method == "WS" else seen.path,
            seen.symbol,
            seen.client_id,
            seen.fields.get("orderId", seen.fields.get("algoId", "")),
            seen.side,
            seen.quantity,
        )
        if self.on:
            self._sent.append(sent)
        return sent

    def tell(self, names: list[str], wire_ms: int) -> None:
        """A stream told of orders of these names and ids."""
        for name in names:
            self.streamed.setdefault(name, wire_ms)

    def __iter__(self) -> Iterator[Sent]:
        return iter(tuple(self._sent))

    def since(self, seq: int, limit: int) -> Iterator[Sent]:
        return islice((sent for sent in self if sent.seq > seq), limit)
