"""The books of a run as its engine keeps them: one account of the simulator, changed by fills, flows and closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.account.books import EXTERNAL, FUNDING, apply_cash_flow, equity_now
from tradewind.account.records import instrument_records, open_account
from tradewind.market import CashFlow, CashFlowKind, Fill, FillReason, Inconsistent, Instrument, Kind
from tradewind.risk.stops import stop_level, stop_loss_level
from tradewind.simulator import Rules
from tradewind.simulator.alone import book_fill, close_bar, size_orders
from tradewind.simulator.window import BarWindow

Floats = NDArray[np.float64]


class EngineAccount:
    """A `Standing`. The same compiled functions change it as in a backtest."""

    def __init__(self, instruments: Sequence[Instrument], rules: Rules, capital: float) -> None:
        self.instruments = tuple(instruments)
        self.symbols = tuple(i.symbol for i in instruments)
        self.accounts, self.positions = open_account(capital, len(self.symbols))
        self.fills = self.cash_flows = 0  # taken until now
        self._capital = capital
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._records = instrument_records(self.instruments)
        self._paid_in = {in_base: self._records.copy() for in_base in (False, True)}
        for in_base, records in self._paid_in.items():
            records["fee_in_base"] = in_base
        self._rules = rules.record(len(self.symbols), self.instruments[0].kind)

    @property
    def equity(self) -> float:
        return float(self.accounts[0]["equity"])

    @property
    def halted(self) -> bool:
        """Is the kill switch latched?"""
        return bool(self.accounts[0]["halted"])

    @property
    def rearmed(self) -> bool:
        """Did a person re-arm it? The next close lifts the kill switch."""
        return bool(self.accounts[0]["rearm"])

    @property
    def day_start_equity(self) -> float:
        """At the first close of the UTC day, in quote."""
        return float(self.accounts[0]["day_start_equity"])

    @property
    def losing_streak(self) -> int:
        """Bars in a row in which what was closed lost money."""
        return int(self.accounts[0]["losses"])

    def position_lots(self) -> dict[str, int]:
        return {symbol: int(self.positions[0, a]["lots"]) for symbol, a in self._index.items()}

    def protective_level(self, symbol: str) -> float:
        """The price at which the position is to be closed: stop loss or trailing stop; 0 when there is none."""
        position = self.positions[0, self._place(symbol)]
        return float(stop_level(position, self._rules[0], position["peak"])) if position["lots"] else 0.0

    def protective_reason(self, symbol: str) -> FillReason:
        """Which of the two it is."""
        position = self.positions[0, self._place(symbol)]
        fixed = stop_loss_level(position, self._rules[0])
        is_fixed = self._rules[0]["stop_loss"] > 0 and self.protective_level(symbol) == fixed
        return FillReason.STOP if is_fixed else FillReason.TRAILING_STOP

    def equity_at(self, prices: Mapping[str, float]) -> float:
        """Equity in quote at other prices; a symbol that is left out keeps its last one."""
        positions = self.positions.copy()
        for symbol, price in prices.items():
            positions[0, self._place(symbol)]["mark"] = price
            positions[0, self._place(symbol)]["price"] = price
        return float(equity_now(self.accounts[0], positions, 0, self._records))

    def _open_anew(self) -> None:
        self.accounts, self.positions = open_account(self._capital, len(self.symbols))

    def _mark(self, window: BarWindow) -> None:
        """The close: marks, limits, reward."""
        bars, rows = window.bars, window.rows
        close_bar(self.accounts, self.positions, bars, rows, window.last, self._records, self._rules)

    def _decide(self, wanted: Floats, window: BarWindow, ready: bool) -> None:
        """Risk and sizing: from `wanted` to `approved` to the lots of each order."""
        self.positions[0]["wanted"] = wanted
        bars, last = window.bars, window.last
        size_orders(self.accounts, self.positions, bars, last, int(ready), self._records, self._rules)

    def _close_books(self) -> None:
        """A segment ends: what was to be ordered is not."""
        self.accounts[0]["equity"] = equity_now(self.accounts[0], self.positions, 0, self._records)
        self.positions[0]["order"] = 0

    def _book_fill(self, fill: Fill) -> None:
        a = self._place(fill.symbol)
        in_base = _pays_in_base(fill, self.instruments[a])
        book_fill(
            self.accounts,
            self.positions,
            a,
            self._paid_in[in_base],
            self._rules,
            fill.lots,
            float(fill.price),
            float(fill.fee),
            int(fill.reason),
        )
        self.fills += 1

    def _book_cash_flow(self, flow: CashFlow) -> None:
        if flow.symbol:
            self._place(flow.symbol)
        kind = FUNDING if flow.kind is CashFlowKind.FUNDING else EXTERNAL
        apply_cash_flow(self.accounts[0], float(flow.amount), kind)
        self.cash_flows += 1

    def _place(self, symbol: str) -> int:
        if symbol not in self._index:
            raise Inconsistent(f"an event names {symbol}, which this run does not trade: {self.symbols}")
        return self._index[symbol]


def _pays_in_base(fill: Fill, instrument: Instrument) -> bool:
    """Is the fee taken from what is received? `Inconsistent` on a fill that the books cannot take.

    They know fees in quote, a third coin at its quote value, and on spot a buy's fee in base.
    """
    in_base = fill.fee_asset == instrument.base and instrument.kind is Kind.SPOT and fill.lots > 0
    if fill.fee and not in_base and fill.fee_asset != instrument.quote:
        wanted = f"its value in {instrument.quote}" + (
            f", or {instrument.base} on a buy" if instrument.kind is Kind.SPOT else ""
        )
        raise Inconsistent(f"the fee of trade {fill.trade_id} is in {fill.fee_asset}, expected {wanted}")
    if not fill.lots or fill.quantity != instrument.quantity(fill.lots):
        raise Inconsistent(
            f"trade {fill.trade_id} is {fill.lots} lots and a quantity of {fill.quantity}, "
            f"expected lots of {instrument.lot} {instrument.base}, and at least one"
        )
    return in_base
