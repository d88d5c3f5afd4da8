"""An account of Binance Spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tradewind.market import FeeAsset, Instrument, Kind, OrderType
from tradewind.trading.terms.account_venue import AccountReading, Balance
from tradewind.trading.terms.order_states import Intent
from tradewind.venues.remote.account import Desk
from tradewind.venues.remote.binance import (
    PAGE,
    Binance,
    acknowledged,
    terms,
    trade_row,
)
from tradewind.venues.remote.binance_lines import SpotLine
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.lanes import Lane
from tradewind.venues.remote.listing import paying
from tradewind.venues.remote.reading import Row, decimal, exact, flag, row_of, rows_of, text, whole
from tradewind.venues.remote.terms import price_of, trigger_of, worse


class BinanceSpot(Binance):
    """Stops are orders like others here: they lock what they would sell."""

    kind = Kind.SPOT
    prefix = "private"
    trades_method = "privateGetMyTrades"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.line = SpotLine(self.client, self.listing)

    async def _place(self, intent: Intent, instrument: Instrument, lane: Lane) -> Mapping[str, str]:
        order = terms(intent, instrument, self.listing.id(intent.symbol)) | self._manner(intent, instrument)
        return acknowledged(await self.calls(lane, "privatePostOrder", order))

    def _manner(self, intent: Intent, instrument: Instrument) -> dict[str, str]:
        match intent.type:
            case OrderType.MARKET:
                return {"type": "MARKET"}
            case OrderType.LIMIT:
                return {"type": "LIMIT", "timeInForce": "GTC"}
            case OrderType.POST_ONLY:
                return {"type": "LIMIT_MAKER"}
            case OrderType.STOP:
                return self._stop(intent, instrument)

    def _stop(self, intent: Intent, instrument: Instrument) -> dict[str, str]:
        trigger = trigger_of(intent)
        stop = {"type": "STOP_LOSS", "stopPrice": exact(trigger)}
        listed = self.listing.market(intent.symbol)["info"].get("orderTypes", ())
        if "STOP_LOSS" in listed:
            return stop
        limit = (
            price_of(intent) if intent.price else worse(trigger, intent.lots, self.slippage_cap, instrument)
        )
        return stop | {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "price": exact(limit)}

    async def _trade_rows(self, instrument: Instrument, since: int) -> Sequence[TradeRow]:
        first = {"symbol": self.listing.id(instrument.symbol), "startTime": max(since, 0), "limit": PAGE}
        rows = list(rows_of(await self.calls(Lane.RESOLVE, self.trades_method, first)))
        return [trade_row(row) for row in await self._pages(instrument, rows)]

    async def _held(self, instrument: Instrument) -> Decimal:
        balance = balances_of(await self._account()).get(instrument.base)
        return balance.total if balance else Decimal(0)

    async def _account(self) -> Row:
        sparse = {"omitZeroBalances": "true"}
        return row_of(await self.calls(Lane.RESOLVE, "privateGetAccount", sparse))

    async def _reading(self) -> AccountReading:
        return AccountReading(self.clock.now_ms(), balances_of(await self._account()), {})

    async def _read_instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        await self.calls.load_markets()
        found = {}
        for symbol in symbols:
            if self.listing.read(symbol, 0.0, 0.0, []) is None:
                continue
            named = {"symbol": self.listing.id(symbol)}
            told = row_of(await self.calls(Lane.HISTORY, "privateGetAccountCommission", named))
            maker, taker, in_coin = _rates(told)
            if instrument := self.listing.read(symbol, maker, taker, []):
                found[symbol] = paying(instrument, FeeAsset.OTHER if in_coin else FeeAsset.BASE)
        return found

    async def _may_trade(self) -> bool:
        return flag(await self._account(), "canTrade")

    async def _time(self) -> int:
        return whole(row_of(await self.calls(Lane.HISTORY, "publicGetTime")), "serverTime")

    async def _last_price(self, coin: str, quote: str) -> Decimal:
        found = await self.calls(Lane.RESOLVE, "publicGetTickerPrice", {"symbol": f"{coin}{quote}"})
        return decimal(row_of(found), "price")


def balances_of(account: Row) -> dict[str, Balance]:
    found = {}
    for row in rows_of(account.get("balances")):
        free = decimal(row, "free")
        found[text(row, "asset")] = Balance(free, free + decimal(row, "locked"))
    return found


def _rates(told: Row) -> tuple[float, float, bool]:
    """Maker and taker rate, all parts added, and whether a discount coin pays."""
    parts: list[Any] = [told.get(f"{name}Commission") for name in ("standard", "special", "tax")]
    maker = sum((decimal(row_of(part), "maker") for part in parts if part is not None), Decimal(0))
    taker = sum((decimal(row_of(part), "taker") for part in parts if part is not None), Decimal(0))
    discount = row_of(told.get("discount") or {})
    on = bool(discount.get("enabledForAccount")) and bool(discount.get("enabledForSymbol"))
    if on:
        left = 1 - decimal(discount, "discount")
        maker, taker = maker * left, taker * left
    return float(maker), float(taker), on
