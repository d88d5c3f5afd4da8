"""A natural logarithm of our own: the same bits on every machine, and no call that empties the registers."""

from __future__ import annotations

from tradewind.compiled import compiled

SQRT_2 = 1.4142135623730951
LN_2 = 0.6931471805599453
NEAR_ONE = 1e-4  # of the square of (x - 1) / (x + 1): x within 2 % of 1, where four terms do


@compiled
def natural_log(x: float) -> float:
    """ln(x) for a finite x > 0, to 5e-16 of its value.

    2 artanh((m - 1) / (m + 1)) for the part m of x within a factor sqrt(2) of 1; x = m * 2^doublings.
    """
    doublings = 0.0
    while x > SQRT_2:
        x *= 0.5
        doublings += 1.0
    while x < 0.5 * SQRT_2:
        x *= 2.0
        doublings -= 1.0
    s = (x - 1.0) / (x + 1.0)
    z = s * s
    if z < NEAR_ONE:
        series = z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9))))
    else:
        w = z * z
        odd = z * (1 / 3 + w * (1 / 7 + w * (1 / 11 + w * (1 / 15 + w * (1 / 19)))))
        even = w * (1 / 5 + w * (1 / 9 + w * (1 / 13 + w * (1 / 17 + w * (1 / 21)))))
        series = odd + even
    return doublings * LN_2 + (2.0 * s + 2.0 * s * series)
