"""Order lists and smart order routing of Binance Spot, which no market here allows."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.markets import listing_of

routes = Routes("/api/v3")


@routes.on("POST", "/order/oco", security=Security.TRADE)
@routes.on("POST", "/orderList/oco", security=Security.TRADE)
def oco(call: Call) -> Any:
    """Refused."""
    listing_of(call)
    raise Failure(-2010, "OCO orders are not supported for this symbol")


@routes.on("POST", "/orderList/oto", security=Security.TRADE)
@routes.on("POST", "/orderList/otoco", security=Security.TRADE)
@routes.on("POST", "/orderList/opo", security=Security.TRADE)
@routes.on("POST", "/orderList/opoco", security=Security.TRADE)
def oto(call: Call) -> Any:
    """Refused."""
    listing_of(call)
    raise Failure(-2010, "OTO orders are not supported for this symbol")


@routes.on("DELETE", "/orderList", security=Security.TRADE)
def cancel_list(call: Call) -> Any:
    """Refused: there is none."""
    listing_of(call)
    raise Failure(-2011, "Unknown order list sent.")


@routes.on("POST", "/sor/order", security=Security.TRADE)
@routes.on("POST", "/sor/order/test", security=Security.TRADE)
def routed(call: Call) -> Any:
    """Refused."""
    listing_of(call)
    raise Failure(-2010, "SOR is not supported for this symbol.")
