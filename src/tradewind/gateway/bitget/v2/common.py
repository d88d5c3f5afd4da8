"""Endpoints of v2 that belong to no product."""

from __future__ import annotations

from tradewind.gateway.bitget.failure import does_not_exist
from tradewind.gateway.bitget.formats import text
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.market import Kind

routes = Routes("/api/v2")


@routes.get("/public/time")
def time(call: Call) -> object:
    """Wire time."""
    return {"serverTime": str(call.now_ms)}


@routes.get("/public/annoucements")
def announcements(call: Call) -> object:
    """Always empty."""
    return []


@routes.get("/common/trade-rate", 10, Security.READ)
def trade_rate(call: Call) -> object:
    """Maker and taker fee of the account in a market."""
    kinds = {"spot": Kind.SPOT, "mix": Kind.PERPETUAL}
    kind = kinds.get(call.params.text("businessType").lower())
    if kind is None:
        raise does_not_exist("businessType")
    maker, taker = call.exchange.fee_rates(call.account, call.listing(kind).symbol)
    return {"makerFeeRate": text(maker), "takerFeeRate": text(taker)}
