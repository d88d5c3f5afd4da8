"""Best prices, last trades and marks as venues stream them through ccxt, and as they tell them by REST."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from tradewind.data.patience import VenueReader
from tradewind.market import ConfigError


class Part(NamedTuple):
    """What one frame says of a symbol: prices by name (bid, ask, last, mark), as the venue wrote them."""

    symbol: str
    prices: dict[str, Any]


Read = Callable[[Any, Any], Part | None]


class QuoteStreams(Protocol):
    """How one venue streams prices."""

    def handlers(self) -> dict[str, Read]:
        """Methods of the ccxt client that get frames, and what reads them. None: not of our symbols."""

    def listeners(self) -> Sequence[Callable[[], Awaitable[Any]]]:
        """Each subscribes; ends only with an error of ccxt, when its line does."""

    def lines(self, symbol: str) -> Iterable[Any]:
        """ccxt's connections that carry the symbol."""

    async def ask(self, reader: VenueReader, symbol: str) -> Part:
        """The same by REST."""


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

    def lines(self, symbol: str) -> list[Any]:
        found = []
        for line in (self.client.clients or {}).values():
            if any(symbol in name.replace("@", ":").split(":", 1)[-1] for name in line.subscriptions):
                found.append(line)
        return found


class BinanceQuotes(_Places):
    """Best prices from the book ticker, the last price from the mini ticker, the mark from its own stream."""

    def handlers(self) -> dict[str, Read]:
        return {
            "handle_bids_asks": lambda line, m: self._part(line, m, bid="b", ask="a"),
            "handle_tickers": lambda line, m: self._part(line, m, last="c"),
            "handle_mark_prices": lambda line, m: self._part(line, m, mark="p"),
        }

    def listeners(self) -> list[Callable[[], Awaitable[Any]]]:
        found: list[Callable[[], Awaitable[Any]]] = []
        for group in self.groups:
            found.append(partial(self.client.watch_bids_asks, group))
            found.append(partial(self.client.watch_tickers, group))
        if self.perpetual:
            found.append(partial(self.client.watch_mark_prices, self.perpetual))
        return found

    async def ask(self, reader: VenueReader, symbol: str) -> Part:
        best = (await reader.call("fetch_bids_asks", [symbol]))[symbol]
        prices = {"bid": best["bid"], "ask": best["ask"]}
        prices["last"] = (await reader.call("fetch_ticker", symbol))["last"]
        if symbol in self.perpetual:
            prices["mark"] = (await reader.call("fetch_mark_price", symbol))["markPrice"]
        return Part(symbol, prices)

    def _part(self, line: Any, message: Any, **names: str) -> Part | None:
        symbol = self.ids.get((message["s"], self.client.is_spot_url(line)))
        return Part(symbol, {name: message[key] for name, key in names.items()}) if symbol else None


class BitgetQuotes(_Places):
    """All from the ticker."""

    def handlers(self) -> dict[str, Read]:
        return {"handle_ticker": self._part}

    def listeners(self) -> list[Callable[[], Awaitable[Any]]]:
        return [partial(self.client.watch_tickers, group) for group in self.groups]

    async def ask(self, reader: VenueReader, symbol: str) -> Part:
        return Part(symbol, _bitget((await reader.call("fetch_ticker", symbol))["info"]))

    def _part(self, line: Any, message: Any) -> Part | None:
        place = message["arg"]
        symbol = self.ids.get((place["instId"], place["instType"].upper() == "SPOT"))
        return Part(symbol, _bitget(message["data"][0])) if symbol else None


def _bitget(row: Any) -> dict[str, Any]:
    names = {"bid": "bidPr", "ask": "askPr", "last": "lastPr", "mark": "markPrice"}
    return {name: row[key] for name, key in names.items() if row.get(key)}
