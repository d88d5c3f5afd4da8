"""A unified method, the kinds of market that it is asked on, and a call of it that fails on a wrong answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.here import Here
from tests.conformance.places import Place

SPOT, SWAP, BOTH = ("spot",), ("swap",), ("spot", "swap")
Probe = Callable[[Here], Awaitable[Any]]
Call = Callable[[Here], Awaitable[Any]]
Right = Callable[[Here, Any], bool]


@dataclass(frozen=True)
class Method:
    """`venues`: only those of ccxt's ids, empty: all that have it. `without`: what ccxt refuses ("binance spot")."""

    name: str
    kinds: tuple[str, ...]
    probe: Probe
    venues: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def is_asked(self, place: Place) -> bool:
        """Whether ccxt has it there, for that kind of market."""
        return (
            place.has(self.name)
            and place.kind in self.kinds
            and place.venue in (self.venues or (place.venue,))
            and f"{place.venue} {place.kind}" not in self.without
        )


METHODS: dict[str, Method] = {}


def probe(
    name: str, kinds: tuple[str, ...] = BOTH, venues: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> Callable[[Probe], Probe]:
    """Put a function into the table as the call of that method."""

    def put(function: Probe) -> Probe:
        METHODS[name] = Method(name, kinds, function, venues, without)
        return function

    return put


def ask(
    name: str,
    kinds: tuple[str, ...],
    call: Call,
    right: Right,
    venues: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> None:
    """A method that is asked once and whose answer must be right."""

    @probe(name, kinds, venues, without)
    async def run(here: Here) -> None:
        found = await call(here)
        assert right(here, found), f"{name} answered {str(found)[:300]}"


def about(here: Here, found: Any) -> bool:
    return bool(found) and found["symbol"] == here.symbol


def among(here: Here, found: Any) -> bool:
    return bool(found) and here.symbol in found and found[here.symbol]["symbol"] == here.symbol


def rows(here: Here, found: Any) -> bool:
    return len(found) > 0


def rows_of(here: Here, found: Any) -> bool:
    return len(found) > 0 and all(row["symbol"] == here.symbol for row in found)


def candles(here: Here, found: Any) -> bool:
    return len(found) > 1 and all(
        row[3] <= min(row[1], row[4]) <= max(row[1], row[4]) <= row[2] for row in found
    )


def has_bids(here: Here, found: Any) -> bool:
    return bool(found["bids"])


def has_usdt(here: Here, found: Any) -> bool:
    return "USDT" in found
