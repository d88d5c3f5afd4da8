"""`tradewind`: the one command. A `TradewindError` becomes one sentence and exit code 2, or 3 if unreachable."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from tradewind.cli.backtest import backtest_command
from tradewind.cli.data import data_app
from tradewind.cli.demo import demo_command
from tradewind.cli.model import model_app
from tradewind.cli.report import report_command
from tradewind.cli.run import replay_command, run_app
from tradewind.cli.train import train_command
from tradewind.market import TradewindError, VenueUnavailable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train trading agents on crypto candles, prove honestly whether they have an edge, trade those that do.",
)
app.add_typer(data_app, name="data")
app.command("train")(train_command)
app.command("backtest")(backtest_command)
app.command("report")(report_command)
app.add_typer(model_app, name="model")
app.add_typer(run_app, name="run")
app.command("replay")(replay_command)
app.command("demo")(demo_command)


def main() -> None:
    """Run the command line; ends the process."""
    try:
        app(standalone_mode=True)
    except VenueUnavailable as error:
        _tell(error)
        sys.exit(3)
    except TradewindError as error:
        _tell(error)
        sys.exit(2)


def _tell(error: TradewindError) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[red]Error:[/red] {error}", highlight=False, markup=True)
