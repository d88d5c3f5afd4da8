"""`tradewind backtest`: any agent against what it must beat, and the report about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    Bars,
    Capital,
    Config,
    End,
    Home,
    Overrides,
    Span,
    Start,
    Symbols,
    Venue,
    assumed_in,
    next_command,
    writable,
)
from tradewind.cli.tables import Column, number, print_table, say, stderr, stdout
from tradewind.cli.trial import AgentName, Asked, Named, Trial
from tradewind.market import ConfigError

if TYPE_CHECKING:
    from tradewind.backtest.compare import OnStage
    from tradewind.backtest.figures import Figures

_BOUND = ", agent's risk rules"


def backtest_command(
    agent: AgentName,
    start: Start = None,
    end: End = None,
    venue: Venue = None,
    symbol: Symbols = None,
    timeframe: Bars = None,
    capital: Capital = None,
    config: Config = None,
    overrides: Overrides = None,
    report: Annotated[Path | None, typer.Option(help="Where the HTML goes [<home>/reports].")] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Trade an agent through stored candles beside its baselines, and write the report.

    A model brings its symbols and rules; a baseline takes [rules] of --config and --set.
    """
    from tradewind.backtest.compare import compare
    from tradewind.reports import write_report

    asked = Asked(agent, home, venue, symbol, timeframe, start, end, capital, config, overrides)
    trial = asked.trial()
    named = trial.named
    path = report_path(report, home, agent)
    with stage_bars(stderr()) as on_stage:
        comparison = compare(
            named.agent,
            trial.market,
            start_ms=trial.trade_from,
            capital=trial.capital,
            spec=None if named.bundle is None else named.bundle.spec,
            notes=assumed_in(home, trial.market),
            on_stage=on_stage,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    written = write_report(
        path,
        comparison.results,
        title=f"{agent}: backtest",
        provenance=provenance(trial),
    )
    if as_json:
        typer.echo(written.json.read_text(encoding="utf-8"))
        return
    console = stdout()
    print_comparison(written.figures, console)
    console.print()
    say(console, str(written.verdict))
    say(
        console,
        f"Report: {written.html} (picture and numbers beside it). "
        f"Open it: {next_command(f'tradewind report {path.stem}', home)}",
    )
    if _trained_on(named, trial.span):
        say(
            console,
            "Careful: these bars overlap with those the model was trained on, so the result flatters.",
        )


def report_path(asked: Path | None, home: Path, agent: str) -> Path:
    """Where the HTML goes; `ConfigError` where nothing can be written there."""
    path = asked or home / "reports" / f"{Path(agent).name}.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--report {path} is no HTML file: give a name that ends in .html")
    writable(path.parent)
    return path


def _trained_on(named: Named, span: Span) -> bool:
    data = None if named.bundle is None else named.bundle.spec.data
    return data is not None and data.start_ms < span.end and span.start < data.end_ms


def provenance(trial: Trial) -> dict[str, object]:
    """What a reader needs to judge where the numbers come from."""
    from tradewind.data.timestamps import utc_text

    named, market, span = trial.named, trial.market, trial.span
    rules = named.agent.rules.as_dict()
    facts: dict[str, object] = {
        "Symbols": ", ".join(market.symbols),
        "Venue of the candles": market.instruments[0].venue,
        "Bars": f"{market.timeframe}, {utc_text(span.start)} to {utc_text(span.end)}",
        "Start capital": f"{trial.capital:,.0f} {market.instruments[0].quote}",
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
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<42}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done)

        yield show


def print_comparison(figures: Sequence[Figures], console: Console) -> None:
    """The agent, then its rivals: free of risk rules, and under the agent's own."""
    columns = [
        Column(""),
        number("return"),
        number("Sharpe"),
        number("95 % interval", spare=1),
        number("drawdown", spare=2),
        number("turnover/day", spare=3),
        number("trades"),
    ]
    subject, *rivals = figures
    rows, styles = [_row(subject, subject.name)], ["bold"]
    for title, bound in (("without risk rules", False), ("under the agent's risk rules", True)):
        group = [one for one in rivals if one.risk_rules is bound]
        if group:
            rows.append([title, *[""] * (len(columns) - 1)])
            rows += [_row(one, f"  {one.name.removesuffix(_BOUND)}") for one in group]
            styles += ["dim", *[""] * len(group)]
    print_table(console, columns, rows, styles)
    for reason in dict.fromkeys(filter(None, map(_why_no_interval, figures))):
        names = dict.fromkeys(
            one.name.removesuffix(_BOUND) for one in figures if _why_no_interval(one) == reason
        )
        say(console, f"No interval ({reason}): {'; '.join(names)}.", "dim")


def _why_no_interval(one: Figures) -> str:
    """Empty where there is one, and where the table says itself that the agent never traded."""
    return "" if one.inactive or one.sharpe_low is not None else one.undefined.get("sharpe_low", "")


def _row(one: Figures, name: str) -> list[str]:
    known = one.sharpe_low is not None and one.sharpe_high is not None
    return [
        name,
        f"{one.net_return:+.1%}",
        "-" if one.sharpe is None else f"{one.sharpe:.2f}",
        f"{one.sharpe_low:.1f} to {one.sharpe_high:.1f}" if known else "-",
        f"{one.max_drawdown:.1%}",
        "-" if one.turnover_per_day is None else f"{one.turnover_per_day:.2f}",
        "inactive" if one.inactive else f"{one.trades:,}",
    ]
