"""Positions that ended, made from the trades that are still known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange import Exchange, IncomeKind, PositionSide, Trade
from tradewind.exchange.incomes import incomes
from tradewind.market import Side

ALL = 1_000_000_000
ZERO = Decimal(0)


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


def ended(
    exchange: Exchange, account: str, symbol: str | None, start_ms: int | None, end_ms: int | None
) -> list[Episode]:
    """Those of an account that ended in that time, in one market or in all."""
    known = exchange.records.trades(account, symbol, limit=ALL)
    return [
        e
        for e in episodes([t for t in known if not exchange.listings[t.symbol].is_spot])
        if (start_ms is None or e.closed_ms >= start_ms) and (end_ms is None or e.closed_ms <= end_ms)
    ]


def funding_of(exchange: Exchange, account: str, e: Episode) -> Decimal:
    """What funding brought or took while the position was open."""
    found = incomes(
        exchange.ledger,
        account,
        kind=IncomeKind.FUNDING,
        symbol=e.symbol,
        start_ms=e.opened_ms,
        end_ms=e.closed_ms,
        limit=ALL,
    )
    return sum((item.amount for item in found), ZERO)
