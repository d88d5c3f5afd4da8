"""A policy through the simulator, one bar at a time, with the rules that live trading has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.account.records import FILL, Records, open_account
from tradewind.backtest.decisions import Decisions
from tradewind.backtest.result import FILL_ROW, BacktestResult
from tradewind.market import Reason
from tradewind.market.errors import DataError
from tradewind.policy.agent import Agent
from tradewind.policy.answers import Answers
from tradewind.simulator import Tape, kernel
from tradewind.simulator.bar import close_out, trade_bar
from tradewind.simulator.rebalance import decide
from tradewind.simulator.view import ObservationBuilder

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a backtest leaves: the result for people, the decisions for comparison."""

    result: BacktestResult
    decisions: Decisions


def backtest(
    agent: Agent,
    tape: Tape,
    *,
    start_ms: int | None = None,
    spans: Spans | None = None,
    capital: float = 10_000.0,
    rearm_at: Sequence[int] = (),
    risk_rules: bool = True,
    notes: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Run:
    """Trade `tape` from the first ready bar that closes at or after `start_ms`, segment by segment.

    `spans` names the rows instead: [first decision, end) of each segment.
    Each segment ends flat, its close-out charged; equity goes on. `rearm_at` are times at which a person
    re-arms the kill switch. Raises `DataError` when no bar can be decided on.
    """
    if spans is None:
        spans = spans_of(tape, start_ms)
    total = sum(stop - start for start, stop in spans)
    if total < 2:
        raise DataError(
            f"{len(tape)} bars leave {total} to decide on after {agent.name}'s warm-up: give more history"
        )
    return _Backtest(agent, tape, capital, total, sorted(rearm_at)).run(spans, risk_rules, notes, on_progress)


def spans_of(tape: Tape, start_ms: int | None = None) -> Spans:
    """Rows [first decision, end) of each fragment: from the first ready bar that closes at `start_ms` or later."""
    spans = []
    allowed = tape.rows["ready"] != 0
    if start_ms is not None:
        allowed &= tape.rows["close_time"] >= start_ms
    for start, stop in tape.market.fragments.tolist():
        first = np.flatnonzero(allowed[start:stop])
        if len(first):
            spans.append((start + int(first[0]), stop))
    return spans


class _Backtest:
    """The state of one run; the loop below is the engine's, with the tape in place of events."""

    def __init__(self, agent: Agent, tape: Tape, capital: float, total: int, rearm_at: list[int]) -> None:
        width = len(tape.instruments)
        self.agent, self.tape, self.rearm_at = agent, tape, rearm_at
        self.answers = Answers(agent)
        self.rules_record = agent.rules.record(width, tape.traded[0].kind)
        self.rules = self.rules_record[0]
        self.accounts, self.positions = open_account(capital, width)
        self.observer = ObservationBuilder(tape.instruments, self.rules_record, len(tape.columns))
        self.log: Records = np.zeros(64 + 8 * width * 4096, FILL)
        self.fills: list[NDArray[np.void]] = []
        self.decisions = Decisions.empty(total, width)
        self.equity = np.zeros(total)
        self.weights = np.zeros((total, width))
        self.tape_rows = np.zeros(total, np.int64)
        self.filled = 0

    def run(
        self,
        spans: Spans,
        risk_rules: bool,
        notes: Sequence[str],
        on_progress: Callable[[int, int], None] | None,
    ) -> Run:
        tape, (accounts, positions) = self.tape, (self.accounts, self.positions)
        self.agent.policy.reset()
        at = 0
        for start, stop in spans:
            for row in range(start, stop):
                if row > start:
                    trade_bar(accounts, positions, 0, tape.bars, row, tape.instruments, self.rules, self.log)
                self._arrive_and_decide(row, at)
                at += 1
                if on_progress is not None and at % 256 == 0:
                    on_progress(at, len(self.equity))
            close_out(accounts, positions, 0, tape.bars, stop - 1, tape.instruments, self.rules, self.log)
            self.equity[at - 1] = accounts[0]["equity"]
            self._drain_log()
        if on_progress is not None:
            on_progress(at, len(self.equity))
        return Run(self._result(risk_rules, tuple(notes)), self.decisions)

    def _arrive_and_decide(self, row: int, at: int) -> None:
        tape, accounts, positions = self.tape, self.accounts, self.positions
        account = accounts[0]
        while self.rearm_at and self.rearm_at[0] <= tape.rows[row]["close_time"]:
            account["rearm"] = 1
            self.rearm_at.pop(0)
        kernel.arrive(accounts, positions, 0, tape.bars, tape.rows, row, tape.instruments, self.rules)
        ready = int(tape.rows[row]["ready"])
        wanted = np.full(len(tape.instruments), np.nan)
        if ready:
            observation = self.observer.build(
                accounts, positions, tape.bars, tape.rows, tape.features, tape.raw_features, tape.clock, row
            )
            wanted = self.answers.ask(observation)
        else:
            self.answers.missed()
        self.weights[at] = self.observer.weights(accounts, positions, tape.bars, row)
        positions[0]["wanted"] = wanted
        self.answers.heed(account)
        decide(accounts, positions, 0, tape.bars, row, ready, tape.instruments, self.rules)
        self.answers.mark(positions[0])
        self._record(at, row)
        if self.log[0]["row"] > len(self.log) - 8 * len(tape.instruments):
            self._drain_log()

    def _record(self, at: int, row: int) -> None:
        decisions, position, account = self.decisions, self.positions[0], self.accounts[0]
        decisions.at[at] = self.tape.rows[row]["close_time"]
        decisions.wanted[at] = position["wanted"]
        decisions.approved[at] = position["approved"]
        decisions.reasons[at] = position["reason"]
        decisions.orders[at] = position["order"]
        decisions.equity[at] = self.equity[at] = account["equity"]
        decisions.reward[at] = account["reward"]
        self.tape_rows[at] = row

    def _drain_log(self) -> None:
        """Move what the kernels logged into the run's own list."""
        written = int(self.log[0]["row"])
        if written >= len(self.log):
            raise DataError(f"one bar wrote {written} fills, more than the log holds ({len(self.log)})")
        self.fills.append(self.log[1 : written + 1].copy())
        self.log[0]["row"] = 0

    def _result(self, risk_rules: bool, notes: tuple[str, ...]) -> BacktestResult:
        tape, account = self.tape, self.accounts[0]
        reasons = self.decisions.reasons
        return BacktestResult(
            name=self.agent.name,
            symbols=tape.market.symbols,
            timeframe=tape.market.timeframe,
            close_time=self.decisions.at.copy(),
            equity=self.equity,
            weights=self.weights,
            targets=self.decisions.approved.copy(),
            close=tape.market.close[self.tape_rows],
            fills=self._fill_rows(),
            lot_size=tape.instruments["lot"].copy(),
            kinds=tuple(i.kind for i in tape.traded),
            funding=float(account["funding"]),
            risk_rules=risk_rules,
            masked=int(account["masked"]),
            held=int(np.isnan(self.decisions.wanted).sum()),
            missing=int(account["missing"]),
            cuts=_count_cuts(reasons),
            halted_at=_halted_at(self.decisions),
            notes=notes,
        )

    def _fill_rows(self) -> NDArray[np.void]:
        logged = np.concatenate(self.fills) if self.fills else np.zeros(0, FILL)
        logged = logged[logged["funding"] == 0]
        fills = np.zeros(len(logged), FILL_ROW)
        for name in ("instrument", "lots", "price", "reason", "fee_lots"):
            fills[name] = logged[name]
        fills["row"] = np.searchsorted(self.tape_rows, logged["row"])
        fills["fee"] = logged["fee"] * np.where(logged["fee_in_base"] != 0, logged["price"], 1.0)
        fills["slippage"] = logged["cost_of_slippage"]
        fills["realised"] = logged["profit"]
        return fills


def _halted_at(decisions: Decisions) -> int | None:
    """Close of the bar at which the kill switch fired first; None if it never did."""
    halted = np.flatnonzero((decisions.reasons & int(Reason.KILL_SWITCH)).any(axis=1))
    return int(decisions.at[halted[0]]) if len(halted) else None


def _count_cuts(reasons: NDArray[np.int64]) -> dict[str, int]:
    """How often risk cut a target, by the name of the reason."""
    counts: Counter[str] = Counter()
    for reason in Reason:
        if reason not in (Reason.MASKED, Reason.MISSING_FEATURE):
            counts[reason.name or ""] = int(((reasons & int(reason)) != 0).sum())
    return {name: n for name, n in counts.items() if n}
