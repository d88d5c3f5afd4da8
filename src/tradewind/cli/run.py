"""`tradewind run` and `tradewind replay`: the live engine, and the proof that it decided what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from tradewind import __version__
from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    End,
    Home,
    Interrupted,
    Start,
    next_command,
    print_json,
    writable,
)
from tradewind.cli.live.asked import AskedRun
from tradewind.cli.live.commands import go, on_live, on_testnet
from tradewind.cli.live.options import names_a_run
from tradewind.cli.settings import ShowConfig
from tradewind.cli.tables import say, stderr, stdout
from tradewind.cli.trial import Asked, Trial
from tradewind.market import Command, ConfigError, Decision, Snapshot
from tradewind.words import counted

if TYPE_CHECKING:
    from tradewind.backtest.run import Run
    from tradewind.policy.agent import Agent
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.session.session import SessionSummary, Watcher

run_app = typer.Typer(no_args_is_help=True, help="Trade: on paper, on a testnet, live.")
run_app.command("testnet")(on_testnet)
run_app.command("live")(on_live)


@run_app.command("paper")
@names_a_run
def paper(
    asked: AskedRun,
    recorded: Annotated[
        bool, typer.Option("--replay", help="Stored bars, one after the other, as if they came live.")
    ] = False,
    start: Start = None,
    end: End = None,
    journal: Annotated[
        Path | None, typer.Option(help="Journal file of a --replay [a new one in the home].")
    ] = None,
    show: ShowConfig = False,
    as_json: AsJson = False,
) -> None:
    """Let the live engine trade on paper, on bars as they come or on stored ones. No key is needed.

    Exit code 1 when the backtest on the same stored bars decides otherwise.
    """
    from tradewind.backtest.run import backtest
    from tradewind.data.replaying import Replay
    from tradewind.data.timestamps import utc_text

    if not recorded:
        go(replace(asked, mode="paper"), show=show, as_json=as_json)
        return
    agent, home = asked.agent, asked.home
    if agent is None:
        raise ConfigError("which agent is to trade? Name a model or a baseline")
    symbols, overrides = list(asked.symbols) or None, list(asked.overrides) or None
    trial = Asked(
        agent,
        home,
        asked.venue,
        symbols,
        asked.timeframe,
        start,
        end,
        asked.allocation,
        asked.config,
        overrides,
    ).trial()
    path = _free_journal(journal or _next_journal(home, agent))
    console, span, one = stderr(), trial.span, trial.named.agent
    say(console, f"{agent} on paper from {utc_text(span.start)} to {utc_text(span.end)}, journal {path}")
    expected = backtest(one, one.tape(trial.market), start_ms=trial.trade_from, capital=trial.capital)
    try:
        with session_bar(console, len(Replay(trial.market))) as watch:
            summary = paper_session(trial, path, watch)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted: what was decided until then is in {path}") from None
    parity = compare_with_backtest(path, expected)
    _tell(summary, parity, path, home, as_json)
    if parity["difference"] is not None:
        raise typer.Exit(1)


def _free_journal(path: Path) -> Path:
    """The path, if a journal can be begun there."""
    if path.exists():
        raise ConfigError(f"{path} exists already, a journal is never overwritten: name another file")
    writable(path.parent)
    return path


def paper_session(trial: Trial, path: Path, watch: Watcher | None = None) -> SessionSummary:
    """One session over recorded bars, journalled in `path`."""
    from tradewind.data.replaying import Replay
    from tradewind.trading.engine.engine import Engine
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.session.desk import BarDesk
    from tradewind.trading.session.session import run_session
    from tradewind.venues import PaperVenue

    agent, market = trial.named.agent, trial.market
    run = f"{agent.model_hash[:12]}-{trial.trade_from}"
    engine = Engine(
        agent, market.instruments, market.timeframe, trial.capital, trade_from=trial.trade_from, run=run
    )
    venue = PaperVenue(market.instruments, agent.rules, trial.capital)
    session = describe_session(trial, run)
    with Journal.create(path, session) as journal:
        return asyncio.run(run_session(engine, Replay(market), BarDesk(engine, venue, journal), watch))


def describe_session(trial: Trial, run: str) -> dict[str, Any]:
    """What stands at the head of a journal: enough to recompute every decision."""
    from tradewind.market.instrument_json import instrument_to_dict

    agent, market = trial.named.agent, trial.market
    return {
        "mode": "paper",
        "agent": trial.named.described,
        "model_hash": agent.model_hash,
        "symbols": list(market.symbols),
        "instruments": [instrument_to_dict(i) for i in market.instruments],
        "timeframe": market.timeframe.text,
        "capital": trial.capital,
        "rules": agent.rules.as_dict(),
        "plan": agent.plan.schema_hash(market.symbols),
        "trade_from": trial.trade_from,
        "run": run,
        "version": __version__,
    }


def compare_with_backtest(path: Path, expected: Run) -> dict[str, Any]:
    """Decision by decision: what the backtest did on the same bars, against what the journal says."""
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.session.parity import first_difference

    with Journal.open(path) as journal:
        made = [record for _, record in journal.records() if isinstance(record, Decision)]
        return first_difference(made, expected.decisions, tuple(journal.session["symbols"]))


def replay_command(
    journal: Annotated[str, typer.Argument(metavar="NAME|JOURNAL", help="A run, or a journal file.")],
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Recompute every decision of a journal, and report the first difference. Exit code 1 if there is one."""
    from tradewind.cli.live.books import journal_named
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.session.replaying import replay

    with Journal.open(journal_named(home, journal)) as opened:
        report = replay(opened, agent_for(opened, home))
    if as_json:
        print_json(
            {"decisions": report.decisions, "difference": report.difference and str(report.difference)}
        )
    elif report.identical:
        said = (
            "The one decision comes" if report.decisions == 1 else f"All {report.decisions:,} decisions come"
        )
        say(stdout(), f"{said} out again, bit for bit.")
    else:
        say(stdout(), f"After {counted(report.decisions, 'decision')}: {report.difference}")
    if not report.identical:
        raise typer.Exit(1)


def agent_for(journal: Journal, home: Path) -> Agent:
    """The agent that wrote a journal, from its name in it."""
    from tradewind.trading.session.replaying import agent_of_session

    return agent_of_session(journal.session, lambda name: _bundle_agent(home, name))


def _bundle_agent(home: Path, name: str) -> Agent:
    from tradewind.cli.model import bundle_folder
    from tradewind.policy import Bundle
    from tradewind.policy.agent import agent_of_bundle

    return agent_of_bundle(Bundle.load(bundle_folder(home, name)), name)


def _next_journal(home: Path, agent: str) -> Path:
    """<home>/journals/<agent>-<n>.sqlite, the first number that is free."""
    folder = home / "journals"
    stem = Path(agent).name
    taken = {path.stem for path in folder.glob(f"{stem}-*.sqlite")} if folder.is_dir() else set()
    number = next(n for n in range(1, len(taken) + 2) if f"{stem}-{n}" not in taken)
    return folder / f"{stem}-{number}.sqlite"


@contextmanager
def session_bar(console: Console, bars: int) -> Iterator[Watcher]:
    """A watcher that draws a bar with the equity of the session: first it warms up, then it trades."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("warming up", total=bars, told="")

        def watch(item: Snapshot | Command, decision: Decision | None) -> None:
            if decision is not None:
                progress.update(task, description="trading", told=f"equity {decision.equity:,.2f}")
            progress.advance(task, isinstance(item, Snapshot))

        yield watch


def _tell(summary: SessionSummary, parity: dict[str, Any], path: Path, home: Path, as_json: bool) -> None:
    from tradewind.data.timestamps import utc_text

    change = summary.end_equity / summary.start_equity - 1
    if as_json:
        print_json({**asdict(summary), "return": change, "journal": str(path), "backtest": parity})
        return
    console = stdout()
    say(
        console,
        f"{counted(summary.decisions, 'decision')}, {counted(summary.orders, 'order')}, "
        f"{counted(summary.fills, 'fill')}, {counted(summary.cash_flows, 'cash flow')}; "
        f"equity {summary.start_equity:,.2f} -> {summary.end_equity:,.2f} ({change:+.2%}).",
    )
    if summary.halted_at is not None:
        say(console, f"The kill switch fired at {utc_text(summary.halted_at)}; flat since then.")
    if parity["difference"] is None:
        say(
            console,
            f"The backtest on the same bars made the same {counted(parity['decisions'], 'decision')}, bit for bit.",
        )
    else:
        say(console, f"The backtest differs: {parity['difference']}")
    say(console, f"Recompute every decision: {next_command(f'tradewind replay {path}', home)}")
