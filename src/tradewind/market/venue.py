"""The two interfaces between an engine and the world, and the events that travel through them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tradewind.market.bar import Prices, Snapshot
from tradewind.market.orders import CashFlow, Fill, Order


class CommandKind(StrEnum):
    REARM = "rearm"  # after a kill switch: takes effect after the next mark, before its decision
    SEGMENT_END = "segment_end"  # a run of bars ends here: no position is carried over the seam
    STOP = "stop"  # end the session: finish what is on its way, then keep or close positions as configured
    HALT = "halt"  # no order but closing ones, until a person re-arms
    PANIC = "panic"  # as HALT, and another process is closing everything: send nothing at all
    ORDER = "order"  # by hand; the note says which
    CANCEL = "cancel"  # by hand; the note says which


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person, or the end of the data, asks of the engine."""

    kind: CommandKind
    at: int  # UTC ms
    note: str = ""


Event = Snapshot | Fill | CashFlow | Command


class CandleSource(Protocol):
    """Closed bars, in order of time, each exactly once."""

    def __aiter__(self) -> AsyncIterator[Snapshot | Command]: ...


class Venue(Protocol):
    """Where orders go and fills come from. Paper and real venues look the same from here."""

    async def submit(self, orders: Sequence[Order]) -> None:
        """Take the orders of one decision. Fills arrive later as events."""

    async def revise(self, symbol: str, open_time: int, prices: Prices) -> None:
        """A closed bar is told otherwise now. What happened on it stands."""

    async def events_before(self, item: Snapshot | Command) -> Sequence[Fill | CashFlow]:
        """All fills and cash flows that happened before the close of this snapshot, in order."""
