"""What a person asks for by hand: an order or the end of one, how it travels, and the answer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from tradewind.market import Command, CommandKind, ConfigError, Instrument, OrderId, OrderType


class Answer(StrEnum):
    """What became of it."""

    FILLED = "filled"
    WORKING = "working"  # it rests at the venue, or for the next open on paper
    CANCELED = "canceled"
    DENIED = "denied"  # by the run: nothing was sent
    REJECTED = "rejected"  # by the venue
    UNCLEAR = "unclear"  # nobody can tell yet; the run goes on asking


@dataclass(frozen=True, slots=True)
class Reply:
    """What the run says to the one who asked."""

    answer: Answer
    text: str
    order: OrderId = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Reply:
        return cls(Answer(told["answer"]), str(told["text"]), str(told["order"]))


@dataclass(frozen=True, slots=True)
class HandOrder:
    """An order by hand. Positive quantities (base units) buy. `ticket`: by which the answer is found."""

    ticket: str
    symbol: str
    quantity: Decimal
    limit: Decimal | None = None
    stop: Decimal | None = None  # rests at the venue, and closes at the market once the price has come there

    @property
    def type(self) -> OrderType:
        if self.stop is not None:
            return OrderType.STOP
        return OrderType.MARKET if self.limit is None else OrderType.LIMIT

    def command(self, at: int) -> Command:
        return Command(CommandKind.ORDER, at, json.dumps(asdict(self), default=str))

    @classmethod
    def of(cls, command: Command) -> HandOrder:
        """`ConfigError` where the note is of another form."""
        try:
            note = json.loads(command.note)
            limit, stop = (None if note[k] is None else Decimal(note[k]) for k in ("limit", "stop"))
            return cls(str(note["ticket"]), str(note["symbol"]), Decimal(note["quantity"]), limit, stop)
        except (ValueError, KeyError, TypeError, InvalidOperation) as error:
            raise ConfigError(f"the order by hand cannot be read: {error!r}") from error

    def lots(self, instrument: Instrument) -> int:
        """Whole lots; `ConfigError` for a quantity or a price off the venue's grid."""
        if self.limit is not None and self.stop is not None:
            raise ConfigError("an order by hand has a limit or a stop, not both")
        for name, price in (("limit", self.limit), ("stop", self.stop)):
            if price is not None and not (price.is_finite() and price > 0):
                raise ConfigError(f"the {name} is {price}, expected a positive price")
            if price is not None and price % instrument.tick:
                near = instrument.round_price(price)
                raise ConfigError(
                    f"the {name} {price:f} is off the grid of {instrument.tick} of {self.symbol}: say {near:f}"
                )
        if not self.quantity.is_finite() or not self.quantity:
            raise ConfigError(f"the quantity is {self.quantity}, expected a positive number")
        lots = instrument.whole_lots(self.quantity)
        if instrument.quantity(lots) != self.quantity:
            near = abs(instrument.quantity(lots)) or instrument.lot
            raise ConfigError(
                f"{abs(self.quantity):f} {instrument.base} is no whole number of lots of {instrument.lot:f}: "
                f"say {near:f}"
            )
        return lots


@dataclass(frozen=True, slots=True)
class HandCancel:
    """The end of a working order, by its client id."""

    ticket: str
    order: OrderId

    def command(self, at: int) -> Command:
        return Command(CommandKind.CANCEL, at, json.dumps(asdict(self)))

    @classmethod
    def of(cls, command: Command) -> HandCancel:
        """`ConfigError` where the note is of another form."""
        try:
            note = json.loads(command.note)
            return cls(str(note["ticket"]), str(note["order"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"what is to be canceled cannot be read: {error!r}") from error


def asked_of(command: Command) -> HandOrder | HandCancel:
    """`ConfigError` where the note is of another form."""
    return HandOrder.of(command) if command.kind is CommandKind.ORDER else HandCancel.of(command)
