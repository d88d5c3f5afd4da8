"""What the gate is asked of: measured numbers as plain values, that a bundle can carry. Returns are daily and net.

What was not measured is None: its criteria are undefined, and do not pass.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
)

from tradewind.market import DataError


def _finite(values: Any) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("every number must be finite")
    return array


def _whole(values: Any) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError("every number must be whole")
    return array.astype(np.int64)


def _by_name(values: dict[str, Any]) -> dict[str, Any]:
    """In the order that JSON of a bundle has, so that every sum is of the same order."""
    return dict(sorted(values.items()))


def _listed(array: NDArray[Any]) -> Any:
    return array.tolist()


Floats = Annotated[NDArray[np.float64], PlainValidator(_finite), PlainSerializer(_listed)]
Whole = Annotated[NDArray[np.int64], PlainValidator(_whole), PlainSerializer(_listed)]
Named = Annotated[dict[str, Floats], AfterValidator(_by_name)]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True)


class Tried(_Part):
    """What the ledger says of a scope: distinct configurations, and the variance of the finished ones' daily Sharpe.

    None for the variance where fewer than two were finished.
    """

    configurations: Count
    variance: Annotated[float, Field(ge=0)] | None = None


class IntegrityFacts(_Part):
    """G0: whether each was shown. `equity_difference` is of environment and backtest, relative."""

    data_hash: bool | None = None
    gaps_listed: bool | None = None
    nothing_filled: bool | None = None
    no_look_ahead: bool | None = None
    scaler_inside_training: bool | None = None
    same_seed_same_model: bool | None = None
    all_trials_in_ledger: bool | None = None
    equity_difference: Annotated[float, Field(ge=0)] | None = None


class WorldResult(_Part):
    """G1, one world: the share of the best possible that was reached; `least` is the learner's own threshold.

    A world without an edge is `positive` False: the share must then not be above `least`, or zero.
    """

    world: str
    share: float
    positive: bool = True
    least: float | None = None


class SkillFacts(_Part):
    """G2, out of sample at base costs. S seeds, P paths, D days, N finished trials, R random policies."""

    by_seed: Floats  # [S, P, D] of the chosen configuration on CPCV
    walk_forward: Floats  # [days] stitched, mean of seeds
    trials: Floats  # [D, N] each the mean of its seeds, along its middle path
    benchmarks: Named  # [D] each: cash, buy and hold, momentum
    random_sharpes: Floats  # [R] annual, of policies that trade as much


class EconomicFacts(_Part):
    """G3. Edge and cost are in basis points of turnover; `instrument_profit` is each one's share of the result.

    `capacity` is in multiples of the capital; `depth` False says that this market has no impact to speak of.
    """

    day: Whole  # [D] UTC ms, of `base`
    base: Floats  # [D]
    double_costs: Floats  # [D] and one bar more of delay
    triple_costs: Floats  # [D]
    gross_edge_bps: float | None = None
    cost_bps: float | None = None
    instrument_profit: Annotated[dict[str, float], AfterValidator(_by_name)]
    capacity: Annotated[float, Field(ge=0)] | None = None
    depth: bool = True
    drawdown_limit: Annotated[float, Field(gt=0, lt=1)] | None = None  # the user's own


class RobustnessFacts(_Part):
    """G4. `regime` names the regime of each day of `base`; `left_out` are the days without each instrument."""

    base: Floats  # [D] development
    feature_noise: Floats  # [D]
    price_jitter: Floats  # [D]
    regime: tuple[str, ...]  # [D]
    left_out: Named  # [D] each
    instruments: Annotated[int, Field(ge=1)]
    vault: Floats  # [V]


class Facts(_Part):
    """All of them."""

    integrity: IntegrityFacts | None = None
    worlds: tuple[WorldResult, ...] | None = None
    skill: SkillFacts | None = None
    economics: EconomicFacts | None = None
    robustness: RobustnessFacts | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives equal numbers, bit for bit."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """`DataError` names the first thing that is wrong."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "they"
            raise DataError(f"these are no facts that a gate can judge: {place}: {first['msg']}") from error
