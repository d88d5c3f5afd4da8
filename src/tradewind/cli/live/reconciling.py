"""What `tradewind reconcile` does: the books of a run beside what its venue says, once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import typer

from tradewind.cli.common import print_json
from tradewind.cli.live.books import known_place
from tradewind.cli.live.reaching import RunPlace, described, folder_of, place_of, reach
from tradewind.cli.tables import Column, number, print_table, say, stdout
from tradewind.market import WallClock
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.books.wallet import wallet_of
from tradewind.trading.comparing.comparison import Side, sides
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.panic.estate import readable
from tradewind.trading.terms.order_venue import OrderReport

BOOKED = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides: holdings, the wallet (symbol empty), and open orders by client id."""

    sides: list[Side]
    ours: dict[str, str]  # what the journal says of orders that are not over
    theirs: list[OrderReport]
    halted: list[str]

    @property
    def missing(self) -> list[str]:
        return sorted(set(self.ours) - {report.client_id for report in self.theirs})

    @property
    def foreign(self) -> list[str]:
        return sorted({report.client_id or report.venue_id for report in self.theirs} - set(self.ours))

    @property
    def differs(self) -> bool:
        return bool(any(side.differs for side in self.sides) or self.missing or self.foreign)


def compare(name: str, *, home: Path, as_json: bool) -> None:
    """The whole of `tradewind reconcile`; ends with its exit code."""
    folder = folder_of(home, name)
    place = place_of(described(folder), name)
    found = asyncio.run(_compare(folder, place))
    if as_json:
        print_json(_plain(found))
    else:
        _say(name, found)
    raise typer.Exit(1 if found.differs else 0)


async def _compare(folder: RunFolder, place: RunPlace) -> Comparison:
    from tradewind.market.instrument_json import instrument_from_dict

    with readable(known_place(folder)) as path, Journal.open(path) as journal:
        instruments = [instrument_from_dict(one) for one in journal.session["instruments"]]
        ledger, wallet = OrderLedger.of(journal, instruments), wallet_of(journal)
    async with reach(place, WallClock(), instruments) as venue:
        reading = await venue.account()
        reports = [report for symbol in ledger.instruments for report in await venue.open_orders(symbol)]
    found = sides(ledger, reading, Decimal(repr(wallet)), instruments[0].quote)
    ours = {client_id: ledger.orders[client_id].status.value for client_id in ledger.live}
    return Comparison(found, ours, reports, sorted(ledger.halted))


def _plain(found: Comparison) -> dict[str, object]:
    return {
        "differs": found.differs,
        "sides": [
            {
                "symbol": side.symbol,
                "journal": booked(side.expected),
                "venue": booked(side.found),
                "owned": booked(side.owned),
                "differs": side.differs,
            }
            for side in found.sides
        ],
        "orders": {"missing": found.missing, "foreign": found.foreign, "journal": found.ours},
        "halted": found.halted,
    }


def _say(name: str, found: Comparison) -> None:
    console = stdout()
    rows = [
        [side.symbol or "wallet", *map(booked, (side.expected, side.found, side.owned)), _verdict(side)]
        for side in found.sides
    ]
    columns = (Column("what"), number("journal"), number("venue"), number("of the run"), Column("verdict"))
    print_table(console, columns, rows)
    for client_id in found.missing:
        say(
            console, f"Order {client_id} is {found.ours[client_id]} in the journal and not open at the venue."
        )
    for one in found.foreign:
        say(console, f"Order {one} is open at the venue and not in the journal.")
    if found.halted:
        say(console, f"Halted until re-armed: {', '.join(found.halted)}.")
    say(console, f"The books of {name} {'DIFFER' if found.differs else 'are equal'}.")


def booked(amount: Decimal) -> str:
    """As venues book coins, to eight places; what a sum of floats has beyond is no money."""
    return f"{amount.quantize(BOOKED).normalize() + 0:f}"


def _verdict(side: Side) -> str:
    return "DIFFERS" if side.differs else "equal"
