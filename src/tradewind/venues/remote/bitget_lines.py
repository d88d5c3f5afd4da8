"""What Bitget tells of an account by itself: private channels of v2, private topics of v3."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tradewind.market import FillReason, Instrument, Kind, VenueUnavailable
from tradewind.trading.terms.account_venue import AccountReading, Balance, VenuePosition
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.reading import (
    Row,
    decimal,
    maybe_decimal,
    maybe_text,
    rows_of,
    text,
    whole,
)
from tradewind.venues.remote.stream import AskAgain, Fresh, Told

if TYPE_CHECKING:
    from tradewind.venues.remote.bitget import Bitget

_KNOWN = ("init", "new", "live", "partially_filled", "filled", "cancelled", "canceled")
_FORCED = ("force_close", "adl", "delivery_close")


class BitgetLine(ABC):
    """One private line; each channel of it is confirmed by the venue before it counts as open."""

    api: str  # the line's name among ccxt's URLs
    channel_key: str

    def __init__(self, account: Bitget) -> None:
        self._account, self._client = account, account.client
        self._waiting: dict[str, asyncio.Future[None]] = {}

    @property
    def urls(self) -> Sequence[str]:
        options = self._client.options
        place = "demo" if options.get("sandboxMode") or options.get("sandbox") else "ws"
        return [self._client.urls["api"][place][self.api]]

    @abstractmethod
    def arguments(self) -> Sequence[Mapping[str, str]]: ...

    @abstractmethod
    def data(self, channel: str, message: Row) -> Sequence[Told]: ...

    async def open(self) -> None:
        url = self.urls[0]
        await self._client.authenticate({"url": url})
        for argument in self.arguments():
            await self._subscribe(url, argument)

    async def _subscribe(self, url: str, argument: Mapping[str, str]) -> None:
        channel = argument[self.channel_key]
        confirmed = self._waiting[channel] = asyncio.get_running_loop().create_future()
        name = f"tradewind:{channel}"
        broken = self._client.watch(url, name, {"op": "subscribe", "args": [dict(argument)]}, name)
        await asyncio.wait({confirmed, broken}, return_when=asyncio.FIRST_COMPLETED)
        if broken.done():
            broken.result()
            raise VenueUnavailable(f"the line ended before {channel} was confirmed")
        broken.add_done_callback(_look)

    def forget(self) -> None:
        self._waiting.clear()

    def read(self, message: Any) -> Sequence[Told] | None:
        if not isinstance(message, dict) or not isinstance(message.get("arg"), dict):
            return None
        channel = message["arg"].get(self.channel_key)
        if channel not in self._waiting:
            return None
        if message.get("event") == "subscribe":
            if not self._waiting[channel].done():
                self._waiting[channel].set_result(None)
            return []
        return self.data(channel, message) if "data" in message else None

    def _fresh_or_asked(self, instrument: Instrument, row: Row, status: str) -> Told:
        """A word that is not known makes the order be asked for."""
        name = self._account.named(row)
        if row.get(status) not in _KNOWN:
            return AskAgain(instrument.symbol, name)
        return self._account.report(instrument, {**row, "clientOid": name}, status)


class ClassicLine(BitgetLine):
    api = "private"
    channel_key = "channel"

    def arguments(self) -> Sequence[Mapping[str, str]]:
        spot = self._account.kind is Kind.SPOT
        product = "SPOT" if spot else "USDT-FUTURES"
        channels = ["orders", "orders-algo"] if spot else ["orders", "orders-algo", "positions"]
        named = [{"instType": product, "channel": name, "instId": "default"} for name in channels]
        return [*named, {"instType": product, "channel": "account", "coin": "default"}]

    def data(self, channel: str, message: Row) -> Sequence[Told]:
        rows = list(rows_of(message.get("data")))
        at = whole(message, "ts") if "ts" in message else self._client.milliseconds()
        match channel:
            case "orders":
                return [told for row in rows for told in self._order(row)]
            case "orders-algo":
                return [told for row in rows for told in self._plan(row)]
            case "account":
                return [AccountReading(at, dict(map(self._balance, rows)), {})]
            case "positions":
                return [AccountReading(at, {}, self._positions(rows))]
        return []

    def _order(self, row: Row) -> Sequence[Told]:
        instrument = self._account.listing.ours(text(row, "instId"))
        if instrument is None:
            return []
        forced = maybe_text(row, "orderSource") in _FORCED
        found: list[Told] = []
        if maybe_text(row, "tradeId"):
            quantity = decimal(row, "baseVolume")
            trade = TradeRow(
                trade_id=text(row, "tradeId"),
                venue_id=text(row, "orderId"),
                client_id="" if forced else self._account.named(row),
                at=whole(row, "fillTime"),
                quantity=quantity if text(row, "side") == "buy" else -quantity,
                price=decimal(row, "fillPrice"),
                fee=None if (fee := maybe_decimal(row, "fillFee")) is None else -fee,
                fee_coin=maybe_text(row, "fillFeeCoin"),
                reason=FillReason.LIQUIDATION if forced else FillReason.ORDER,
            )
            found.append(Fresh(instrument, trade))
        if not forced:
            told = {**row, "baseVolume": row.get("accBaseVolume")}
            found.append(self._fresh_or_asked(instrument, told, "status"))
        return found

    def _plan(self, row: Row) -> Sequence[Told]:
        """What a plan has become is asked for: the message does not name the order that it placed."""
        instrument = self._account.listing.ours(text(row, "instId"))
        return [] if instrument is None else [AskAgain(instrument.symbol, text(row, "clientOid"))]

    def _balance(self, row: Row) -> tuple[str, Balance]:
        if self._account.kind is Kind.SPOT:
            free = decimal(row, "available")
            return text(row, "coin"), Balance(free, free + decimal(row, "frozen") + decimal(row, "locked"))
        wallet = decimal(row, "equity") - decimal(row, "unrealizedPL")
        return text(row, "marginCoin"), Balance(decimal(row, "maxOpenPosAvailable"), wallet)

    def _positions(self, rows: Sequence[Row]) -> dict[str, VenuePosition]:
        """All that are open: what is not among them is flat."""
        found = {s: VenuePosition(s, decimal({"zero": 0}, "zero")) for s in self._account.listing.known}
        for row in rows:
            if symbol := self._account.listing.symbol_of(text(row, "instId")):
                quantity = decimal(row, "total")
                signed = quantity if text(row, "holdSide") == "long" else -quantity
                found[symbol] = VenuePosition(symbol, signed, decimal(row, "openPriceAvg"))
        return found


class UnifiedLine(BitgetLine):
    api = "utaPrivate"
    channel_key = "topic"

    def arguments(self) -> Sequence[Mapping[str, str]]:
        topics = ["order", "fill", "account"]
        if self._account.kind is Kind.PERPETUAL:
            topics += ["position", "strategy-order"]
        return [{"instType": "UTA", "topic": topic} for topic in topics]

    def data(self, channel: str, message: Row) -> Sequence[Told]:
        rows = list(rows_of(message.get("data")))
        at = whole(message, "ts") if "ts" in message else self._client.milliseconds()
        match channel:
            case "order":
                return [self._fresh_or_asked(i, row, "orderStatus") for i, row in self._ours(rows)]
            case "fill":
                return [
                    Fresh(i, v3_trade(row, "execTime", self._account.named(row)))
                    for i, row in self._ours(rows)
                ]
            case "strategy-order":
                return [AskAgain(i.symbol, text(row, "clientOid")) for i, row in self._ours(rows)]
            case "account":
                return [AccountReading(at, dict(self._coins(rows)), {})]
            case "position":
                return [AccountReading(at, {}, self._positions(rows))]
        return []

    def _ours(self, rows: Sequence[Row]) -> list[tuple[Instrument, Row]]:
        wanted = "spot" if self._account.kind is Kind.SPOT else "usdt-futures"
        kept = [row for row in rows if text(row, "category").lower() == wanted]
        found = [(self._account.listing.ours(text(row, "symbol")), row) for row in kept]
        return [(instrument, row) for instrument, row in found if instrument is not None]

    def _coins(self, rows: Sequence[Row]) -> list[tuple[str, Balance]]:
        coins = [coin for row in rows for coin in rows_of(row.get("coin"))]
        return [(text(c, "coin"), Balance(decimal(c, "available"), decimal(c, "balance"))) for c in coins]

    def _positions(self, rows: Sequence[Row]) -> dict[str, VenuePosition]:
        found = {}
        for row in rows:
            if symbol := self._account.listing.symbol_of(text(row, "symbol")):
                quantity = decimal(row, "size")
                signed = quantity if text(row, "posSide") == "long" else -quantity
                found[symbol] = VenuePosition(symbol, signed)
        return found


def v3_trade(row: Row, at: str, client_id: str | None = None) -> TradeRow:
    """A trade as v3 shows it: what was paid is positive."""
    fees = list(rows_of(row.get("feeDetail")))
    quantity = decimal(row, "execQty")
    return TradeRow(
        trade_id=text(row, "execId"),
        venue_id=text(row, "orderId"),
        client_id=maybe_text(row, "clientOid") if client_id is None else client_id,
        at=whole(row, at),
        quantity=quantity if text(row, "side") == "buy" else -quantity,
        price=decimal(row, "execPrice"),
        fee=decimal(fees[0], "fee") if fees else None,
        fee_coin=maybe_text(fees[0], "feeCoin") if fees else "",
    )


def _look(future: Any) -> None:
    if not future.cancelled():
        future.exception()
