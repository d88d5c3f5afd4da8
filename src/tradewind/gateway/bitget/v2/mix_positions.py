"""Positions, open and closed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.gateway.bitget.episodes import Episode, ended, funding_of
from tradewind.gateway.bitget.formats import margin_name, rounded, text
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_requests import check_coin
from tradewind.gateway.bitget.v2.mix_rows import position_row
from tradewind.gateway.bitget.v2.products import is_served, perpetual
from tradewind.market import Kind

routes = Routes("/api/v2/mix/position")
ALL = 1_000_000_000
ZERO = Decimal(0)


@routes.get("/all-position", 5, Security.READ)
def all_positions(call: Call) -> object:
    """Open positions of the product type."""
    if not is_served(call):
        return []
    coin = call.params.maybe("marginCoin")
    listings = call.exchange.listings
    found = call.exchange.positions.all(call.account)
    return [
        position_row(state, call.exchange)
        for state in found
        if coin is None or coin.upper() == listings[state.symbol].quote
    ]


@routes.get("/single-position", 10, Security.READ)
def single_position(call: Call) -> object:
    """Open positions of one contract: two at most in hedge mode."""
    m = perpetual(call)
    check_coin(call.params, m)
    return [position_row(s, call.exchange) for s in call.exchange.positions.all(call.account, m.symbol)]


@routes.get("/history-position", 20, Security.READ)
def history_positions(call: Call) -> object:
    """Positions that ended, newest first, made from the trades that are still known."""
    named = call.params.has("productType")
    if named and not is_served(call):
        return {"list": [], "endId": None}
    m = call.maybe_listing(Kind.PERPETUAL)
    start, end = call.params.times()
    found = ended(call.exchange, call.account, m.symbol if m else None, start, end)
    rows = page(found, call.params, default=20)
    return {"list": [_row(call, e) for e in rows], "endId": end_id(rows)}


def _row(call: Call, e: Episode) -> dict[str, Any]:
    m, kept = call.exchange.listings[e.symbol], call.exchange.account(call.account)
    funding = funding_of(call.exchange, call.account, e)
    return {
        "positionId": str(e.id),
        "symbol": m.id,
        "marginCoin": m.quote,
        "holdSide": "long" if e.long else "short",
        "openAvgPrice": rounded(e.opened_worth / e.opened),
        "closeAvgPrice": rounded(e.closed_worth / e.closed),
        "marginMode": margin_name(e.symbol in kept.isolated),
        "openTotalPos": text(e.opened),
        "closeTotalPos": text(e.closed),
        "pnl": rounded(e.profit),
        "netProfit": rounded(e.profit + e.open_fee + e.close_fee + funding),
        "totalFunding": rounded(funding),
        "openFee": rounded(e.open_fee),
        "closeFee": rounded(e.close_fee),
        "ctime": str(e.opened_ms),
        "utime": str(e.closed_ms),
    }
