"""What every command works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradewind.exchange import MarketClock
from tradewind.gateway.faults import Faults
from tradewind.gateway.faults.reading import Values
from tradewind.gateway.house import House
from tradewind.market import ConfigError


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose account a command is about; `venue` may be empty when the account leaves no choice."""

    venue: str
    account: str


def venue_of(values: Values) -> str:
    """The venue that a command names, or nothing."""
    return values.text("venue", "")


def owner_of(values: Values) -> Owner:
    return Owner(venue_of(values), values.text("account"))


@dataclass(slots=True)
class ControlDesk:
    """The houses by venue and the faults in front of them.

    `beat` lets everything reach market time; a server's own `beat` also lets its dialects do what is due. `keep`
    writes the state of all houses to the exchange's snapshot file, where it has one.
    """

    houses: dict[str, House]
    faults: Faults
    beat: Callable[[], None]
    keep: Callable[[], None] | None = None

    @property
    def clock(self) -> MarketClock:
        return next(iter(self.houses.values())).clock

    def house(self, venue: str, account: str = "") -> House:
        """The one of that name; without a name the only one, or the only one with that account."""
        if venue:
            if venue not in self.houses:
                raise ConfigError(f"venue is {venue!r}, expected one of {', '.join(self.houses)}")
            return self.houses[venue]
        if len(self.houses) == 1:
            return next(iter(self.houses.values()))
        having = [h for h in self.houses.values() if account and account in h.exchange.treasury.accounts]
        if len(having) == 1:
            return having[0]
        raise ConfigError(f"several venues run here: name one as venue, of {', '.join(self.houses)}")

    def of_account(self, owner: Owner) -> House:
        """The house of an account that is there."""
        house = self.house(owner.venue, owner.account)
        house.exchange.account(owner.account)
        return house

    def some(self, venue: str) -> list[House]:
        """The one of that name, or all."""
        return [self.house(venue)] if venue else list(self.houses.values())
