"""A venue of paper: fills orders by the simulator's own rules on the bars that come.

Its account is its own, as a real venue's is: the engine learns of it by fills and cash flows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from tradewind.account.books import mark_to_market
from tradewind.account.records import FILL, instrument_records, open_account
from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Fill,
    FillReason,
    Inconsistent,
    Instrument,
    Order,
    Snapshot,
)
from tradewind.market.bar import Prices
from tradewind.market.orders import derive_order_id
from tradewind.simulator import Rules
from tradewind.simulator.bar import close_out, trade_bar
from tradewind.simulator.window import BarWindow


class PaperVenue:
    """Takes orders, and on each closed bar says what became of them. Stops rest here, as at a real venue."""

    def __init__(self, instruments: Sequence[Instrument], rules: Rules, capital: float) -> None:
        self.instruments, self._capital = tuple(instruments), capital
        width = len(self.instruments)
        self.accounts, self.positions = open_account(capital, width)
        self._index = {i.symbol: a for a, i in enumerate(self.instruments)}
        self._records = instrument_records(self.instruments)
        self._rules = rules.record(width, self.instruments[0].kind)[0]
        self._window = BarWindow(width, 2, rules.costs.volume_window)
        self._log = np.zeros(1 + 8 * width, FILL)
        self._order_ids: dict[str, str] = {}

    def begin_anew(self) -> None:
        """The account as at the start, on the bars that are known."""
        self.accounts, self.positions = open_account(self._capital, len(self.instruments))

    async def submit(self, orders: Sequence[Order]) -> None:
        """Orders for the next open; what is not filled there is cancelled."""
        self.take(orders)

    async def events_before(self, item: Snapshot | Command) -> Sequence[Fill | CashFlow]:
        return self.trade(item)

    async def revise(self, symbol: str, open_time: int, prices: Prices) -> None:
        """Typical volume follows the revised bar. What traded on it stands."""
        self._window.revise(open_time, self._index[symbol], prices)

    def take(self, orders: Sequence[Order]) -> None:
        """As `submit`, for callers that are not asynchronous."""
        for order in orders:
            if order.symbol not in self._index:
                raise Inconsistent(f"an order names {order.symbol}, which this venue does not list")
        if len({order.symbol for order in orders}) < len(orders):
            raise Inconsistent("one decision has two orders for one symbol: this venue takes one of each")
        for order in orders:
            self.positions[0, self._index[order.symbol]]["order"] = order.lots
            self._order_ids[order.symbol] = order.id

    def trade(self, item: Snapshot | Command) -> list[Fill | CashFlow]:
        """As `events_before`, for callers that are not asynchronous."""
        if isinstance(item, Command):
            return self._close_everything(item) if item.kind is CommandKind.SEGMENT_END else []
        begins = self._window.seam
        self._window.push(item)
        if self._window.fresh:  # orders are for the next open, and that has passed; stops stand
            self.positions[0]["order"] = 0
        if not begins:
            trade_bar(
                self.accounts, self.positions, 0, self._window.bars, 1, self._records, self._rules, self._log
            )
        self.positions[0]["order"] = 0
        mark_to_market(self.accounts, self.positions, 0, self._window.bars, 1, self._records)
        return self._drain(item.open_time)

    def _close_everything(self, command: Command) -> list[Fill | CashFlow]:
        """No position is carried over a seam."""
        close_out(
            self.accounts, self.positions, 0, self._window.bars, 1, self._records, self._rules, self._log
        )
        self._window.seam = True
        return self._drain(command.at)

    def _drain(self, at: int) -> list[Fill | CashFlow]:
        """What the kernel logged, as the events that a venue would send."""
        written = int(self._log[0]["row"])
        if written >= len(self._log):
            raise Inconsistent(f"{written} fills in one bar, more than the log holds ({len(self._log) - 1})")
        events = [self._event(entry, at, k) for k, entry in enumerate(self._log[1 : written + 1])]
        self._log[0]["row"] = 0
        return events

    def _event(self, entry: Any, at: int, number: int) -> Fill | CashFlow:
        instrument = self.instruments[int(entry["instrument"])]
        event_id = derive_order_id("paper", instrument.symbol, at, number, prefix="trd-")
        if entry["funding"]:
            amount = _exact(entry["fee"])
            return CashFlow(event_id, at, CashFlowKind.FUNDING, amount, instrument.symbol)
        lots, reason = int(entry["lots"]), FillReason(int(entry["reason"]))
        own = reason is FillReason.ORDER
        return Fill(
            trade_id=event_id,
            order_id=self._order_ids[instrument.symbol] if own else f"{reason.name.lower()}-{event_id}",
            at=at,
            symbol=instrument.symbol,
            lots=lots,
            quantity=instrument.quantity(lots),
            price=_exact(entry["price"]),
            fee=_exact(entry["fee"]),
            fee_asset=instrument.base if entry["fee_in_base"] else instrument.quote,
            reason=reason,
        )


def _exact(value: Any) -> Decimal:
    """The shortest decimal that reads back as the same float: what the engine books is what was traded."""
    return Decimal(repr(float(value)))
