"""An account of Binance's USD-M futures, in one-way mode. Stops are algo orders, on a list of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from tradewind.market import CashFlow, CashFlowKind, FeeAsset, FillReason, Instrument, Kind, OrderType
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.terms.account_venue import (
    AccountReading,
    Balance,
    MarginMode,
    MarginSettings,
    PositionMode,
    VenuePosition,
)
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus
from tradewind.venues.remote.account import Desk
from tradewind.venues.remote.binance import (
    PAGE,
    Binance,
    acknowledged,
    plain_report,
    terms,
    trade_row,
)
from tradewind.venues.remote.binance_lines import UsdmLine, forced
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.listing import paying
from tradewind.venues.remote.reading import (
    Row,
    decimal,
    exact,
    flag,
    maybe_decimal,
    maybe_text,
    row_of,
    rows_of,
    text,
    whole,
    word,
)
from tradewind.venues.remote.terms import trigger_of

ALGO = "algo-"  # before the id of an algo order: orders and algo orders are numbered apart
WEEK_MS = 7 * 86_400_000 - 1  # the longest span of one question for trades
KEPT_MS = 180 * 86_400_000  # older trades are only in the venue's archive
_ALGO_STATUSES = {
    "NEW": ReportStatus.OPEN,
    "TRIGGERING": ReportStatus.OPEN,
    "TRIGGERED": ReportStatus.OPEN,
    "FINISHED": ReportStatus.FILLED,
    "CANCELED": ReportStatus.CANCELED,
    "EXPIRED": ReportStatus.EXPIRED,
    "REJECTED": ReportStatus.EXPIRED,  # it had been accepted, and was refused when it triggered
}
_TRIGGERS = {Trigger.MARK: "MARK_PRICE", Trigger.LAST: "CONTRACT_PRICE"}
_MARGIN = {"ISOLATED": MarginMode.ISOLATED, "CROSSED": MarginMode.CROSS}
_MARGIN_NAMES = {mode: name for name, mode in _MARGIN.items()}


class BinanceUsdm(Binance):
    kind = Kind.PERPETUAL
    prefix = "fapiPrivate"
    trades_method = "fapiPrivateGetUserTrades"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._owners: dict[
            str, tuple[str, FillReason]
        ] = {}  # by order id: client id and reason of its trades
        self.line = UsdmLine(self.client, self.listing)

    async def _place(self, intent: Intent, instrument: Instrument, lane: Lane) -> Mapping[str, str]:
        market = self.listing.id(intent.symbol)
        if intent.type is OrderType.STOP:
            return await self._place_stop(intent, instrument, market, lane)
        order = terms(intent, instrument, market) | _manner(intent)
        if intent.reduce_only:
            order["reduceOnly"] = "true"
        found = acknowledged(await self.calls(lane, "fapiPrivatePostOrder", order))
        self._owners[found["id"]] = intent.client_id, FillReason.ORDER
        return found

    async def _place_stop(
        self, intent: Intent, instrument: Instrument, market: str, lane: Lane
    ) -> Mapping[str, str]:
        order = {
            "algoType": "CONDITIONAL",
            "symbol": market,
            "side": "BUY" if intent.lots > 0 else "SELL",
            "type": "STOP_MARKET",
            "quantity": exact(abs(instrument.quantity(intent.lots))),
            "triggerPrice": exact(trigger_of(intent)),
            "workingType": _TRIGGERS[self.stop_trigger],
            "clientAlgoId": intent.client_id,
            "newOrderRespType": "ACK",
        }
        if intent.reduce_only:
            order["reduceOnly"] = "true"
        row = row_of(await self.calls(lane, "fapiPrivatePostAlgoOrder", order))
        return {"id": text(row, "algoId"), "clientOrderId": text(row, "clientAlgoId")}

    async def _withdraw(self, intent: Intent) -> Mapping[str, str]:
        if intent.type is not OrderType.STOP:
            return await super()._withdraw(intent)
        named = {"clientAlgoId": intent.client_id}
        return {
            "id": text(row_of(await self.calls(Lane.CLOSE, "fapiPrivateDeleteAlgoOrder", named)), "algoId")
        }

    async def _find_stop(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        named = {"clientAlgoId": client_id}
        row = await self.calls.maybe(self.calls(Lane.RESOLVE, "fapiPrivateGetAlgoOrder", named))
        return None if row is None else await self._algo_report(instrument, row_of(row))

    async def _resting(self, instrument: Instrument) -> Sequence[OrderReport]:
        named = {"symbol": self.listing.id(instrument.symbol)}
        rows = await self.calls(Lane.RESOLVE, "fapiPrivateGetOpenAlgoOrders", named)
        stops = [await self._algo_report(instrument, row) for row in rows_of(rows)]
        plain = await super()._resting(instrument)
        triggered = {
            text(row_of(r), "actualOrderId") for r in rows_of(rows) if maybe_text(r, "actualOrderId")
        }
        return [*(r for r in plain if r.venue_id not in triggered), *stops]

    async def _algo_report(self, instrument: Instrument, row: Row) -> OrderReport:
        """A conditional order; once triggered, it is what became of the order that it placed."""
        client_id, status = text(row, "clientAlgoId"), word(row, "algoStatus", _ALGO_STATUSES)
        venue_id, placed = ALGO + text(row, "algoId"), maybe_text(row, "actualOrderId")
        if not placed or placed == "0":
            if status is ReportStatus.FILLED:
                status = ReportStatus.EXPIRED  # it ended, and placed nothing
            return OrderReport(client_id, instrument.symbol, status, 0, venue_id)
        self._owners[placed] = client_id, FillReason.ORDER
        named = {"symbol": self.listing.id(instrument.symbol), "orderId": placed}
        order = row_of(await self.calls(Lane.RESOLVE, "fapiPrivateGetOrder", named))
        return replace(plain_report(instrument, order), client_id=client_id)

    async def _trade_rows(self, instrument: Instrument, since: int) -> Sequence[TradeRow]:
        market, now = self.listing.id(instrument.symbol), self.client.milliseconds()
        start, rows = max(since, now - KEPT_MS), list[Row]()
        while not rows and start <= now:
            span = {"symbol": market, "startTime": start, "limit": PAGE}
            if now - start > WEEK_MS:
                span["endTime"] = start + WEEK_MS
            rows = list(rows_of(await self.calls(Lane.RESOLVE, self.trades_method, span)))
            start += WEEK_MS + 1
        found = [trade_row(row) for row in await self._pages(instrument, rows)]
        return [await self.owner_of(instrument, row) for row in found]

    async def owner_of(self, instrument: Instrument, row: TradeRow) -> TradeRow:
        if row.reason is FillReason.LIQUIDATION:
            return row
        if row.venue_id not in self._owners:
            await self.calls.learn(lambda: self._read_owners(instrument, row))
        client_id, reason = self._owners[row.venue_id]
        return replace(row, client_id=client_id or row.client_id, reason=reason)

    async def _read_owners(self, instrument: Instrument, row: TradeRow) -> None:
        """Whose orders traded: those that stops placed, those that the venue forced, the rest by name."""
        market = self.listing.id(instrument.symbol)
        algos = await self.calls(
            Lane.RESOLVE, "fapiPrivateGetAllAlgoOrders", {"symbol": market, "limit": PAGE}
        )
        for algo in rows_of(algos):
            if placed := maybe_text(algo, "actualOrderId"):
                self._owners[placed] = text(algo, "clientAlgoId"), FillReason.ORDER
        around = {"symbol": market, "orderId": row.venue_id, "limit": 500}
        for order in rows_of(await self.calls(Lane.RESOLVE, "fapiPrivateGetAllOrders", around)):
            name = text(order, "clientOrderId")
            reason = FillReason.LIQUIDATION if forced(name) else FillReason.ORDER
            self._owners.setdefault(text(order, "orderId"), (name, reason))
        self._owners.setdefault(row.venue_id, (row.client_id, row.reason))

    async def _held(self, instrument: Instrument) -> Decimal:
        named = {"symbol": self.listing.id(instrument.symbol)}
        rows = rows_of(await self.calls(Lane.RESOLVE, "fapiPrivateV3GetPositionRisk", named))
        return sum((decimal(row, "positionAmt") for row in rows), Decimal(0))

    async def _reading(self) -> AccountReading:
        account = row_of(await self.calls(Lane.RESOLVE, "fapiPrivateV3GetAccount"))
        risk = await self.calls(Lane.RESOLVE, "fapiPrivateV3GetPositionRisk")
        balances = {
            text(row, "asset"): Balance(decimal(row, "availableBalance"), decimal(row, "walletBalance"))
            for row in rows_of(account.get("assets"))
        }
        positions = {}
        for row in rows_of(risk):
            if symbol := self.listing.symbol_of(text(row, "symbol")):
                positions[symbol] = _position(symbol, row, account)
        return AccountReading(self.clock.now_ms(), balances, positions)

    async def _funding(self, since: int) -> Sequence[CashFlow]:
        flows: list[CashFlow] = []
        start: int | None = max(since, 0)
        while start is not None:
            asked = {"incomeType": "FUNDING_FEE", "startTime": start, "limit": PAGE}
            rows = list(rows_of(await self.calls(Lane.HISTORY, "fapiPrivateGetIncome", asked)))
            flows += [flow for row in rows if (flow := self._flow(row)) and flow not in flows]
            last = whole(rows[-1], "time") if len(rows) >= PAGE else None
            start = last if last is None or last > start else last + 1
        return flows

    def _flow(self, row: Row) -> CashFlow | None:
        instrument = self.listing.ours(text(row, "symbol"))
        if instrument is None:
            return None
        name = f"{text(row, 'tranId')}-{text(row, 'symbol')}"
        amount = decimal(row, "income")
        return CashFlow(name, whole(row, "time"), CashFlowKind.FUNDING, amount, instrument.symbol)

    async def _read_instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        await self.calls.load_markets()
        there = [s for s in symbols if self.listing.read(s, 0.0, 0.0, []) is not None]
        tiers = await self.calls.by(Lane.HISTORY, lambda client: client.fetch_leverage_tiers(there))
        found = {}
        for symbol in there:
            named = {"symbol": self.listing.id(symbol)}
            told = row_of(await self.calls(Lane.HISTORY, "fapiPrivateGetCommissionRate", named))
            maker = float(decimal(told, "makerCommissionRate"))
            taker = float(decimal(told, "takerCommissionRate"))
            if instrument := self.listing.read(symbol, maker, taker, tiers.get(symbol, [])):
                found[symbol] = paying(instrument, FeeAsset.QUOTE)
        return found

    async def _may_trade(self) -> bool:
        return flag(row_of(await self.calls(Lane.HISTORY, "fapiPrivateGetAccountConfig")), "canTrade")

    async def _margin(self, instrument: Instrument) -> MarginSettings:
        named = {"symbol": self.listing.id(instrument.symbol)}
        mode = row_of(await self.calls(Lane.HISTORY, "fapiPrivateGetPositionSideDual"))
        rows = list(rows_of(await self.calls(Lane.HISTORY, "fapiPrivateGetSymbolConfig", named)))
        position = PositionMode.HEDGE if flag(mode, "dualSidePosition") else PositionMode.ONE_WAY
        if not rows:
            return MarginSettings(None, None, position)
        return MarginSettings(
            float(decimal(rows[0], "leverage")), word(rows[0], "marginType", _MARGIN), position
        )

    async def _set_margin(self, instrument: Instrument, leverage: int, mode: MarginMode) -> None:
        named = {"symbol": self.listing.id(instrument.symbol)}
        wishes: tuple[tuple[str, Row, str, Sequence[str]], ...] = (
            ("fapiPrivatePostPositionSideDual", {"dualSidePosition": "false"}, "one-way mode", ["-4059"]),
            (
                "fapiPrivatePostMarginType",
                {**named, "marginType": _MARGIN_NAMES[mode]},
                "the margin mode",
                ["-4046"],
            ),
            ("fapiPrivatePostLeverage", {**named, "leverage": str(leverage)}, "the leverage", []),
        )
        for method, wish, what, fine in wishes:
            await self._change_setting(self.calls(Lane.HISTORY, method, wish), instrument.symbol, what, fine)

    async def _time(self) -> int:
        return whole(row_of(await self.calls(Lane.HISTORY, "fapiPublicGetTime")), "serverTime")

    async def _last_price(self, coin: str, quote: str) -> Decimal:
        found = await self.calls(Lane.RESOLVE, "fapiPublicGetTickerPrice", {"symbol": f"{coin}{quote}"})
        return decimal(row_of(found), "price")


def _manner(intent: Intent) -> dict[str, str]:
    if intent.type is OrderType.MARKET:
        return {"type": "MARKET"}
    return {"type": "LIMIT", "timeInForce": "GTX" if intent.type is OrderType.POST_ONLY else "GTC"}


def _position(symbol: str, row: Row, account: Row) -> VenuePosition:
    liquidation = maybe_decimal(row, "liquidationPrice")
    return VenuePosition(
        symbol,
        decimal(row, "positionAmt"),
        maybe_decimal(row, "entryPrice"),
        maybe_decimal(row, "markPrice"),
        liquidation if liquidation else None,
        _margin_ratio(row, account),
    )


def _margin_ratio(row: Row, account: Row) -> float | None:
    """Of an isolated position by its own margin, of a cross one by the whole wallet's."""
    alone = decimal(row, "isolatedWallet")
    if alone:
        kept, needed = alone + decimal(row, "unRealizedProfit"), decimal(row, "maintMargin")
    else:
        kept, needed = decimal(account, "totalMarginBalance"), decimal(account, "totalMaintMargin")
    if kept <= 0:
        return 1.0 if needed else None
    return float(needed / kept)
