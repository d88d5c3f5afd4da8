"""Symbols that take no new exposure for now, each for reasons that are lifted one by one."""

from __future__ import annotations

from enum import StrEnum

from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.order_states import Alarm


class Why(StrEnum):
    """Why a symbol is paused."""

    DIFFERS = "differs"
    SETTINGS = "settings"
    GONE = "gone"
    SILENT = "silent"


class Pauses:
    """What the manager heeds as `paused`. An empty symbol means all."""

    def __init__(self, manager: OrderManager) -> None:
        self._manager = manager
        self._said: dict[tuple[Why, str], str] = {}

    def keep(self, why: Why, symbol: str, text: str, alarm: Alarm | None = None) -> None:
        """No new exposure for this reason, or with no text no more for it; an alarm the first time."""
        key = why, symbol
        if text and alarm is not None and key not in self._said:
            self._manager.warn(alarm, symbol, text)
        if text:
            self._said[key] = text
        else:
            self._said.pop(key, None)
        whole = next((t for (_, s), t in self._said.items() if not s), "")
        each = {s: t for (_, s), t in self._said.items() if s}
        self._manager.paused = {s: whole or each.get(s, "") for s in self._manager.ledger.instruments}
