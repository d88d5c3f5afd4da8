"""Positions, open and closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradewind.exchange import IncomeKind, PositionSide, Trade
from tradewind.exchange.incomes import incomes
from tradewind.gateway.bitget.formats import margin_name, rounded, text
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.mix_requests import check_coin
from tradewind.gateway.bitget.v2.mix_rows import position_row
from tradewind.gateway.bitget.v2.paging import end_id, page
from tradewind.gateway.bitget.v2.products import is_served, perpetual
from tradewind.market import Kind, Side

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


@dataclass(slots=True)
class Episode:
    """A position from its opening to its end."""

    id: int
    symbol: str
    side: PositionSide
    long: bool
    opened_ms: int
    closed_ms: int = 0
    opened: Decimal = ZERO
    closed: Decimal = ZERO
    opened_worth: Decimal = ZERO
    closed_worth: Decimal = ZERO
    open_fee: Decimal = ZERO
    close_fee: Decimal = ZERO
    profit: Decimal = ZERO


def episodes(trades: list[Trade]) -> Iterator[Episode]:
    """Positions that ended, from all trades of an account in order of time."""
    running: dict[tuple[str, PositionSide], tuple[Episode, Decimal]] = {}
    for trade in trades:
        key = (trade.symbol, trade.position_side)
        signed = trade.quantity if trade.side is Side.BUY else -trade.quantity
        while signed:
            found = running.get(key)
            if found is None:
                episode = Episode(trade.id, *key, signed > 0, trade.time_ms)
                held = ZERO
            else:
                episode, held = found
            same = held * signed >= 0
            part = signed if same else min(abs(held), abs(signed)).copy_sign(signed)
            _book(episode, trade, abs(part), opens=same)
            held, signed = held + part, signed - part
            if held:
                running[key] = (episode, held)
            else:
                episode.closed_ms = trade.time_ms
                running.pop(key, None)
                yield episode


def _book(episode: Episode, trade: Trade, quantity: Decimal, opens: bool) -> None:
    fee = trade.fee * quantity / trade.quantity
    if opens:
        episode.opened += quantity
        episode.opened_worth += quantity * trade.price
        episode.open_fee -= fee
    else:
        episode.closed += quantity
        episode.closed_worth += quantity * trade.price
        episode.close_fee -= fee
        episode.profit += trade.realised


@routes.get("/history-position", 20, Security.READ)
def history_positions(call: Call) -> object:
    """Positions that ended, newest first, made from the trades that are still known."""
    named = call.params.has("productType")
    if named and not is_served(call):
        return {"list": [], "endId": None}
    m = call.maybe_listing(Kind.PERPETUAL)
    start, end = call.params.times()
    known = call.exchange.records.trades(call.account, m.symbol if m else None, limit=ALL)
    listings = call.exchange.listings
    found = [
        e
        for e in episodes([t for t in known if not listings[t.symbol].is_spot])
        if (start is None or e.closed_ms >= start) and (end is None or e.closed_ms <= end)
    ]
    rows = page(found, call.params, default=20)
    return {"list": [_row(call, e) for e in rows], "endId": end_id(rows)}


def _row(call: Call, e: Episode) -> dict[str, Any]:
    m, kept = call.exchange.listings[e.symbol], call.exchange.account(call.account)
    funding = sum(
        (
            item.amount
            for item in incomes(
                call.exchange.ledger,
                call.account,
                kind=IncomeKind.FUNDING,
                symbol=e.symbol,
                start_ms=e.opened_ms,
                end_ms=e.closed_ms,
                limit=ALL,
            )
        ),
        ZERO,
    )
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
