"""What Binance tells of an account by itself: spot by its WebSocket API, USD-M by a listen key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind.market import FillReason, Instrument
from tradewind.trading.terms.account_venue import AccountReading, Balance, VenuePosition
from tradewind.trading.terms.order_venue import OrderReport, ReportStatus
from tradewind.venues.remote.fees import TradeRow
from tradewind.venues.remote.listing import Listing
from tradewind.venues.remote.reading import (
    Row,
    decimal,
    maybe_decimal,
    maybe_text,
    row_of,
    rows_of,
    text,
    whole,
    word,
)
from tradewind.venues.remote.stream import AskAgain, Ended, Fresh, Funded, Told

_STATUSES = {
    "NEW": ReportStatus.OPEN,
    "PENDING_NEW": ReportStatus.OPEN,
    "PARTIALLY_FILLED": ReportStatus.OPEN,
    "FILLED": ReportStatus.FILLED,
    "CANCELED": ReportStatus.CANCELED,
    "EXPIRED": ReportStatus.EXPIRED,
    "EXPIRED_IN_MATCH": ReportStatus.EXPIRED,
}
_FORCED = ("autoclose-", "adl_autoclose", "settlement_autoclose-")
_ENDS = ("eventStreamTerminated", "listenKeyExpired")
_ALGO_ENDS = {
    "CANCELED": ReportStatus.CANCELED,
    "EXPIRED": ReportStatus.EXPIRED,
    "REJECTED": ReportStatus.EXPIRED,
}


def forced(client_id: str) -> bool:
    """Whether the venue closes a position by an order of that name."""
    return client_id.startswith(_FORCED)


class SpotLine:
    def __init__(self, client: Any, listing: Listing) -> None:
        self._client, self._listing = client, listing

    @property
    def urls(self) -> Sequence[str]:
        return [self._client.urls["api"]["ws"]["ws-api"]["spot"]]

    async def open(self) -> None:
        await self._client.authenticate({"type": "spot"})

    def forget(self) -> None:
        """A subscription ends with its line."""

    def read(self, message: Any) -> Sequence[Told] | None:
        event = _event(message)
        match event.get("e"):
            case "executionReport":
                return self._execution(event)
            case "outboundAccountPosition":
                return [AccountReading(whole(event, "E"), _spot_balances(event), {})]
            case "balanceUpdate" | "listStatus" | "externalLockUpdate":
                return []
            case name if name in _ENDS:
                return [Ended(f"the venue ended the stream: {name}")]
        return None

    def _execution(self, event: Row) -> Sequence[Told]:
        instrument = self._listing.ours(text(event, "s"))
        if instrument is None:
            return []
        name = maybe_text(event, "C") or text(event, "c")
        return [*_fresh(instrument, event, name, FillReason.ORDER), _report(instrument, event, name)]


class UsdmLine:
    def __init__(self, client: Any, listing: Listing) -> None:
        self._client, self._listing = client, listing
        self.urls: Sequence[str] = []
        self._stops: dict[str, str] = {}  # by the id of the order that a stop placed: the stop's client id

    async def open(self) -> None:
        client = self._client
        await client.authenticate({"type": "swap", "subType": "linear"})
        self.urls = [client.get_private_ws_url("linear", client.options["linear"]["listenKey"])]
        client.watch(self.urls[0], "tradewind:events", None, "linear").add_done_callback(_look)

    def forget(self) -> None:
        """The next line gets a listen key of its own."""
        kept = self._client.options.get("linear")
        if kept:
            self._client.options["linear"] = {**kept, "listenKey": None, "lastAuthenticatedTime": 0}

    def read(self, message: Any) -> Sequence[Told] | None:
        event = _event(message)
        match event.get("e"):
            case "ORDER_TRADE_UPDATE":
                return self._order(row_of(event.get("o")))
            case "ALGO_UPDATE":
                return self._algo(row_of(event.get("o")))
            case "ACCOUNT_UPDATE":
                return self._account(whole(event, "T"), row_of(event.get("a")))
            case "TRADE_LITE" | "ACCOUNT_CONFIG_UPDATE" | "MARGIN_CALL" | "CONDITIONAL_ORDER_TRIGGER_REJECT":
                return []
            case name if name in _ENDS:
                return [Ended(f"the venue ended the stream: {name}")]
        return None

    def _order(self, order: Row) -> Sequence[Told]:
        instrument = self._listing.ours(text(order, "s"))
        if instrument is None:
            return []
        name = text(order, "c")
        name = self._stops.get(text(order, "i"), name)
        closes = forced(name) or order.get("o") == "LIQUIDATION"
        reason = FillReason.LIQUIDATION if closes else FillReason.ORDER
        fresh = _fresh(instrument, order, "" if closes else name, reason)
        return fresh if closes else [*fresh, _report(instrument, order, name)]

    def _algo(self, algo: Row) -> Sequence[Told]:
        instrument = self._listing.ours(text(algo, "s"))
        if instrument is None:
            return []
        name, placed, status = text(algo, "caid"), maybe_text(algo, "ai"), text(algo, "X")
        if placed and placed != "0":
            self._stops[placed] = name
        if status == "NEW":
            return [OrderReport(name, instrument.symbol, ReportStatus.OPEN, 0, f"algo-{text(algo, 'aid')}")]
        if status in _ALGO_ENDS and name not in self._stops.values():
            return [OrderReport(name, instrument.symbol, _ALGO_ENDS[status], 0, f"algo-{text(algo, 'aid')}")]
        return [] if status in ("TRIGGERING", "TRIGGERED") else [AskAgain(instrument.symbol, name)]

    def _account(self, at: int, account: Row) -> Sequence[Told]:
        balances = {}
        for row in rows_of(account.get("B")):
            wallet = decimal(row, "wb")
            balances[text(row, "a")] = Balance(decimal(row, "cw"), wallet)
        positions = {}
        for row in rows_of(account.get("P")):
            if symbol := self._listing.symbol_of(text(row, "s")):
                positions[symbol] = VenuePosition(symbol, decimal(row, "pa"), decimal(row, "ep"))
        reading = AccountReading(at, balances, positions)
        return [reading, Funded(at)] if account.get("m") == "FUNDING_FEE" else [reading]


def _event(message: Any) -> Row:
    """The event in whatever it is wrapped in; empty where there is none."""
    if isinstance(message, dict):
        for name in ("event", "data"):
            inner = message.get(name)
            if isinstance(inner, dict) and "e" in inner:
                return inner
        if "e" in message:
            return message
    return {}


def _report(instrument: Instrument, order: Row, name: str) -> OrderReport | AskAgain:
    """Spot and futures tell an order with the same letters. A word that is not known makes it be asked for."""
    if order.get("X") not in _STATUSES:
        return AskAgain(instrument.symbol, name)
    filled = instrument.whole_lots(decimal(order, "z"))
    return OrderReport(name, instrument.symbol, word(order, "X", _STATUSES), filled, text(order, "i"))


def _fresh(instrument: Instrument, order: Row, name: str, reason: FillReason) -> list[Told]:
    if order.get("x") not in ("TRADE", "CALCULATED"):
        return []
    quantity = decimal(order, "l")
    row = TradeRow(
        trade_id=text(order, "t"),
        venue_id=text(order, "i"),
        client_id=name,
        at=whole(order, "T"),
        quantity=quantity if text(order, "S") == "BUY" else -quantity,
        price=decimal(order, "L"),
        fee=maybe_decimal(order, "n"),
        fee_coin=maybe_text(order, "N"),
        reason=reason,
    )
    return [Fresh(instrument, row)]


def _spot_balances(event: Row) -> dict[str, Balance]:
    found = {}
    for row in rows_of(event.get("B")):
        free = decimal(row, "f")
        found[text(row, "a")] = Balance(free, free + decimal(row, "l"))
    return found


def _look(future: Any) -> None:
    if not future.cancelled():
        future.exception()
