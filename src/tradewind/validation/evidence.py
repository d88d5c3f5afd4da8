"""What a recorded session shows: the facts that the gate and the ramp judge by, as one JSON value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tradewind.market import DataError
from tradewind.statistics import DAY_MS

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
NOT_REAL = ("local",)


class SessionEvidence(BaseModel):
    """One session of one bundle. What could not be measured is None, never zero.

    `drawdown` is a positive fraction; slippage ratios are realised by modelled. Daily values are of whole UTC days.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    format: Annotated[int, Field(ge=1, le=1)] = 1
    run: str
    bundle: str  # hash
    venue: str
    environment: str  # "live", "testnet", "demo", "local", "paper"
    real_time: bool  # candles came from the venue at their own pace, none were replayed
    started_at: int  # UTC ms
    ended_at: int  # UTC ms
    share: Share  # of the allocation that it could use

    decisions: Count
    trades: Count  # fills, also of positions that are still open
    parity_share: Share | None = None  # decisions that a replay of the recorded bars gives again
    uptime_share: Share
    slippage_mean_ratio: float | None = None
    slippage_p95_ratio: float | None = None
    daily_slippage_ratio: tuple[float | None, ...] = ()

    unreconciled: Count = 0  # differences between books and venue that were not explained
    orphan_orders: Count = 0  # at the venue, and of nobody
    position_drift_lots: Count | None = None  # at the end
    faults_survived: tuple[str, ...] = ()
    exercised: tuple[
        str, ...
    ] = ()  # "reconnect", "partial fill", "reject", "kill switch", "drawdown stop" ...

    drawdown: Annotated[float, Field(ge=0)]
    backtest_drawdown_95: float | None = None  # that 95 % of resampled backtests stay within
    daily_returns: tuple[float, ...] = ()
    expected_daily_returns: tuple[float, ...] = ()  # of the backtest on the same bars; as many, or none
    model_age_days: float | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.ended_at < self.started_at:
            raise ValueError(f"it ends at {self.ended_at}, before it starts at {self.started_at}")
        if self.expected_daily_returns and len(self.expected_daily_returns) != len(self.daily_returns):
            raise ValueError(
                f"{len(self.expected_daily_returns)} expected returns for {len(self.daily_returns)} days"
            )
        return self

    @property
    def days(self) -> float:
        return (self.ended_at - self.started_at) / DAY_MS

    @property
    def counts(self) -> bool:
        """Whether it proves anything about a market: real time and a real venue's data only."""
        return self.real_time and self.environment not in NOT_REAL

    def to_json(self) -> str:
        """`from_json` gives an equal value."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote; `DataError` names the first thing that is wrong."""
        try:
            return cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "it"
            raise DataError(f"this is no evidence of a session: {place}: {first['msg']}") from error


def days_covered(sessions: Sequence[SessionEvidence], since: int = 0) -> float:
    """Days from `since` (UTC ms) on in which at least one of the sessions ran; none counts twice."""
    covered, last = 0, since
    for start, end in sorted((s.started_at, s.ended_at) for s in sessions):
        covered += max(0, end - max(start, last))
        last = max(last, end)
    return covered / DAY_MS
