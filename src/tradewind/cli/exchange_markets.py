"""What a local exchange lists: synthetic coins, a synthetic world, or stored candles, and where its time begins."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tradewind.market import ConfigError, Kind, Market

COINS = ("BTC", "ETH", "SOL")
HISTORY_BARS = 90_000  # 1,500 hourly candles
AHEAD_BARS = 65_000
_AHEAD_HOURS = 4  # of wall time, at any speed
_MINUTE_MS = 60_000
_LONGEST_BARS = 3_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Markets, the market time to start at (UTC ms), and a person's words for it."""

    markets: tuple[Market, ...]
    start_ms: int
    told: str


def coins_source(
    names: Sequence[str] | None,
    seed: int,
    start: str | None,
    speed: float,
    kinds: Sequence[Kind],
    began_ms: int | None,
) -> Source:
    """Minute candles with two months before the start, and as much behind it as a few hours at that speed need."""
    from tradewind.data.coins import coin_markets
    from tradewind.data.timestamps import parse_utc

    if start is not None:
        moment = parse_utc(start)
    else:
        moment = time.time_ns() // 1_000_000 if began_ms is None else began_ms
    coins = tuple(dict.fromkeys(name.upper() for name in names or COINS))
    first = moment // _MINUTE_MS * _MINUTE_MS - HISTORY_BARS * _MINUTE_MS
    if first < 0:
        raise ConfigError(f"--start {start} is too early: there must be room for two months before it")
    bars = HISTORY_BARS + min(_LONGEST_BARS, max(AHEAD_BARS, int(_AHEAD_HOURS * 60 * speed)))
    markets = coin_markets(coins, seed=seed, start_ms=first, bars=bars, kinds=kinds)
    return Source(markets, moment, f"synthetic {_listed(coins)} {_as(kinds)}, one-minute candles")


def world_source(
    name: str,
    symbols: Sequence[str] | None,
    timeframe: str | None,
    bars: int,
    seed: int,
    start: str | None,
    kinds: Sequence[Kind],
) -> Source:
    """A world, on the grid of its ticks and lots as it reads over a wire."""
    from tradewind.data.worlds import generate
    from tradewind.gateway.markets import listed, on_grid

    made = generate(name, bars, seed, timeframe, list(symbols) if symbols else None)
    market = on_grid(made.market)
    coins = tuple(dict.fromkeys(i.base for i in market.instruments))
    words = f"the world {made.world.name} ({made.world.title}): {_listed(coins)} {_as(kinds)}"
    return Source(listed(market, kinds), _moment(market, start), f"{words}, candles of {market.timeframe}")


def store_source(
    home: Path,
    venue: str | None,
    symbols: Sequence[str] | None,
    timeframe: str | None,
    start: str | None,
    kinds: Sequence[Kind] | None,
) -> Source:
    """Stored candles, spot and perpetual together; `kinds` None lists them as they are stored."""
    from tradewind.cli.common import market_in
    from tradewind.gateway.markets import listed

    market = market_in(home, venue, symbols, timeframe, mixed=True)
    markets = listed(market, kinds)
    symbols_listed = [symbol for one in markets for symbol in one.symbols]
    words = f"stored {_listed(symbols_listed)}, candles of {market.timeframe}"
    return Source(markets, _moment(market, start), words)


def _moment(market: Market, start: str | None) -> int:
    from tradewind.cli.common import span_of

    return span_of(market, "1/2" if start is None else start, None).start


def _listed(names: Sequence[str]) -> str:
    if len(names) > 6:
        return f"{', '.join(names[:5])} and {len(names) - 5} more"
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _as(kinds: Sequence[Kind]) -> str:
    return "as " + " and ".join(kind.value for kind in kinds)
