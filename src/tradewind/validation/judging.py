"""Skill or luck? What can be said of any bot's returns, whoever made them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind import statistics as st
from tradewind.data.track_records import TrackRecord
from tradewind.market import ConfigError

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
TARGET_SHARPE = 1.0  # a record long enough to have shown this much, and did not, shows no edge
MOST_PBO, MOST_LOSSES = 0.20, 0.10
DRAWS = 2000
SEED = 0  # of the bootstrap: the same file is judged the same


class Standing(StrEnum):
    EDGE = "edge"
    NO_EDGE = "no edge"
    TOO_LITTLE = "not enough data"


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """One column. The Sharpe ratio is annual, of days; `psr` is against zero."""

    name: str
    net_return: float
    max_drawdown: float
    sharpe: float | None
    psr: float | None
    skew: float | None
    kurtosis: float | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a record shows. None is undefined: `undefined` says why.

    `best` is judged, as if it had been chosen among `trials`; the interval of its Sharpe is by bootstrap.
    `luck_sharpe` is the annual Sharpe to expect of the best of them without skill: by the variance among the columns
    where these are all trials, else by that of estimates without skill, which `luck_sharpe_null` takes in any case.
    `years_needed` is how long the record would have to be, in all, for its Sharpe to show itself; `years_for_target`
    for a Sharpe of 1.
    """

    start_ms: int
    end_ms: int
    days: int
    days_without_row: int
    trials: int
    columns: tuple[TrialFigures, ...]
    best: str
    standing: Standing
    sharpe_low: float | None
    sharpe_high: float | None
    dsr: float | None
    luck_sharpe: float
    luck_sharpe_null: float
    years: float
    years_needed: float | None
    years_for_target: float
    min_btl_years: float
    effective_trials: float | None
    pbo: float | None
    pbo_slope: float | None
    loss_probability: float | None
    family_psr: float | None
    undefined: dict[str, str]

    @property
    def chosen(self) -> TrialFigures:
        return next(one for one in self.columns if one.name == self.best)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps(..., allow_nan=False)`."""
        return asdict(self)


def judge(record: TrackRecord, trials: int | None = None) -> Judgement:
    """The judgement of a record that is the best of `trials`, or of its columns.

    `ConfigError` when fewer trials are named than there are columns; `Undefined` where rows are longer than a day.
    """
    width = len(record.names)
    if trials is not None and trials < width:
        raise ConfigError(f"--trials is {trials}, but the record has {width} columns: every trial counts")
    count = trials or width
    why = st.Reasons()
    daily, empty = _daily(record)
    columns = tuple(_figures(record, n, daily[:, n], why) for n in range(width))
    best = max(range(width), key=lambda n: _rank(columns[n]))
    variance, null = _trial_variance(len(daily), columns, count)
    luck = math.sqrt(variance) * st.expected_maximum(count)
    years = len(daily) / st.DAYS_PER_YEAR
    interval = why.value("interval", lambda: _interval(daily[:, best]))
    low = None if interval is None else interval.low
    figures: dict[str, Any] = {
        "sharpe_low": low,
        "sharpe_high": None if interval is None else interval.high,
        "dsr": why.value("dsr", lambda: st.psr_of(daily[:, best], luck)),
        "years_needed": why.value(
            "years_needed",
            lambda: _years_needed(daily[:, best], low, count, max(0.0, variance - null)),
        ),
        "years_for_target": _years_for_target(columns[best], count),
        **_family(daily, why),
    }
    return Judgement(
        start_ms=int(record.close_time[0]),
        end_ms=int(record.close_time[-1]),
        days=len(daily),
        days_without_row=empty,
        trials=count,
        columns=columns,
        best=record.names[best],
        standing=_standing(columns[best], years, figures),
        luck_sharpe=_a_year(luck),
        luck_sharpe_null=_a_year(math.sqrt(null) * st.expected_maximum(count)),
        years=years,
        min_btl_years=st.min_btl(count),
        undefined=why.found,
        **figures,
    )


def _daily(record: TrackRecord) -> tuple[Floats, int]:
    """[D, N] returns of every UTC day from the first to the last, and how many of them had no row: nothing moved."""
    found = [st.daily_returns(record.close_time, record.equity[:, n]) for n in range(len(record.names))]
    place = (found[0].day - found[0].day[0]) // st.DAY_MS
    daily = np.zeros((int(place[-1]) + 1, len(found)))
    for n, one in enumerate(found):
        daily[place, n] = one.value
    return daily, len(daily) - len(place)


def _figures(record: TrackRecord, n: int, returns: Floats, why: st.Reasons) -> TrialFigures:
    name = record.names[n]
    sharpe = why.value(f"sharpe of {name}", lambda: st.sharpe(returns))
    known = sharpe is not None
    return TrialFigures(
        name=name,
        net_return=st.net_return(record.equity[:, n]),
        max_drawdown=st.max_drawdown(record.equity[:, n]).fraction,
        sharpe=sharpe,
        psr=why.value(f"psr of {name}", lambda: st.psr_of(returns)) if known else None,
        skew=st.skew(returns) if known else None,
        kurtosis=st.kurtosis(returns) if known else None,
    )


def _interval(returns: Floats) -> st.Interval:
    return st.sharpe_interval(returns, np.random.default_rng(SEED), DRAWS, CONFIDENCE)


def _trial_variance(days: int, columns: tuple[TrialFigures, ...], count: int) -> tuple[float, float]:
    """(of the trials' Sharpe ratios a day, 1 / T): that among the columns where these are all trials, else 1 / T.

    A column without a Sharpe ratio counts as a trial, not in the variance.
    """
    null = 1 / days
    known = [_a_day(one.sharpe) for one in columns if one.sharpe is not None]
    if count > len(columns) or len(known) < 2:
        return null, null
    return float(np.var(known, ddof=1)), null


def _family(daily: Floats, why: st.Reasons) -> dict[str, float | None]:
    """What needs several trials."""
    names = ("effective_trials", "pbo", "pbo_slope", "loss_probability", "family_psr")
    figures: dict[str, float | None] = dict.fromkeys(names)
    if daily.shape[1] < 2:
        return figures
    figures["effective_trials"] = why.value("effective_trials", lambda: st.effective_trials(daily))
    figures["family_psr"] = why.value("family_psr", lambda: st.family_psr(daily))
    found = why.value("pbo", lambda: st.cscv(daily, st.most_blocks(len(daily))))
    if found is not None:
        figures |= {"pbo": found.pbo, "pbo_slope": found.slope, "loss_probability": found.loss_probability}
    return figures


def _years_needed(returns: Floats, low: float | None, trials: int, skill_variance: float) -> float:
    """Until the DSR is high enough, and the bootstrap interval, which narrows as 1 / sqrt(T), leaves zero below."""
    shape = st.sharpe_per_day(returns), st.skew(returns), st.kurtosis(returns)
    days = st.lucky_trl(*shape, trials, skill_variance, CONFIDENCE)
    if low is not None:
        sharpe = _a_year(shape[0])
        days = max(days, len(returns) * ((sharpe - low) / sharpe) ** 2)
    return days / st.DAYS_PER_YEAR


def _years_for_target(best: TrialFigures, trials: int) -> float:
    """Of trials without skill; of normal returns where the record is too short to have a shape."""
    skew, kurtosis = (0.0, 3.0) if best.skew is None or best.kurtosis is None else (best.skew, best.kurtosis)
    days = st.lucky_trl(_a_day(TARGET_SHARPE), skew, kurtosis, trials, confidence=CONFIDENCE)
    return days / st.DAYS_PER_YEAR


def _a_day(annual: float) -> float:
    return annual / math.sqrt(st.DAYS_PER_YEAR)


def _a_year(daily: float) -> float:
    return daily * math.sqrt(st.DAYS_PER_YEAR)


def _rank(one: TrialFigures) -> float:
    return -math.inf if one.sharpe is None else one.sharpe


def _standing(best: TrialFigures, years: float, figures: dict[str, Any]) -> Standing:
    if best.net_return <= -1:
        return Standing.NO_EDGE
    if best.sharpe is None:
        return Standing.TOO_LITTLE
    if best.sharpe <= 0:
        return Standing.NO_EDGE
    if figures["dsr"] is not None and figures["dsr"] >= CONFIDENCE and (figures["sharpe_low"] or 0.0) > 0:
        return Standing.EDGE if _choice_holds(figures) else Standing.NO_EDGE
    return Standing.NO_EDGE if years >= figures["years_for_target"] else Standing.TOO_LITTLE


def _choice_holds(figures: dict[str, Any]) -> bool:
    """Where several trials can be compared: the best of the past earned later, and was no coin toss."""
    if figures["pbo"] is None:
        return True
    family = figures["family_psr"]
    safe = figures["pbo"] <= MOST_PBO or (family is not None and family >= CONFIDENCE)
    return bool(safe and figures["loss_probability"] <= MOST_LOSSES)
