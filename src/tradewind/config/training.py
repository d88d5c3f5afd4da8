"""The tables of training and backtest."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from tradewind.config.reading import Part
from tradewind.features import FeaturePlan, FeatureSpec, preset

SCALINGS = ("robust", "minmax", "none")


class MarketSettings(Part):
    """Which candles. `start` and `end`: a date, a share of what is stored (2/3, 66%), or -7d from the end."""

    venue: str | None = None
    symbols: list[str] = Field(default_factory=list)
    timeframe: str | None = None
    start: str | None = None
    end: str | None = None
    gap_tolerance_bars: int = Field(0, ge=0)


class FeatureSettings(Part):
    """Which features: a preset by name, or a plan of names and tables; how they are scaled."""

    preset: str = "default"
    plan: list[Any] | None = None
    scaling: str = "robust"
    clip: float = Field(5.0, gt=0, allow_inf_nan=False)

    @field_validator("scaling")
    @classmethod
    def _known_scaling(cls, value: str) -> str:
        if value not in SCALINGS:
            raise ValueError(f"expected one of {', '.join(SCALINGS)}")
        return value

    def feature_plan(self) -> FeaturePlan:
        if self.plan is None:
            return preset(self.preset)
        return FeaturePlan(tuple(FeatureSpec.from_dict(item) for item in self.plan))


class AccountSettings(Part):
    capital: float = Field(10_000.0, gt=0, allow_inf_nan=False)
