"""Is a Sharpe ratio skill or luck? PSR, MinTRL (Bailey and Lopez de Prado 2012) and DSR (2014).

Sharpe ratios here are per period and not annualised; `kurtosis` is raw (normal = 3).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from tradewind.market.errors import DataError
from tradewind.statistics.figures import kurtosis as kurtosis_of
from tradewind.statistics.figures import sharpe_per_day
from tradewind.statistics.figures import skew as skew_of
from tradewind.statistics.returns import Floats
from tradewind.statistics.undefined import Undefined

EULER_GAMMA = 0.5772156649015329
_NORMAL = NormalDist()


def _variance_factor(sharpe: float, skew: float, kurtosis: float) -> float:
    """The variance of the estimated Sharpe, times T - 1."""
    factor = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if not factor > 0:
        raise Undefined(f"skew {skew:.3g} and kurtosis {kurtosis:.3g} leave no variance to the Sharpe ratio")
    return factor


def psr(sharpe: float, observations: float, skew: float, kurtosis: float, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe exceeds `benchmark`, given the one measured."""
    if observations < 2:
        raise Undefined(f"too few observations: {observations:g}, needs 2")
    deviation = math.sqrt(_variance_factor(sharpe, skew, kurtosis))
    return 0.5 * math.erfc(-(sharpe - benchmark) * math.sqrt((observations - 1) / 2) / deviation)


def expected_maximum(trials: float) -> float:
    """Expected maximum of `trials` independent standard normals; 0 for one. `trials` may be a fraction."""
    if not trials >= 1:
        raise DataError(f"trials is {trials}: at least one is needed")
    if trials == 1:
        return 0.0
    first, second = -_NORMAL.inv_cdf(1 / trials), -_NORMAL.inv_cdf(1 / (trials * math.e))
    return max(0.0, (1 - EULER_GAMMA) * first + EULER_GAMMA * second)


def dsr(
    sharpe: float, observations: float, skew: float, kurtosis: float, trials: float, trials_variance: float
) -> float:
    """PSR against the best Sharpe to expect of `trials` without skill, given the variance of theirs."""
    if trials_variance < 0:
        raise DataError(f"trials_variance is {trials_variance}: a variance is not negative")
    lucky = math.sqrt(trials_variance) * expected_maximum(trials)
    return psr(sharpe, observations, skew, kurtosis, lucky)


def min_trl(
    sharpe: float, skew: float, kurtosis: float, benchmark: float = 0.0, confidence: float = 0.95
) -> float:
    """Observations needed until PSR(benchmark) reaches `confidence`; `Undefined` when it never does."""
    if not 0.5 < confidence < 1:
        raise DataError(f"confidence is {confidence}: expected a fraction between 0.5 and 1, such as 0.95")
    if sharpe <= benchmark:
        raise Undefined(f"a Sharpe of {sharpe:.3g} never shows itself above {benchmark:.3g}")
    quantile = _NORMAL.inv_cdf(confidence)
    return 1 + _variance_factor(sharpe, skew, kurtosis) * (quantile / (sharpe - benchmark)) ** 2


def min_btl(trials: float, sharpe: float = 1.0) -> float:
    """Years below which the best of so many trials without skill is expected to show that annual Sharpe."""
    if not sharpe > 0:
        raise DataError(f"sharpe is {sharpe}: an annual Sharpe above zero is needed")
    return (expected_maximum(trials) / sharpe) ** 2


def lucky_trl(
    sharpe: float,
    skew: float,
    kurtosis: float,
    trials: float,
    skill_variance: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Observations until a Sharpe shows itself above the best to expect of so many trials; of one it is `min_trl`.

    The variance of theirs is `skill_variance`, by which they truly differ, and 1 / T of estimation, which falls as
    the record grows. `Undefined` where no record would be long enough.
    """
    highest = expected_maximum(trials)
    shortest = min_trl(sharpe, skew, kurtosis, highest * math.sqrt(skill_variance), confidence)

    def enough(length: float) -> bool:
        bar = highest * math.sqrt(skill_variance + 1 / length)
        return psr(sharpe, length, skew, kurtosis, bar) >= confidence

    low, high = shortest, shortest
    while not enough(high):
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def psr_of(returns: Floats, benchmark: float = 0.0) -> float:
    """PSR of daily returns, against a benchmark Sharpe a day."""
    return psr(sharpe_per_day(returns), len(returns), skew_of(returns), kurtosis_of(returns), benchmark)


def family_psr(returns: Floats) -> float:
    """PSR(0) of the equal-weight average of trials [T, N]: does the family earn, without any choice?"""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or not values.shape[1]:
        raise DataError(f"returns have shape {values.shape}, expected rows and trials")
    return psr_of(values.mean(axis=1))


def effective_trials(returns: Floats) -> float:
    """How many independent trials [T, N] amount to, by their mean correlation: r + (1 - r) N, from 1 to N."""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 1 or not np.isfinite(values).all():
        raise DataError(f"returns of shape {values.shape} must be finite numbers of rows and trials")
    rows, trials = values.shape
    if trials == 1:
        return 1.0
    if rows < 3 or not values.std(axis=0).all():
        raise Undefined("a trial that does not vary has no correlation with the others")
    together = np.corrcoef(values, rowvar=False)
    mean = float((together.sum() - trials) / (trials * (trials - 1)))
    shared = min(max(mean, 0.0), 1.0)
    return shared + (1 - shared) * trials
