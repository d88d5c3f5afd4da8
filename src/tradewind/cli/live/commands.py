"""`tradewind run` on live bars: paper with no key, testnet and live with the keys of that environment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tradewind.cli.common import AsJson, Interrupted, next_command, print_json
from tradewind.cli.live.asked import AskedRun, plan_of
from tradewind.cli.live.options import names_a_run
from tradewind.cli.logs import redactor
from tradewind.cli.settings import ShowConfig, show_config
from tradewind.cli.tables import say, stderr, stdout
from tradewind.market import Command, Decision, Snapshot
from tradewind.words import counted, ordered

if TYPE_CHECKING:
    from tradewind.cli.live.plan import Plan
    from tradewind.clients.credentials import Credentials
    from tradewind.reports.session import SessionReport
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.session.session import SessionSummary, Watcher
    from tradewind.trading.told.metrics import Metrics

NOT_FLAT, INTERRUPTED = 5, 130


@names_a_run
def on_testnet(asked: AskedRun, show: ShowConfig = False, as_json: AsJson = False) -> None:
    """Trade on the venue's testnet or demo market, by its own keys. No real money."""
    go(replace(asked, mode="testnet"), show=show, as_json=as_json)


@names_a_run
def on_live(
    asked: AskedRun,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="WORDS", help="The words that it would ask for.")
    ] = None,
    override: Annotated[
        str | None,
        typer.Option("--override", metavar="REASON", help="Why it may trade without a passed gate."),
    ] = None,
    show: ShowConfig = False,
    as_json: AsJson = False,
) -> None:
    """Trade real money, by the live keys: first with 5 % of the allocation, with more when days have shown no harm."""
    go(replace(asked, mode="live", confirm=confirm, override=override), show=show, as_json=as_json)


def go(asked: AskedRun, *, show: bool, as_json: bool) -> None:
    """Show the settings, or run until stopped and tell what happened."""
    from tradewind.lean import load_lean

    load_lean()
    settings = asked.settings()
    credentials = None if show else credentials_of(asked)
    if credentials is not None:
        redactor.know(*credentials.secrets())
    place = "" if credentials is None else credentials.environment.value
    account = "" if credentials is None else credentials.fingerprint
    plan = plan_of(asked, settings, place, account)
    if show:
        from tradewind.cli.live.grant import effective

        show_config(effective(plan))
        return
    console = stderr()
    where = f"{plan.venue} {place or 'paper'}" + (f" at {asked.at}" if asked.at else "")
    say(
        console,
        f"{plan.folder.name}: {plan.named.agent.name} on {where}, {', '.join(plan.symbols)}, {plan.timeframe.text} "
        f"bars, allocation {plan.allocation:,.2f}. Ctrl+C stops it.",
    )
    from tradewind.cli.live.closing import in_lines, write_report
    from tradewind.cli.live.running import Panicked
    from tradewind.cli.live.trade import trade

    def warn(text: str) -> None:
        say(console, text, "yellow")

    def hourly(metrics: Metrics) -> None:
        for line in in_lines(metrics):
            say(console, line, "dim")

    def grants(journal: Journal, now_ms: int) -> float:
        if asked.mode != "live":
            return 1.0
        from tradewind.cli.live.gates import gates_in_lines, gates_of
        from tradewind.cli.live.grant import asking, grant

        for line in gates_in_lines(gates_of(asked.home, plan.named.agent.model_hash)):
            say(console, line, "dim")
        stage = grant(plan, journal, asking(asked.confirm), asked.override, now_ms)
        say(console, f"Stage {stage.number} of the ramp: {stage.share:.0%} of the allocation.")
        return stage.share

    try:
        summary = _until_stopped(
            plan.folder.name,
            lambda: trade(plan, asked.at, credentials, teller(console), warn, grants, hourly),
            warn,
        )
    except Panicked:
        say(console, "Panic: closing what the run owns.", "bold")
        if credentials is not None:
            from tradewind.cli.live.panicking import press

            press(plan.folder.name, account=False, yes=True, home=asked.home, as_json=as_json)
        raise typer.Exit(INTERRUPTED) from None
    if not summary.decisions:
        say(console, f"{plan.folder.name} stopped before it decided anything: there is nothing to report.")
        return
    say(console, "Writing the report...", "dim")
    try:
        report = write_report(plan)
    except KeyboardInterrupt:
        written = f"its report is not written, tradewind report {plan.folder.name} does that"
        raise Interrupted(f"Interrupted: {plan.folder.name} has stopped; {written}") from None
    tell(summary, report, plan, as_json)
    if summary.left_open:
        say(
            console,
            f"NOT FLAT: positions were left open; `tradewind panic {plan.folder.name}` closes them.",
            "red",
        )
        raise typer.Exit(NOT_FLAT)


def _until_stopped(
    name: str, start: Callable[[], Coroutine[None, None, SessionSummary]], warn: Callable[[str], None]
) -> SessionSummary:
    """Where a testnet was reset the session ends, and begins anew in the same journal."""
    from tradewind.cli.live.signals import left_in_order
    from tradewind.trading.comparing.account_check import NewEpoch

    while True:
        try:
            return asyncio.run(left_in_order(start(), name))
        except NewEpoch as error:
            warn(str(error))


def credentials_of(asked: AskedRun) -> Credentials | None:
    """The keys of the mode's environment; none on paper."""
    from tradewind.cli.live.asked import venue_of
    from tradewind.clients.connect import TESTNETS, Environment
    from tradewind.clients.credentials import load_credentials
    from tradewind.market import Kind

    if asked.mode == "paper":
        return None
    venue, kind = venue_of(asked)
    if asked.at is not None:
        return load_credentials(venue, Environment.LOCAL)
    if asked.mode == "live":
        return load_credentials(venue, Environment.LIVE)
    has_testnet = venue in TESTNETS and kind is Kind.SPOT
    return load_credentials(venue, Environment.TESTNET if has_testnet else Environment.DEMO)


def teller(console: Console) -> Watcher:
    """A line for each decision that wants to trade."""
    from tradewind.data.timestamps import utc_text

    def watch(item: Snapshot | Command, decision: Decision | None) -> None:
        if isinstance(item, Command):
            say(console, f"{item.kind.value}{': ' + item.note if item.note else ''}", "dim")
        elif decision is not None and decision.orders:
            orders = ", ".join(f"{ordered(o.lots)} {o.symbol}" for o in decision.orders)
            say(console, f"{utc_text(decision.at)}  equity {decision.equity:,.2f}  wants: {orders}")

    return watch


def tell(summary: SessionSummary, report: SessionReport, plan: Plan, as_json: bool) -> None:
    """What the session did, the run in numbers, and whether it is what the simulation does."""
    from tradewind.cli.live.books import known_place
    from tradewind.cli.live.closing import in_lines
    from tradewind.cli.live.gates import gates_in_lines, gates_of
    from tradewind.reports.session_page import said_of_simulation

    change = summary.end_equity / summary.start_equity - 1
    home = plan.folder.path.parent.parent
    gates = gates_of(home, plan.named.agent.model_hash)
    if as_json:
        print_json(
            {
                **asdict(summary),
                "return": change,
                "run": plan.folder.name,
                "journal": str(known_place(plan.folder)),
                "report": str(report.html),
                "metrics": report.metrics.as_dict(),
                "simulation": report.contrast.as_dict(),
                "backtest": report.parity,
                "gates": {name: [asdict(one) for one in criteria] for name, criteria in gates.items()},
            }
        )
        return
    console = stdout()
    say(
        console,
        f"{plan.folder.name}: {counted(summary.decisions, 'decision')}, {counted(summary.orders, 'order')}, "
        f"{counted(summary.fills, 'fill')}; "
        f"equity {summary.start_equity:,.2f} -> {summary.end_equity:,.2f} ({change:+.2%}).",
    )
    for line in in_lines(report.metrics):
        say(console, line)
    say(console, said_of_simulation(report.contrast, report.parity))
    for line in gates_in_lines(gates):
        say(console, line, "dim")
    say(console, f"The report: {report.html}")
    say(console, f"Recompute every decision: {next_command(f'tradewind replay {plan.folder.name}', home)}")
