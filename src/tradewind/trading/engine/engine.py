"""The heart: one event in, at most one decision out. Synchronous, no I/O; market time comes from the events.

Its account is an N = 1 simulator account, changed by the same compiled functions as in a backtest.
Fills and cash flows of a bar are processed before its close.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.account.books import EXTERNAL, FUNDING, apply_cash_flow, apply_fee, apply_fill, equity_now
from tradewind.account.records import instrument_records, open_account
from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Event,
    Fill,
    FillReason,
    Inconsistent,
    Instrument,
    Kind,
    Observation,
    Order,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
    Timeframe,
)
from tradewind.market.orders import derive_order_id
from tradewind.policy.agent import Agent
from tradewind.policy.answers import Answers
from tradewind.policy.protocol import Resumable
from tradewind.risk.stops import stop_level, stop_loss_level
from tradewind.simulator import kernel
from tradewind.simulator.rebalance import decide
from tradewind.simulator.view import ObservationBuilder
from tradewind.trading.engine.asked import lots_left_by_rules
from tradewind.trading.engine.window import FeatureWindow
from tradewind.trading.terms.bookable import beside_lots, fee_of
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import FeeTold

Floats = NDArray[np.float64]
Vector = NDArray[np.float32]


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
        self._capital = capital
        self.accounts, self.positions = open_account(capital, len(self.symbols))
        self.started = False  # has there been a decision in this segment?
        self.fills = self.cash_flows = 0  # taken until now
        self._index = {symbol: a for a, symbol in enumerate(self.symbols)}
        self._records = instrument_records(self.instruments)
        self._paid_in = {in_base: self._records.copy() for in_base in (False, True)}
        for in_base, records in self._paid_in.items():
            records["fee_in_base"] = in_base
        rules_record = agent.rules.record(len(self.symbols), self.instruments[0].kind)
        self._rules = rules_record[0]
        self._window = FeatureWindow(agent, self.symbols, timeframe)
        self._observer = ObservationBuilder(self._records, rules_record, self._window.columns)
        self._answers = Answers(agent)
        self._remembers = isinstance(agent.policy, Resumable)
        agent.policy.reset()

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
        """Bars in a row in which what was closed lost money."""
        return int(self.accounts[0]["losses"])

    def position_lots(self) -> dict[str, int]:
        return {symbol: int(self.positions[0, a]["lots"]) for symbol, a in self._index.items()}

    def protective_level(self, symbol: str) -> float:
        """The price at which the position is to be closed: stop loss or trailing stop; 0 when there is none."""
        position = self.positions[0, self._place(symbol)]
        return float(stop_level(position, self._rules, position["peak"])) if position["lots"] else 0.0

    def protective_reason(self, symbol: str) -> FillReason:
        """Which of the two it is."""
        position = self.positions[0, self._place(symbol)]
        fixed = stop_loss_level(position, self._rules)
        is_fixed = self._rules["stop_loss"] > 0 and self.protective_level(symbol) == fixed
        return FillReason.STOP if is_fixed else FillReason.TRAILING_STOP

    def beyond_limits(self) -> dict[str, int]:
        """By how many lots, without sign, each position is too large for the equity now, at the last prices.

        Only money that was taken out makes it so, or a price: what is decided is within the limits.
        """
        limit = float(self._rules["max_gross"])
        if self.instruments[0].kind is Kind.SPOT:
            limit = min(limit, 1.0 - float(self._rules["reserve"]))
        position, lot = self.positions[0], self._records["lot"]
        gross = float(np.nansum(np.abs(position["lots"]) * lot * position["price"]))
        allowed = limit * max(self.equity_at({}), 0.0)
        kept = min(1.0, allowed / gross) if gross else 1.0
        return {s: abs(held) - int(abs(held) * kept) for s, held in self.position_lots().items()}

    def equity_at(self, prices: Mapping[str, float]) -> float:
        """Equity in quote at other prices; a symbol that is left out keeps its last one."""
        positions = self.positions.copy()
        for symbol, price in prices.items():
            positions[0, self._place(symbol)]["mark"] = price
            positions[0, self._place(symbol)]["price"] = price
        return float(equity_now(self.accounts[0], positions, 0, self._records))

    def left_by_rules(
        self, symbol: str, lots: int, resting: Mapping[str, int], prices: Mapping[str, float]
    ) -> tuple[int, Reason]:
        """How many of `lots`, asked for between two decisions, the agent's own risk and money leave, and why."""
        return lots_left_by_rules(
            self.accounts,
            self.positions,
            self._records,
            self._rules,
            (self._place(symbol), lots),
            {self._place(s): n for s, n in resting.items() if n},
            {self._place(s): p for s, p in prices.items()},
        )

    def revise(self, revision: Revision) -> bool:
        """Window and features become what they were, had the bar come like this. No decision is made again, and no
        book changes. False for a bar of long ago: nothing follows from it any more.
        """
        return self._window.revise(revision.open_time, self._place(revision.symbol), revision.after)

    def begin_anew(self) -> None:
        """As at the start, on the bars that are known: the account of before is gone, a testnet was reset."""
        self.accounts, self.positions = open_account(self._capital, len(self.symbols))
        self.started = False
        self._answers = Answers(self.agent)
        self.agent.policy.reset()

    def process(self, event: Event) -> Decision | None:
        """Take one event; a snapshot may answer with a decision.

        `Inconsistent`, and nothing is changed, if the event cannot be ours. An error of the policy leaves the
        books as they were at this close, with no decision made on it.
        """
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

    def restore(self, snapshot: Snapshot, decision: Decision | None) -> None:
        """Take a recorded bar with what was decided on it. Only a policy that remembers is asked again, in vain.

        `Inconsistent` if these books would not have decided, or would have sent other orders.
        """
        due = self._arrive(snapshot)
        orders: tuple[Order, ...] = ()
        if due and decision is not None:
            self._recall(decision)
            self._decide(np.array([math.nan if w is None else w for w in decision.wanted.weights]))
            orders = self._orders(snapshot.close_time)
        if due != (decision is not None) or (decision is not None and orders != decision.orders):
            raise Inconsistent(
                f"the bar closed at {snapshot.close_time} was decided otherwise in the journal than these books "
                "decide: `tradewind replay` shows the first difference"
            )

    def _close_bar(self, snapshot: Snapshot) -> Decision | None:
        if not self._arrive(snapshot):
            return None
        wanted, seen = self._ask_policy()
        self._decide(wanted)
        return self._decision(snapshot.close_time, seen)

    def _arrive(self, snapshot: Snapshot) -> bool:
        """Take the bar and mark the books; is there a decision to make?"""
        self._window.push(snapshot)
        if not self.started:
            if not self._window.ready or snapshot.close_time < self.trade_from:
                return False
            self.started = True
        self._mark()
        return True

    def _mark(self) -> None:
        """The close: marks, limits, reward."""
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

    def _ask_policy(self) -> tuple[Floats, Vector]:
        """What the policy wants, and the vector that it saw: hold, and nothing, where a feature is missing."""
        observation = self._observe()
        if observation is None:
            self._answers.missed()
            return np.full(len(self.symbols), np.nan), np.zeros(0, np.float32)
        return self._answers.ask(observation), observation.vector

    def _recall(self, decision: Decision) -> None:
        """The answer was recorded; a policy that remembers sees once more what it answered to."""
        observation = self._observe()
        if observation is None:
            self._answers.missed()
            return
        if self._remembers:
            self.agent.decide(observation)
        self._answers.recall(decision.review.reasons)

    def _observe(self) -> Observation | None:
        """None where a feature is missing."""
        window = self._window
        if not window.ready:
            return None
        return self._observer.build(
            self.accounts,
            self.positions,
            window.bars,
            window.rows,
            window.features,
            window.raw_features,
            window.clock,
            window.last,
        )

    def _decide(self, wanted: Floats) -> None:
        """Risk and sizing: from `wanted` to `approved` to the lots of each order."""
        window = self._window
        self.positions[0]["wanted"] = wanted
        self._answers.heed(self.accounts[0])
        decide(
            self.accounts,
            self.positions,
            0,
            window.bars,
            window.last,
            int(window.ready),
            self._records,
            self._rules,
        )
        self._answers.mark(self.positions[0])

    def _decision(self, at: int, seen: Vector) -> Decision:
        position, account = self.positions[0], self.accounts[0]
        return Decision(
            at=at,
            wanted=_weights(position["wanted"]),
            review=Review(_weights(position["approved"]), tuple(map(Reason, position["reason"].tolist()))),
            orders=self._orders(at),
            equity=float(account["equity"]),
            reward=float(account["reward"]),
            observation=tuple(seen.tolist()),
            observation_hash=hashlib.blake2b(seen.tobytes(), digest_size=16).hexdigest(),
            model_hash=self.agent.model_hash,
        )

    def _orders(self, at: int) -> tuple[Order, ...]:
        position = self.positions[0]
        orders = []
        for symbol, lots, held in zip(
            self.symbols, position["order"].tolist(), position["lots"].tolist(), strict=True
        ):
            if lots:
                closes = (held > 0 > lots or held < 0 < lots) and abs(lots) <= abs(held)
                order_id = derive_order_id(self.run, symbol, at)
                orders.append(Order(order_id, symbol, lots, reduce_only=closes, decided_at=at))
        return tuple(orders)

    def pay(self, told: FeeTold) -> None:
        """Book a fee that was told later than its trade."""
        a = self._place(told.symbol)
        in_base = told.fee_asset == self.instruments[a].base
        position, paid = self.positions[0, a], self._paid_in[in_base][a]
        apply_fee(self.accounts[0], position, paid, float(told.price), float(told.fee))

    def _book_fill(self, fill: Fill) -> None:
        """A fee that is not told yet is nothing until it is; what is no whole lot is left out of the books."""
        a = self._place(fill.symbol)
        instrument = self.instruments[a]
        if abs(beside_lots(fill, instrument)) >= instrument.lot:
            raise Inconsistent(
                f"trade {fill.trade_id} is {fill.lots} lots and a quantity of {fill.quantity}, "
                f"expected lots of {instrument.lot} {instrument.base}"
            )
        fee, in_base = fee_of(fill, instrument) or (0, False)
        account, position, paid = self.accounts[0], self.positions[0, a], self._paid_in[in_base][a]
        price = float(fill.price)
        if fill.lots:
            apply_fill(account, position, paid, self._rules, fill.lots, price, float(fee), int(fill.reason))
        else:
            apply_fee(account, position, paid, price, float(fee))
        self.fills += 1

    def _book_cash_flow(self, flow: CashFlow) -> None:
        if flow.symbol:
            self._place(flow.symbol)
        kind = FUNDING if flow.kind is CashFlowKind.FUNDING else EXTERNAL
        apply_cash_flow(self.accounts[0], float(flow.amount), kind)
        self.cash_flows += 1

    def _obey(self, command: Command) -> None:
        match command.kind:
            case CommandKind.REARM:
                self.accounts[0]["rearm"] = 1
            case CommandKind.SEGMENT_END:
                self.accounts[0]["equity"] = equity_now(self.accounts[0], self.positions, 0, self._records)
                self.positions[0]["order"] = 0
                self.started, self._window.seam = False, True

    def _place(self, symbol: str) -> int:
        if symbol not in self._index:
            raise Inconsistent(f"an event names {symbol}, which this run does not trade: {self.symbols}")
        return self._index[symbol]


def _weights(values: Floats) -> TargetWeights:
    return TargetWeights(tuple(None if w != w else w for w in values.tolist()))
