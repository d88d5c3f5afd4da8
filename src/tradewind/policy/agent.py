"""A policy with all it needs to see and to trade: the one thing that backtest and engine are given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tradewind.features import FeaturePlan, Scaler, compute
from tradewind.market import Market
from tradewind.policy.protocol import Policy
from tradewind.simulator import Rules, Tape, build_tape


@dataclass(frozen=True, slots=True, eq=False)
class Agent:
    """Policy, features, scaler and rules. Without a scaler the features go in as they are."""

    name: str
    policy: Policy
    plan: FeaturePlan
    rules: Rules
    scaler: Scaler | None = None
    model_hash: str = ""

    def scale(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Features as the policy sees them: a matrix or a row, the same bits either way."""
        return values.astype(np.float32) if self.scaler is None else self.scaler.transform(values)

    def tape(self, market: Market) -> Tape:
        """The market laid out with this agent's features."""
        matrix = compute(market, self.plan)
        return build_tape(
            market,
            self.scale(matrix.values),
            matrix.values,
            matrix.columns,
            lookback=self.rules.lookback,
            volume_window=self.rules.costs.volume_window,
        )

    def under(self, rules: Rules) -> Agent:
        """The same agent under other rules."""
        return replace(self, rules=rules)
