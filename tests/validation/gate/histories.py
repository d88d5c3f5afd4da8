"""Daily returns of a Sharpe ratio that is exact, and facts of a model with an edge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.validation.gate.facts import (
    EconomicFacts,
    Facts,
    IntegrityFacts,
    RobustnessFacts,
    SkillFacts,
    Tried,
    WorldResult,
)
from tradewind.validation.gate.thresholds import thresholds

Floats = NDArray[np.float64]
DAYS = 730
DAY_MS = 86_400_000


def exact(sharpe: float, days: int = DAYS, seed: int = 0, deviation: float = 0.01) -> Floats:
    """[days] returns whose annual Sharpe ratio is `sharpe` but for rounding."""
    drawn = np.random.default_rng(seed).standard_normal(days)
    unit = (drawn - drawn.mean()) / drawn.std(ddof=1)
    return np.asarray(deviation * (unit + sharpe / math.sqrt(365)))


def around(sharpe: float, count: int, spread: float = 0.2, seed: int = 100, common: float = 0.95) -> Floats:
    """[DAYS, count] returns with Sharpe ratios within `spread` of `sharpe`, mostly the same bet."""
    shared = exact(0, seed=seed)
    columns = []
    for n in range(count):
        own = exact(0, seed=seed + n + 1)
        moved = math.sqrt(common) * shared + math.sqrt(1 - common) * own
        unit = (moved - moved.mean()) / moved.std(ddof=1)
        wanted = sharpe + spread * (2 * n / max(1, count - 1) - 1)
        columns.append(0.01 * (unit + wanted / math.sqrt(365)))
    return np.array(columns).T


BENCHMARKS = {"cash": np.zeros(DAYS), "buy and hold": exact(0.5, seed=1), "momentum": exact(0.3, seed=2)}
TRIED = Tried(configurations=10, variance=(0.1 / math.sqrt(365)) ** 2)


def skilled(**changes: Any) -> SkillFacts:
    by_seed = np.array([around(2.5, 5, seed=3000 + 10 * s, common=0.99).T for s in range(10)])
    values: dict[str, Any] = {
        "by_seed": np.full_like(by_seed, 0) + 0.9 * around(2.5, 5).T + 0.1 * by_seed,
        "walk_forward": exact(2.0, seed=4),
        "trials": around(2.5, 10),
        "benchmarks": BENCHMARKS,
        "random_sharpes": np.linspace(-2, 1, 200),
    }
    return SkillFacts(**values | changes)


def economical(**changes: Any) -> EconomicFacts:
    values: dict[str, Any] = {
        "day": np.arange(DAYS) * DAY_MS,
        "base": exact(2.5, deviation=0.005),
        "double_costs": exact(1.5),
        "triple_costs": exact(0.5),
        "gross_edge_bps": 12.0,
        "cost_bps": 6.0,
        "instrument_profit": {"A": 1.0, "B": 1.2, "C": 0.9},
        "capacity": 4.0,
    }
    return EconomicFacts(**values | changes)


def robust(**changes: Any) -> RobustnessFacts:
    values: dict[str, Any] = {
        "base": exact(2.5),
        "feature_noise": exact(2.0),
        "price_jitter": exact(2.2),
        "regime": tuple(f"regime {n % 9}" for n in range(DAYS)),
        "left_out": {"A": exact(1), "B": exact(1.5), "C": exact(2)},
        "instruments": 3,
        "vault": exact(2.0, days=180, seed=5),
    }
    return RobustnessFacts(**values | changes)


def shown(**changes: Any) -> IntegrityFacts:
    truths = (
        "data_hash",
        "gaps_listed",
        "nothing_filled",
        "no_look_ahead",
        "scaler_inside_training",
        "same_seed_same_model",
        "all_trials_in_ledger",
    )
    return IntegrityFacts(**dict.fromkeys(truths, True) | {"equity_difference": 1e-12} | changes)


def learnt() -> tuple[WorldResult, ...]:
    reached = [WorldResult(world=name, share=0.97) for name in thresholds().worlds]
    return (*reached, WorldResult(world="W0", share=-0.1, positive=False))


def whole(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "integrity": shown(),
        "worlds": learnt(),
        "skill": skilled(),
        "economics": economical(),
        "robustness": robust(),
    }
    return Facts(**values | changes)
