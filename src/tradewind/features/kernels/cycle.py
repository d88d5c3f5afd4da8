"""The phase of the dominant cycle by Hilbert transform (Ehlers, Rocket Science for Traders, 2001).

A homodyne discriminator measures the period of the cycle on smoothed prices; the phase is that of the
Fourier component of this period. As in TA-Lib, the first 37 bars only warm the smoother up, even and odd
bars have filters of their own, and the phase shows from the 64th bar on.
"""
# ruff: noqa: E741

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled

# Block: 3 outputs, then the fields below, four filters of 12 and 50 smoothed prices.
SEEN, PRICE_1, PRICE_2, PRICE_3 = 3, 4, 5, 6
PERIOD, SMOOTH_PERIOD, I2, Q2, RE, IM = 7, 8, 9, 10, 11, 12
ODD_I_2, ODD_I_3, EVEN_I_2, EVEN_I_3 = 13, 14, 15, 16
TAP, PHASE, NEWEST = 17, 18, 19
DETREND, QUADRATURE, J_IN, J_QUADRATURE = 20, 32, 44, 56
SMOOTHED = 68
LENGTH = 50
HILBERT_SIZE = SMOOTHED + LENGTH  # outputs included
FIRST_BAR, FIRST_OUTPUT = 37, 63
DEGREES = 180.0 / math.pi


@compiled
def hilbert_step(s: Any, at: int, p: Any, q: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """Outputs: phase in degrees (-45 to 315), its sine, the sine 45 degrees ahead."""
    seen = int(s[at + SEEN])
    smooth = (4.0 * c + 3.0 * s[at + PRICE_1] + 2.0 * s[at + PRICE_2] + s[at + PRICE_3]) * 0.1
    s[at + PRICE_3] = s[at + PRICE_2]
    s[at + PRICE_2] = s[at + PRICE_1]
    s[at + PRICE_1] = c
    # the count wraps above the warm-up by an even number, so that it keeps telling even from odd
    s[at + SEEN] = seen + 1 if seen < 1000 else 901 if seen % 2 == 0 else 900
    if seen < FIRST_BAR:
        return
    newest = int(s[at + NEWEST])
    s[at + SMOOTHED + newest] = smooth
    _measure_period(s, at, smooth, seen % 2 == 0)
    _measure_phase(s, at, newest)
    s[at + NEWEST] = newest + 1 if newest + 1 < LENGTH else 0
    if seen >= FIRST_OUTPUT:
        phase = s[at + PHASE]
        s[at] = phase
        s[at + 1] = math.sin(phase / DEGREES)
        s[at + 2] = math.sin((phase + 45.0) / DEGREES)


@compiled
def _filtered(s: Any, at: int, even: bool, tap: int, gain: float, x: float) -> float:
    """One Hilbert filter: for even and odd bars three taps, a delayed term and the last input."""
    half = at if even else at + 6
    entering = 0.0962 * x
    result = entering - s[half + tap] - s[half + 3]
    s[half + tap] = entering
    s[half + 3] = 0.5769 * s[half + 4]
    s[half + 4] = x
    return float((result + s[half + 3]) * gain)


@compiled
def _measure_period(s: Any, at: int, smooth: float, even: bool) -> None:
    gain = 0.075 * s[at + PERIOD] + 0.54
    tap = int(s[at + TAP])
    in_phase = s[at + EVEN_I_3] if even else s[at + ODD_I_3]
    detrended = _filtered(s, at + DETREND, even, tap, gain, smooth)
    quadrature = _filtered(s, at + QUADRATURE, even, tap, gain, detrended)
    j_in = _filtered(s, at + J_IN, even, tap, gain, in_phase)
    j_quadrature = _filtered(s, at + J_QUADRATURE, even, tap, gain, quadrature)
    if even:
        s[at + TAP] = 0 if tap == 2 else tap + 1
        s[at + ODD_I_3] = s[at + ODD_I_2]
        s[at + ODD_I_2] = detrended
    else:
        s[at + EVEN_I_3] = s[at + EVEN_I_2]
        s[at + EVEN_I_2] = detrended
    q2 = 0.2 * (quadrature + j_in) + 0.8 * s[at + Q2]
    i2 = 0.2 * (in_phase - j_quadrature) + 0.8 * s[at + I2]
    s[at + RE] = 0.2 * (i2 * s[at + I2] + q2 * s[at + Q2]) + 0.8 * s[at + RE]
    s[at + IM] = 0.2 * (i2 * s[at + Q2] - q2 * s[at + I2]) + 0.8 * s[at + IM]
    s[at + Q2] = q2
    s[at + I2] = i2
    last = s[at + PERIOD]
    period = last
    if s[at + IM] != 0.0 and s[at + RE] != 0.0:
        period = 360.0 / (math.atan(s[at + IM] / s[at + RE]) * DEGREES)
    period = max(min(period, 1.5 * last), 0.67 * last)
    period = max(min(period, 50.0), 6.0)
    s[at + PERIOD] = 0.2 * period + 0.8 * last
    s[at + SMOOTH_PERIOD] = 0.33 * s[at + PERIOD] + 0.67 * s[at + SMOOTH_PERIOD]


@compiled
def _measure_phase(s: Any, at: int, newest: int) -> None:
    length = int(s[at + SMOOTH_PERIOD] + 0.5)
    real, imaginary = 0.0, 0.0
    if length > 0:
        angle = 2.0 * math.pi / length
        turn_cos, turn_sin = math.cos(angle), math.sin(angle)
        cosine, sine = 1.0, 0.0
        j = newest
        for _ in range(length):
            price = s[at + SMOOTHED + j]
            real += sine * price
            imaginary += cosine * price
            cosine, sine = cosine * turn_cos - sine * turn_sin, sine * turn_cos + cosine * turn_sin
            j = LENGTH - 1 if j == 0 else j - 1
    phase = s[at + PHASE]
    if imaginary != 0.0:
        phase = math.atan(real / imaginary) * DEGREES
    elif real != 0.0:
        phase += 90.0 if real > 0.0 else -90.0
    phase += 90.0 + 360.0 / s[at + SMOOTH_PERIOD]
    if imaginary < 0.0:
        phase += 180.0
    if phase > 315.0:
        phase -= 360.0
    s[at + PHASE] = phase
