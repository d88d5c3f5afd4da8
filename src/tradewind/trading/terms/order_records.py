"""What the journal keeps of orders beside intents, their events and fills."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tradewind.market import OrderId
from tradewind.trading.terms.order_states import Alarm, Intent, OrderEvent


@dataclass(frozen=True, slots=True)
class Denied:
    """An order that we did not send."""

    at: int  # UTC ms
    client_id: OrderId
    symbol: str
    lots: int
    text: str


@dataclass(frozen=True, slots=True)
class OrderAlarm:
    """Something that a person should know. Some alarms also restrict the symbol, see `OrderLedger`."""

    at: int  # UTC ms
    symbol: str
    client_id: OrderId
    alarm: Alarm
    text: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the account held of a symbol beside what this run trades; it is never touched."""

    at: int  # UTC ms
    symbol: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class FeeTold:
    """The fee of a trade that was told without one, or in a coin that nobody could value."""

    at: int  # UTC ms
    symbol: str
    trade_id: str
    price: Decimal  # of the trade
    fee: Decimal
    fee_asset: str  # quote, or base where that was bought


class Risk(StrEnum):
    """What a run may still do; each of these allows less than the one before."""

    ACTIVE = "active"
    REDUCING = "reducing"  # the policy goes on, but exposure only shrinks
    HALTED = "halted"  # as REDUCING, after a limit of loss or by a person
    FLATTENING = "flattening"  # everything is being closed
    FLAT = "flat"  # everything is closed, and stays so


@dataclass(frozen=True, slots=True)
class RiskState:
    """From here on the run may do this, and why; a person's `REARM` is the only way back."""

    at: int  # UTC ms
    state: Risk
    reason: str


OrderRecord = Intent | OrderEvent | Denied | OrderAlarm | Baseline | FeeTold | RiskState
