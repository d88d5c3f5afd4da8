"""Words that follow a number."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """1 trade, 2 trades."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def ordered(lots: int) -> str:
    """buy 5 lots, sell 1 lot."""
    return f"{'buy' if lots > 0 else 'sell'} {counted(abs(lots), 'lot')}"
