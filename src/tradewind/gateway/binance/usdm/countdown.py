"""The dead man's switch: a market's orders are cancelled unless the client says in time that it lives."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.usdm.markets import listing_of
from tradewind.gateway.house import House


class Countdowns:
    """Due times by account and market, in wire time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._due: dict[tuple[str, str], int] = {}

    def routes(self) -> Routes:
        table = Routes("/fapi/v1")
        table.on("POST", "/countdownCancelAll", weight=10, security=Security.TRADE)(self.start)
        return table

    def start(self, call: Call) -> Any:
        """Cancel all orders of a market after `countdownTime` ms, unless called again; 0 ends it."""
        listing, wait = listing_of(call), call.params.integer("countdownTime")
        if not 0 <= wait < 10**12:
            raise Failure(-1130, "Data sent for parameter 'countdownTime' is not valid.")
        key = (call.account, listing.symbol)
        if wait:
            self._due[key] = call.now_ms() + wait
        else:
            self._due.pop(key, None)
        return {"symbol": listing.id, "countdownTime": str(wait)}

    def tick(self, now_ms: int) -> None:
        """Cancel what is due."""
        for key in [key for key, due in self._due.items() if due <= now_ms]:
            del self._due[key]
            if key[0] in self._house.exchange.treasury.accounts:
                self._house.exchange.cancel_all(*key)
