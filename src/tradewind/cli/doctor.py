"""`tradewind doctor`: everything that a run needs, looked at before it may trade."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    Bars,
    Capital,
    Config,
    Home,
    Overrides,
    Symbols,
    Venue,
)
from tradewind.cli.live.asked import AskedRun
from tradewind.cli.live.commands import AgentName, At, RunName
from tradewind.market import ConfigError

MODES = ("paper", "testnet", "live")


def doctor_command(
    agent: AgentName = None,
    mode: Annotated[str, typer.Option(help="paper, testnet or live: what is to run.")] = "testnet",
    name: RunName = None,
    venue: Venue = None,
    symbol: Symbols = None,
    timeframe: Bars = None,
    capital: Capital = None,
    config: Config = None,
    overrides: Overrides = None,
    at: At = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Look at everything that a run needs, and change nothing. Takes what `run` takes.

    Exit code 0: ready, 1: ready with warnings, 2: bad configuration, 3: unreachable, 4: refused.
    """
    if mode not in MODES:
        raise ConfigError(f"there is no mode {mode!r}: choose {', '.join(MODES)}")
    asked = AskedRun(
        mode,
        agent,
        home,
        name,
        venue,
        tuple(symbol or ()),
        timeframe,
        capital,
        config,
        tuple(overrides or ()),
        at,
    )
    from tradewind.cli.live.examining import examine

    examine(asked, as_json=as_json)
