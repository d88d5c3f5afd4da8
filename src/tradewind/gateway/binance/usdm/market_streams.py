"""Market streams of Binance USD-M: what a stream's name means, and its frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tradewind.exchange import Exchange, Listing, Refused
from tradewind.exchange.candles import Candle, MarketTrade
from tradewind.exchange.events import BookChange, CandleTick, Event, Liquidation, ListingChanged, TradeTick
from tradewind.gateway.binance.streams import Hub
from tradewind.gateway.binance.usdm.book_streams import BookStreams, DepthStream
from tradewind.gateway.binance.usdm.general import NEVER_MS, STATUS
from tradewind.gateway.binance.usdm.klines import INTERVALS
from tradewind.gateway.binance.usdm.market_data import aggregate, change_percent
from tradewind.gateway.binance.usdm.numbers import money, price, quantity
from tradewind.gateway.house import House
from tradewind.market import Kind

FORMING_MS = 250  # between two frames of a candle that is not closed
_DEPTH = re.compile(r"(?:rpiDepth|depth(5|10|20)?)(?:@(100|250|500)ms)?")
_CONTINUOUS = re.compile(r"([a-z0-9]+)_perpetual@continuousKline_(\w+)")
_PUBLIC = re.compile(r"!bookTicker|.+@(bookTicker|trade|(rpi)?[dD]epth.*)")

Frame = dict[str, Any]
Make = Callable[[], Any]


def is_public(name: str) -> bool:
    """Whether a stream belongs to the path /public; all other market streams belong to /market."""
    return _PUBLIC.fullmatch(name) is not None


@dataclass(slots=True)
class Periodic:
    """A frame every so often of wire time; None is not sent."""

    make: Make
    period_ms: int
    due_ms: int = 0


@dataclass(slots=True)
class CandleStream:
    """A stream of candles and what it last told of the forming one."""

    continuous: bool
    told: tuple[int, int] = (0, 0)  # open time, trades
    told_ms: int = -FORMING_MS


class MarketStreams:
    """Makes the frames of streams that somebody hears, and of no others."""

    def __init__(self, house: House, hub: Hub) -> None:
        self._house = house
        self._hub = hub
        self._trades: dict[str, dict[str, Callable[[Listing, MarketTrade], Frame]]] = {}
        self._candles: dict[tuple[str, str], dict[str, CandleStream]] = {}
        self._books: dict[str, BookStreams] = {}
        self._periodic: dict[str, Periodic] = {}
        self._forced: dict[str, str] = {}  # stream: market, or nothing for all
        self._info = False
        self._watched: dict[str, list[tuple[str, str]]] = {}

    @property
    def _exchange(self) -> Exchange:
        return self._house.exchange

    def start(self, name: str) -> None:
        """Serve a stream from now on; a name that means nothing is left silent."""
        if name.startswith("!"):
            self._start_all(name)
            return
        continuous = _CONTINUOUS.fullmatch(name)
        market, _, channel = name.partition("@")
        if continuous:
            market, channel = continuous[1], f"kline_{continuous[2]}"
        try:
            listing = self._exchange.listings.find(Kind.PERPETUAL, market.upper())
        except Refused:
            return
        if market == market.lower():
            self._start_one(name, listing, channel, continuous is not None)

    def stop(self, name: str) -> None:
        """Nobody hears the stream any more."""
        for symbol, channel in self._watched.pop(name, ()):
            self._exchange.unwatch(symbol, channel)
        self._periodic.pop(name, None)
        self._forced.pop(name, None)
        for streams in self._trades.values():
            streams.pop(name, None)
        for candles in self._candles.values():
            candles.pop(name, None)
        for symbol, book in tuple(self._books.items()):
            book.remove(name)
            if book.empty:
                del self._books[symbol]
        self._info = self._info and name != "!contractInfo"

    def _start_one(self, name: str, listing: Listing, channel: str, continuous: bool) -> None:
        depth = _DEPTH.fullmatch(channel)
        if channel in ("aggTrade", "trade"):
            make = _aggregate_frame if channel == "aggTrade" else _trade_frame
            self._trades.setdefault(listing.symbol, {})[name] = make
            self._watch(name, listing.symbol, "trade")
        elif channel.startswith("kline_") and channel[6:] in INTERVALS:
            key = (listing.symbol, channel[6:])
            self._candles.setdefault(key, {})[name] = CandleStream(continuous)
            self._watch(name, listing.symbol, f"candle:{channel[6:]}")
        elif depth:
            self._watch(name, listing.symbol, "book")
            self._book(listing).add(DepthStream(name, int(depth[1] or 0), int(depth[2] or 250)))
        elif channel == "bookTicker":
            self._watch(name, listing.symbol, "book")
            self._book(listing).add_ticker(name)
        elif channel in ("markPrice", "markPrice@1s"):
            self._every(name, lambda: self._mark(listing.symbol), 1000 if channel.endswith("1s") else 3000)
        elif channel == "miniTicker":
            self._every(name, lambda: self._mini(listing.symbol), 2000)
        elif channel == "ticker":
            self._every(name, lambda: self._ticker(listing.symbol), 2000)
        elif channel == "forceOrder":
            self._forced[name] = listing.symbol

    def _start_all(self, name: str) -> None:
        if name in ("!markPrice@arr", "!markPrice@arr@1s"):
            self._every(name, lambda: self._all(self._mark), 1000 if name.endswith("1s") else 3000)
        elif name == "!miniTicker@arr":
            self._every(name, lambda: self._all(self._mini), 1000)
        elif name == "!ticker@arr":
            self._every(name, lambda: self._all(self._ticker), 1000)
        elif name == "!bookTicker":
            for listing in self._perpetuals():
                self._watch(name, listing.symbol, "book")
                self._book(listing).add_ticker(name)
        elif name == "!forceOrder@arr":
            self._forced[name] = ""
        elif name == "!contractInfo":
            self._info = True

    def _perpetuals(self) -> Iterable[Listing]:
        return [listing for listing in self._exchange.listings if not listing.is_spot]

    def _watch(self, name: str, symbol: str, channel: str) -> None:
        self._exchange.watch(symbol, channel)
        self._watched.setdefault(name, []).append((symbol, channel))

    def _book(self, listing: Listing) -> BookStreams:
        found = self._books.get(listing.symbol)
        if found is None:
            found = BookStreams(self._exchange, listing, self._hub.publish)
            self._books[listing.symbol] = found
        return found

    def _every(self, name: str, make: Make, period_ms: int) -> None:
        self._periodic[name] = Periodic(make, period_ms)

    # --- what happens

    def hear(self, event: Event) -> None:
        """An event of the exchange: send what follows from it at once."""
        match event:
            case TradeTick():
                self._hear_trade(event.trade)
            case CandleTick():
                self._hear_candle(event.candle)
            case BookChange():
                book = self._books.get(event.symbol)
                if book is not None:
                    book.note(event)
            case Liquidation():
                self._hear_liquidation(event)
            case ListingChanged():
                self._hear_listing(event)

    def tick(self, now_ms: int) -> None:
        """Send what is due by the clock."""
        for symbol, book in tuple(self._books.items()):
            self._exchange.flush_book(symbol)  # also while time stands: accounts change the book all the same
            book.tick(now_ms)
        for name, periodic in tuple(self._periodic.items()):
            if now_ms >= periodic.due_ms:
                periodic.due_ms = now_ms + periodic.period_ms
                self._hub.publish(name, periodic.make())

    def _hear_trade(self, trade: MarketTrade) -> None:
        streams = self._trades.get(trade.symbol)
        if streams:
            listing = self._exchange.listings[trade.symbol]
            for name, make in tuple(streams.items()):
                self._hub.publish(name, make(listing, trade))

    def _hear_candle(self, candle: Candle) -> None:
        streams = self._candles.get((candle.symbol, candle.interval))
        if not streams:
            return
        now, state = self._house.wire.now_ms(), (candle.open_time, candle.trades)
        for name, stream in tuple(streams.items()):
            if not candle.closed:
                if stream.told == state or now - stream.told_ms < FORMING_MS:
                    continue
                stream.told, stream.told_ms = state, now
            frame = self._candle_frame(candle, stream.continuous)
            self._hub.publish(name, frame)

    def _candle_frame(self, candle: Candle, continuous: bool) -> Frame:
        listing = self._exchange.listings[candle.symbol]
        body: Frame = {
            "t": candle.open_time,
            "T": candle.close_time - 1,
            "s": listing.id,
            "i": candle.interval,
            "f": candle.first_trade_id,
            "L": candle.next_trade_id - 1,
            "o": price(listing, candle.open),
            "c": price(listing, candle.close),
            "h": price(listing, candle.high),
            "l": price(listing, candle.low),
            "v": quantity(listing, candle.volume),
            "n": candle.trades,
            "x": candle.closed,
            "q": f"{candle.quote_volume:.5f}",
            "V": quantity(listing, candle.taker_buy_volume),
            "Q": f"{candle.taker_buy_quote_volume:.5f}",
            "B": "0",
        }
        now = self._exchange.now_ms
        if not continuous:
            return {"e": "kline", "E": now, "s": listing.id, "k": body}
        del body["s"]
        return {"e": "continuous_kline", "E": now, "ps": listing.id, "ct": "PERPETUAL", "k": body}

    def _hear_liquidation(self, event: Liquidation) -> None:
        if event.adl or not self._forced:
            return
        listing = self._exchange.listings[event.symbol]
        size = quantity(listing, event.quantity)
        frame = {
            "e": "forceOrder",
            "E": event.time_ms,
            "o": {
                "s": listing.id,
                "S": event.side.name,
                "o": "LIMIT",
                "f": "IOC",
                "q": size,
                "p": price(listing, event.price),
                "ap": price(listing, event.average_price),
                "X": "FILLED",
                "l": size,
                "z": size,
                "T": event.time_ms,
            },
        }
        for name, symbol in tuple(self._forced.items()):
            if symbol in ("", event.symbol):
                self._hub.publish(name, frame)

    def _hear_listing(self, event: ListingChanged) -> None:
        listing = self._exchange.listings[event.symbol]
        if not self._info or listing.is_spot:
            return
        brackets = [
            {
                "bs": number,
                "bnf": int(tier.floor),
                "bnc": int(tier.cap),
                "mmr": float(tier.rate),
                "cf": float(tier.amount),
                "mi": 1,
                "ma": tier.leverage,
            }
            for number, tier in enumerate(listing.tiers, 1)
        ]
        frame = {
            "e": "contractInfo",
            "E": event.time_ms,
            "s": listing.id,
            "ps": listing.id,
            "ct": "PERPETUAL",
            "dt": NEVER_MS,
            "ot": listing.listed_ms,
            "cs": STATUS[listing.status],
            "bks": brackets,
        }
        self._hub.publish("!contractInfo", frame)

    # --- by the clock

    def _all(self, make: Callable[[str], Frame]) -> list[Frame]:
        return [make(listing.symbol) for listing in self._perpetuals()]

    def _mark(self, symbol: str) -> Frame:
        listing, found = self._exchange.listings[symbol], self._exchange.tape.premium(symbol)
        return {
            "e": "markPriceUpdate",
            "E": found.time,
            "s": listing.id,
            "p": money(found.mark),
            "ap": money(found.mark),
            "P": money(found.index),
            "i": money(found.index),
            "r": money(found.funding_rate),
            "T": found.next_funding_time,
        }

    def _mini(self, symbol: str) -> Frame:
        listing, found = self._exchange.listings[symbol], self._exchange.tape.ticker(symbol)
        return {
            "e": "24hrMiniTicker",
            "E": found.close_time,
            "s": listing.id,
            "c": price(listing, found.last),
            "o": price(listing, found.open),
            "h": price(listing, found.high),
            "l": price(listing, found.low),
            "v": quantity(listing, found.volume),
            "q": f"{found.quote_volume:.2f}",
        }

    def _ticker(self, symbol: str) -> Frame:
        listing, found = self._exchange.listings[symbol], self._exchange.tape.ticker(symbol)
        return {
            "e": "24hrTicker",
            "E": found.close_time,
            "s": listing.id,
            "p": price(listing, found.change),
            "P": f"{change_percent(found):.3f}",
            "w": price(listing, found.weighted_average),
            "c": price(listing, found.last),
            "Q": quantity(listing, found.last_quantity),
            "o": price(listing, found.open),
            "h": price(listing, found.high),
            "l": price(listing, found.low),
            "v": quantity(listing, found.volume),
            "q": f"{found.quote_volume:.2f}",
            "O": found.open_time,
            "C": found.close_time,
            "F": found.first_trade_id,
            "L": found.last_trade_id,
            "n": found.trades,
        }


def _aggregate_frame(listing: Listing, trade: MarketTrade) -> Frame:
    return {"e": "aggTrade", "E": trade.time, "s": listing.id} | aggregate(listing, trade)


def _trade_frame(listing: Listing, trade: MarketTrade) -> Frame:
    return {
        "e": "trade",
        "E": trade.time,
        "T": trade.time,
        "s": listing.id,
        "t": trade.id,
        "p": price(listing, trade.price),
        "q": quantity(listing, trade.quantity),
        "X": "MARKET",
        "m": trade.buyer_is_maker,
    }
