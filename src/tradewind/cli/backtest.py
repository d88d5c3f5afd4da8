"""`tradewind backtest`: any agent against what it must beat, and the report about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from tradewind.backtest.compare import OnStage, compare
from tradewind.backtest.figures import Figures
from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    Capital,
    End,
    Home,
    Named,
    Span,
    Start,
    Symbols,
    assumed_in,
    market_for,
    span_of,
)
from tradewind.data.timestamps import utc_text
from tradewind.market import Market
from tradewind.reports import write_report


def backtest_command(
    agent: Annotated[str, typer.Argument(help="A model, or a baseline such as buy_and_hold.")],
    start: Start = None,
    end: End = None,
    venue: Annotated[str | None, typer.Option(help="Baselines: whose candles.")] = None,
    symbol: Symbols = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Baselines: bar length.")] = None,
    capital: Capital = 10_000.0,
    report: Annotated[Path | None, typer.Option(help="Where the HTML goes [<home>/reports].")] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Trade an agent through stored candles beside its baselines, and write the report."""
    market, named = market_for(agent, home, venue, symbol, timeframe)
    span = span_of(market, start, end)
    console = Console(stderr=True)
    with stage_bars(console) as on_stage:
        comparison = compare(
            named.agent,
            market.between(None, span.end),
            start_ms=span.start + 1,
            capital=capital,
            spec=None if named.bundle is None else named.bundle.spec,
            notes=assumed_in(home, market),
            on_stage=on_stage,
        )
    path = report or home / "reports" / f"{agent}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = write_report(
        path,
        comparison.results,
        title=f"{agent}: backtest",
        provenance=provenance(named, market, span, capital),
    )
    if as_json:
        typer.echo(written.json.read_text(encoding="utf-8"))
        return
    print_comparison(written.figures, Console())
    Console().print(f"\n[bold]{written.verdict.sentence}[/bold]")
    typer.echo(f"Report: {written.html} (picture and numbers beside it). Open it: tradewind report {agent}")
    if _trained_on(named, span):
        typer.echo("Careful: these bars overlap with those the model was trained on, so the result flatters.")


def _trained_on(named: Named, span: Span) -> bool:
    data = None if named.bundle is None else named.bundle.spec.data
    return data is not None and data.start_ms < span.end and span.start < data.end_ms


def provenance(named: Named, market: Market, span: Span, capital: float) -> dict[str, object]:
    """What a reader needs to judge where the numbers come from."""
    rules = named.agent.rules.as_dict()
    facts: dict[str, object] = {
        "Symbols": ", ".join(market.symbols),
        "Venue of the candles": market.instruments[0].venue,
        "Bars": f"{market.timeframe}, {utc_text(span.start)} to {utc_text(span.end)}",
        "Start capital": f"{capital:,.0f} {market.instruments[0].quote}",
        "Taker fee": ", ".join(sorted({f"{i.taker_fee:.4%}" for i in market.instruments})),
        "Costs": rules.pop("costs"),
        "Risk rules": rules.pop("risk"),
        "Other rules": rules,
    }
    if named.bundle is not None:
        spec = named.bundle.spec
        facts |= {"Model": named.bundle.sha256, "Algorithm": spec.algorithm, "Seeds": spec.seeds}
        if spec.data is not None:
            facts["Trained on"] = f"{utc_text(spec.data.start_ms)} to {utc_text(spec.data.end_ms)}"
        facts["Code"] = spec.code_version
    return facts


@contextmanager
def stage_bars(console: Console) -> Iterator[OnStage]:
    """An `on_stage` that draws a bar for each run."""
    columns = (TextColumn("{task.description:<42}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=console, transient=True) as bars:

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done)

        yield show


def print_comparison(figures: tuple[Figures, ...], console: Console) -> None:
    """The agent and its rivals, a line each."""
    table = Table("", "return", "Sharpe", "95 % interval", "max drawdown", "turnover/day", "trades", box=None)
    for k, one in enumerate(figures):
        known = one.sharpe_low is not None and one.sharpe_high is not None
        interval = f"{one.sharpe_low:.1f} to {one.sharpe_high:.1f}" if known else ""
        table.add_row(
            one.name,
            f"{one.net_return:+.1%}",
            "-" if one.sharpe is None else f"{one.sharpe:.2f}",
            interval,
            f"{one.max_drawdown:.1%}",
            "-" if one.turnover_per_day is None else f"{one.turnover_per_day:.2f}",
            "inactive" if one.inactive else f"{one.trades:,}",
            style="bold" if k == 0 else "",
        )
    console.print(table)
