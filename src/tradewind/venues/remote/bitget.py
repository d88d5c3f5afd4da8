"""What Bitget's accounts share: words, pages that go back in time, market orders on spot."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tradewind.market import (
    CashFlow,
    CashFlowKind,
    FeeAsset,
    FillReason,
    Instrument,
    OrderType,
    Side,
    VenueUnavailable,
)
from tradewind.trading.terms.account_venue import MarginMode, PositionMode
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus
from tradewind.venues.remote.account import Desk, RemoteAccount
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.listing import paying
from tradewind.venues.remote.reading import (
    Row,
    decimal,
    exact,
    maybe_text,
    row_of,
    rows_of,
    text,
    whole,
    word,
)
from tradewind.venues.remote.terms import price_of, worse

PRODUCT = "USDT-FUTURES"
PLAN = "plan-"  # before the id of an order that waits for a price: those are numbered apart
PAGE = 100
DAY_MS = 86_400_000
HISTORY_MS = 90 * DAY_MS  # what lists of the past reach back to
QUOTE_AGE_MS = 5_000
STATUSES = {
    "init": ReportStatus.OPEN,
    "new": ReportStatus.OPEN,
    "live": ReportStatus.OPEN,
    "partially_filled": ReportStatus.OPEN,
    "filled": ReportStatus.FILLED,
    "cancelled": ReportStatus.CANCELED,
    "canceled": ReportStatus.CANCELED,
}
PLAN_STATUSES = {
    "not_trigger": ReportStatus.OPEN,
    "live": ReportStatus.OPEN,
    "pending": ReportStatus.OPEN,
    "executing": ReportStatus.OPEN,
    "executed": ReportStatus.FILLED,
    "success": ReportStatus.FILLED,
    "fail_execute": ReportStatus.EXPIRED,
    "fail_trigger": ReportStatus.EXPIRED,
    "failed": ReportStatus.EXPIRED,
    "cancelled": ReportStatus.CANCELED,
    "canceled": ReportStatus.CANCELED,
}
MARGIN = {"isolated": MarginMode.ISOLATED, "crossed": MarginMode.CROSS}
MARGIN_NAMES = {mode: name for name, mode in MARGIN.items()}
POSITION_MODES = {"one_way_mode": PositionMode.ONE_WAY, "hedge_mode": PositionMode.HEDGE}


class Bitget(RemoteAccount):
    filled_key = "baseVolume"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._owners: dict[
            str, str
        ] = {}  # by an order's id, the client id of the plan that placed it, empty for none

    async def data(self, lane: Lane, method: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """What a reply carries."""
        reply = row_of(await self.calls(lane, method, parameters))
        if "data" not in reply:
            raise VenueUnavailable("the reply carries no data")
        return reply["data"]

    def report(self, instrument: Instrument, row: Row, status: str = "status") -> OrderReport:
        """A plain order as queries and the stream show it."""
        return OrderReport(
            text(row, "clientOid"),
            instrument.symbol,
            word(row, status, STATUSES),
            instrument.whole_lots(decimal(row, self.filled_key)),
            text(row, "orderId"),
        )

    async def plan_report(self, instrument: Instrument, row: Row, status: str) -> OrderReport:
        """One that waits for a price; once triggered, it is what became of the order that it placed."""
        name, state = text(row, "clientOid"), word(row, status, PLAN_STATUSES)
        placed = await self._placed_by(instrument, row) if state is ReportStatus.FILLED else None
        if placed is not None:
            self._owners[placed.venue_id] = name
            return replace(placed, client_id=name)
        if state is ReportStatus.FILLED:
            raise VenueUnavailable(f"stop {name} triggered, and the order that it placed is not told")
        return OrderReport(name, instrument.symbol, state, 0, PLAN + text(row, "orderId"))

    @abstractmethod
    async def _placed_by(self, instrument: Instrument, row: Row) -> OrderReport | None:
        """The order that a triggered one placed; None where the venue does not tell of it."""

    def named(self, row: Row) -> str:
        """The client id of an order, as this account gave it."""
        return self._owners.get(text(row, "orderId")) or maybe_text(row, "clientOid")

    async def owner_of(self, instrument: Instrument, row: TradeRow) -> TradeRow:
        """The venue may name the order that a stop placed anew."""
        return replace(row, client_id=self._owners.get(row.venue_id, row.client_id))

    async def _owned(self, instrument: Instrument, rows: Sequence[TradeRow]) -> Sequence[TradeRow]:
        """Trades with the names of the stops behind them: after a restart, what triggered meanwhile is read anew."""
        strange = [row for row in rows if row.venue_id not in self._owners]
        if strange:
            for plan in await self._past_plans(instrument):
                if order_id := maybe_text(plan, "executeOrderId"):
                    self._owners[order_id] = text(plan, "clientOid")
            for row in strange:
                self._owners.setdefault(row.venue_id, row.client_id)
        return [await self.owner_of(instrument, row) for row in rows]

    async def _past_plans(self, instrument: Instrument) -> Sequence[Row]:
        """The newest that triggered or ended, where the orders that they placed do not have their names."""
        return ()

    def at_most(self, intent: Intent, instrument: Instrument, ask: Decimal) -> str:
        """The price of a limit that trades as a market order does, within the cap."""
        return exact(worse(ask, intent.lots, self.slippage_cap, instrument))

    async def ask_price(self, symbol: str) -> Decimal:
        """What a buy would trade at now: of the quotes, or else asked."""
        quote = self.quotes.newest(symbol) if self.quotes else None
        if quote is not None and quote.ask > 0 and self.clock.now_ms() - quote.book_at <= QUOTE_AGE_MS:
            return Decimal(str(quote.ask))
        return decimal(await self._ticker(Lane.ENTRIES, self.listing.id(symbol)), "askPr")

    async def _ticker(self, lane: Lane, market: str) -> Row:
        found = await self.data(lane, "public_spot_get_v2_spot_market_tickers", {"symbol": market})
        for row in rows_of(found):
            return row
        raise VenueUnavailable(f"there is no ticker of {market}")

    async def _last_price(self, coin: str, quote: str) -> Decimal:
        return decimal(await self._ticker(Lane.RESOLVE, f"{coin}{quote}"), "lastPr")

    async def _back(
        self,
        method: str,
        asked: Row,
        since: int,
        key: str | None,
        at: str,
        name: str,
        cursor: str = "idLessThan",
    ) -> list[Row]:
        """Rows of a list that is told newest first, page by page, back to a time."""
        found: list[Row] = []
        first = max(since, self.client.milliseconds() - HISTORY_MS)
        page: dict[str, Any] = {**asked, "startTime": str(first), "limit": str(PAGE)}
        while True:
            data = await self.data(Lane.RESOLVE, method, page)
            rows = list(rows_of(row_of(data).get(key) if key else data))
            found += rows
            if len(rows) < PAGE or whole(rows[-1], at) < since:
                return found
            page[cursor] = text(rows[-1], name)

    async def _read_instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        await self.calls.load_markets()
        there = [s for s in symbols if self.listing.read(s, 0.0, 0.0, []) is not None]
        found = {}
        for symbol in there:
            tiers = await self._tiers(symbol)
            rates = row_of(await self._rates(symbol))
            maker, taker = float(decimal(rates, "makerFeeRate")), float(decimal(rates, "takerFeeRate"))
            if instrument := self.listing.read(symbol, maker, taker, tiers):
                found[symbol] = paying(instrument, self.fee_asset)
        return found

    fee_asset = FeeAsset.QUOTE

    async def _tiers(self, symbol: str) -> list[Any]:
        return []

    @abstractmethod
    async def _rates(self, symbol: str) -> Any: ...

    async def _time(self) -> int:
        return whole(row_of(await self.data(Lane.HISTORY, "public_common_get_v2_public_time")), "serverTime")

    async def market_tiers(self, symbol: str) -> list[Any]:
        """Of a perpetual; ccxt knows how."""
        told = await self.calls.by(Lane.HISTORY, lambda client: client.fetch_market_leverage_tiers(symbol))
        return list(told)


def side(intent: Intent) -> str:
    return (Side.BUY if intent.lots > 0 else Side.SELL).value


def limit_terms(intent: Intent, force: str) -> dict[str, str]:
    """`force` is the name of the time in force, which differs."""
    lasting = "post_only" if intent.type is OrderType.POST_ONLY else "gtc"
    return {"orderType": "limit", "price": exact(price_of(intent)), force: lasting}


def placed(data: object, name: str | None = None) -> Mapping[str, str]:
    """The answer to a new order, or to a cancellation where its name is not asked for."""
    row = row_of(data)
    found = {"id": text(row, "orderId")}
    return found if name is None else found | {"clientOrderId": text(row, "clientOid")}


def funding(row: Row, instrument: Instrument, name: str, at: str) -> CashFlow:
    amount = decimal(row, "amount")
    return CashFlow(text(row, name), whole(row, at), CashFlowKind.FUNDING, amount, instrument.symbol)


def v2_trade(row: Row, price: str, size: str, fee: Row, client_id: str = "") -> TradeRow:
    """A trade as v2 shows it: what was paid is negative."""
    quantity, forced = (
        decimal(row, size),
        maybe_text(row, "tradeSide").startswith(("burst", "reduce_", "dte_sys")),
    )
    return TradeRow(
        trade_id=text(row, "tradeId"),
        venue_id=text(row, "orderId"),
        client_id=client_id,
        at=whole(row, "cTime"),
        quantity=quantity if text(row, "side") == "buy" else -quantity,
        price=decimal(row, price),
        fee=-decimal(fee, "totalFee") if fee else None,
        fee_coin=text(fee, "feeCoin") if fee else "",
        reason=FillReason.LIQUIDATION if forced else FillReason.ORDER,
    )
