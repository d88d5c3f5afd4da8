"""What the order manager asks of a venue, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from tradewind.market import Fill, OrderId, Outcome
from tradewind.trading.terms.order_states import Intent


class ReportStatus(StrEnum):
    """What a venue calls an order."""

    OPEN = "open"  # also when partly filled
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the venue sees it, asked for or told by its stream."""

    client_id: OrderId
    symbol: str
    status: ReportStatus
    filled: int  # lots in all, without sign
    venue_id: str


@dataclass(frozen=True, slots=True)
class NoSuchOrder:
    """The venue answered that it knows no such order, on every endpoint where it could rest."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade as the venue tells it: `fill.order_id` is the client id, or empty where the venue leaves it out."""

    fill: Fill
    venue_id: str  # the venue's id of the order


class OrderVenue(Protocol):
    """One account at one venue. Every method may raise `VenueUnavailable`: then nothing was learnt.

    A request must be signed with a receive window of at most `tradewind.trading.orders.doubt.RECEIVE_WINDOW` seconds,
    and never be repeated by the client underneath.
    """

    async def send(self, intent: Intent) -> Outcome:
        """Place the order, once, under its client id."""

    async def cancel(self, intent: Intent, venue_id: str) -> Outcome:
        """Cancel it, once; `venue_id` is empty while unknown."""

    async def query(self, intent: Intent, venue_id: str) -> OrderReport | NoSuchOrder:
        """The order by its client id, on the regular and the conditional endpoint."""

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        """All that rests in a symbol, conditional orders too."""

    async def trades(self, symbol: str, since: int) -> Sequence[Trade]:
        """All trades of the account in a symbol from `since` (UTC ms) on, oldest first."""

    async def holding(self, symbol: str) -> Decimal:
        """The signed position on a perpetual; on spot the whole balance of the base coin, locked or free."""
