"""`tradewind report`: find the reports of backtests and runs, and open one."""

from __future__ import annotations

import sys
import webbrowser
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home, print_json
from tradewind.cli.tables import say, stderr, stdout
from tradewind.market import ConfigError

_RUNS = "runs/"  # before the name of a run


def report_command(
    name: Annotated[str | None, typer.Argument(help="Of a report or a run; none: list them.")] = None,
    launch: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in the browser [only in a terminal].")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List the reports of the workspace, or open one in the browser. That of a run is written anew where its journal
    has gone on since.

    A run that has the name of a backtest's report is runs/NAME.
    """
    if name is None:
        from tradewind.cli.live.reporting import reports_of_runs

        runs = {f"{_RUNS}{run}": path for run, path in reports_of_runs(home)}
        _list(_of_backtests(home) | runs, home, as_json)
        return
    page = _page(home, name)
    if as_json:
        typer.echo(page.with_suffix(".json").read_text(encoding="utf-8"))
        return
    typer.echo(str(page))
    if sys.stdout.isatty() if launch is None else launch:
        _open(page.resolve())


def _of_backtests(home: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((home / "reports").glob("*.html"))}


def _page(home: Path, name: str) -> Path:
    """The report of that name; `ConfigError` where neither a backtest nor a run has it."""
    from tradewind.cli.live.reporting import is_run, report_of

    found, run = _of_backtests(home), name.removeprefix(_RUNS)
    if name in found:
        return found[name]
    if is_run(home, run):
        say(stderr(), f"Reading the journal of {run}...", "dim")
        return report_of(home, run)
    known = [*found, *(path.parent.name for path in sorted((home / "runs").glob("*/run.json")))]
    near = get_close_matches(run, known, n=1)
    there = (
        f"there: {', '.join(known)}" if known else "none yet, tradewind backtest and tradewind run write them"
    )
    raise ConfigError(
        f"no backtest and no run in {home} is named {run!r}: {f'did you mean {near[0]}?' if near else there}"
    )


def _open(path: Path) -> None:
    """In the browser; where there is none, say so: the report is there all the same."""
    try:
        opened = webbrowser.get().open(path.as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        say(stderr(), f"no browser here: open {path} yourself")


def _list(found: dict[str, Path], home: Path, as_json: bool) -> None:
    if as_json:
        print_json({name: str(path) for name, path in found.items()})
    elif not found:
        say(
            stdout(),
            f"No reports in {home} yet: tradewind backtest MODEL writes one, and so does a run that stops.",
        )
    else:
        for name, path in found.items():
            typer.echo(f"{name}: {path}")
