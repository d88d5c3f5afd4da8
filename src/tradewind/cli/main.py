"""`tradewind`: the one command. What goes wrong is told in one sentence, and in the exit code.

0 done, 1 done with warnings, 2 bad input or configuration, 3 unreachable, 4 refused, 130 interrupted. Commands import
what they need when they run, so that help comes at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, NoReturn

import typer
import typer.main

from tradewind import __version__
from tradewind.cli.backtest import backtest_command
from tradewind.cli.common import Interrupted
from tradewind.cli.control import rearm_command, status_command, stop_command
from tradewind.cli.data import data_app
from tradewind.cli.demo import demo_command
from tradewind.cli.doctor import doctor_command
from tradewind.cli.exchange import exchange_app
from tradewind.cli.export import export_command
from tradewind.cli.init import init_command
from tradewind.cli.judge import judge_command
from tradewind.cli.logs import configure_logs, redactor
from tradewind.cli.model import model_app
from tradewind.cli.order import order_app
from tradewind.cli.panic import panic_command
from tradewind.cli.reconcile import reconcile_command
from tradewind.cli.report import report_command
from tradewind.cli.run import replay_command, run_app
from tradewind.cli.study import study_app
from tradewind.cli.tables import say, stderr
from tradewind.cli.train import train_command
from tradewind.cli.why import why_command
from tradewind.market.errors import AccessRefused, TradewindError, VenueUnavailable

DONE, BAD_INPUT, UNREACHABLE, REFUSED, INTERRUPTED = 0, 2, 3, 4, 130
_EXTRAS = dict.fromkeys(("torch", "gymnasium", "stable_baselines3", "tensorboard", "optuna"), "train")
_UsageError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # defaults stand in square brackets, which "rich" takes for styles
    help="Train trading agents on crypto candles, prove honestly whether they have an edge, trade those that do.",
)
app.command("init")(init_command)
app.add_typer(data_app, name="data")
app.command("train")(train_command)
app.add_typer(study_app, name="study")
app.command("backtest")(backtest_command)
app.command("report")(report_command)
app.command("judge")(judge_command)
app.add_typer(model_app, name="model")
app.add_typer(run_app, name="run")
app.command("status")(status_command)
app.command("stop")(stop_command)
app.command("rearm")(rearm_command)
app.command("replay")(replay_command)
app.command("why")(why_command)
app.command("export")(export_command)
app.command("doctor")(doctor_command)
app.command("reconcile")(reconcile_command)
app.add_typer(order_app, name="order")
app.command("panic")(panic_command)
app.add_typer(exchange_app, name="exchange")
app.command("demo")(demo_command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tradewind {__version__}")
        raise typer.Exit


@app.callback()
def _tradewind(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (of this process, unless `arguments` are given) and end the process."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    configure_logs()
    try:
        code = _commands()(arguments, prog_name="tradewind", standalone_mode=False)
    except _UsageError as error:
        return _refuse_usage(error)
    except (Interrupted, KeyboardInterrupt, typer.Abort) as interrupt:
        return _tell(str(interrupt) or "Interrupted", INTERRUPTED)
    except AccessRefused as error:
        remedy = "make a key that may trade there, or correct the one in the environment"
        return _tell(f"Error: {_said(error)}: {remedy}", REFUSED)
    except VenueUnavailable as error:
        return _tell(f"Error: {_said(error)}", UNREACHABLE)
    except TradewindError as error:
        return _tell(f"Error: {_said(error)}", BAD_INPUT)
    except ModuleNotFoundError as error:
        return _refuse_without_extra(error)
    except OSError as error:
        if error.filename is None:
            raise
        return _tell(
            f"Error: {error.filename} cannot be used ({error.strerror}): {_remedy(error)}", BAD_INPUT
        )
    if code == INTERRUPTED:
        return _tell("Interrupted", INTERRUPTED)
    return code if isinstance(code, int) else DONE


@cache
def _commands() -> Callable[..., Any]:
    """All commands as Typer builds them: it takes longer than most of them, so it is done once in a process."""
    return typer.main.get_command(app)


def _said(error: TradewindError) -> str:
    """With what was noted on its way here."""
    return "; ".join([str(error), *getattr(error, "__notes__", ())])


def _refuse_usage(error: Exception) -> int:
    """A command line that cannot be read. Asked for nothing at all, the answer is the help."""
    said = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" or not said:
        return BAD_INPUT  # the help is printed already
    where = f"; see {context.command_path} --help" if context is not None else ""
    return _tell(f"Error: {said.rstrip('.')}{where}", BAD_INPUT)


def _refuse_without_extra(error: ModuleNotFoundError) -> int:
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        raise error
    return _tell(
        f"Error: this needs {error.name}, which is not installed: get it with pip install 'tradewind[{extra}]'",
        BAD_INPUT,
    )


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "check the path"
    return "name another with --home, or free it"


def _tell(sentence: str, code: int) -> int:
    say(stderr(), redactor.text(" ".join(sentence.split())))
    return code
