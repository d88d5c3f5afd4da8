"""What a run has in quote, from its journal alone: cash on spot, the wallet balance on perpetuals."""

from __future__ import annotations

from tradewind.account.books import EXTERNAL, FUNDING, apply_cash_flow
from tradewind.account.records import open_account
from tradewind.market import CashFlow, CashFlowKind, Fill
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.simulator import Rules
from tradewind.trading.engine.booking import Booking
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import FeeTold


def wallet_of(journal: Journal) -> float:
    """The same number that the engine of this journal has, by the same functions."""
    instruments = [instrument_from_dict(i) for i in journal.session["instruments"]]
    index = {one.symbol: a for a, one in enumerate(instruments)}
    booking = Booking(instruments, Rules().record(len(instruments), instruments[0].kind))
    accounts, positions = open_account(journal.session["capital"], len(instruments))
    for _, record in journal.records():
        match record:
            case Fill():
                booking.fill(accounts, positions, index[record.symbol], record)
            case FeeTold():
                booking.pay(accounts, positions, index[record.symbol], record)
            case CashFlow():
                kind = FUNDING if record.kind is CashFlowKind.FUNDING else EXTERNAL
                apply_cash_flow(accounts[0], float(record.amount), kind)
            case Epoch():
                accounts, positions = open_account(journal.session["capital"], len(instruments))
    return float(accounts[0]["wallet"])
