"""The journal's books beside what the venue says: pure functions of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tradewind.market import Instrument, Kind
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.terms.account_venue import AccountReading, MarginSettings

CASH_TOLERANCE = Decimal("0.001")  # of what the books say: fees of a third coin are booked at their value


@dataclass(frozen=True, slots=True)
class Side:
    """One symbol, or the wallet (`symbol` empty, in quote): what the books expect to be there, and what is."""

    symbol: str
    expected: Decimal  # with the baseline, what the account held beside the run
    found: Decimal
    owned: Decimal  # of the run
    differs: bool

    def __str__(self) -> str:
        what = self.symbol or "the wallet"
        return f"{what}: the journal says {self.expected:f}, the venue {self.found:f}"


def sides(ledger: OrderLedger, reading: AccountReading, wallet: Decimal, quote: str) -> list[Side]:
    """Every symbol whose baseline is known, and the wallet. Less than a lot is dust."""
    found = [_side(ledger, reading, ledger.instruments[symbol]) for symbol in ledger.baselines]
    return [*found, _wallet(reading, wallet, quote)]


def _side(ledger: OrderLedger, reading: AccountReading, instrument: Instrument) -> Side:
    symbol = instrument.symbol
    expected, found = ledger.expected_holding(symbol), holding_in(reading, instrument)
    differs = instrument.whole_lots(found - expected) != 0
    return Side(symbol, expected, found, ledger.owned(symbol), differs)


def holding_in(reading: AccountReading, instrument: Instrument) -> Decimal:
    """The signed position, or all of the base coin on spot; what a reading leaves out is nothing."""
    if instrument.kind is Kind.PERPETUAL:
        position = reading.positions.get(instrument.symbol)
        return Decimal(0) if position is None else position.quantity
    return total_of(reading, instrument.base)


def total_of(reading: AccountReading, coin: str) -> Decimal:
    balance = reading.balances.get(coin)
    return Decimal(0) if balance is None else balance.total


def _wallet(reading: AccountReading, wallet: Decimal, quote: str) -> Side:
    """More than the run's is the user's own."""
    found = total_of(reading, quote)
    least = wallet - abs(wallet) * CASH_TOLERANCE
    return Side("", wallet, found, wallet, differs=found < least)


def is_users_own(side: Side, instrument: Instrument) -> bool:
    """On spot: is all that the run bought still there, so that only the user's coins came or went?"""
    return instrument.kind is Kind.SPOT and side.found - side.owned > -instrument.lot


def changed_settings(wanted: MarginSettings, found: MarginSettings) -> str:
    """What stands otherwise at the venue than the run set it, empty if nothing; what is not told is not compared."""
    pairs = (
        ("leverage", wanted.leverage, found.leverage),
        ("margin mode", wanted.margin_mode, found.margin_mode),
        ("position mode", wanted.position_mode, found.position_mode),
    )
    told = [f"{what} is {is_}, expected {was}" for what, was, is_ in pairs if _differ(was, is_)]
    return ", ".join(told)


def _differ(wanted: object, found: object) -> bool:
    return wanted is not None and found is not None and wanted != found


@dataclass(frozen=True, slots=True)
class MarketChanges:
    """What happened to the symbols of a run since their rules were read."""

    gone: tuple[str, ...]
    resized: tuple[Instrument, ...]  # the lot, or what it is a lot of, is another
    rules: tuple[Instrument, ...]  # tick, minimum or fees are others


def changed_markets(known: Iterable[Instrument], listed: Mapping[str, Instrument]) -> MarketChanges:
    gone, resized, rules = [], [], []
    for was in known:
        now = listed.get(was.symbol)
        if now is None:
            gone.append(was.symbol)
        elif (now.lot, now.base, now.quote) != (was.lot, was.base, was.quote):
            resized.append(now)
        elif now != was:
            rules.append(now)
    return MarketChanges(tuple(gone), tuple(resized), tuple(rules))
