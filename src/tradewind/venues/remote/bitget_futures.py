"""A classic account of Bitget's USDT futures (v2), in one-way mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tradewind.market import CashFlow, Instrument, Kind, OrderType
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
    funding,
    limit_terms,
    placed,
    side,
    v2_trade,
)
from tradewind.venues.remote.bitget_classic import ClassicBitget
from tradewind.venues.remote.bitget_lines import ClassicLine
from tradewind.venues.remote.bitget_spot import classic_permissions
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.reading import (
    Row,
    Unreadable,
    decimal,
    exact,
    maybe_decimal,
    row_of,
    rows_of,
    text,
    word,
)
from tradewind.venues.remote.terms import trigger_of

_TRIGGERS = {Trigger.MARK: "mark_price", Trigger.LAST: "fill_price"}
_PENDING = "private_mix_get_v2_mix_order_orders_plan_pending"
_PAST = "private_mix_get_v2_mix_order_orders_plan_history"
_GROUPS = ("profit_loss", "normal_plan")
_WAS_SO: tuple[str, ...] = ()


class BitgetFutures(ClassicBitget):
    """A stop that reduces is a stop loss of the position; another is a plan order."""

    kind = Kind.PERPETUAL

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._modes: dict[str, MarginMode] = {}
        self.line = ClassicLine(self)

    def _market(self, instrument: Instrument) -> dict[str, str]:
        return {
            "symbol": self.listing.id(instrument.symbol),
            "productType": PRODUCT,
            "marginCoin": instrument.quote,
        }

    async def _place(self, intent: Intent, instrument: Instrument, lane: Lane) -> Mapping[str, str]:
        order = self._market(instrument) | {
            "size": exact(abs(instrument.quantity(intent.lots))),
            "clientOid": intent.client_id,
        }
        mode = MARGIN_NAMES[self._modes.get(intent.symbol, MarginMode.ISOLATED)]
        if intent.type is OrderType.STOP and intent.reduce_only:
            order |= {
                "planType": "loss_plan",
                "holdSide": "buy" if intent.lots < 0 else "sell",
                "triggerPrice": exact(trigger_of(intent)),
                "triggerType": _TRIGGERS[self.stop_trigger],
            }
            method = "private_mix_post_v2_mix_order_place_tpsl_order"
        elif intent.type is OrderType.STOP:
            order |= {
                "planType": "normal_plan",
                "side": side(intent),
                "orderType": "market",
                "marginMode": mode,
                "triggerPrice": exact(trigger_of(intent)),
                "triggerType": _TRIGGERS[self.stop_trigger],
            }
            method = "private_mix_post_v2_mix_order_place_plan_order"
        else:
            manner = (
                {"orderType": "market"} if intent.type is OrderType.MARKET else limit_terms(intent, "force")
            )
            order |= manner | {"side": side(intent), "marginMode": mode}
            order["reduceOnly"] = "YES" if intent.reduce_only else "NO"
            method = "private_mix_post_v2_mix_order_place_order"
        return placed(await self.data(lane, method, order), intent.client_id)

    async def _withdraw(self, intent: Intent) -> Mapping[str, str]:
        market = self._market(self.listing.instrument(intent.symbol))
        if intent.type is not OrderType.STOP:
            named = market | {"clientOid": intent.client_id}
            return placed(await self.data(Lane.CLOSE, "private_mix_post_v2_mix_order_cancel_order", named))
        group = {"planType": "loss_plan" if intent.reduce_only else "normal_plan"}
        listed = market | group | {"orderIdList": [{"clientOid": intent.client_id}]}
        told = row_of(await self.data(Lane.CLOSE, "private_mix_post_v2_mix_order_cancel_plan_order", listed))
        for row in rows_of(told.get("successList")):
            return {"id": text(row, "orderId")}
        raise Unreadable(f"no stop was cancelled: {told.get('failureList')!r:.200}")

    async def _find_plain(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        return await self._detail(instrument, {"clientOid": client_id})

    async def _find_by_id(self, instrument: Instrument, order_id: str) -> OrderReport | None:
        return await self._detail(instrument, {"orderId": order_id})

    async def _detail(self, instrument: Instrument, named: Mapping[str, str]) -> OrderReport | None:
        asked = {**self._market(instrument), **named}
        row = await self.calls.maybe(self.data(Lane.RESOLVE, "private_mix_get_v2_mix_order_detail", asked))
        return None if row is None else self.report(instrument, row_of(row), "state")

    async def _find_stop(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        for method in (_PENDING, _PAST):
            for group in _GROUPS:
                for row in await self._plans(instrument, method, group, {"clientOid": client_id}):
                    if text(row, "clientOid") == client_id:
                        return await self.plan_report(instrument, row, "planStatus")
        return None

    async def _plans(
        self, instrument: Instrument, method: str, group: str, named: Mapping[str, str]
    ) -> list[Row]:
        asked = {**self._market(instrument), "planType": group, **named}
        data = row_of(await self.data(Lane.RESOLVE, method, asked))
        return list(rows_of(data.get("entrustedList")))

    async def _resting(self, instrument: Instrument) -> Sequence[OrderReport]:
        asked = self._market(instrument)
        data = row_of(await self.data(Lane.RESOLVE, "private_mix_get_v2_mix_order_orders_pending", asked))
        found = [self.report(instrument, row) for row in rows_of(data.get("entrustedList"))]
        for group in _GROUPS:
            for row in await self._plans(instrument, _PENDING, group, {}):
                found.append(await self.plan_report(instrument, row, "planStatus"))
        return found

    async def _trade_rows(self, instrument: Instrument, since: int) -> Sequence[TradeRow]:
        rows = await self._back(
            "private_mix_get_v2_mix_order_fill_history",
            self._market(instrument),
            since,
            "fillList",
            "cTime",
            "tradeId",
        )
        found = []
        for row in rows:
            fees = list(rows_of(row.get("feeDetail")))
            found.append(v2_trade(row, "price", "baseVolume", fees[0] if fees else {}))
        return await self._owned(instrument, found)

    async def _past_plans(self, instrument: Instrument) -> Sequence[Row]:
        return [row for group in _GROUPS for row in await self._plans(instrument, _PAST, group, {})]

    async def _held(self, instrument: Instrument) -> Decimal:
        asked = self._market(instrument)
        rows = rows_of(
            await self.data(Lane.RESOLVE, "private_mix_get_v2_mix_position_single_position", asked)
        )
        return sum((signed(row, "total", "holdSide") for row in rows), Decimal(0))

    async def _reading(self) -> AccountReading:
        product = {"productType": PRODUCT}
        accounts = await self.data(Lane.RESOLVE, "private_mix_get_v2_mix_account_accounts", product)
        rows = await self.data(Lane.RESOLVE, "private_mix_get_v2_mix_position_all_position", product)
        balances = {}
        for row in rows_of(accounts):
            wallet = decimal(row, "accountEquity") - decimal(row, "unrealizedPL")
            balances[text(row, "marginCoin")] = Balance(decimal(row, "isolatedMaxAvailable"), wallet)
        positions = {}
        for row in rows_of(rows):
            if symbol := self.listing.symbol_of(text(row, "symbol")):
                positions[symbol] = VenuePosition(
                    symbol,
                    signed(row, "total", "holdSide"),
                    maybe_decimal(row, "openPriceAvg"),
                    maybe_decimal(row, "markPrice"),
                    maybe_decimal(row, "liquidationPrice") or None,
                    ratio(row, "marginRatio"),
                )
        return AccountReading(self.clock.now_ms(), balances, positions)

    async def _funding(self, since: int) -> Sequence[CashFlow]:
        asked = {"productType": PRODUCT, "businessType": "contract_settle_fee"}
        rows = await self._back(
            "private_mix_get_v2_mix_account_bill", asked, since, "bills", "cTime", "billId"
        )
        ours = [(row, self.listing.ours(text(row, "symbol"))) for row in rows]
        return [funding(row, found, "billId", "cTime") for row, found in ours if found is not None]

    async def _rates(self, symbol: str) -> object:
        asked = {"symbol": self.listing.id(symbol), "businessType": "mix"}
        return await self.data(Lane.HISTORY, "private_common_get_v2_common_trade_rate", asked)

    async def _tiers(self, symbol: str) -> list[Any]:
        return await self.market_tiers(symbol)

    async def _permissions(self) -> Permissions:
        return await classic_permissions(self, self.kind)

    async def _margin(self, instrument: Instrument) -> MarginSettings:
        asked = self._market(instrument)
        row = row_of(await self.data(Lane.HISTORY, "private_mix_get_v2_mix_account_account", asked))
        mode = word(row, "marginMode", MARGIN)
        leverage = "isolatedLongLever" if mode is MarginMode.ISOLATED else "crossedMarginLeverage"
        self._modes[instrument.symbol] = mode
        return MarginSettings(float(decimal(row, leverage)), mode, word(row, "posMode", POSITION_MODES))

    async def _set_margin(self, instrument: Instrument, leverage: int, mode: MarginMode) -> None:
        market = self._market(instrument)
        before = "private_mix_post_v2_mix_account_"
        wishes: tuple[tuple[str, Row, str], ...] = (
            (
                f"{before}set_position_mode",
                {"productType": PRODUCT, "posMode": "one_way_mode"},
                "one-way mode",
            ),
            (f"{before}set_margin_mode", {**market, "marginMode": MARGIN_NAMES[mode]}, "the margin mode"),
            (f"{before}set_leverage", {**market, "leverage": str(leverage)}, "the leverage"),
        )
        for method, wish, what in wishes:
            await self._change_setting(
                self.calls(Lane.HISTORY, method, wish), instrument.symbol, what, _WAS_SO
            )


def signed(row: Row, size: str, held: str) -> Decimal:
    quantity = decimal(row, size)
    return quantity if text(row, held) == "long" else -quantity


def ratio(row: Row, name: str) -> float | None:
    found = maybe_decimal(row, name)
    return None if found is None else float(found)
