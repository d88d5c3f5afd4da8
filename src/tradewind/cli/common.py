"""What the commands share: their options, the workspace, and spans of time."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.market import ConfigError, DataError, Instrument, Market, Timeframe, TradewindError

if TYPE_CHECKING:
    from tradewind.simulator import Rules

Home = Annotated[
    Path,
    typer.Option("--home", envvar="TRADEWIND_HOME", help="Where Tradewind keeps candles, models and runs."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Start = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="First bar: 2025-04-03, a share of what is stored (2/3, 66%), or -7d."),
]
End = Annotated[str | None, typer.Option(metavar="WHEN", help="End, not included; written as --start.")]
Capital = Annotated[float | None, typer.Option(help="Start capital in quote currency [10000].")]
Venue = Annotated[str | None, typer.Option(help="Whose candles.")]
Symbols = Annotated[
    list[str] | None, typer.Option("--symbol", "-s", help="BTC/USDT; repeat it for several [all stored].")
]
Bars = Annotated[str | None, typer.Option("--timeframe", "-t", help="Length of a bar: 1m, 5m, 1h, 1d.")]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="TOML of settings.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting of the TOML: rules.risk.stop_loss=0.03."),
]
DEFAULT_HOME = Path("workspace")


def next_command(command: str, home: Path) -> str:
    """A command to type next, with the home where it is not the one that would be taken anyway."""
    taken = Path(os.environ.get("TRADEWIND_HOME") or DEFAULT_HOME)
    return command if home == taken else f"{command} --home {home}"


_SHARE = re.compile(r"^(\d+(?:\.\d+)?)\s*(?:%|/\s*(\d+(?:\.\d+)?))$")
_BEFORE_END = re.compile(r"^-(\d+)([mhdw])$")
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MOST_LOTS = 2**53  # a count that float64 still holds exactly


class Interrupted(Exception):
    """A person stopped the command; the text says how to go on."""


@dataclass(frozen=True, slots=True)
class Span:
    """Open times [start, end), UTC ms."""

    start: int
    end: int


def span_of(market: Market, start: str | None, end: str | None) -> Span:
    """Resolve what a person wrote against the bars that are there; `ConfigError` if they do not hold it."""
    from tradewind.data.timestamps import utc_text

    span = Span(_moment(market, start, "start"), _moment(market, end, "end"))
    if span.start >= span.end:
        raise ConfigError(
            f"the span starts {utc_text(span.start)}, which is not before its end {utc_text(span.end)}: give "
            "an earlier --start or a later --end"
        )
    return span


def _moment(market: Market, text: str | None, which: str) -> int:
    first, last = int(market.open_time[0]), int(market.close_time[-1])
    if text is None:
        return first if which == "start" else last
    if share := _SHARE.match(text.strip()):
        return _at_share(market, share, text, which)
    if back := _BEFORE_END.match(text.strip()):
        moment = last - int(back[1]) * _UNIT_MS[back[2]]
    else:
        moment = _as_time(text, which)
    if not first <= moment <= last:
        from tradewind.data.timestamps import utc_text

        raise ConfigError(
            f"--{which} {text} is {utc_text(moment)}, outside of what is stored, {utc_text(first)} to "
            f"{utc_text(last)} (UTC): choose a time within, or bring more candles"
        )
    return moment


def _at_share(market: Market, share: re.Match[str], text: str, which: str) -> int:
    whole = float(share[2]) if share[2] else 100.0
    part = float(share[1]) / whole if whole else math.inf
    if not 0 <= part <= 1:
        raise ConfigError(f"--{which} {text} is {part:g} of the span, expected a share from 0 to 1")
    row = round(part * len(market))
    return int(market.close_time[-1]) if row >= len(market) else int(market.open_time[row])


def _as_time(text: str, which: str) -> int:
    from tradewind.data.timestamps import parse_utc

    try:
        return parse_utc(text)
    except (TradewindError, OverflowError) as error:
        raise ConfigError(
            f"--{which} {text} is no time: write 2025-04-03 or '2025-04-03 17:05' (UTC), a share such as "
            "2/3 or 66%, or -7d before the end"
        ) from error


def market_in(
    home: Path,
    venue: str | None,
    symbols: Sequence[str] | None,
    timeframe: str | None,
    gap_tolerance_bars: int = 0,
    mixed: bool = False,
) -> Market:
    """The stored market. What is not named is taken from the store where there is only one choice.

    Spot and perpetuals together are refused unless `mixed`.
    """
    from tradewind.data.aligning import load_market
    from tradewind.data.store import CandleStore

    store = CandleStore(home / "candles")
    bar = None if timeframe is None else Timeframe(timeframe)
    stored = store.list()
    if not stored:
        raise DataError(
            f"{store.root} holds no candles: bring some with tradewind data import, data download or data synth"
        )
    if venue is not None:
        stored = tuple(s for s in stored if s.venue == _known("venue", venue, {s.venue for s in stored}))
    _refuse_twice("symbol", symbols or ())
    for symbol in symbols or ():
        _known("symbol", symbol, {s.symbol for s in stored})
    stored = tuple(s for s in stored if not symbols or s.symbol in symbols)
    if bar is not None:
        _known("timeframe", bar.text, {s.timeframe.text for s in stored})
        stored = tuple(s for s in stored if s.timeframe == bar)
    venue = venue or _only("venue", {s.venue for s in stored})
    stored = tuple(s for s in stored if s.venue == venue)
    bar = bar or Timeframe(_only("timeframe", {s.timeframe.text for s in stored}))
    names = list(symbols or sorted(s.symbol for s in stored if s.timeframe == bar))
    market = load_market(store, venue, names, bar, gap_tolerance_bars=gap_tolerance_bars)
    if not mixed:
        _refuse_mixed(market.instruments)
    return market


def _known(what: str, wanted: str, found: set[str]) -> str:
    if wanted not in found:
        near = get_close_matches(wanted, found, n=1)
        there = sorted(found)
        listed = ", ".join(there[:8]) + (f" and {len(there) - 8} more" if len(there) > 8 else "")
        hint = f"did you mean {near[0]}?" if near else f"there are {listed}"
        raise DataError(f"no candles of {what} {wanted} are stored: {hint}")
    return wanted


def _only(what: str, found: set[str]) -> str:
    if len(found) > 1:
        raise ConfigError(
            f"there are candles of more than one {what}, {', '.join(sorted(found))}: choose with --{what}"
        )
    return next(iter(found))


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{what} {twice} is named twice: name each once")


def _refuse_mixed(instruments: Sequence[Instrument]) -> None:
    kinds = {i.kind.value: i.symbol for i in instruments}
    if len(kinds) > 1:
        told = " and ".join(f"{kind} ({symbol})" for kind, symbol in sorted(kinds.items()))
        raise ConfigError(f"these are {told}, one agent trades one kind: choose symbols with --symbol")


def check_capital(market: Market, capital: float, rules: Rules) -> None:
    """`refuse_capital` at the last prices of stored candles."""
    refuse_capital(
        market.instruments, [_price(market, a) for a in range(len(market.instruments))], capital, rules
    )


def refuse_capital(
    instruments: Sequence[Instrument], prices: Sequence[float], capital: float, rules: Rules
) -> None:
    """`ConfigError` with the numbers unless at least one instrument can be traded with that capital."""
    quote, kind = instruments[0].quote, instruments[0].kind
    if not (math.isfinite(capital) and capital > 0):
        raise ConfigError(f"capital is {capital:g}, expected a positive amount of {quote}")
    leverage = rules.leverage if kind.value == "perpetual" else 1.0
    share = min(rules.max_weight(len(instruments), kind), leverage)
    smallest = {
        i.symbol: max(float(i.min_notional), float(i.lot) * price)
        for i, price in zip(instruments, prices, strict=True)
    }
    symbol, least = min(smallest.items(), key=lambda item: item[1])
    if capital * share < least:
        raise ConfigError(
            f"with capital {capital:g} {quote} a position is at most {capital * share:g} (weight cap "
            f"{share:g}), below the smallest order of every symbol, {least:g} for {symbol}: start with "
            f"{math.ceil(least / share):,} or more"
        )
    for one, price in zip(instruments, prices, strict=True):
        lots = capital * share / (float(one.lot) * price)
        if lots > _MOST_LOTS:
            raise ConfigError(
                f"capital {capital:g} {quote} buys {lots:.3g} lots of {one.symbol}, more than can be "
                f"counted exactly ({_MOST_LOTS:.3g}): start with less"
            )


def _price(market: Market, a: int) -> float:
    """The last known close."""
    close = market.close[market.tradable[:, a], a]
    return float(close[-1])


def writable(*folders: Path) -> None:
    """`ConfigError` unless files can be written there. Asked before long work; makes nothing."""
    for folder in folders:
        there = folder.absolute()
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise ConfigError(f"{folder} cannot be written, as {there} is no folder: name another place")
        if not os.access(there, os.W_OK | os.X_OK):
            raise ConfigError(
                f"{folder} cannot be written, as {there} may not be changed: name another place"
            )


def assumed_in(home: Path, market: Market) -> list[str]:
    """Which defaults stand in for facts about the instruments that nobody stated."""
    from tradewind.data.store import CandleStore

    store = CandleStore(home / "candles")
    return [
        f"{i.symbol}: default {', '.join(known.assumed)}"
        for i in market.instruments
        if (known := store.instrument(i.venue, i.symbol)).assumed
    ]


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, default=str))
