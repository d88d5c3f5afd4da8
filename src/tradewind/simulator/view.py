"""The observation of one account as a policy receives it: the vector, and the raw values behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.account.records import Records
from tradewind.compiled import compiled
from tradewind.market import Observation
from tradewind.risk.review import held_weight
from tradewind.simulator.observation import cash_fraction, observation_size, observe


@compiled
def _summarise(
    accounts: Any, positions: Any, bars: Any, row: int, instruments: Any, rules: Any, out: Any, tradable: Any
) -> None:
    """out [2, A + 1]: weights and prices; the last column is equity and cash fraction."""
    width = instruments.shape[0]
    for a in range(width):
        out[0, a] = held_weight(accounts[0], positions[0, a], instruments[a])
        out[1, a] = positions[0, a].price
        tradable[a] = bars[row, a].tradable != 0
    out[0, width] = accounts[0].equity
    out[1, width] = cash_fraction(accounts[0], positions, 0, instruments, rules[0])


@compiled
def _see(
    accounts: Any,
    positions: Any,
    bars: Any,
    features: Any,
    clock: Any,
    row: int,
    instruments: Any,
    rules: Any,
    vector: Any,
    summary: Any,
    tradable: Any,
) -> None:
    """All of an observation in one call: each call from outside costs more than what it calculates."""
    observe(accounts, positions, 0, features, clock, row, instruments, rules[0], vector, 0)
    _summarise(accounts, positions, bars, row, instruments, rules, summary, tradable)


class ObservationBuilder:
    """Builds observations of account 0 into buffers of its own; each is valid until the next."""

    def __init__(self, instruments: Records, rules_record: Records, columns: int) -> None:
        self._instruments, self._rules = instruments, rules_record
        width = len(instruments)
        lookback, clock = int(rules_record[0]["lookback"]), bool(rules_record[0]["clock"])
        size = observation_size(columns, width, lookback, clock)
        self._vector: NDArray[np.float32] = np.zeros((1, size), np.float32)
        self._summary = np.zeros((2, width + 1))
        self._tradable = np.zeros(width, np.bool_)
        self._lookback = lookback

    def weights(self, accounts: Records, positions: Records, bars: Records, row: int) -> NDArray[np.float64]:
        """[A] signed position value / equity at the mark."""
        summary, tradable = self._summary, self._tradable
        _summarise(accounts, positions, bars, row, self._instruments, self._rules, summary, tradable)
        return summary[0, :-1]

    def build(
        self,
        accounts: Records,
        positions: Records,
        bars: Records,
        rows: Records,
        features: NDArray[np.float32],
        raw_features: NDArray[np.float64],
        clock: NDArray[np.float32],
        row: int,
    ) -> Observation:
        """What is known at the closed bar `row`; `row` and the lookback before it must be ready."""
        summary, tradable = self._summary, self._tradable
        _see(
            accounts,
            positions,
            bars,
            features,
            clock,
            row,
            self._instruments,
            self._rules,
            self._vector,
            summary,
            tradable,
        )
        return Observation(
            at=int(rows[row]["close_time"]),
            vector=self._vector[0],
            features=raw_features[row - self._lookback + 1 : row + 1],
            close=summary[1, :-1],
            weights=summary[0, :-1],
            tradable=tradable,
            equity=float(summary[0, -1]),
            cash_fraction=float(summary[1, -1]),
        )
