"""A unified account of Bitget (v3): one pool of money for spot and USDT futures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tradewind.market import (
    CashFlow,
    FeeAsset,
    Instrument,
    Kind,
    OrderType,
    Outcome,
    Rejected,
    RejectKind,
    VenueUnavailable,
)
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.terms.account_venue import (
    AccountReading,
    Balance,
    MarginMode,
    MarginSettings,
    Permissions,
    VenuePosition,
)
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport
from tradewind.venues.remote.account import Desk
from tradewind.venues.remote.bitget import (
    MARGIN,
    MARGIN_NAMES,
    POSITION_MODES,
    PRODUCT,
    Bitget,
    funding,
    limit_terms,
    placed,
    side,
)
from tradewind.venues.remote.bitget_futures import signed
from tradewind.venues.remote.bitget_lines import UnifiedLine, v3_trade
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.reading import Row, decimal, exact, maybe_decimal, row_of, rows_of, text, word
from tradewind.venues.remote.terms import trigger_of

_TRIGGERS = {Trigger.MARK: "mark", Trigger.LAST: "market"}
_CATEGORIES = {Kind.SPOT: "SPOT", Kind.PERPETUAL: PRODUCT}
_TRADE = "private_uta_get_v3_trade_"
_PLACE = "private_uta_post_v3_trade_"
_FUNDING = "CONTRACT_MAIN_SETTLE_FEE"


class BitgetUnified(Bitget):
    """Orders of contracts carry their margin mode. Strategy orders are of contracts only: on spot no stop can rest."""

    filled_key = "cumExecQty"

    def __init__(self, desk: Desk, kind: Kind) -> None:
        super().__init__(desk)
        self.kind = kind
        self.rests_stops = kind is Kind.PERPETUAL
        self.fee_asset = FeeAsset.BASE if kind is Kind.SPOT else FeeAsset.QUOTE
        self._modes: dict[str, MarginMode] = {}
        self.line = UnifiedLine(self)

    async def send(self, intent: Intent) -> Outcome:
        if intent.type is OrderType.STOP and self.kind is Kind.SPOT:
            text = "a unified Bitget account has no stops on spot: it was not sent, guard it here"
            return Rejected("no_spot_stops", text, RejectKind.OTHER)
        return await super().send(intent)

    def _market(self, instrument: Instrument) -> dict[str, str]:
        return {"category": _CATEGORIES[self.kind], "symbol": self.listing.id(instrument.symbol)}

    async def _place(self, intent: Intent, instrument: Instrument, lane: Lane) -> Mapping[str, str]:
        order = self._market(instrument) | {
            "side": side(intent),
            "qty": exact(abs(instrument.quantity(intent.lots))),
            "clientOid": intent.client_id,
        }
        if intent.type is OrderType.STOP:
            order |= _stop(intent, _TRIGGERS[self.stop_trigger])
            return placed(await self.data(lane, f"{_PLACE}place_strategy_order", order), intent.client_id)
        order |= await self._manner(intent, instrument)
        if self.kind is Kind.PERPETUAL:
            order["reduceOnly"] = "yes" if intent.reduce_only else "no"
            order["marginMode"] = MARGIN_NAMES[self._modes.get(intent.symbol, MarginMode.ISOLATED)]
        return placed(await self.data(lane, f"{_PLACE}place_order", order), intent.client_id)

    async def _manner(self, intent: Intent, instrument: Instrument) -> dict[str, str]:
        if intent.type is not OrderType.MARKET:
            return limit_terms(intent, "timeInForce")
        if self.kind is Kind.PERPETUAL or intent.lots < 0:
            return {"orderType": "market"}
        limit = self.at_most(intent, instrument, await self.ask_price(intent.symbol))
        return {"orderType": "limit", "timeInForce": "ioc", "price": limit}

    async def _withdraw(self, intent: Intent) -> Mapping[str, str]:
        what = "cancel_strategy_order" if intent.type is OrderType.STOP else "cancel_order"
        data = await self.data(Lane.CLOSE, f"{_PLACE}{what}", {"clientOid": intent.client_id})
        return placed(data) if isinstance(data, Mapping) and data.get("orderId") else {"id": "1"}

    async def _find_plain(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        named = {"clientOid": client_id}
        row = await self.calls.maybe(self.data(Lane.RESOLVE, f"{_TRADE}order_info", named))
        return None if row is None else self.report(instrument, row_of(row), "orderStatus")

    async def _find_stop(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        if self.kind is Kind.SPOT:
            return None
        for when in ("unfilled", "history"):
            for row in await self._stops(instrument, when):
                if text(row, "clientOid") == client_id:
                    return await self.plan_report(instrument, row, "status")
        return None

    async def _placed_by(self, instrument: Instrument, row: Row) -> OrderReport | None:
        return await self._find_plain(instrument, text(row, "clientOid"))

    async def _stops(self, instrument: Instrument, when: str) -> list[Row]:
        asked = {"category": PRODUCT, "limit": "100"}
        data = await self.data(Lane.RESOLVE, f"{_TRADE}{when}_strategy_orders", asked)
        rows = rows_of(data.get("list") if isinstance(data, Mapping) else data)
        market = self.listing.id(instrument.symbol)
        return [row for row in rows if text(row, "symbol") == market]

    async def _resting(self, instrument: Instrument) -> Sequence[OrderReport]:
        data = row_of(await self.data(Lane.RESOLVE, f"{_TRADE}unfilled_orders", self._market(instrument)))
        found = [self.report(instrument, row, "orderStatus") for row in rows_of(data.get("list"))]
        if self.kind is Kind.PERPETUAL:
            for row in await self._stops(instrument, "unfilled"):
                found.append(await self.plan_report(instrument, row, "status"))
        return found

    async def _trade_rows(self, instrument: Instrument, since: int) -> Sequence[TradeRow]:
        asked = self._market(instrument)
        rows = await self._back(f"{_TRADE}fills", asked, since, "list", "createdTime", "execId", "cursor")
        return [v3_trade(row, "createdTime") for row in rows]

    async def _assets(self) -> dict[str, Balance]:
        told = row_of(await self.data(Lane.RESOLVE, "private_uta_get_v3_account_assets"))
        return {
            text(row, "coin"): Balance(decimal(row, "available"), decimal(row, "balance"))
            for row in rows_of(told.get("assets"))
        }

    async def _positions(self, asked: Mapping[str, str]) -> list[Row]:
        data = row_of(await self.data(Lane.RESOLVE, "private_uta_get_v3_position_current_position", asked))
        return list(rows_of(data.get("list")))

    async def _held(self, instrument: Instrument) -> Decimal:
        if self.kind is Kind.SPOT:
            balance = (await self._assets()).get(instrument.base)
            return balance.total if balance else Decimal(0)
        rows = await self._positions(self._market(instrument))
        return sum((signed(row, "total", "posSide") for row in rows), Decimal(0))

    async def _reading(self) -> AccountReading:
        balances, positions = await self._assets(), {}
        if self.kind is Kind.PERPETUAL:
            for row in await self._positions({"category": PRODUCT}):
                if symbol := self.listing.symbol_of(text(row, "symbol")):
                    positions[symbol] = VenuePosition(
                        symbol,
                        signed(row, "total", "posSide"),
                        maybe_decimal(row, "avgPrice"),
                        maybe_decimal(row, "markPrice"),
                        maybe_decimal(row, "liquidationPrice") or None,
                    )
        return AccountReading(self.clock.now_ms(), balances, positions)

    async def _funding(self, since: int) -> Sequence[CashFlow]:
        if self.kind is Kind.SPOT:
            return ()
        asked = {"category": PRODUCT}
        method = "private_uta_get_v3_account_financial_records"
        rows = await self._back(method, asked, since, "list", "ts", "id", "cursor")
        paid = [row for row in rows if text(row, "type").startswith(_FUNDING)]
        ours = [(row, self.listing.ours(text(row, "symbol"))) for row in paid]
        return [funding(row, found, "id", "ts") for row, found in ours if found is not None]

    async def _rates(self, symbol: str) -> object:
        asked = {"symbol": self.listing.id(symbol), "category": _CATEGORIES[self.kind]}
        return await self.data(Lane.HISTORY, "private_uta_get_v3_account_fee_rate", asked)

    async def _tiers(self, symbol: str) -> list[Any]:
        return [] if self.kind is Kind.SPOT else await self.market_tiers(symbol)

    async def _permissions(self) -> Permissions:
        told = row_of(await self.data(Lane.HISTORY, "private_uta_get_v3_account_info"))
        given = told.get("permissions")
        if not isinstance(given, list):
            return Permissions(None, None, None)
        writes = told.get("permType") == "read-and-write"
        return Permissions(writes and "uta_trade" in given, "withdraw" in given, "transfer" in given)

    async def _margin(self, instrument: Instrument) -> MarginSettings:
        """The margin mode is that of an open position, else what orders will carry."""
        told = row_of(await self.data(Lane.HISTORY, "private_uta_get_v3_account_settings"))
        hold, market = word(told, "holdMode", POSITION_MODES), self.listing.id(instrument.symbol)
        mode = self._modes.get(instrument.symbol, MarginMode.ISOLATED)
        for row in await self._positions(self._market(instrument)):
            mode = word(row, "marginMode", MARGIN)
        for row in rows_of(told.get("symbolConfigList")):
            if text(row, "symbol") == market and text(row, "category").upper() == PRODUCT:
                return MarginSettings(float(decimal(row, "leverage")), mode, hold)
        raise VenueUnavailable(f"the venue tells no leverage of {instrument.symbol}")

    async def _set_margin(self, instrument: Instrument, leverage: int, mode: MarginMode) -> None:
        self._modes[instrument.symbol] = mode
        market = self._market(instrument) | {"marginMode": MARGIN_NAMES[mode]}
        wishes: tuple[tuple[str, Row, str], ...] = (
            ("set_hold_mode", {"holdMode": "one_way_mode"}, "one-way mode"),
            ("set_leverage", {**market, "leverage": str(leverage)}, "the leverage"),
        )
        for what, wish, told in wishes:
            request = self.calls(Lane.HISTORY, f"private_uta_post_v3_account_{what}", wish)
            await self._change_setting(request, instrument.symbol, told, ())


def _stop(intent: Intent, by: str) -> dict[str, str]:
    trigger = exact(trigger_of(intent))
    if intent.reduce_only:
        return {
            "type": "tpsl",
            "tpslMode": "partial",
            "stopLoss": trigger,
            "slTriggerBy": by,
            "slOrderType": "market",
        }
    return {"type": "trigger", "triggerPrice": trigger, "triggerBy": by, "triggerOrderType": "market"}
