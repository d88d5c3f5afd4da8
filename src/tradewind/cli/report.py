"""`tradewind report`: find the reports that were written, and open one."""

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


def report_command(
    name: Annotated[str | None, typer.Argument(help="A report's name; none: list them.")] = None,
    launch: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in the browser [only in a terminal].")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List the reports of the workspace, or open one in the browser."""
    folder = home / "reports"
    found = {path.stem: path for path in sorted(folder.glob("*.html"))} if folder.is_dir() else {}
    if name is None:
        _list(found, folder, as_json)
        return
    if name not in found:
        near = get_close_matches(name, found, n=1)
        known = ", ".join(found) or "none yet, tradewind backtest writes them"
        hint = f"did you mean {near[0]}?" if near else f"there: {known}"
        raise ConfigError(f"there is no report {name!r} in {folder}: {hint}")
    if as_json:
        typer.echo(found[name].with_suffix(".json").read_text(encoding="utf-8"))
        return
    typer.echo(str(found[name]))
    if sys.stdout.isatty() if launch is None else launch:
        _open(found[name].resolve())


def _open(path: Path) -> None:
    """In the browser; where there is none, say so: the report is there all the same."""
    try:
        opened = webbrowser.get().open(path.as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        say(stderr(), f"no browser here: open {path} yourself")


def _list(found: dict[str, Path], folder: Path, as_json: bool) -> None:
    if as_json:
        print_json({name: str(path) for name, path in found.items()})
    elif not found:
        say(stdout(), f"No reports in {folder} yet: tradewind backtest MODEL writes one.")
    else:
        for name, path in found.items():
            typer.echo(f"{name}: {path}")
