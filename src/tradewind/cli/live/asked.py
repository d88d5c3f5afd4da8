"""What was asked for on the command line and in the settings, as the plan of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.cli.trial import Named
from tradewind.market import ConfigError, Kind, Timeframe

if TYPE_CHECKING:
    from tradewind.cli.live.plan import Plan
    from tradewind.config import Settings


@dataclass(frozen=True, slots=True)
class AskedRun:
    """What stands on the command line; None where nothing does."""

    mode: str
    agent: str | None
    home: Path
    name: str | None = None
    venue: str | None = None
    symbols: tuple[str, ...] = ()
    timeframe: str | None = None
    allocation: float | None = None
    config: Path | None = None
    overrides: tuple[str, ...] = ()
    at: str | None = None  # a local exchange in the venue's place
    confirm: str | None = None  # the word that a person would type
    override: str | None = None  # why it may go live without a passed gate

    def settings(self) -> Settings:
        from tradewind.config import load_settings

        return load_settings(self.config, self.overrides)


def asked_again(
    home: Path, name: str, about: Mapping[str, Any], config: Path | None, overrides: tuple[str, ...]
) -> AskedRun:
    """What the run asked for when it was started last, as its description says; `overrides` come on top."""
    from tradewind.cli.live.books import DATABASE

    told = ["run.unified=true"] if about.get("unified") else []
    told += [f"{DATABASE}.url={about[DATABASE]}"] if about.get(DATABASE) else []
    return AskedRun(
        about["mode"],
        next(iter(about["agent"].values())),
        home,
        name,
        about["venue"],
        tuple(about["symbols"]),
        about["timeframe"],
        about["capital"],
        config,
        (*told, *overrides),
        about.get("at"),
    )


def venue_of(asked: AskedRun) -> tuple[str, Kind]:
    """Venue and kind alone: what decides which keys are needed."""
    from tradewind.data.naming import parts

    _, venue, symbols, _ = named_agent(asked, asked.settings())
    return venue, parts(symbols[0])[2]


def named_agent(asked: AskedRun, settings: Settings) -> tuple[Named, str, tuple[str, ...], Timeframe]:
    """The agent with its venue, symbols and timeframe: those of a model, or what was named for a baseline."""
    from tradewind.cli.model import bundle_folder
    from tradewind.data.naming import parts
    from tradewind.policy import BASELINES, Bundle
    from tradewind.policy.agent import agent_of_baseline, agent_of_bundle

    name = asked.agent or settings.run.agent
    if name is None:
        raise ConfigError("which agent is to trade? Name a model or a baseline, or write [run] agent")
    venue = asked.venue or settings.run.venue
    symbols = asked.symbols or settings.run.symbols
    bars = asked.timeframe or settings.run.timeframe
    if name.replace("-", "_") in BASELINES:
        if venue is None or not symbols or bars is None:
            raise ConfigError(f"{name} trades anything: say --venue, --symbol and --timeframe")
        timeframe = Timeframe(bars)
        kinds = [parts(symbol)[2] for symbol in symbols]
        agent = agent_of_baseline(name, kinds, timeframe, settings.rules)
        return Named(agent, None, {"baseline": name}), venue, tuple(symbols), timeframe
    bundle = Bundle.load(bundle_folder(asked.home, name, agents=tuple(BASELINES)))
    bundle.require(symbols=list(symbols) or None, timeframe=bars)
    if "rules" in settings.stated:
        bundle.require(rules=settings.rules.as_dict())
    spec = bundle.spec
    agent = agent_of_bundle(bundle, name)
    return (
        Named(agent, bundle, {"bundle": name}),
        venue or spec.venue,
        spec.symbols,
        Timeframe(spec.timeframe),
    )


def plan_of(asked: AskedRun, settings: Settings, place: str, account: str) -> Plan:
    """The whole of what runs; `ConfigError` where it does not fit together."""
    from tradewind.cli.live.plan import Plan
    from tradewind.data.naming import parts
    from tradewind.trading.journal.run_folder import RunFolder

    named, venue, symbols, timeframe = named_agent(asked, settings)
    name = asked.name or settings.run.name or f"{Path(named.agent.name).name.replace(' ', '_')}-{asked.mode}"
    allocation = asked.allocation or settings.run.allocation or settings.account.capital
    kinds = {parts(symbol)[2] for symbol in symbols}
    if len(kinds) > 1:
        raise ConfigError(
            "spot and perpetuals are named together, one run trades one kind: choose with --symbol"
        )
    return Plan(
        RunFolder(asked.home / "runs" / name),
        asked.mode,
        place,
        venue,
        account,
        kinds.pop(),
        named,
        symbols,
        timeframe,
        allocation,
        settings,
        asked.at,
    )
