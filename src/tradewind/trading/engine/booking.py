"""How a trade, and a fee that was told later, change the one account of a run: by the functions of the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind.account.books import apply_fee
from tradewind.account.records import instrument_records
from tradewind.market import Fill, Instrument
from tradewind.simulator.alone import book_fill
from tradewind.trading.terms.bookable import fee_of
from tradewind.trading.terms.order_records import FeeTold


class Booking:
    """Of these instruments, under these rules; `a` is the place of one among them."""

    def __init__(self, instruments: Sequence[Instrument], rules: Any) -> None:
        self._instruments, self._rules = tuple(instruments), rules
        self._paid_in = {in_base: instrument_records(instruments) for in_base in (False, True)}
        for in_base, records in self._paid_in.items():
            records["fee_in_base"] = in_base

    def fill(self, accounts: Any, positions: Any, a: int, fill: Fill) -> None:
        """A fee that is not told yet is nothing until it is."""
        fee, in_base = fee_of(fill, self._instruments[a]) or (0, False)
        paid, price, reason = self._paid_in[in_base], float(fill.price), int(fill.reason)
        if fill.lots:
            book_fill(accounts, positions, a, paid, self._rules, fill.lots, price, float(fee), reason)
        else:
            apply_fee(accounts[0], positions[0, a], paid[a], price, float(fee))

    def pay(self, accounts: Any, positions: Any, a: int, told: FeeTold) -> None:
        """In base, or from the wallet."""
        paid = self._paid_in[told.fee_asset == self._instruments[a].base][a]
        apply_fee(accounts[0], positions[0, a], paid, float(told.price), float(told.fee))
