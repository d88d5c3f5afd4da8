"""The state of a whole local exchange in one file: every house, and the market time that it began with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tradewind.exchange import MarketClock
from tradewind.files import write_whole
from tradewind.gateway.house import House
from tradewind.market import DataError

VERSION = 1


def save(path: Path, houses: Sequence[House], start_ms: int) -> None:
    """Write the file, whole or not at all."""
    state = {
        "version": VERSION,
        "start_ms": start_ms,
        "houses": {house.venue: orjson.Fragment(house.exchange.snapshot()) for house in houses},
    }
    data = orjson.dumps(state)
    write_whole(path, lambda target: target.write_bytes(data))


def start_of(path: Path) -> int | None:
    """The market time that the exchange of a snapshot began with; None when there is no such file."""
    return int(_read(path)["start_ms"]) if path.exists() else None


def restore(path: Path, houses: Sequence[House], clock: MarketClock) -> bool:
    """Make fresh houses what those of the file were, at their market time; False when there is no file."""
    if not path.exists():
        return False
    stored = _read(path)["houses"]
    venues = [house.venue for house in houses]
    if sorted(stored) != sorted(venues):
        raise DataError(f"{path} holds {', '.join(stored)}, expected {', '.join(venues)}: name another file")
    for house in houses:
        try:
            house.exchange.restore(orjson.dumps(stored[house.venue]))
        except DataError as error:
            raise DataError(f"{path} does not fit: {error}") from None
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise DataError(f"{path} is damaged ({error!r:.80}): name another file") from error
    clock.step_to(max(clock.now_ms(), *(house.exchange.now_ms for house in houses)))
    return True


def ledger_beside(path: Path, venue: str) -> Path:
    """Where a venue's ledger goes on that is too long for memory: it belongs to the snapshot."""
    return path.with_name(f"{path.name}.{venue}.ledger")


def _read(path: Path) -> dict[str, Any]:
    try:
        state = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise DataError(f"{path} is no snapshot of an exchange ({error}): name another file") from None
    if not (
        isinstance(state, dict)
        and state.get("version") == VERSION
        and isinstance(state.get("start_ms"), int)
        and isinstance(state.get("houses"), dict)
    ):
        raise DataError(f"{path} is no snapshot of an exchange that this version reads: name another file")
    return state
