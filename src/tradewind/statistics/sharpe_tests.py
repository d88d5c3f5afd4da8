"""Is a Sharpe ratio skill or luck? PSR, MinTRL (Bailey and Lopez de Prado 2012) and DSR (2014).

Sharpe ratios here are per period and not annualised; `kurtosis` is raw (normal = 3).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from tradewind.market.errors import DataError
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
