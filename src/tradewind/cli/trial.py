"""What is asked of `backtest` and `run`: an agent by name, the stored market it trades, from when, with how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.common import Span, check_capital, market_in, span_of
from tradewind.market import Market

if TYPE_CHECKING:
    from tradewind.policy import Bundle
    from tradewind.policy.agent import Agent
    from tradewind.simulator import Rules

AgentName = Annotated[str, typer.Argument(help="A model, or a baseline such as buy_and_hold.")]


@dataclass(frozen=True, slots=True)
class Named:
    """An agent as a person named it: a baseline, or a bundle with what it was trained for."""

    agent: Agent
    bundle: Bundle | None
    described: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """An agent, all stored bars until the end of its span, and the capital it starts with."""

    named: Named
    market: Market
    span: Span
    capital: float

    @property
    def trade_from(self) -> int:
        """UTC ms: bars that close before it only warm the features up."""
        return self.span.start + 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands on the command line; None where nothing does."""

    agent: str
    home: Path
    venue: str | None = None
    symbols: list[str] | None = None
    timeframe: str | None = None
    start: str | None = None
    end: str | None = None
    capital: float | None = None
    config: Path | None = None
    overrides: list[str] | None = None

    def trial(self) -> Trial:
        """Settings, agent, candles and span, each checked; `ConfigError` or `DataError` where they do not fit."""
        from tradewind.config import load_settings

        settings = load_settings(self.config, self.overrides or ())
        rules = settings.rules if "rules" in settings.stated else None
        market, named = market_for(self.agent, self.home, self.venue, self.symbols, self.timeframe, rules)
        span = span_of(market, self.start, self.end)
        capital = settings.account.capital if self.capital is None else self.capital
        check_capital(market, capital, named.agent.rules)
        return Trial(named, market.between(None, span.end), span, capital)


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
    from tradewind.cli.model import bundle_folder
    from tradewind.policy import BASELINES, Bundle
    from tradewind.policy.agent import agent_of_baseline, agent_of_bundle
    from tradewind.simulator import Rules

    if name.replace("-", "_") in BASELINES:
        market = market_in(home, venue, symbols, timeframe)
        kinds = [i.kind for i in market.instruments]
        agent = agent_of_baseline(name, kinds, market.timeframe, rules or Rules())
        return market, Named(agent, None, {"baseline": name})
    bundle = Bundle.load(bundle_folder(home, name, agents=tuple(BASELINES)))
    bundle.require(symbols=symbols or None, timeframe=timeframe)
    if rules is not None:
        bundle.require(rules=rules.as_dict())
    spec = bundle.spec
    agent = agent_of_bundle(bundle, name)
    market = market_in(home, venue or spec.venue, list(spec.symbols), spec.timeframe)
    bundle.require(kinds=[i.kind.value for i in market.instruments])
    return market, Named(agent, bundle, {"bundle": name})
