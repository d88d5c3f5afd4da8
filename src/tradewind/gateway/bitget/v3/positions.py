"""Positions, open and closed."""

from __future__ import annotations

from typing import Any

from tradewind.exchange import PositionSide
from tradewind.gateway.bitget.episodes import Episode, ended, funding_of
from tradewind.gateway.bitget.failure import wrong
from tradewind.gateway.bitget.formats import margin_name, mode_name, rounded, text
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v3.category import asked_kind, category, maybe_listing
from tradewind.gateway.bitget.v3.orders import POSITION_SIDES
from tradewind.gateway.bitget.v3.rows import position_row
from tradewind.market import Kind

routes = Routes("/api/v3/position")


def _served(call: Call) -> bool:
    kind = asked_kind(call.params)
    if kind is Kind.SPOT:
        raise wrong("category")
    return kind is not None


@routes.get("/current-position", 20, Security.READ)
def current_positions(call: Call) -> object:
    """Open positions of a category, of one contract or of one side."""
    if not _served(call):
        return {"list": []}
    m, side = maybe_listing(call), call.params.maybe_choice("posSide", POSITION_SIDES)
    found = call.exchange.positions.all(call.account, m.symbol if m else None)
    return {
        "list": [
            position_row(state, call.exchange)
            for state in found
            if side is None or (side is PositionSide.LONG) is (state.quantity > 0)
        ]
    }


@routes.get("/history-position", 20, Security.READ)
def history_positions(call: Call) -> object:
    """Positions that ended, newest first, made from the trades that are still known."""
    if not _served(call):
        return {"list": [], "cursor": None}
    m, (start, end) = maybe_listing(call), call.params.times()
    found = ended(call.exchange, call.account, m.symbol if m else None, start, end)
    rows = page(found, call.params, cursor="cursor")
    return {"list": [_row(call, e) for e in rows], "cursor": end_id(rows)}


def _row(call: Call, e: Episode) -> dict[str, Any]:
    m, kept = call.exchange.listings[e.symbol], call.exchange.account(call.account)
    funding = funding_of(call.exchange, call.account, e)
    return {
        "positionId": str(e.id),
        "category": category(m),
        "symbol": m.id,
        "marginCoin": m.quote,
        "holdMode": mode_name(e.side is not PositionSide.BOTH),
        "posSide": "long" if e.long else "short",
        "marginMode": margin_name(e.symbol in kept.isolated),
        "openPriceAvg": rounded(e.opened_worth / e.opened),
        "closePriceAvg": rounded(e.closed_worth / e.closed),
        "openTotalPos": text(e.opened),
        "closeTotalPos": text(e.closed),
        "cumRealisedPnl": rounded(e.profit),
        "netProfit": rounded(e.profit + e.open_fee + e.close_fee + funding),
        "totalFunding": rounded(funding),
        "openFeeTotal": rounded(e.open_fee),
        "closeFeeTotal": rounded(e.close_fee),
        "createdTime": str(e.opened_ms),
        "updatedTime": str(e.closed_ms),
    }
