"""What venues say of a candle over a stream, as the venue said it: ccxt drops whether it is closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from tradewind.market import ConfigError, Timeframe

_BITGET_UTC = {"6h": "6Hutc", "12h": "12Hutc", "1d": "1Dutc"}


class Told(NamedTuple):
    """One candle in one frame. `values` are open, high, low, close, volume as text or number.

    `closed` is None where the venue never says; `at` is the venue's own time of the frame (UTC ms), None where
    that is not the time of its candles.
    """

    symbol: str
    open_time: int
    values: tuple[Any, ...]
    closed: bool | None
    at: int | None


class CandleStreams(Protocol):
    """How one venue streams candles through ccxt."""

    handler: str  # the method of the ccxt client that gets each frame

    def groups(self) -> Sequence[Sequence[str]]:
        """Symbols that share a line and one request to subscribe."""

    async def listen(self, symbols: Sequence[str]) -> None:
        """Subscribe; ends only with an error of ccxt, when the line does."""

    def line(self, symbol: str) -> Any:
        """ccxt's connection that carries the symbol; None while there is none."""

    def read(self, line: Any, message: Any) -> list[Told]:
        """The candles of a frame; none where it is about other symbols or lengths."""


def candle_streams(client: Any, symbols: Sequence[str], timeframe: Timeframe) -> CandleStreams:
    """For a ccxt client whose markets are loaded; `ConfigError` where the venue streams no such candles."""
    makers: dict[str, Callable[[Any, Sequence[str], Timeframe], CandleStreams]]
    makers = {"binance": BinanceCandles, "binanceusdm": BinanceCandles, "bitget": BitgetCandles}
    if client.id not in makers:
        raise ConfigError(f"no candles are streamed from {client.id!r}: choose from {', '.join(makers)}")
    return makers[client.id](client, symbols, timeframe)


class BinanceCandles:
    """`x` of a kline says that it is closed; `E` is the time at which the venue says so."""

    handler = "handle_ohlcv"

    def __init__(self, client: Any, symbols: Sequence[str], timeframe: Timeframe) -> None:
        self._client, self._timeframe = client, timeframe
        self._interval = _interval(client, client.timeframes, timeframe)
        self._ids = {(client.market(s)["id"], bool(client.market(s)["spot"])): s for s in symbols}

    def groups(self) -> list[list[str]]:
        kinds = (
            [s for (_, is_spot), s in self._ids.items() if is_spot is wanted] for wanted in (True, False)
        )
        return [group for group in kinds if group]

    async def listen(self, symbols: Sequence[str]) -> None:
        while True:
            await self._client.watch_ohlcv_for_symbols([[s, self._timeframe.text] for s in symbols])

    def line(self, symbol: str) -> Any:
        return line_of(self._client, f"ohlcv::{symbol}::{self._timeframe.text}")

    def read(self, line: Any, message: Any) -> list[Told]:
        kline = message["k"]
        if kline["i"] != self._interval or message["e"] != "kline":
            return []
        symbol = self._ids.get((kline["s"], self._client.is_spot_url(line)))
        if symbol is None:
            return []
        values = (kline["o"], kline["h"], kline["l"], kline["c"], kline["v"])
        return [Told(symbol, int(kline["t"]), values, bool(kline["x"]), int(message["E"]))]


class BitgetCandles:
    """A frame holds one candle or, after subscribing, the last few hundred; nothing says that one is closed.

    Days and parts of days longer than four hours are cut at midnight in UTC, as by REST; ccxt's own streams of
    them are cut in Hong Kong.
    """

    handler = "handle_ohlcv"

    def __init__(self, client: Any, symbols: Sequence[str], timeframe: Timeframe) -> None:
        self._client, self._timeframe = client, timeframe
        client.options["timeframes"] = client.options["timeframes"] | _BITGET_UTC
        self._channel = "candle" + _interval(client, client.options["timeframes"], timeframe)
        self._ids = {(client.market(s)["id"], bool(client.market(s)["spot"])): s for s in symbols}

    def groups(self) -> list[list[str]]:
        return [list(self._ids.values())]

    async def listen(self, symbols: Sequence[str]) -> None:
        topics = []
        for symbol in symbols:
            market = self._client.market(symbol)
            place, _ = self._client.get_inst_type("watchOHLCV", market, False, {})
            topics.append({"instType": place, "channel": self._channel, "instId": market["id"]})
        while True:
            await self._client.watch_public_multiple(False, [self._hash(s) for s in symbols], topics)

    def line(self, symbol: str) -> Any:
        return line_of(self._client, self._hash(symbol))

    def read(self, line: Any, message: Any) -> list[Told]:
        place = message["arg"]
        if place.get("channel") != self._channel:
            return []
        symbol = self._ids.get((place["instId"], place["instType"].upper() == "SPOT"))
        if symbol is None:
            return []
        return [Told(symbol, int(row[0]), tuple(row[1:6]), None, None) for row in message["data"]]

    def _hash(self, symbol: str) -> str:
        return f"candles:{self._timeframe.text}:{symbol}"


def line_of(client: Any, subscription: str) -> Any:
    """ccxt's connection that holds a subscription; None while there is none."""
    lines = (client.clients or {}).values()
    return next((line for line in lines if subscription in line.subscriptions), None)


def _interval(client: Any, known: dict[str, str], timeframe: Timeframe) -> str:
    if timeframe.text not in known:
        raise ConfigError(
            f"{client.id} streams no {timeframe} candles: choose from {', '.join(t for t in known if t[-1] in 'mhd')}"
        )
    return known[timeframe.text]
