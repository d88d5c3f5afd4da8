"""Margin trading, of which there is none: lists of its markets are empty."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security

routes = Routes("/sapi/v1")


@routes.on("GET", "/margin/allPairs", security=Security.KEY)
@routes.on("GET", "/margin/isolated/allPairs", weight=10, security=Security.READ)
@routes.on("GET", "/margin/allAssets", security=Security.KEY)
def nothing(call: Call) -> Any:
    """Always empty."""
    return []
