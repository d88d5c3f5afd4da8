"""Deposits, withdrawals and transfers that the ledger still holds, newest first. Times are market time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tradewind.exchange.accounts import FUTURES, SPOT
from tradewind.exchange.ledger import TransferRow
from tradewind.gateway.binance.failure import Failure, not_together
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.spot.markets import DAY_MS, eight, span
from tradewind.gateway.binance.spot.sapi.wallet import NETWORK

_DONE_DEPOSIT, _DONE_WITHDRAWAL = 1, 6
_LONGEST_MS = 90 * DAY_MS

routes = Routes("/sapi/v1")


def _rows(call: Call, cause: str, wallet: str) -> Iterator[tuple[TransferRow, str, Decimal]]:
    """(row, coin, amount) of what moved in or out of one wallet, newest first, in the time asked for."""
    start, end = span(call)
    if start is not None and end is not None and end - start > _LONGEST_MS:
        raise Failure(
            -1127, "Lookup interval is too big. More than 2160 hours between startTime and endTime."
        )
    coin = call.params.maybe("coin")
    for row in call.exchange.ledger.newest():
        if not isinstance(row, TransferRow) or row.cause != cause or row.account != call.account:
            continue
        if (start is not None and row.time_ms < start) or (end is not None and row.time_ms > end):
            continue
        for owner, where, asset, amount in row.changes:
            if owner == call.account and where == wallet and coin in (None, asset):
                yield row, asset, amount


def _page(call: Call, found: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    limit, offset = call.params.limit(1000, 1000), call.params.maybe_integer("offset", low=0) or 0
    return list(found)[offset : offset + limit]


@routes.on("GET", "/capital/deposit/hisrec", security=Security.READ)
def deposits(call: Call) -> Any:
    """Deposits into the spot wallet, all done."""
    if call.params.maybe_integer("status") not in (None, _DONE_DEPOSIT):
        return []
    return _page(
        call,
        (
            {
                "id": str(row.seq),
                "amount": f"{amount.normalize():f}",
                "coin": coin,
                "network": NETWORK,
                "status": _DONE_DEPOSIT,
                "address": "local",
                "addressTag": "",
                "txId": f"deposit-{row.seq}",
                "insertTime": row.time_ms,
                "completeTime": row.time_ms,
                "transferType": 0,
                "confirmTimes": "1/1",
                "unlockConfirm": 0,
                "walletType": 0,
            }
            for row, coin, amount in _rows(call, "deposit", SPOT)
        ),
    )


@routes.on("GET", "/capital/withdraw/history", security=Security.READ)
def withdrawals(call: Call) -> Any:
    """Withdrawals from the spot wallet, all done."""
    if call.params.maybe_integer("status") not in (None, _DONE_WITHDRAWAL):
        return []
    return _page(
        call,
        (
            {
                "id": str(row.seq),
                "amount": f"{-amount.normalize():f}",
                "transactionFee": "0",
                "coin": coin,
                "status": _DONE_WITHDRAWAL,
                "address": "local",
                "txId": f"withdraw-{row.seq}",
                "applyTime": _written(row.time_ms),
                "completeTime": _written(row.time_ms),
                "network": NETWORK,
                "transferType": 0,
                "info": "",
                "confirmNo": 1,
                "walletType": 0,
                "txKey": "",
            }
            for row, coin, amount in _rows(call, "withdraw", SPOT)
        ),
    )


def _written(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


@routes.on("GET", "/asset/transfer", security=Security.READ)
def transfers(call: Call) -> Any:
    """Transfers in one direction between the wallets of spot and USD-M futures."""
    kind = call.params.text("type")
    if call.params.maybe("fromSymbol") or call.params.maybe("toSymbol"):
        raise not_together()
    source = {"MAIN_UMFUTURE": SPOT, "UMFUTURE_MAIN": FUTURES}.get(kind)
    found = [] if source is None else [r for r in _rows(call, "transfer", source) if r[2] < 0]
    page, size = call.params.maybe_integer("current", low=1) or 1, call.params.limit(10, 100, "size")
    return {
        "total": len(found),
        "rows": [
            {
                "asset": asset,
                "amount": eight(-amount),
                "type": kind,
                "status": "CONFIRMED",
                "tranId": row.seq,
                "timestamp": row.time_ms,
            }
            for row, asset, amount in found[(page - 1) * size : page * size]
        ],
    }


@routes.on("GET", "/asset/dribblet", security=Security.READ)
def dust(call: Call) -> Any:
    """Always empty: nothing is converted."""
    return {"total": 0, "userAssetDribblets": []}


@routes.on("GET", "/asset/assetDividend", weight=10, security=Security.READ)
def dividends(call: Call) -> Any:
    """Always empty."""
    return {"rows": [], "total": 0}


@routes.on("GET", "/fiat/orders", security=Security.READ)
@routes.on("GET", "/fiat/payments", security=Security.READ)
def fiat(call: Call) -> Any:
    """Always empty."""
    return {"code": "000000", "message": "success", "data": [], "total": 0, "success": True}


@routes.on("GET", "/pay/transactions", security=Security.READ)
def payments(call: Call) -> Any:
    """Always empty."""
    return {"code": "000000", "message": "success", "data": [], "success": True}
