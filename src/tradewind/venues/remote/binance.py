"""What Binance's spot and USD-M accounts share: words, paging, permissions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import ccxt

from tradewind.market import Instrument, Kind, OrderType
from tradewind.trading.terms.account_venue import Permissions
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus
from tradewind.venues.remote.account import Desk, RemoteAccount
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.reading import Row, decimal, exact, flag, row_of, rows_of, text, whole, word
from tradewind.venues.remote.terms import price_of

RECV_WINDOW_MS = 5_000
PAGE = 1_000  # trades, the most in one reply
STATUSES = {
    "NEW": ReportStatus.OPEN,
    "PENDING_NEW": ReportStatus.OPEN,
    "PARTIALLY_FILLED": ReportStatus.OPEN,
    "PENDING_CANCEL": ReportStatus.OPEN,
    "FILLED": ReportStatus.FILLED,
    "CANCELED": ReportStatus.CANCELED,
    "EXPIRED": ReportStatus.EXPIRED,
    "EXPIRED_IN_MATCH": ReportStatus.EXPIRED,
    "REJECTED": ReportStatus.REJECTED,
}


class Binance(RemoteAccount):
    """The raw methods of ccxt differ by a prefix: `private` for spot, `fapiPrivate` for USD-M."""

    prefix: str
    trades_method: str

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.client.options["recvWindow"] = RECV_WINDOW_MS

    async def _withdraw(self, intent: Intent) -> Mapping[str, str]:
        named = {"symbol": self.listing.id(intent.symbol), "origClientOrderId": intent.client_id}
        reply = row_of(await self.calls(Lane.CLOSE, f"{self.prefix}DeleteOrder", named))
        return {"id": text(reply, "orderId")}

    async def _find_plain(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        named = {"symbol": self.listing.id(instrument.symbol), "origClientOrderId": client_id}
        row = await self.calls.maybe(self.calls(Lane.RESOLVE, f"{self.prefix}GetOrder", named))
        return None if row is None else plain_report(instrument, row_of(row))

    async def _resting(self, instrument: Instrument) -> Sequence[OrderReport]:
        named = {"symbol": self.listing.id(instrument.symbol)}
        rows = await self.calls(Lane.RESOLVE, f"{self.prefix}GetOpenOrders", named)
        return [plain_report(instrument, row) for row in rows_of(rows)]

    async def _pages(self, instrument: Instrument, found: list[Row]) -> list[Row]:
        """The trades after a first page of them, to the newest."""
        market = self.listing.id(instrument.symbol)
        page = found
        while len(page) >= PAGE:
            after = {"symbol": market, "fromId": str(whole(page[-1], "id") + 1), "limit": PAGE}
            page = list(rows_of(await self.calls(Lane.RESOLVE, self.trades_method, after)))
            found += page
        return found

    async def _permissions(self) -> Permissions:
        try:
            told = row_of(await self.calls(Lane.HISTORY, "sapiGetAccountApiRestrictions"))
        except ccxt.NotSupported:  # test networks have no such endpoint
            return Permissions(trade=await self._may_trade(), withdraw=None, transfer=None)
        spot = self.kind is Kind.SPOT
        return Permissions(
            trade=flag(told, "enableSpotAndMarginTrading" if spot else "enableFutures"),
            withdraw=flag(told, "enableWithdrawals"),
            transfer=flag(told, "enableInternalTransfer") or flag(told, "permitsUniversalTransfer"),
        )

    @abstractmethod
    async def _may_trade(self) -> bool: ...


def plain_report(instrument: Instrument, row: Row) -> OrderReport:
    """An order as queries show it."""
    return OrderReport(
        text(row, "clientOrderId"),
        instrument.symbol,
        word(row, "status", STATUSES),
        instrument.whole_lots(decimal(row, "executedQty")),
        text(row, "orderId"),
    )


def terms(intent: Intent, instrument: Instrument, market: str) -> dict[str, Any]:
    """What all orders have in common; ids are always ours."""
    found = {
        "symbol": market,
        "side": "BUY" if intent.lots > 0 else "SELL",
        "quantity": exact(abs(instrument.quantity(intent.lots))),
        "newClientOrderId": intent.client_id,
        "newOrderRespType": "ACK",
    }
    if intent.type in (OrderType.LIMIT, OrderType.POST_ONLY):
        found["price"] = exact(price_of(intent))
    return found


def acknowledged(reply: object) -> Mapping[str, str]:
    row = row_of(reply)
    return {"id": text(row, "orderId"), "clientOrderId": text(row, "clientOrderId")}


def trade_row(row: Row) -> TradeRow:
    """A trade of an account as REST shows it, without the client id."""
    side = "isBuyer" if "isBuyer" in row else "buyer"
    quantity = decimal(row, "qty")
    return TradeRow(
        trade_id=text(row, "id"),
        venue_id=text(row, "orderId"),
        client_id="",
        at=whole(row, "time"),
        quantity=quantity if flag(row, side) else -quantity,
        price=decimal(row, "price"),
        fee=decimal(row, "commission"),
        fee_coin=text(row, "commissionAsset"),
    )
