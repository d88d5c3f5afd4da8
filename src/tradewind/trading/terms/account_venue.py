"""What a run reads of its account at a venue, and what the venue tells by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from tradewind.market import CashFlow, Instrument, Kind
from tradewind.trading.terms.order_venue import OrderReport, OrderVenue, Trade


class MarginMode(StrEnum):
    ISOLATED = "isolated"
    CROSS = "cross"


class PositionMode(StrEnum):
    ONE_WAY = "one_way"
    HEDGE = "hedge"


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one coin: what can be used, and all of it. On futures the wallet balance, without open profit."""

    free: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """A perpetual position as the venue has it; prices in quote, None where the venue leaves them out."""

    symbol: str
    quantity: Decimal  # signed, base units
    entry: Decimal | None = None
    mark: Decimal | None = None
    liquidation: Decimal | None = None
    margin_ratio: float | None = None  # maintenance margin by margin: at 1 it is liquidated


@dataclass(frozen=True, slots=True)
class AccountReading:
    """Balances by coin and positions by symbol, read at `at` (UTC ms). A flat position may be left out."""

    at: int
    balances: Mapping[str, Balance]
    positions: Mapping[str, VenuePosition]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a key may do; None where the venue does not say."""

    trade: bool | None
    withdraw: bool | None
    transfer: bool | None = None


@dataclass(frozen=True, slots=True)
class MarginSettings:
    """Of one perpetual; None where the venue does not say."""

    leverage: float | None
    margin_mode: MarginMode | None
    position_mode: PositionMode | None


class AccountListener(Protocol):
    """What hears the stream of an account. Called from the loop, must not wait."""

    def connected(self) -> None:
        """The stream stands, or stands again: what happened meanwhile must be asked for."""

    def disconnected(self, why: str) -> None: ...

    def order(self, report: OrderReport) -> None: ...

    def trade(self, trade: Trade) -> None: ...

    def cash_flow(self, flow: CashFlow) -> None: ...

    def reading(self, reading: AccountReading) -> None:
        """The venue told of balances and positions; they may be of only some coins and symbols."""


class AccountVenue(OrderVenue, Protocol):
    """One account at one venue, whole. Every method may raise `VenueUnavailable`: then nothing was learnt."""

    kind: Kind
    rests_stops: bool  # does it take stop orders? Else the local guard alone protects

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The venue's rules for symbols, read anew, with the account's own fees. A symbol that is gone or not
        trading is left out."""

    def most_lots(self, symbol: str) -> int | None:
        """Lots of the run that one order may have at most, by the rules that were read last; None: no limit."""

    async def account(self) -> AccountReading: ...

    async def cash_flows(self, since: int) -> Sequence[CashFlow]:
        """Funding since `since` (UTC ms), oldest first; ids are the venue's, so that each is booked once."""

    async def permissions(self) -> Permissions: ...

    async def margin_settings(self, symbol: str) -> MarginSettings: ...

    async def set_margin(self, symbol: str, leverage: float, margin_mode: MarginMode) -> None:
        """One-way mode, this margin mode and leverage; afterwards `margin_settings` must say so.

        `ConfigError`, with the remedy, when the venue refuses: positions or orders are open, for example.
        """

    async def venue_time(self) -> int:
        """The venue's clock, UTC ms."""

    def wait_seconds(self) -> float:
        """How long the venue wants no request: 0 when it did not say."""

    async def listen(self, listener: AccountListener) -> None:
        """Tell the listener until cancelled; reconnects by itself, for ever, with growing waits."""

    async def close(self) -> None: ...
