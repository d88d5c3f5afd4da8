"""Deposits and withdrawals as both versions list them."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.ledger import TransferRow
from tradewind.gateway.bitget.formats import text
from tradewind.gateway.bitget.routes import Call


def records(call: Call, cause: str) -> list[dict[str, str | None]]:
    """What came from outside or left for it, newest first. `cause`: deposit or withdraw."""
    params = call.params
    start, end = params.integer("startTime"), params.integer("endTime")
    coin, order_id = params.maybe("coin"), params.maybe("orderId")
    limit = params.limit(20, 100)
    rows: list[dict[str, str | None]] = []
    for row in call.exchange.ledger.newest():
        if row.account != call.account or not isinstance(row, TransferRow) or row.cause != cause:
            continue
        _, _, asset, amount = next(c for c in row.changes if c[0] == call.account)
        wanted = coin in (None, asset) and order_id in (None, str(row.seq))
        if wanted and start <= row.wire_ms <= end:
            rows.append(_record(row, asset, abs(amount)))
        if len(rows) == limit:
            break
    return rows


def _record(row: TransferRow, asset: str, amount: Decimal) -> dict[str, str | None]:
    return {
        "orderId": str(row.seq),
        "tradeId": str(row.seq),
        "clientOid": "",
        "coin": asset,
        "tag": "",
        "type": row.cause,
        "size": text(amount),
        "fee": "0",
        "status": "success",
        "toAddress": "",
        "dest": "internal_transfer",
        "chain": asset,
        "confirm": "1",
        "fromAddress": None,
        "cTime": str(row.wire_ms),
        "uTime": str(row.wire_ms),
    }
