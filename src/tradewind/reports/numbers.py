"""Numbers as people read them. None is a dash: the figure is undefined, and the report says why."""

from __future__ import annotations

import math
from datetime import UTC, datetime

NONE = "—"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plain(value: float | None, digits: int = 2, signed: bool = False) -> str:
    """1,234.50 with a true minus sign; what rounds to zero has no sign."""
    if value is None:
        return NONE
    text = f"{abs(value):,.{digits}f}"
    if not text.strip("0.,"):
        return text
    return ("−" if value < 0 else "+" if signed else "") + text


def percent(value: float | None, digits: int | None = None, signed: bool = False) -> str:
    """A fraction as percent: 0.0123 is 1.23 %; fewer digits as it grows."""
    if value is None:
        return NONE
    size = abs(value) * 100
    if digits is None:
        digits = 2 if size < 10 else 1 if size < 100 else 0
    return plain(value * 100, digits, signed) + " %"


def ratio(value: float | None, signed: bool = False) -> str:
    """A Sharpe ratio and the like."""
    return plain(value, 2, signed)


def money(value: float | None, quote: str = "", signed: bool = False) -> str:
    """An amount of the quote currency; cents only while they matter."""
    if value is None:
        return NONE
    text = plain(value, 2 if abs(value) < 1e5 else 0, signed)
    return f"{text} {quote}".rstrip()


def basis_points(value: float | None) -> str:
    """A fraction in hundredths of a percent."""
    return NONE if value is None else plain(value * 1e4, 1) + " bp"


def count(value: int) -> str:
    return f"{value:,}"


def price(value: float | None) -> str:
    """Five significant digits, or two decimals when that is more."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    return plain(value, max(2, 4 - math.floor(math.log10(abs(value)))))


def span(days: float | None) -> str:
    """A length of time in the unit that one would say."""
    if days is None:
        return NONE
    if days >= 730:
        return f"{days / 365:.1f} years"
    for size, unit in ((1.0, "day"), (1 / 24, "hour"), (1 / 1440, "minute")):
        if days >= size or unit == "minute":
            amount = days / size
            text = f"{amount:.0f}" if amount >= 10 or abs(amount - round(amount)) < 0.05 else f"{amount:.1f}"
            return f"{text} {unit}" + ("" if text == "1" else "s")
    return NONE


def years(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f} years"


def moment(ms: int) -> str:
    """2026-05-01 13:05, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def date(ms: int) -> str:
    """1 May 2026, UTC."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"
