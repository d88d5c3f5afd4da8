"""N accounts over one tape, stepped together: training environments are thin skins of this."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.account.records import FILL, Records, open_account
from tradewind.market.errors import ConfigError, DataError
from tradewind.simulator import kernel
from tradewind.simulator.observation import observation_names, observation_size
from tradewind.simulator.rules import Rules
from tradewind.simulator.tape import Tape


class Simulator:
    """The trading rules, batched. `accounts` and `positions` are the truth; everything else is derived.

    Prices are exogenous: nothing that an account does changes future bars or features, so the outcome of
    another action from the same state can be asked for (`counterfactual`).
    """

    exogenous_prices = True

    def __init__(self, tape: Tape, rules: Rules, *, accounts: int = 1, capital: float = 10_000.0) -> None:
        if rules.lookback != tape.lookback:
            raise ConfigError(f"the tape has lookback {tape.lookback}, the rules {rules.lookback}")
        self.tape, self.rules, self.capital = tape, rules, capital
        self.width = len(tape.instruments)
        self._first_rows: list[int] = tape.segments[:, 0].tolist()  # in order of time
        self._stops: list[int] = tape.segments[:, 1].tolist()
        self.rules_record = rules.record(self.width, tape.traded[0].kind)
        self.accounts, self.positions = open_account(capital, self.width, accounts)
        self._other_accounts, self._other_positions = open_account(capital, self.width, accounts)
        size = observation_size(len(tape.columns), self.width, rules.lookback, rules.clock)
        self.observations: NDArray[np.float32] = np.zeros((accounts, size), np.float32)
        self._other_observations = np.zeros_like(self.observations)
        self.log: Records = np.zeros(0, FILL)

    @property
    def observation_names(self) -> list[str]:
        return observation_names(
            self.tape.columns, self.tape.market.symbols, self.rules.lookback, self.rules.clock
        )

    def begin(self, account: int, start: int, end: int) -> None:
        """A fresh episode from the close of row `start` to that of `end`, inside one segment."""
        k = bisect_right(self._first_rows, start) - 1
        if k < 0 or not start < end < self._stops[k]:
            raise DataError(
                f"an episode over rows {start} to {end} does not lie inside one of the segments "
                f"{self.tape.segments.tolist()[:3]}: shorten it, or fill the gap in the data"
            )
        kernel.begin(
            self.accounts,
            self.positions,
            account,
            self.tape.bars,
            self.tape.rows,
            self.tape.features,
            self.tape.clock,
            self.tape.instruments,
            self.rules_record,
            start,
            end,
            self.capital,
            self.observations,
        )

    def step(self, weights: NDArray[np.float64]) -> None:
        """Trade target weights [N, A] (NaN holds) over one bar. Read `accounts` and `observations` after.

        An account that has ended stays as it is and earns 0 until `begin` gives it a new episode.
        `DataError` when the weights have another shape.
        """
        if weights.shape != self.positions.shape:
            raise DataError(
                f"weights have shape {weights.shape}, expected {self.positions.shape}: "
                "a target for every instrument of every account"
            )
        self._step(self.accounts, self.positions, weights, self.observations, self.log)

    def follow(self, targets: NDArray[np.float64], start: int, end: int) -> NDArray[np.float64]:
        """Equity [T] of the first account, which trades targets [T, A] that are known beforehand.

        The weights of a row (NaN holds) are traded after its close, from `start` on (or the next row that has
        all features) up to the close of `end`; equity is NaN outside. As many calls of `step`, in one, without
        observations and rewards. `DataError` for another shape.
        """
        shape = (len(self.tape.rows), self.width)
        if targets.shape != shape:
            raise DataError(f"targets have shape {targets.shape}, expected {shape}: one row for every bar")
        self.begin(0, start, end)
        start = int(self.accounts[0]["row"])
        equity = np.full(shape[0], np.nan)
        kernel.run_targets(
            self.accounts,
            self.positions,
            self.tape.bars,
            self.tape.rows,
            self.tape.instruments,
            self.rules_record,
            np.ascontiguousarray(targets, dtype=np.float64),
            start,
            end,
            equity,
            self.log,
        )
        return equity

    def counterfactual(self, weights: NDArray[np.float64]) -> tuple[Records, NDArray[np.float32]]:
        """What other weights would have led to from this state: (accounts, observations); nothing committed.

        The same bars decide both, so the difference in `reward` is the effect of the action alone. The
        arrays are overwritten by the next call.
        """
        self._other_accounts[:] = self.accounts
        self._other_positions[:] = self.positions
        self._step(
            self._other_accounts, self._other_positions, weights, self._other_observations, self.log[:0]
        )
        return self._other_accounts, self._other_observations

    def _step(
        self,
        accounts: Records,
        positions: Records,
        weights: NDArray[np.float64],
        observations: NDArray[np.float32],
        log: Any,
    ) -> None:
        kernel.step(
            accounts,
            positions,
            self.tape.bars,
            self.tape.rows,
            self.tape.features,
            self.tape.clock,
            self.tape.instruments,
            self.rules_record,
            weights,
            observations,
            log,
        )
