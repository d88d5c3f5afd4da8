"""What an order of a decision wants, while it becomes orders at the venue."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from tradewind.market import Order, OrderId, RejectKind


class Remedies(Protocol):
    """What can be done about a refusal. Every method may raise `VenueUnavailable`."""

    async def reload(self, symbol: str) -> int:
        """Read the venue's rules of a symbol again, into the instruments of the run.

        Returns how many lots of the run the venue's lot is now.
        """

    async def affordable(self, order: Order) -> int:
        """How many lots of it the balances allow now, without sign."""

    def wait_seconds(self) -> float:
        """How long the venue wants no request; 0 when it did not say."""


@dataclass(slots=True, eq=False)
class Aim:
    """What one order of a decision wants, and the orders that were made of it."""

    order: Order
    decision_id: str
    then: Order | None = None  # the other half of a flip: opens once this one has closed
    names: list[OrderId] = field(default_factory=list)
    let_go: set[OrderId] = field(default_factory=set)  # that we asked to cancel
    remedies: set[RejectKind] = field(default_factory=set)  # each is tried once
    limited: int = 0
    repriced: int = 0
    at_market: bool = False  # no longer as a maker
    superseded: bool = False  # by a newer decision: it ends as soon as it can
    over: asyncio.Event = field(default_factory=asyncio.Event)
