"""What the commands share: the workspace, spans of time, and agents by name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from tradewind.cli.model import bundle_folder
from tradewind.data.aligning import load_market
from tradewind.data.store import CandleStore
from tradewind.data.timestamps import parse_utc
from tradewind.market import ConfigError, DataError, Market, Timeframe, TradewindError
from tradewind.policy import BASELINES, Bundle
from tradewind.policy.agent import Agent, agent_of_baseline, agent_of_bundle
from tradewind.simulator import Rules

Home = Annotated[
    Path, typer.Option("--home", envvar="TRADEWIND_HOME", help="Where Tradewind keeps candles, models, runs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Start = Annotated[
    str | None, typer.Option(help="First bar: a date, a share of the stored span (2/3, 66%), or -7d.")
]
End = Annotated[str | None, typer.Option(help="End, not included; written as --start.")]
Capital = Annotated[float, typer.Option(help="Start capital, quote currency.")]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", "-s", help="Once for each: BTC/USDT.")]
DEFAULT_HOME = Path("workspace")

_SHARE = re.compile(r"^(\d+(?:\.\d+)?)\s*(?:%|/\s*(\d+(?:\.\d+)?))$")
_BEFORE_END = re.compile(r"^-(\d+)([mhdw])$")
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@dataclass(frozen=True, slots=True)
class Span:
    """Open times [start, end), UTC ms."""

    start: int
    end: int


def span_of(market: Market, start: str | None, end: str | None) -> Span:
    """Resolve what a person wrote against the bars that are there; `ConfigError` if nothing is left."""
    span = Span(_moment(market, start, "start"), _moment(market, end, "end"))
    if span.start >= span.end:
        raise ConfigError(f"--start {start} is not before --end {end}: nothing is left between them")
    return span


def _moment(market: Market, text: str | None, which: str) -> int:
    first, last = int(market.open_time[0]), int(market.close_time[-1])
    if text is None:
        return first if which == "start" else last
    if share := _SHARE.match(text.strip()):
        part = float(share[1]) / (float(share[2]) if share[2] else 100.0)
        if not 0 <= part <= 1:
            raise ConfigError(f"--{which} {text} is {part:g} of the span, expected a share from 0 to 1")
        row = round(part * len(market))
        return last if row >= len(market) else int(market.open_time[row])
    if back := _BEFORE_END.match(text.strip()):
        return last - int(back[1]) * _UNIT_MS[back[2]]
    try:
        return parse_utc(text)
    except TradewindError as error:
        raise ConfigError(f"--{which}: {error}, or a share such as 2/3, or -7d") from error


def market_in(
    home: Path, venue: str, symbols: list[str] | None, timeframe: str, gap_tolerance_bars: int = 0
) -> Market:
    """The stored market; without symbols, all that the venue has in that timeframe."""
    store = CandleStore(home / "candles")
    bar = Timeframe(timeframe)
    if not symbols:
        symbols = [s.symbol for s in store.list() if s.venue == venue and s.timeframe == bar]
        if not symbols:
            raise DataError(
                f"{home / 'candles'} holds no {timeframe} candles of {venue}: see `tradewind data list`, "
                "bring some with `tradewind data import`, `download` or `synth`"
            )
    return load_market(store, venue, symbols, bar, gap_tolerance_bars=gap_tolerance_bars)


def assumed_in(home: Path, market: Market) -> list[str]:
    """Which defaults stand in for facts about the instruments that nobody stated."""
    store = CandleStore(home / "candles")
    return [
        f"{i.symbol}: default {', '.join(known.assumed)}"
        for i in market.instruments
        if (known := store.instrument(i.venue, i.symbol)).assumed
    ]


@dataclass(frozen=True, slots=True)
class Named:
    """An agent as a person named it: a baseline, or a bundle with what it was trained for."""

    agent: Agent
    bundle: Bundle | None
    described: dict[str, Any]


def named_agent(name: str, home: Path, market: Market | None, rules: Rules | None) -> Named:
    """A baseline by its name, else a bundle; a bundle must fit the market, with its symbols in its order."""
    if name.replace("-", "_") in BASELINES:
        if market is None:
            raise ConfigError(f"{name} is a baseline: say which --symbol and --timeframe it trades")
        kinds = [i.kind for i in market.instruments]
        agent = agent_of_baseline(name, kinds, market.timeframe, rules or Rules())
        return Named(agent, None, {"baseline": name})
    bundle = Bundle.load(bundle_folder(home, name))
    if market is not None:
        bundle.require(symbols=market.symbols, timeframe=market.timeframe.text)
    return Named(agent_of_bundle(bundle, name), bundle, {"bundle": name})


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, default=str))
