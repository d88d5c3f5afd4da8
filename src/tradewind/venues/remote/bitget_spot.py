"""A classic account of Bitget's spot markets (v2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tradewind.market import FeeAsset, Instrument, Kind, OrderType, Outcome, Rejected, RejectKind
from tradewind.trading.terms.account_venue import AccountReading, Balance, Permissions
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import OrderReport
from tradewind.venues.remote.account import Desk
from tradewind.venues.remote.bitget import HISTORY_MS, Bitget, limit_terms, placed, side, v2_trade
from tradewind.venues.remote.bitget_classic import ClassicBitget
from tradewind.venues.remote.bitget_lines import ClassicLine
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.reading import Row, decimal, exact, row_of, rows_of, text
from tradewind.venues.remote.terms import trigger_of

_PLANS = (
    "private_spot_get_v2_spot_trade_current_plan_order",
    "private_spot_get_v2_spot_trade_history_plan_order",
)
_AUTHORITIES = {Kind.SPOT: "stow", Kind.PERPETUAL: "coow"}


class BitgetSpot(ClassicBitget):
    """Stops are plan orders: they hold nothing until their trigger."""

    kind = Kind.SPOT
    fee_asset = FeeAsset.BASE

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.line = ClassicLine(self)

    async def send(self, intent: Intent) -> Outcome:
        """A plan order triggers from whichever side the price comes: one that is past its trigger is refused here."""
        if intent.type is OrderType.STOP:
            last = await self._coin_price(*self._coins(intent))
            trigger = trigger_of(intent)
            if (last <= trigger) if intent.lots < 0 else (last >= trigger):
                text = f"the last price is {last}, past the trigger {trigger}: it was not sent"
                return Rejected("past_trigger", text, RejectKind.WOULD_TRIGGER)
        return await super().send(intent)

    def _coins(self, intent: Intent) -> tuple[str, str]:
        instrument = self.listing.instrument(intent.symbol)
        return instrument.base, instrument.quote

    async def _place(self, intent: Intent, instrument: Instrument, lane: Lane) -> Mapping[str, str]:
        order = {
            "symbol": self.listing.id(intent.symbol),
            "side": side(intent),
            "size": exact(abs(instrument.quantity(intent.lots))),
            "clientOid": intent.client_id,
        }
        if intent.type is OrderType.STOP:
            order |= self._stop(intent, instrument)
            method = "private_spot_post_v2_spot_trade_place_plan_order"
        else:
            order |= await self._manner(intent, instrument)
            method = "private_spot_post_v2_spot_trade_place_order"
        return placed(await self.data(lane, method, order), intent.client_id)

    async def _manner(self, intent: Intent, instrument: Instrument) -> dict[str, str]:
        if intent.type is not OrderType.MARKET:
            return limit_terms(intent, "force")
        if intent.lots < 0:
            return {"orderType": "market", "force": "gtc"}
        limit = self.at_most(intent, instrument, await self.ask_price(intent.symbol))
        return {"orderType": "limit", "force": "ioc", "price": limit}

    def _stop(self, intent: Intent, instrument: Instrument) -> dict[str, str]:
        trigger = trigger_of(intent)
        stop = {"triggerPrice": exact(trigger), "triggerType": "fill_price", "planType": "amount"}
        if intent.lots < 0:
            return stop | {"orderType": "market"}
        return stop | {"orderType": "limit", "executePrice": self.at_most(intent, instrument, trigger)}

    async def _withdraw(self, intent: Intent) -> Mapping[str, str]:
        named = {"symbol": self.listing.id(intent.symbol), "clientOid": intent.client_id}
        if intent.type is OrderType.STOP:
            await self.data(Lane.CLOSE, "private_spot_post_v2_spot_trade_cancel_plan_order", named)
            return {"id": "1"}  # it answers without an id
        return placed(await self.data(Lane.CLOSE, "private_spot_post_v2_spot_trade_cancel_order", named))

    async def _find_plain(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        return await self._info(instrument, {"clientOid": client_id})

    async def _find_by_id(self, instrument: Instrument, order_id: str) -> OrderReport | None:
        return await self._info(instrument, {"orderId": order_id})

    async def _info(self, instrument: Instrument, named: Mapping[str, str]) -> OrderReport | None:
        found = await self.calls.maybe(
            self.data(Lane.RESOLVE, "private_spot_get_v2_spot_trade_orderinfo", named)
        )
        for row in rows_of(found):
            return self.report(instrument, row)
        return None

    async def _find_stop(self, instrument: Instrument, client_id: str) -> OrderReport | None:
        for method in _PLANS:
            for row in await self._plans(instrument, method):
                if text(row, "clientOid") == client_id:
                    return await self.plan_report(instrument, row, "status")
        return None

    async def _plans(self, instrument: Instrument, method: str) -> list[Row]:
        asked = {"symbol": self.listing.id(instrument.symbol), "limit": "100"}
        if method == _PLANS[1]:
            now = self.client.milliseconds()
            asked |= {"startTime": str(now - HISTORY_MS), "endTime": str(now + 60_000)}
        return list(rows_of(row_of(await self.data(Lane.RESOLVE, method, asked)).get("orderList")))

    async def _resting(self, instrument: Instrument) -> Sequence[OrderReport]:
        asked = {"symbol": self.listing.id(instrument.symbol), "limit": "100"}
        rows = await self.data(Lane.RESOLVE, "private_spot_get_v2_spot_trade_unfilled_orders", asked)
        plans = await self._plans(instrument, _PLANS[0])
        return [
            *(self.report(instrument, row) for row in rows_of(rows)),
            *[await self.plan_report(instrument, row, "status") for row in plans],
        ]

    async def _trade_rows(self, instrument: Instrument, since: int) -> Sequence[TradeRow]:
        asked = {"symbol": self.listing.id(instrument.symbol)}
        rows = await self._back(
            "private_spot_get_v2_spot_trade_fills", asked, since, None, "cTime", "tradeId"
        )
        return await self._owned(
            instrument,
            [v2_trade(row, "priceAvg", "size", row_of(row.get("feeDetail") or {})) for row in rows],
        )

    async def _past_plans(self, instrument: Instrument) -> Sequence[Row]:
        return await self._plans(instrument, _PLANS[1])

    async def _held(self, instrument: Instrument) -> Decimal:
        balance = (await self._balances({"coin": instrument.base})).get(instrument.base)
        return balance.total if balance else Decimal(0)

    async def _balances(self, asked: Mapping[str, str]) -> dict[str, Balance]:
        found = {}
        for row in rows_of(await self.data(Lane.RESOLVE, "private_spot_get_v2_spot_account_assets", asked)):
            free = decimal(row, "available")
            found[text(row, "coin")] = Balance(free, free + decimal(row, "frozen") + decimal(row, "locked"))
        return found

    async def _reading(self) -> AccountReading:
        return AccountReading(self.clock.now_ms(), await self._balances({"assetType": "hold_only"}), {})

    async def _rates(self, symbol: str) -> object:
        asked = {"symbol": self.listing.id(symbol), "businessType": "spot"}
        return await self.data(Lane.HISTORY, "private_common_get_v2_common_trade_rate", asked)

    async def _permissions(self) -> Permissions:
        return await classic_permissions(self, self.kind)


async def classic_permissions(account: Bitget, kind: Kind) -> Permissions:
    told = row_of(await account.data(Lane.HISTORY, "private_spot_get_v2_spot_account_info"))
    given = told.get("authorities")
    if not isinstance(given, list):
        return Permissions(None, None, None)
    return Permissions(_AUTHORITIES[kind] in given, "wwow" in given, "wtow" in given)
