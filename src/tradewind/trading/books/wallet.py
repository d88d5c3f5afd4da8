"""What a run has in quote, from its journal alone: cash on spot, the wallet balance on perpetuals."""

from __future__ import annotations

from tradewind.account.books import EXTERNAL, FUNDING, apply_cash_flow, apply_fill
from tradewind.account.records import instrument_records, open_account
from tradewind.market import CashFlow, CashFlowKind, Fill
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.simulator import Rules
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.bookable import fee_of
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import FeeTold


def wallet_of(journal: Journal) -> float:
    """The same number that the engine of this journal has, by the same functions."""
    instruments = [instrument_from_dict(i) for i in journal.session["instruments"]]
    index = {one.symbol: a for a, one in enumerate(instruments)}
    paid_in = {in_base: instrument_records(instruments) for in_base in (False, True)}
    for in_base, records in paid_in.items():
        records["fee_in_base"] = in_base
    rules = Rules().record(len(instruments), instruments[0].kind)[0]
    accounts, positions = open_account(journal.session["capital"], len(instruments))
    for _, record in journal.records():
        match record:
            case Fill():
                a = index[record.symbol]
                fee, in_base = fee_of(record, instruments[a]) or (0, False)
                if record.lots:
                    paid, price, reason = paid_in[in_base][a], float(record.price), int(record.reason)
                    apply_fill(
                        accounts[0], positions[0, a], paid, rules, record.lots, price, float(fee), reason
                    )
                elif not in_base:
                    accounts[0]["wallet"] -= float(fee)
            case FeeTold(fee_asset=coin) if coin == instruments[index[record.symbol]].quote:
                accounts[0]["wallet"] -= float(record.fee)
            case CashFlow():
                kind = FUNDING if record.kind is CashFlowKind.FUNDING else EXTERNAL
                apply_cash_flow(accounts[0], float(record.amount), kind)
            case Epoch():
                accounts, positions = open_account(journal.session["capital"], len(instruments))
    return float(accounts[0]["wallet"])
