"""What belongs to a run at its venue, as far as its journal can be read from outside."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tradewind.market import Fill, Instrument, TradewindError
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.database import Place
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.order_states import Intent

PREFIX = "twnd"  # of every client id of ours, see `derive_order_id`


@dataclass(frozen=True, slots=True)
class Holding:
    """What a run owns of a symbol, and what the account held beside it; signed base units."""

    owned: Decimal
    baseline: Decimal
    price: Decimal | None = None  # the last one that it traded at


@dataclass(frozen=True, slots=True)
class Estate:
    """`holdings` is None where the journal cannot be read; `trouble` then says why."""

    symbols: tuple[str, ...]
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    holdings: Mapping[str, Holding] | None = None
    intents: Mapping[str, Intent] = field(default_factory=dict)  # of live orders, by client id
    last_trade_at: int = 0  # UTC ms
    trouble: str = ""


def estate_of(journal: Place, symbols: Iterable[str]) -> Estate:
    """From a copy of the journal, so that no lock and no hung process stands in the way.

    `symbols` are those that the run's description names; they are all that is known without a journal.
    """
    described = tuple(symbols)
    try:
        with readable(journal) as path:
            return _read(path, described)
    except (TradewindError, OSError, KeyError, ValueError) as error:
        return Estate(described, trouble=" ".join(str(error).split()))


@contextmanager
def readable(journal: Place) -> Iterator[Place]:
    """A journal to read from while another process writes it: a copy of a file, a database as it is."""
    if isinstance(journal, Path):
        with copied(journal) as path:
            yield path
    else:
        yield journal


@contextmanager
def copied(journal: Path) -> Iterator[Path]:
    """A copy of a journal that another process may be writing, with what is not in its main file yet."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            part = journal.with_name(journal.name + suffix)
            if part.exists() or not suffix:
                shutil.copyfile(part, Path(folder) / part.name)
        yield Path(folder) / journal.name


def _read(path: Place, described: tuple[str, ...]) -> Estate:
    with Journal.open(path) as journal:
        known = [instrument_from_dict(one) for one in journal.session["instruments"]]
        ledger = OrderLedger.of(journal, known)
    prices = {fill.symbol: fill.price for fill in ledger.fills.values()}
    holdings = {
        symbol: Holding(ledger.owned(symbol), baseline.quantity, prices.get(symbol))
        for symbol, baseline in ledger.baselines.items()
    }
    intents = {client_id: ledger.orders[client_id].intent for client_id in ledger.live}
    symbols = tuple(dict.fromkeys([*ledger.instruments, *described]))
    return Estate(symbols, dict(ledger.instruments), holdings, intents, ledger.last_trade_at)


def less(estate: Estate, fills: Iterable[Fill]) -> Estate:
    """Without what was closed already by an earlier panic, of which the journal does not know yet."""
    if estate.holdings is None:
        return estate
    left = dict(estate.holdings)
    for fill in fills:
        if fill.symbol in left:
            one = left[fill.symbol]
            left[fill.symbol] = Holding(one.owned + fill.quantity, one.baseline, fill.price)
    known = estate.symbols, estate.instruments, left, estate.intents, estate.last_trade_at
    return Estate(*known, estate.trouble)
