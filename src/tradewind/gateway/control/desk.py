"""What every command works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradewind.exchange import MarketClock
from tradewind.gateway.faults import Faults
from tradewind.gateway.faults.reading import Values
from tradewind.gateway.house import House
from tradewind.market import ConfigError


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

    def house(self, values: Values, account: str = "") -> House:
        """The one that `venue` names; it may be left out when the rest leaves no choice."""
        name = values.text("venue", "")
        if name:
            if name not in self.houses:
                raise ConfigError(f"venue is {name!r}, expected one of {', '.join(self.houses)}")
            return self.houses[name]
        if len(self.houses) == 1:
            return next(iter(self.houses.values()))
        having = [h for h in self.houses.values() if account and account in h.exchange.treasury.accounts]
        if len(having) == 1:
            return having[0]
        raise ConfigError(f"several venues run here: name one as venue, of {', '.join(self.houses)}")

    def of_account(self, values: Values) -> tuple[House, str]:
        """The house, and the account in it, that a command is about."""
        account = values.text("account")
        house = self.house(values, account)
        house.exchange.account(account)
        return house, account

    def some(self, values: Values) -> list[House]:
        """The one that `venue` names, or all."""
        return [self.house(values)] if values.has("venue") else self.all(values)

    def all(self, values: Values) -> list[House]:
        values.text("venue", "")
        return list(self.houses.values())
