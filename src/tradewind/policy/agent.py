"""A policy with all it needs to see and to trade: the one thing that backtest and engine are given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from tradewind.features import FeaturePlan, Scaler, compute, preset
from tradewind.market import DataError, Kind, Market, Observation, Timeframe
from tradewind.policy.baselines import Baseline, baseline
from tradewind.policy.bundle import Bundle
from tradewind.policy.errors import BundleError
from tradewind.policy.model import BundlePolicy
from tradewind.policy.protocol import Policy, Weights
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

    def decide(self, observation: Observation) -> Weights:
        """Target weights [A], NaN holds; infinite ones as the policy gave them, see `Answers`.

        `DataError` if there is not one for each instrument.
        """
        wanted = np.asarray(self.policy.decide(observation), np.float64)
        if wanted.shape != observation.weights.shape:
            raise DataError(
                f"{self.name} answered with shape {wanted.shape}, expected {observation.weights.shape}: "
                "one target weight for each instrument"
            )
        return wanted

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


def agent_of_bundle(bundle: Bundle, name: str) -> Agent:
    """The agent that a bundle describes, under the rules it was trained under.

    How many rows it looks back on is what its observation says: a model made elsewhere has no rules that do.
    """
    spec = bundle.spec
    if not isinstance(spec.observation.features, dict):
        raise BundleError(f"{name} names no feature plan, so nothing can be computed for it: import it again")
    scaler = spec.observation.scaler
    return Agent(
        name=name,
        policy=BundlePolicy(bundle),
        plan=_plan_of(spec.observation.features),
        rules=replace(Rules.from_dict(dict(spec.rules)), lookback=spec.observation.lookback),
        scaler=None if scaler is None else Scaler.from_json(json.dumps(scaler)),
        model_hash=bundle.sha256,
    )


def _plan_of(features: dict[str, JsonValue]) -> FeaturePlan:
    """A plan as training wrote it, or the preset that a model made elsewhere names."""
    if set(features) == {"preset"}:
        return preset(str(features["preset"]))
    return FeaturePlan.from_json(json.dumps(features))


def agent_of_baseline(
    name: str, kinds: Sequence[Kind], timeframe: Timeframe, rules: Rules, **settings: Any
) -> Agent:
    """A baseline as an agent: it sees only the features that it asks for."""
    if name.replace("-", "_") == "equal_weight":
        settings.setdefault("timeframe", timeframe.text)
    policy = baseline(name, kinds, **settings)
    return agent_of_policy(name, policy, rules)


def agent_of_policy(name: str, policy: Baseline, rules: Rules) -> Agent:
    """A baseline that exists already, as an agent."""
    plan = FeaturePlan(policy.required_features) if policy.required_features else FeaturePlan.of("log_return")
    digest = hashlib.sha256(f"{type(policy).__name__} {policy.settings()}".encode()).hexdigest()
    return Agent(name, policy, plan, replace(rules, lookback=1, clock=False), model_hash=digest)
