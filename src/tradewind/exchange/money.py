"""Decimals as an exchange keeps them: eight places, rounded so that what is held always suffices."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal

from tradewind.exchange.refusal import Refusal, Refused

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.00000001")  # the smallest unit of every coin
LARGEST = Decimal(10) ** 15  # amounts stay below, so that sums are exact in 28 digits


def floor(amount: Decimal) -> Decimal:
    """Towards zero, to eight places: what changes hands."""
    return amount.quantize(CENT, ROUND_DOWN)


def ceil(amount: Decimal) -> Decimal:
    """Away from zero, to eight places: what is held. floor(a) + ceil(b) never exceeds ceil(a + b)."""
    return amount.quantize(CENT, ROUND_UP)


def on_grid(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above a positive amount."""
    return (amount // step) * step


def positive(name: str, amount: Decimal) -> Decimal:
    """The amount itself; `Refused` when it is not a positive number of a size that can be booked."""
    if not amount.is_finite() or not ZERO < amount < LARGEST:
        raise Refused(Refusal.BAD_QUANTITY, f"{name} is {amount}, expected a number above 0 and below 1e15")
    return amount


def booked(name: str, amount: Decimal) -> Decimal:
    """The amount as it can be booked, rounded down to eight places; `Refused` when nothing is left of it."""
    return positive(name, floor(positive(name, amount)))
