"""`tradewind judge`: skill or luck, of any bot's returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradewind.cli.common import AsJson, print_json
from tradewind.cli.tables import Column, number, print_facts, print_table, say, stdout
from tradewind.data.choices import Holds


def judge_command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: a time column, and returns or equity.")],
    column: Annotated[
        list[str] | None, typer.Option("--column", help="One trial; repeat it for several [all columns].")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="How many were tried in all, failed ones too [the columns].")
    ] = None,
    holds: Annotated[
        Holds | None, typer.Option("--as", help="What the columns hold [by name, else by value].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a bot's record shows an edge, none, or too little to tell and how many years it would take.

    Several columns are several trials: the best is judged as the best of so many.
    """
    from tradewind.data.track_records import read_track_record
    from tradewind.reports.judged import facts, sentence
    from tradewind.reports.numbers import percent, ratio
    from tradewind.validation.judging import judge

    judgement = judge(read_track_record(file, column or (), holds), trials)
    if as_json:
        print_json({"sentence": sentence(judgement), **judgement.to_json()})
        return
    out = stdout()
    say(out, sentence(judgement), "bold")
    say(out, "")
    print_facts(out, facts(judgement))
    if len(judgement.columns) > 1:
        say(out, "")
        titles = [Column("trial"), *(number(t) for t in ("Sharpe", "PSR(0)", "net return", "max drawdown"))]
        rows = [
            [
                one.name,
                ratio(one.sharpe),
                percent(one.psr, 1),
                percent(one.net_return, signed=True),
                percent(one.max_drawdown),
            ]
            for one in judgement.columns
        ]
        print_table(out, titles, rows)
