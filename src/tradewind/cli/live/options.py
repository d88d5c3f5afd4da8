"""The options by which a run is named: `doctor` takes what `run` takes, each stands here once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from tradewind.cli.common import DEFAULT_HOME, Bars, Capital, Config, Home, Overrides, Symbols, Venue
from tradewind.cli.live.asked import AskedRun

AgentName = Annotated[
    str | None, typer.Argument(help="A model, or a baseline such as buy_and_hold [that of the settings].")
]
RunName = Annotated[str | None, typer.Option("--name", help="Of the run [agent and mode].")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="URL", help="A local exchange in the venue's place: http://127.0.0.1:8800."),
]


def _asked(
    agent: AgentName = None,
    name: RunName = None,
    venue: Venue = None,
    symbol: Symbols = None,
    timeframe: Bars = None,
    capital: Capital = None,
    config: Config = None,
    overrides: Overrides = None,
    at: At = None,
    home: Home = DEFAULT_HOME,
) -> AskedRun:
    symbols, changed = tuple(symbol or ()), tuple(overrides or ())
    return AskedRun("", agent, home, name, venue, symbols, timeframe, capital, config, changed, at)


def names_a_run(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is an `AskedRun` without a mode, as one that takes the options of a run.

    What else it takes are options of its own.
    """
    shared = inspect.signature(_asked, eval_str=True).parameters
    _, *own = inspect.signature(command, eval_str=True).parameters.values()

    @wraps(command)
    def typed(**values: Any) -> None:
        command(_asked(**{name: values.pop(name) for name in shared}), **values)

    everything = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*shared.values(), *own)]
    typed.__signature__ = inspect.Signature(everything)  # type: ignore[attr-defined]
    typed.__annotations__ = {one.name: one.annotation for one in everything}
    return typed
