"""Best prices, last trades and marks as venues stream them through ccxt, and as they tell them by REST."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, Protocol

from tradewind.data.patience import VenueReader
from tradewind.market import ConfigError


class Price(StrEnum):
    """What is told, and falls silent, on its own."""

    BOOK = "book"
    LAST = "last"
    MARK = "mark"


class Part(NamedTuple):
    """What one frame says of a symbol: prices by name (bid, ask, last, mark), as the venue wrote them.

    With a mark: `funding_rate` of the next payment and `funding_at`, when it is due, and `at`, the venue's time of
    it all (UTC ms). None where nothing is said.
    """

    symbol: str
    prices: dict[str, Any]
    funding_rate: Any = None
    funding_at: Any = None
    at: Any = None


class Listener(NamedTuple):
    """A subscription. `listen` ends only with an error of ccxt, when its line does."""

    prices: Collection[Price]
    symbols: Sequence[str]
    listen: Callable[[], Awaitable[Any]]


Read = Callable[[Any, Any], Part | None]


class QuoteStreams(Protocol):
    """How one venue streams prices."""

    def handlers(self) -> dict[str, Read]:
        """Methods of the ccxt client that get frames, and what reads them. None: not of our symbols."""

    def listeners(self) -> Sequence[Listener]:
        """All that is to be subscribed to."""

    def prices(self, symbol: str) -> Collection[Price]:
        """What the venue has of a symbol."""

    def lines(self, symbol: str, price: Price) -> Iterable[Any]:
        """ccxt's connections that carry it."""

    async def ask(self, reader: VenueReader, symbol: str, prices: Collection[Price]) -> Part:
        """These prices, at least, by REST."""


def quote_streams(client: Any, symbols: Sequence[str]) -> QuoteStreams:
    """For a ccxt client whose markets are loaded."""
    if client.id in ("binance", "binanceusdm"):
        return BinanceQuotes(client, symbols)
    if client.id == "bitget":
        return BitgetQuotes(client, symbols)
    raise ConfigError(f"no quotes are streamed from {client.id!r}: choose binance, binanceusdm or bitget")


class _Places:
    def __init__(self, client: Any, symbols: Sequence[str]) -> None:
        self.client = client
        self.ids = {(client.market(s)["id"], bool(client.market(s)["spot"])): s for s in symbols}
        kinds = [[s for (_, spot), s in self.ids.items() if spot is wanted] for wanted in (True, False)]
        self.spot, self.perpetual = kinds
        self.groups = [group for group in kinds if group]

    def prices(self, symbol: str) -> tuple[Price, ...]:
        return tuple(Price) if symbol in self.perpetual else (Price.BOOK, Price.LAST)

    def carrying(self, symbol: str, beginning: str) -> list[Any]:
        """ccxt's connections with a subscription to the symbol whose name begins so."""
        return [
            line
            for line in (self.client.clients or {}).values()
            if any(
                name.startswith(beginning) and name.replace("@", ":").split(":", 1)[-1].endswith(symbol)
                for name in line.subscriptions
            )
        ]


# How ccxt names its subscriptions to them.
_BINANCE_NAMES = {Price.BOOK: "bidask:", Price.LAST: "ticker:", Price.MARK: "markPrice:"}


class BinanceQuotes(_Places):
    """Best prices from the book ticker, the last price from the mini ticker, the mark from its own stream."""

    def handlers(self) -> dict[str, Read]:
        return {
            "handle_bids_asks": lambda line, m: self._part(line, m, bid="b", ask="a"),
            "handle_tickers": lambda line, m: self._part(line, m, last="c"),
            "handle_mark_prices": self._mark,
        }

    def listeners(self) -> list[Listener]:
        found = []
        for group in self.groups:
            found.append(Listener([Price.BOOK], group, partial(self.client.watch_bids_asks, group)))
            found.append(Listener([Price.LAST], group, partial(self.client.watch_tickers, group)))
        if self.perpetual:
            watch = partial(self.client.watch_mark_prices, self.perpetual)
            found.append(Listener([Price.MARK], self.perpetual, watch))
        return found

    def lines(self, symbol: str, price: Price) -> list[Any]:
        return self.carrying(symbol, _BINANCE_NAMES[price])

    async def ask(self, reader: VenueReader, symbol: str, prices: Collection[Price]) -> Part:
        found: dict[str, Any] = {}
        told: tuple[Any, ...] = ()
        if Price.BOOK in prices:
            best = (await reader.call("fetch_bids_asks", [symbol]))[symbol]
            found |= {"bid": best["bid"], "ask": best["ask"]}
        if Price.LAST in prices:
            found["last"] = (await reader.call("fetch_ticker", symbol))["last"]
        if Price.MARK in prices:
            index = (await reader.call("fetch_mark_price", symbol))["info"]
            found["mark"] = index["markPrice"]
            told = (index.get("lastFundingRate"), index.get("nextFundingTime"), index.get("time"))
        return Part(symbol, found, *told)

    def _part(self, line: Any, message: Any, **names: str) -> Part | None:
        symbol = self.ids.get((message["s"], self.client.is_spot_url(line)))
        return Part(symbol, {name: message[key] for name, key in names.items()}) if symbol else None

    def _mark(self, line: Any, message: Any) -> Part | None:
        part = self._part(line, message, mark="p")
        told = (message.get(key) for key in ("r", "T", "E"))
        return None if part is None else Part(part.symbol, part.prices, *told)


class BitgetQuotes(_Places):
    """All from the ticker."""

    def handlers(self) -> dict[str, Read]:
        return {"handle_ticker": self._part}

    def listeners(self) -> list[Listener]:
        return [
            Listener(tuple(Price), group, partial(self.client.watch_tickers, group)) for group in self.groups
        ]

    def lines(self, symbol: str, price: Price) -> list[Any]:
        return self.carrying(symbol, "ticker:")

    async def ask(self, reader: VenueReader, symbol: str, prices: Collection[Price]) -> Part:
        return _bitget(symbol, (await reader.call("fetch_ticker", symbol))["info"])

    def _part(self, line: Any, message: Any) -> Part | None:
        place = message["arg"]
        symbol = self.ids.get((place["instId"], place["instType"].upper() == "SPOT"))
        return _bitget(symbol, message["data"][0]) if symbol else None


def _bitget(symbol: str, row: Any) -> Part:
    names = {"bid": "bidPr", "ask": "askPr", "last": "lastPr", "mark": "markPrice"}
    prices = {name: row[key] for name, key in names.items() if row.get(key)}
    return Part(symbol, prices, row.get("fundingRate"), row.get("nextFundingTime"), row.get("ts"))
