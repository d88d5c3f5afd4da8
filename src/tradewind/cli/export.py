"""`tradewind export`: a journal as tables for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home, print_json, writable
from tradewind.cli.tables import Column, number, print_table, stdout
from tradewind.market import ConfigError

if TYPE_CHECKING:
    from tradewind.trading.told.export import Form

JournalName = Annotated[str, typer.Argument(metavar="NAME|JOURNAL", help="A run, or a journal file.")]


def export_command(
    journal: JournalName,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")],
    form: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Write decisions, orders and their transitions, fills, cash flows, equity, alarms and requests as files."""
    from tradewind.cli.live.books import journal_named
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.panic.estate import readable
    from tradewind.trading.told.export import export

    chosen = _form(form)
    writable(out)
    with readable(journal_named(home, journal)) as place, Journal.open(place) as opened:
        written = export(opened, out, chosen)
    if as_json:
        print_json({str(path): rows for path, rows in written.items()})
        return
    rows = [[str(path), f"{count:,}"] for path, count in written.items()]
    print_table(stdout(), (Column("file"), number("rows")), rows)


def _form(text: str) -> Form:
    from tradewind.trading.told.export import Form

    try:
        return Form(text.lower())
    except ValueError:
        raise ConfigError(f"--format is {text!r}, expected csv or parquet") from None
