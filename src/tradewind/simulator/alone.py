"""What an engine asks of the one account it has: a record that is handed over inside its array costs nothing.

A record handed over by itself costs five microseconds, more than all that is done with it.
"""

from __future__ import annotations

from typing import Any

from tradewind.account.books import apply_fill
from tradewind.compiled import compiled
from tradewind.simulator.kernel import arrive
from tradewind.simulator.rebalance import decide


@compiled
def close_bar(
    accounts: Any, positions: Any, bars: Any, rows: Any, row: int, instruments: Any, rules: Any
) -> None:
    """The close of `row`: marks, limits, reward."""
    arrive(accounts, positions, 0, bars, rows, row, instruments, rules[0])


@compiled
def size_orders(
    accounts: Any, positions: Any, bars: Any, row: int, ready: int, instruments: Any, rules: Any
) -> None:
    """From `wanted` to `approved` to `order`."""
    decide(accounts, positions, 0, bars, row, ready, instruments, rules[0])


@compiled
def book_fill(
    accounts: Any,
    positions: Any,
    a: int,
    instruments: Any,
    rules: Any,
    lots: int,
    price: float,
    fee: float,
    reason: int,
) -> None:
    """A trade of instrument `a`, as `apply_fill`."""
    apply_fill(accounts[0], positions[0, a], instruments[a], rules[0], lots, price, fee, reason)
