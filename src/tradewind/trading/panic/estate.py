"""What belongs to a run at its venue, as far as its journal can be read from outside."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from tradewind.market import Fill, Instrument, OrderId, TradewindError
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.database import Place
from tradewind.trading.journal.fallback import rows_in
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import decode
from tradewind.trading.terms.order_states import OrderState

PREFIX = "twnd"  # of every client id of ours, see `derive_order_id`
COPIES = 20  # that are tried while another process writes
BETWEEN_COPIES = 0.02  # seconds


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
    orders: Mapping[OrderId, OrderState] = field(default_factory=dict)  # all that the run ever made
    last_trade_at: int = 0  # UTC ms
    trouble: str = ""

    @property
    def live(self) -> list[OrderState]:
        """Orders whose end the journal does not know."""
        return [state for state in self.orders.values() if not state.done]


def estate_of(journal: Place, symbols: Iterable[str], fallback: Path | None = None) -> Estate:
    """From a copy of the journal, so that no lock and no hung process stands in the way.

    `symbols` are those that the run's description names; they are all that is known without a journal. `fallback` is
    the file in which a run keeps what it cannot write into its journal.
    """
    described = tuple(symbols)
    try:
        with readable(journal) as path:
            return _read(path, described, fallback)
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
    """A copy of a journal that another process may be writing, with what is not in its main file yet.

    It is of one moment: where something was written meanwhile, it is copied again.
    """
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / journal.name
        for _ in range(COPIES):
            before = _stamps(journal)
            _copy(journal, there)
            if _stamps(journal) == before:
                break
            time.sleep(BETWEEN_COPIES)
        yield there


def _parts(journal: Path) -> list[Path]:
    return [journal, journal.with_name(f"{journal.name}-wal")]


def _stamps(journal: Path) -> list[tuple[int, int] | None]:
    found = [part.stat() if part.exists() else None for part in _parts(journal)]
    return [None if one is None else (one.st_mtime_ns, one.st_size) for one in found]


def _copy(journal: Path, target: Path) -> None:
    for part, copy in zip(_parts(journal), _parts(target), strict=True):
        copy.unlink(missing_ok=True)
        if part.exists() or part is journal:
            shutil.copyfile(part, copy)


def _read(path: Place, described: tuple[str, ...], fallback: Path | None) -> Estate:
    with Journal.open(path) as journal:
        known = [instrument_from_dict(one) for one in journal.session["instruments"]]
        ledger = OrderLedger.of(journal, known)
        kept = [] if fallback is None else [r for r in rows_in(fallback) if r["number"] > len(journal)]
    for row in kept:
        ledger.apply(decode(row["kind"], row["payload"]))
    prices = {fill.symbol: fill.price for fill in ledger.fills.values()}
    holdings = {
        symbol: Holding(ledger.owned(symbol), baseline.quantity, prices.get(symbol))
        for symbol, baseline in ledger.baselines.items()
    }
    symbols = tuple(dict.fromkeys([*ledger.instruments, *described]))
    return Estate(symbols, dict(ledger.instruments), holdings, dict(ledger.orders), ledger.last_trade_at)


def less(estate: Estate, fills: Iterable[Fill]) -> Estate:
    """Without what was closed already by an earlier panic, of which the journal does not know yet."""
    if estate.holdings is None:
        return estate
    left = dict(estate.holdings)
    for fill in fills:
        if fill.symbol in left:
            one = left[fill.symbol]
            left[fill.symbol] = Holding(one.owned + fill.quantity, one.baseline, fill.price)
    return replace(estate, holdings=left)
