"""How a policy does on rows it was not trained on: deterministic, through the simulator, net of costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.account.books import MS_PER_DAY
from tradewind.policy import Network
from tradewind.simulator import Rules, Simulator, Tape
from tradewind.training.actions import ActionMap
from tradewind.training.episodes import Segments, trim_to_ready

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One judgement. `log_growth` is per bar, net; `turnover` is in units of equity per bar."""

    step: int
    score: float
    log_growth: float
    daily_sharpe: float
    turnover: float
    bars: int


class Evaluator:
    """Runs networks over fixed segments, one account, every segment from a flat start.

    The rules are those of a backtest: the kill switch latches instead of ending the run. All evaluations of
    one evaluator see the same bars, so scores can be compared.
    """

    def __init__(
        self, tape: Tape, rules: Rules, segments: Segments, action_map: ActionMap, score: str = "log_growth"
    ) -> None:
        self.simulator = Simulator(tape, rules)
        self.segments = trim_to_ready(tape, segments)
        self.action_map = action_map
        self.score = score

    def __call__(self, network: Network, step: int = 0) -> Evaluation:
        growth, turnover, bars = 0.0, 0.0, 0
        daily: list[NDArray[np.float64]] = []
        for start, stop in self.segments:
            equity, rows, traded = self._run(network, int(start), int(stop) - 1)
            growth += math.log(max(equity[-1] / equity[0], 1e-6))
            turnover += traded
            bars += int(rows[-1] - rows[0])
            daily.append(self._daily_returns(equity, rows))
        returns = np.concatenate(daily)
        deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
        sharpe = float(returns.mean()) / deviation * math.sqrt(DAYS_PER_YEAR) if deviation > 0 else 0.0
        log_growth = growth / bars
        score = sharpe if self.score == "daily_sharpe" else log_growth
        return Evaluation(step, score, log_growth, sharpe, turnover / bars, bars)

    def _run(
        self, network: Network, start: int, end: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], float]:
        """(equity, row) at every decision, and the turnover in units of equity, of one segment."""
        simulator = self.simulator
        simulator.begin(0, start, end)
        account, observation = simulator.accounts[:1], simulator.observations[0]
        offset, scale = np.array(self.action_map.offset), np.array(self.action_map.scale)
        weights = np.zeros((1, simulator.width))
        equity, rows, traded, before = [simulator.capital], [start], 0.0, 0.0
        while not (account["truncated"][0] or account["terminated"][0]):
            np.multiply(network(observation), scale, out=weights[0])
            weights[0] += offset
            simulator.step(weights)
            turnover = float(account["turnover"][0])
            traded += (turnover - before) / equity[-1]
            before = turnover
            equity.append(float(account["equity"][0]))
            rows.append(int(account["row"][0]))
        return np.array(equity), np.array(rows), traded

    def _daily_returns(self, equity: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Simple returns from the last decision of one UTC day to that of the next."""
        days = (self.simulator.tape.rows["close_time"][rows] - 1) // MS_PER_DAY
        last = np.flatnonzero(np.append(np.diff(days) != 0, True))
        closes = np.concatenate((equity[:1], equity[last]))
        return closes[1:] / closes[:-1] - 1.0
