"""The heart: one event in, at most one decision out. Synchronous, no I/O; market time comes from the events.

Its account is an N = 1 simulator account, changed by the same compiled functions as in a backtest.
Fills and cash flows of a bar are processed before its close.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.market import (
    CashFlow,
    Command,
    CommandKind,
    Decision,
    Event,
    Fill,
    Inconsistent,
    Instrument,
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
from tradewind.simulator.view import ObservationBuilder
from tradewind.trading.engine.account import EngineAccount, Floats
from tradewind.trading.engine.window import FeatureWindow
from tradewind.trading.terms.feed_records import Revision

Vector = NDArray[np.float32]


class Engine(EngineAccount):
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
        super().__init__(instruments, agent.rules, capital)
        self.agent, self.timeframe = agent, timeframe
        self.trade_from, self.run = trade_from, run
        self.started = False  # has there been a decision in this segment?
        self._window = FeatureWindow(agent, self.symbols, timeframe)
        self._observer = ObservationBuilder(self._records, self._rules, self._window.columns)
        self._answers = Answers(agent)
        self._remembers = isinstance(agent.policy, Resumable)
        agent.policy.reset()

    def revise(self, revision: Revision) -> bool:
        """Window and features become what they were, had the bar come like this. No decision is made again, and no
        book changes. False for a bar of long ago: nothing follows from it any more.
        """
        return self._window.revise(revision.open_time, self._place(revision.symbol), revision.after)

    def begin_anew(self) -> None:
        """As at the start, on the bars that are known: the account of before is gone, a testnet was reset."""
        self._open_anew()
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
            self._size(np.array([math.nan if w is None else w for w in decision.wanted.weights]))
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
        self._size(wanted)
        return self._decision(snapshot.close_time, seen)

    def _arrive(self, snapshot: Snapshot) -> bool:
        """Take the bar and mark the books; is there a decision to make?"""
        self._window.push(snapshot)
        if not self.started:
            if not self._window.ready or snapshot.close_time < self.trade_from:
                return False
            self.started = True
        self._mark(self._window)
        return True

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

    def _size(self, wanted: Floats) -> None:
        self._answers.heed(self.accounts[0])
        self._decide(wanted, self._window, self._window.ready)
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

    def _obey(self, command: Command) -> None:
        match command.kind:
            case CommandKind.REARM:
                self._rearm()
            case CommandKind.SEGMENT_END:
                self._close_books()
                self.started, self._window.seam = False, True


def _weights(values: Floats) -> TargetWeights:
    return TargetWeights(tuple(None if w != w else w for w in values.tolist()))
