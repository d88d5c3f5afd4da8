"""Every change of an account's money, as v3 lists it. What only moves within the pool is not listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tradewind.exchange import Exchange
from tradewind.exchange.ledger import FillRow, TransferRow
from tradewind.exchange.money import ZERO
from tradewind.gateway.bitget.failure import wrong
from tradewind.gateway.bitget.formats import PRODUCT, text
from tradewind.gateway.bitget.paging import end_id, page
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v3.category import SPOT

routes = Routes("/api/v3/account")
OTHER = "OTHER"
_CATEGORIES = {SPOT, PRODUCT, OTHER, "MARGIN", "COIN-FUTURES", "USDC-FUTURES"}
_TRANSFERS = {
    "deposit": "TRANSFER_IN",
    "withdraw": "TRANSFER_OUT",
    "insurance": "RISK_CAPTITAL_USER_TRANSFER",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One coin that came or went; `balance` is what both wallets had of it afterwards."""

    id: int
    category: str
    symbol: str
    coin: str
    kind: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    time_ms: int


def changes(exchange: Exchange, account: str) -> Iterator[Change]:
    """From the newest back; balances are counted back from those of now."""
    balances: dict[str, Decimal] = {}
    for (owner, _, coin), amount in exchange.treasury.holdings().items():
        if owner == account:
            balances[coin] = balances.get(coin, ZERO) + amount
    fills: dict[int, FillRow] = {}
    for row in exchange.ledger.newest():
        if row.account != account:
            continue
        if isinstance(row, FillRow):
            fills[row.trade_id] = row
        elif isinstance(row, TransferRow):
            yield from _of(exchange, row, fills.get(row.reference), balances)


def _of(
    exchange: Exchange, row: TransferRow, fill: FillRow | None, balances: dict[str, Decimal]
) -> Iterator[Change]:
    sums: dict[str, Decimal] = {}
    for owner, _, coin, amount in row.changes:
        if owner == row.account:
            sums[coin] = sums.get(coin, ZERO) + amount
    m = exchange.listings[row.symbol] if row.symbol else None
    category = OTHER if m is None else SPOT if m.is_spot else PRODUCT
    for place, (coin, amount) in enumerate(sums.items()):
        if not amount:
            continue  # it only moved between the wallets
        after = balances.get(coin, ZERO)
        balances[coin] = after - amount
        fee = -fill.fee if fill is not None and row.cause == "trade" and fill.fee_asset == coin else ZERO
        kind = _kind(row, amount, fill)
        symbol = m.id if m else ""
        yield Change(row.seq * 8 + place, category, symbol, coin, kind, amount, fee, after, row.time_ms)


def _kind(row: TransferRow, amount: Decimal, fill: FillRow | None) -> str:
    """Bitget's name for it."""
    if row.cause == "funding":
        return f"CONTRACT_MAIN_SETTLE_FEE_USER_{'IN' if amount > 0 else 'OUT'}"
    if fill is None or not row.symbol:
        return _TRANSFERS.get(row.cause, "TRANSFER_IN" if amount > 0 else "TRANSFER_OUT")
    if ":" not in row.symbol:
        return "ORDER_DEALT_IN" if amount > 0 else "ORDER_DEALT_FROZEN_OUT"
    closing = bool(fill.realised)
    if closing:
        return "CLOSE_LONG" if fill.side == "sell" else "CLOSE_SHORT"
    return "OPEN_LONG" if fill.side == "buy" else "OPEN_SHORT"


@routes.get("/financial-records", 20, Security.READ)
def financial_records(call: Call) -> object:
    """Trades, funding and money from outside, newest first, of one category (OTHER: of no market)."""
    params, (start, end) = call.params, call.params.times()
    category = params.text("category").upper()
    if category not in _CATEGORIES:
        raise wrong("category")
    coin, kind, symbol = params.maybe("coin"), params.maybe("type"), params.maybe("symbol")
    kept = (
        c
        for c in changes(call.exchange, call.account)
        if c.category == category
        and coin in (None, c.coin)
        and kind in (None, c.kind)
        and symbol in (None, c.symbol)
        and (start is None or c.time_ms >= start)
        and (end is None or c.time_ms <= end)
    )
    rows = page(kept, params, cursor="cursor")
    return {"list": [_row(c) for c in rows], "cursor": end_id(rows)}


def _row(c: Change) -> dict[str, str]:
    return {
        "category": c.category,
        "id": str(c.id),
        "symbol": c.symbol,
        "coin": c.coin,
        "type": c.kind,
        "amount": text(c.amount),
        "fee": text(c.fee),
        "balance": text(c.balance),
        "ts": str(c.time_ms),
    }
