"""The books of a run as its engine keeps them: one account of the simulator, changed by fills, flows and closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.account.books import EXTERNAL, FUNDING, apply_cash_flow, equity_now
from tradewind.account.records import instrument_records, open_account
from tradewind.market import CashFlow, CashFlowKind, Fill, FillReason, Inconsistent, Instrument, Kind, Reason
from tradewind.risk.stops import stop_level, stop_loss_level
from tradewind.simulator import Rules
from tradewind.simulator.alone import close_bar, size_orders
from tradewind.simulator.window import BarWindow
from tradewind.trading.engine.asked import Asked, lots_left_by_rules
from tradewind.trading.engine.booking import Booking
from tradewind.trading.terms.bookable import beside_lots
from tradewind.trading.terms.order_records import FeeTold

Floats = NDArray[np.float64]


class EngineAccount:
    """A `Standing`. The same compiled functions change it as in a backtest."""

    def __init__(self, instruments: Sequence[Instrument], rules: Rules, capital: float) -> None:
        self.instruments = tuple(instruments)
        self.symbols = tuple(i.symbol for i in instruments)
        self.accounts, self.positions = open_account(capital, len(self.symbols))
        self.fills = self.cash_flows = 0  # taken until now
        self._forgiven = 0  # of the losses in a row: those before the last re-arm
        self._capital = capital
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._records = instrument_records(self.instruments)
        self._rules = rules.record(len(self.symbols), self.instruments[0].kind)
        self._booking = Booking(self.instruments, self._rules)

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
    def peak_equity(self) -> float:
        """The highest at any close, in quote; after a re-arm it begins anew with what there is."""
        return self.equity_at({}) if self.rearmed else float(self.accounts[0]["peak_equity"])

    @property
    def losing_streak(self) -> int:
        """Bars in a row in which what was closed lost money, since the last re-arm."""
        return int(self.accounts[0]["losses"]) - self._forgiven

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

    def beyond_limits(self) -> dict[str, int]:
        """By how many lots, without sign, each position is too large for the equity now, at the last prices.

        Only money that was taken out makes it so, or a price: what is decided is within the limits.
        """
        rules, held, equity = self._rules[0], self.position_lots(), self.equity_at({})
        if equity <= 0:
            return {symbol: abs(lots) for symbol, lots in held.items()}
        gross = float(rules["max_gross"])
        if self.instruments[0].kind is Kind.SPOT:
            gross = min(gross, 1.0 - float(rules["reserve"]))
        position = self.positions[0]
        weights = np.nan_to_num(position["lots"] * self._records["lot"] * position["price"] / equity)
        capped = np.clip(weights, -rules["max_weight"], rules["max_weight"])
        kept = capped * min(
            _part(gross, np.abs(capped).sum()), _part(float(rules["max_net"]), abs(capped.sum()))
        )
        return {
            symbol: abs(lots) - int(abs(lots) * _part(abs(may), abs(is_)))
            for (symbol, lots), may, is_ in zip(held.items(), kept, weights, strict=True)
        }

    def left_by_rules(
        self,
        symbol: str,
        lots: int,
        limit: float | None,
        resting: Mapping[str, int],
        prices: Mapping[str, float],
    ) -> tuple[int, Reason]:
        """How many of `lots`, asked for between two decisions, the agent's own risk and money leave, and why.

        They come to what they are worth at the newest price or at their own `limit`, whichever is higher.
        """
        return lots_left_by_rules(
            self.accounts,
            self.positions,
            self._records,
            self._rules,
            Asked(self._place(symbol), lots, limit),
            {self._place(s): n for s, n in resting.items() if n},
            {self._place(s): p for s, p in prices.items()},
        )

    def pay(self, told: FeeTold) -> None:
        """Book a fee that was told later than its trade."""
        self._booking.pay(self.accounts, self.positions, self._place(told.symbol), told)

    def equity_at(self, prices: Mapping[str, float]) -> float:
        """Equity in quote at other prices; a symbol that is left out keeps its last one."""
        positions = self.positions.copy()
        for symbol, price in prices.items():
            positions[0, self._place(symbol)]["mark"] = price
            positions[0, self._place(symbol)]["price"] = price
        return float(equity_now(self.accounts[0], positions, 0, self._records))

    def _rearm(self) -> None:
        """The next close lifts the kill switch; the losses until now count no more."""
        self.accounts[0]["rearm"] = 1
        self._forgiven = int(self.accounts[0]["losses"])

    def _open_anew(self) -> None:
        self._forgiven = 0
        self.accounts, self.positions = open_account(self._capital, len(self.symbols))

    def _mark(self, window: BarWindow) -> None:
        """The close: marks, limits, reward."""
        bars, rows = window.bars, window.rows
        close_bar(self.accounts, self.positions, bars, rows, window.last, self._records, self._rules)
        self._forgiven = min(self._forgiven, int(self.accounts[0]["losses"]))

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
        """What is no whole lot is left out of the books."""
        a = self._place(fill.symbol)
        instrument = self.instruments[a]
        if abs(beside_lots(fill, instrument)) >= instrument.lot:
            raise Inconsistent(
                f"trade {fill.trade_id} is {fill.lots} lots and a quantity of {fill.quantity}, "
                f"expected lots of {instrument.lot} {instrument.base}"
            )
        self._booking.fill(self.accounts, self.positions, a, fill)
        self.fills += 1

    def _book_cash_flow(self, flow: CashFlow) -> None:
        if flow.symbol:
            self._place(flow.symbol)
        kind = FUNDING if flow.kind is CashFlowKind.FUNDING else EXTERNAL
        if kind == EXTERNAL:  # the marks follow what there is now, not what there was at the last close
            self.accounts[0]["equity"] = self.equity_at({})
        apply_cash_flow(self.accounts[0], float(flow.amount), kind)
        self.cash_flows += 1

    def _place(self, symbol: str) -> int:
        if symbol not in self._index:
            raise Inconsistent(f"an event names {symbol}, which this run does not trade: {self.symbols}")
        return self._index[symbol]


def _part(most: float, of: float) -> float:
    """How much of it may stay, as a fraction."""
    return min(1.0, most / of) if of else 1.0
