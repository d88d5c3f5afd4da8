"""The heart: one event in, at most one decision out. Synchronous, no I/O, no clock.

Its account is an N = 1 simulator account, changed by the same compiled functions as in a backtest.
Fills and cash flows of a bar are processed before its close.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.account.books import EXTERNAL, FUNDING, apply_cash_flow, apply_fill, equity_now
from tradewind.account.records import instrument_records, open_account
from tradewind.features import FeatureStream
from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Event,
    Fill,
    Inconsistent,
    Instrument,
    Order,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
    Timeframe,
)
from tradewind.market.orders import derive_order_id
from tradewind.policy.agent import Agent
from tradewind.simulator import kernel
from tradewind.simulator.rebalance import decide
from tradewind.simulator.view import ObservationBuilder
from tradewind.simulator.window import BarWindow

Floats = NDArray[np.float64]


class Engine:
    """Trades one agent on one account. `process` is all there is to call.

    `trade_from` (UTC ms): bars that close before it only warm the features up. `run` goes into the order ids,
    with the bar and the symbol: the same decision of the same run gives the same id, also after a restart.
    """

    def __init__(
        self,
        agent: Agent,
        instruments: Sequence[Instrument],
        timeframe: Timeframe,
        capital: float,
        *,
        trade_from: int = 0,
        run: str = "paper",
    ) -> None:
        self.agent, self.instruments, self.timeframe = agent, tuple(instruments), timeframe
        self.symbols = tuple(i.symbol for i in instruments)
        self.trade_from, self.run = trade_from, run
        self.accounts, self.positions = open_account(capital, len(self.symbols))
        self.started = False  # has there been a decision in this segment?
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._records = instrument_records(self.instruments)
        self._rules_record = agent.rules.record(len(self.symbols), self.instruments[0].kind)
        self._rules = self._rules_record[0]
        self._features = FeatureStream(agent.plan, self.symbols, timeframe)
        self._observer = ObservationBuilder(self._records, self._rules_record, len(self._features.columns))
        self._window = _Window(agent, len(self.symbols), len(self._features.columns))
        self._last_close = -1
        agent.policy.reset()

    @property
    def equity(self) -> float:
        return float(self.accounts[0]["equity"])

    @property
    def halted(self) -> bool:
        """Is the kill switch latched?"""
        return bool(self.accounts[0]["halted"])

    def position_lots(self) -> dict[str, int]:
        return {symbol: int(self.positions[0, a]["lots"]) for symbol, a in self._index.items()}

    def process(self, event: Event) -> Decision | None:
        """Take one event; a snapshot may answer with a decision. `Inconsistent` if it cannot be ours."""
        match event:
            case Snapshot():
                return self._close_bar(event)
            case Fill():
                self._book_fill(event)
            case CashFlow():
                self._book_cash_flow(event)
            case Command():
                self._obey(event)
        return None

    def _close_bar(self, snapshot: Snapshot) -> Decision | None:
        began = time.perf_counter_ns()
        ready = self._remember(snapshot)
        if not self.started:
            if not ready or snapshot.close_time < self.trade_from:
                return None
            self.started = True
        window = self._window
        kernel.arrive(
            self.accounts,
            self.positions,
            0,
            window.bars,
            window.rows,
            window.last,
            self._records,
            self._rules,
        )
        wanted, seen = self._ask_policy(ready)
        self.positions[0]["wanted"] = wanted
        decide(
            self.accounts,
            self.positions,
            0,
            window.bars,
            window.last,
            int(ready),
            self._records,
            self._rules,
        )
        return self._decision(snapshot, seen, began)

    def _remember(self, snapshot: Snapshot) -> bool:
        """Move the window on by one bar; True when every feature of it is known."""
        if len(snapshot.bars) != len(self.symbols):
            raise Inconsistent(
                f"a snapshot has {len(snapshot.bars)} bars for the {len(self.symbols)} symbols of this run"
            )
        fresh = snapshot.open_time != self._last_close
        if fresh:
            self._features.restart()
        self._window.push(snapshot, fresh)
        raw = self._features.push(snapshot.open_time, *self._window.newest())
        self._last_close = snapshot.close_time
        return self._window.push_features(raw, self.agent.scale(raw), fresh)

    def _ask_policy(self, ready: bool) -> tuple[Floats, tuple[float, ...]]:
        if not ready:
            return np.full(len(self.symbols), np.nan), ()
        window = self._window
        observation = self._observer.build(
            self.accounts,
            self.positions,
            window.bars,
            window.rows,
            window.features,
            window.raw_features,
            window.clock,
            window.last,
        )
        wanted = self.agent.policy.decide(observation)
        return wanted, tuple(observation.vector.tolist())

    def _decision(self, snapshot: Snapshot, seen: tuple[float, ...], began: int) -> Decision:
        position, account = self.positions[0], self.accounts[0]
        digest = hashlib.blake2b(np.array(seen, np.float32).tobytes(), digest_size=16).hexdigest()
        return Decision(
            at=snapshot.close_time,
            wanted=_weights(position["wanted"]),
            review=Review(_weights(position["approved"]), tuple(Reason(int(r)) for r in position["reason"])),
            orders=self._orders(snapshot.close_time),
            equity=float(account["equity"]),
            reward=float(account["reward"]),
            observation=seen,
            observation_hash=digest,
            model_hash=self.agent.model_hash,
            latency_us=(time.perf_counter_ns() - began) / 1000,
        )

    def _orders(self, at: int) -> tuple[Order, ...]:
        orders = []
        for a, symbol in enumerate(self.symbols):
            position = self.positions[0, a]
            lots, held = int(position["order"]), int(position["lots"])
            if lots:
                closes = (held > 0 > lots or held < 0 < lots) and abs(lots) <= abs(held)
                order_id = derive_order_id(self.run, symbol, at)
                orders.append(Order(order_id, symbol, lots, reduce_only=closes, decided_at=at))
        return tuple(orders)

    def _book_fill(self, fill: Fill) -> None:
        a = self._place(fill.symbol)
        lots, price, fee = fill.lots, float(fill.price), float(fill.fee)
        apply_fill(
            self.accounts[0],
            self.positions[0, a],
            self._records[a],
            self._rules,
            lots,
            price,
            fee,
            int(fill.reason),
        )

    def _book_cash_flow(self, flow: CashFlow) -> None:
        kind = FUNDING if flow.kind is CashFlowKind.FUNDING else EXTERNAL
        apply_cash_flow(self.accounts[0], float(flow.amount), kind)

    def _obey(self, command: Command) -> None:
        if command.kind is CommandKind.REARM:
            self.accounts[0]["rearm"] = 1
        elif command.kind is CommandKind.SEGMENT_END:
            self.accounts[0]["equity"] = equity_now(self.accounts[0], self.positions, 0, self._records)
            self.positions[0]["order"] = 0
            self.started = False
            self._last_close = -1

    def _place(self, symbol: str) -> int:
        if symbol not in self._index:
            raise Inconsistent(f"an event names {symbol}, which this run does not trade: {self.symbols}")
        return self._index[symbol]


class _Window(BarWindow):
    """A window of bars with the features of each."""

    def __init__(self, agent: Agent, instruments: int, columns: int) -> None:
        self.lookback = agent.rules.lookback
        depth = max(self.lookback, 2)
        super().__init__(instruments, depth, agent.rules.costs.volume_window)
        self.features = np.full((depth, columns), np.nan, np.float32)
        self.raw_features = np.full((depth, columns), np.nan)
        self._ohlcv = np.zeros((instruments, 5))
        self._whole_rows = 0  # rows in a row with every feature known

    def newest(self) -> tuple[Floats, NDArray[np.bool_]]:
        """What features need of the newest bar: open, high, low, close, volume [A, 5], and the mask."""
        newest = self.bars[self.last]
        for k, name in enumerate(("open", "high", "low", "close")):
            self._ohlcv[:, k] = newest[name]
        self._ohlcv[:, 4] = self.volumes[self.last]
        return self._ohlcv, newest["tradable"] != 0

    def push_features(self, raw: Floats, scaled: NDArray[np.float32], fresh: bool) -> bool:
        """Append the features of the newest bar; True when the whole lookback is known."""
        self.raw_features[:-1], self.features[:-1] = self.raw_features[1:], self.features[1:]
        self.raw_features[self.last], self.features[self.last] = raw, scaled
        if fresh:
            self._whole_rows = 0
        self._whole_rows = self._whole_rows + 1 if np.isfinite(scaled).all() else 0
        ready = self._whole_rows >= self.lookback
        self.rows[self.last]["ready"] = ready
        return ready


def _weights(values: Any) -> TargetWeights:
    return TargetWeights(tuple(None if math.isnan(w) else float(w) for w in values))
