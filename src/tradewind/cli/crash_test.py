"""`tradewind exchange crash-test`: somebody's bot through the fault scenarios."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli.common import AsJson, print_json, writable
from tradewind.cli.tables import Column, number, print_table, say, stdout
from tradewind.files import write_whole
from tradewind.market import ConfigError, Timeframe, TradewindError

if TYPE_CHECKING:
    from tradewind.gateway.crash_test import Run
    from tradewind.gateway.scenario import Scenario

FAILED = 1
USUAL = ("O1", "O2", "O3", "O4", "O5", "O6", "O7", "O8", "O20", "E1", "E2", "E7", "P1")
_STYLES = {"passed": "green", "failed": "bold red", "no orders": "yellow", "no fault": "yellow"}


def crash_test_command(
    command: Annotated[
        list[str],
        typer.Argument(help="How the bot is started, after --: python their_bot.py", metavar="BOT..."),
    ],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", help="A row such as O1, or a TOML file; repeat it [O1 to O8, O20, E1, E2, E7, P1]."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All bundled scenarios.")] = False,
    venue: Annotated[str, typer.Option(help="binance or bitget.")] = "binance",
    unified: Annotated[
        bool, typer.Option("--unified", help="The bot's account is a unified one at Bitget, served by v3.")
    ] = False,
    symbol: Annotated[str, typer.Option("--symbol", "-s", help="What the bot trades.")] = "BTC/USDT",
    seconds: Annotated[float, typer.Option(min=1, help="For each scenario, of wall time.")] = 20.0,
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds without faults at the end, to learn what became of orders.")
    ] = 8.0,
    speed: Annotated[float, typer.Option(min=0, help="Of market time.")] = 60.0,
    step: Annotated[
        str | None,
        typer.Option(help="Step market time by so much (1m) ten times a second, in the speed's place."),
    ] = None,
    kill_after: Annotated[
        list[int] | None,
        typer.Option(
            "--kill-after", min=1, help="Kill the bot after so many orders and start it again; repeat it."
        ),
    ] = None,
    max_exposure: Annotated[
        str,
        typer.Option(help="The most that its purchases and positions may be worth, in quote; 0: not judged."),
    ] = "0",
    none_open: Annotated[
        bool, typer.Option("--none-open", help="Orders open at the end are lost ones.")
    ] = False,
    window: Annotated[
        float, typer.Option(min=1, help="Seconds in which the same order again is a resend.")
    ] = 60.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the synthetic market.")] = 0,
    logs: Annotated[Path | None, typer.Option(help="Folder for what the bot says.")] = None,
    report: Annotated[Path | None, typer.Option(help="JSON of everything that was found.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a bot through faults and judge it by the ledger: lost, doubled and oversized orders end with code 1."""
    from tradewind.cli.exchange_markets import coins_source
    from tradewind.gateway.crash_test import CrashTest, crash_test
    from tradewind.gateway.crash_test.judge import Terms
    from tradewind.gateway.crash_test.told import beforehand, report_of
    from tradewind.market import Kind

    chosen = _scenarios(scenario, every)
    terms = Terms(_limit(max_exposure), int(window * 1000), none_open)
    if venue not in ("binance", "bitget"):
        raise ConfigError(f"--venue is {venue}, expected binance or bitget")
    if unified and venue != "bitget":
        raise ConfigError(f"--unified is for Bitget, the venue is {venue}: add --venue bitget")
    if report is not None and report.is_dir():
        raise ConfigError(f"{report} is a folder, expected a file for the report: name one in it")
    writable(*(path for path in (logs, report and report.parent) if path is not None))
    coin = symbol.partition("/")[0]
    source = coins_source([coin], seed, None, speed, tuple(Kind), None)
    test = CrashTest(
        command=tuple(command),
        scenarios=chosen,
        markets=source.markets,
        start_ms=source.start_ms,
        venue=venue,
        symbol=symbol,
        unified=unified,
        seconds=seconds,
        settle_seconds=settle,
        speed=speed,
        step_ms=0 if step is None else _span(step),
        kill_after=tuple(kill_after or ()),
        terms=terms,
        logs=logs,
    )
    if not as_json:
        say(stdout(), beforehand(test))
    runs = asyncio.run(crash_test(test, None if as_json else _tell_one))
    made = report_of(runs)
    if report is not None:
        text = json.dumps(made, indent=1) + "\n"
        write_whole(report, lambda path: path.write_text(text, encoding="utf-8"))
    if as_json:
        print_json(made)
    else:
        _tell(runs)
    idle = not any(run.judgement.placed for run in runs)
    if idle and not as_json:
        where = f"see {logs}" if logs else "--logs FOLDER keeps all that it writes"
        say(stdout(), f"The bot never ordered, so nothing was tested: {where}.")
    if made["failed"] or idle:
        raise typer.Exit(FAILED)


def _scenarios(names: list[str] | None, every: bool) -> tuple[Scenario, ...]:
    from tradewind.gateway.scenario import Scenario, bundled

    if every and names:
        raise ConfigError("--all and --scenario name different scenarios: choose one")
    return tuple(Scenario.named(name) for name in (bundled() if every else names or USUAL))


def _limit(text: str) -> Decimal:
    try:
        limit = Decimal(text)
    except InvalidOperation:
        limit = Decimal(-1)
    if not (limit.is_finite() and limit >= 0):
        raise ConfigError(f"--max-exposure is {text}, expected an amount of quote such as 1000")
    return limit


def _span(text: str) -> int:
    try:
        return Timeframe(text).ms
    except TradewindError as error:
        raise ConfigError(f"--step is {text}, expected such as 1m, 5m or 1h") from error


def _tell_one(run: Run) -> None:
    say(stdout(), f"{run.scenario.name}: {run.verdict}")


def _tell(runs: list[Run]) -> None:
    from tradewind.gateway.crash_test.told import notes_of

    console = stdout()
    columns = [
        Column("scenario"),
        number("orders"),
        number("unclear", spare=1),
        number("faults", spare=2),
        Column("verdict"),
        Column("what happens", wraps=30, spare=3),
    ]
    rows = [
        [
            run.scenario.name,
            str(run.judgement.placed),
            str(run.judgement.unclear),
            str(run.fired),
            run.verdict,
            run.scenario.title,
        ]
        for run in runs
    ]
    print_table(console, columns, rows, [_STYLES[run.verdict] for run in runs])
    for line in notes_of(runs):
        say(console, line)
