"""A policy that was written down before: target weights by time."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from tradewind.features import FeaturePlan
from tradewind.market import DataError, Observation
from tradewind.policy.agent import Agent
from tradewind.policy.protocol import Weights
from tradewind.simulator import Rules


class Scripted:
    """Follows targets [T, A] at the closes of their bars (UTC ms, rising); between them, and after, it holds."""

    def __init__(self, close_time: NDArray[np.int64], targets: NDArray[np.float64]) -> None:
        if len(close_time) != len(targets) or targets.ndim != 2 or (np.diff(close_time) <= 0).any():
            raise DataError(f"{len(close_time)} rising times are needed for targets of shape {targets.shape}")
        self._times, self._targets = close_time, targets

    def decide(self, observation: Observation) -> Weights:
        row = int(np.searchsorted(self._times, observation.at))
        if row < len(self._times) and self._times[row] == observation.at:
            return self._targets[row].copy()
        return np.full(self._targets.shape[1], np.nan)

    def reset(self) -> None:
        """Nothing is remembered."""

    def agent(self, name: str, rules: Rules) -> Agent:
        """The script as an agent that needs no features to speak of."""
        digest = hashlib.sha256(self._times.tobytes() + self._targets.tobytes()).hexdigest()
        return Agent(name, self, FeaturePlan.of("log_return"), rules, model_hash=digest)
