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
    home: Path,
    venue: str | None,
    symbols: list[str] | None,
    timeframe: str | None,
    gap_tolerance_bars: int = 0,
) -> Market:
    """The stored market. What is not named is taken from the store where there is only one choice."""
    store = CandleStore(home / "candles")
    bar = None if timeframe is None else Timeframe(timeframe)
    stored = [
        s
        for s in store.list()
        if venue in (None, s.venue) and bar in (None, s.timeframe) and (not symbols or s.symbol in symbols)
    ]
    if not stored:
        wanted = " ".join(str(w) for w in (venue, timeframe, *(symbols or ())) if w)
        raise DataError(
            f"{home / 'candles'} holds no candles{f' for {wanted}' if wanted else ''}: see `tradewind data "
            "list`, or bring some with `tradewind data import`, `download` or `synth`"
        )
    venue = venue or _only("venue", {s.venue for s in stored})
    bar = bar or Timeframe(_only("timeframe", {s.timeframe.text for s in stored}))
    names = symbols or sorted(s.symbol for s in stored)
    return load_market(store, venue, names, bar, gap_tolerance_bars=gap_tolerance_bars)


def _only(what: str, found: set[str]) -> str:
    if len(found) > 1:
        raise ConfigError(f"there are candles of more than one {what}, {sorted(found)}: choose with --{what}")
    return next(iter(found))


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


def market_for(
    name: str,
    home: Path,
    venue: str | None = None,
    symbols: list[str] | None = None,
    timeframe: str | None = None,
    rules: Rules | None = None,
) -> tuple[Market, Named]:
    """The agent of that name and the stored market that it trades.

    A bundle brings symbols, timeframe and rules; naming others is refused. A baseline takes what is named.
    """
    if name.replace("-", "_") in BASELINES:
        market = market_in(home, venue, symbols, timeframe)
        kinds = [i.kind for i in market.instruments]
        agent = agent_of_baseline(name, kinds, market.timeframe, rules or Rules())
        return market, Named(agent, None, {"baseline": name})
    bundle = Bundle.load(bundle_folder(home, name))
    bundle.require(symbols=symbols or None, timeframe=timeframe)
    spec = bundle.spec
    market = market_in(home, venue or spec.venue, list(spec.symbols), spec.timeframe)
    bundle.require(kinds=[i.kind.value for i in market.instruments])
    return market, Named(agent_of_bundle(bundle, name), bundle, {"bundle": name})


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, default=str))
