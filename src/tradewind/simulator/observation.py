"""The one observation builder: writes the scale-free vector straight into the caller's buffer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tradewind.compiled import compiled
from tradewind.risk.review import held_weight
from tradewind.risk.stops import isolated_margin, stop_level

SCHEMA_VERSION = 1
PER_POSITION = ("weight", "unrealised_return", "stop_distance", "bars_held", "cooldown")
PER_ACCOUNT = ("drawdown", "kill_distance", "day_return", "day_blocked")
CLOCK = ("day_sin", "day_cos", "week_sin", "week_cos")


def observation_names(
    columns: Sequence[str], symbols: Sequence[str], lookback: int, clock: bool
) -> list[str]:
    """The names of the vector, in order: window (oldest first), positions, account, time."""
    names = [f"{column}[{-age}]" for age in range(lookback - 1, -1, -1) for column in columns]
    names += [f"weight {s}" for s in symbols] + ["cash_fraction"]
    names += [f"{part} {s}" for part in PER_POSITION[1:] for s in symbols]
    return names + list(PER_ACCOUNT) + (list(CLOCK) if clock else [])


def observation_size(columns: int, symbols: int, lookback: int, clock: bool) -> int:
    return columns * lookback + 5 * symbols + 1 + len(PER_ACCOUNT) + (len(CLOCK) if clock else 0)


def schema_hash(names: Sequence[str]) -> str:
    """SHA-256 over version, names and order: two observations with the same hash mean the same."""
    return hashlib.sha256(json.dumps([SCHEMA_VERSION, *names]).encode()).hexdigest()


@compiled
def observe(
    accounts: Any,
    positions: Any,
    n: int,
    features: Any,
    clock: Any,
    row: int,
    instruments: Any,
    rules: Any,
    out: Any,
    slot: int,
) -> None:
    """Write the observation of account `n` at the closed bar `row` into out[slot].

    `features` [T, F] float32 are scaled already; rows before the window's start are never read.
    """
    account = accounts[n]
    width = instruments.shape[0]
    columns = features.shape[1]
    at = 0
    for r in range(row - rules.lookback + 1, row + 1):
        for k in range(columns):
            out[slot, at + k] = features[r, k]
        at += columns
    cash = at + width
    out[slot, cash] = cash_fraction(account, positions, n, instruments, rules)
    block = cash + 1
    for a in range(width):
        position = positions[n, a]
        out[slot, at + a] = held_weight(account, position, instruments[a])
        out[slot, block + a] = _unrealised_return(position)
        out[slot, block + width + a] = _stop_distance(position, rules)
        out[slot, block + 2 * width + a] = position.bars_held / (position.bars_held + 32.0)
        out[slot, block + 3 * width + a] = position.cooldown / (position.cooldown + 8.0)
    at = block + 4 * width
    drawdown = 1.0 - account.equity / account.peak_equity
    out[slot, at] = drawdown
    out[slot, at + 1] = rules.max_drawdown - drawdown if rules.max_drawdown > 0.0 else 1.0
    out[slot, at + 2] = account.equity / account.day_start_equity - 1.0
    out[slot, at + 3] = account.blocked
    if rules.clock != 0:
        for k in range(4):
            out[slot, at + 4 + k] = clock[row, k]


@compiled
def cash_fraction(account: Any, positions: Any, n: int, instruments: Any, rules: Any) -> float:
    """Spot: cash over equity. Perpetuals: equity not bound as margin, over equity."""
    if account.equity <= 0.0:
        return 0.0
    if instruments[0].perpetual == 0:
        return account.wallet / account.equity
    margin = 0.0
    for a in range(instruments.shape[0]):
        margin += isolated_margin(positions[n, a], instruments[a], rules)
    return (account.equity - margin) / account.equity


@compiled
def _unrealised_return(position: Any) -> float:
    if position.lots == 0:
        return 0.0
    change = position.mark / position.entry - 1.0
    return change if position.lots > 0 else -change


@compiled
def _stop_distance(position: Any, rules: Any) -> float:
    """How far the price is from the stop, as a fraction of the price; 1 where there is nothing to stop."""
    if position.lots == 0:
        return 1.0
    level = stop_level(position, rules, position.peak)
    if level == 0.0:
        return 1.0
    distance = (position.price - level) / position.price
    return distance if position.lots > 0 else -distance


__all__ = ["cash_fraction", "observation_names", "observation_size", "observe", "schema_hash"]
