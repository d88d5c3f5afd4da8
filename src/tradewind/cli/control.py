"""`tradewind status`, `stop` and `rearm`: how a person speaks to a run that works in another process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home, next_command, print_json
from tradewind.cli.tables import Column, number, print_table, say, stderr, stdout
from tradewind.market import Command, CommandKind, ConfigError, Inconsistent, WallClock
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.words import counted

RunName = Annotated[str, typer.Argument(help="The name of the run.")]
STOP_SECONDS = 60.0
STALE_SECONDS = 30.0
_LOOK_AT = ("degraded", "in_doubt", "halted_symbols", "storage", "ended")  # of a status, where there is any


def folder_of(home: Path, name: str) -> RunFolder:
    """The folder of a run by its name; `ConfigError` where there is none."""
    folder = RunFolder(home / "runs" / name)
    _ = folder.about
    return folder


def status_command(
    name: Annotated[str | None, typer.Argument(help="The name of the run [all].")] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """How runs are: whether they work, equity, positions, what is in doubt. Exit code 1 where one needs a look."""
    folders = [folder_of(home, name)] if name else _all_runs(home)
    told = [_told(folder) for folder in folders]
    if as_json:
        print_json(told)
    elif not told:
        say(stdout(), f"Nothing has run in {home} yet.")
    else:
        _print(told, stdout())
    if any(one["needs_a_look"] for one in told):
        raise typer.Exit(1)


def stop_command(name: RunName, home: Home = DEFAULT_HOME) -> None:
    """Stop a run as one Ctrl+C does: finish what is on its way, then keep or close positions as configured."""
    folder, console = folder_of(home, name), stderr()
    if folder.process is None:
        raise ConfigError(f"run {name!r} is not at work: there is nothing to stop")
    folder.send(Command(CommandKind.STOP, WallClock().now_ms(), "tradewind stop"))
    say(console, f"{name} was asked to stop...")
    until = time.monotonic() + STOP_SECONDS
    while folder.process is not None:
        if time.monotonic() > until:
            raise ConfigError(
                f"{name} still works after {STOP_SECONDS:.0f} s: see `tradewind status {name}`; where it hangs, "
                f"`tradewind panic {name}` closes its positions from outside"
            )
        time.sleep(0.1)
    say(console, f"{name} has stopped.")


def rearm_command(
    name: RunName,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why it may trade again; it is kept.")],
    home: Home = DEFAULT_HOME,
) -> None:
    """Let a halted run trade again. The reason goes into its journal."""
    if not reason.strip():
        raise ConfigError("the reason is empty: say why the run may trade again")
    folder = folder_of(home, name)
    folder.send(Command(CommandKind.REARM, WallClock().now_ms(), reason.strip()))
    when = "within a second" if folder.process is not None else "when it starts"
    say(stdout(), f"{name} takes it {when}; see {next_command(f'tradewind status {name}', home)}")


def _all_runs(home: Path) -> list[RunFolder]:
    return [RunFolder(path.parent) for path in sorted((home / "runs").glob("*/run.json"))]


def _told(folder: RunFolder) -> dict[str, Any]:
    """What a run says of itself, and whether it can be believed."""
    about, status, process = folder.about, folder.status or {}, folder.process
    status |= _after_panic(folder, status)
    age = None if "at" not in status else (WallClock().now_ms() - status["at"]) / 1000
    silent = process is not None and (age is None or age > STALE_SECONDS)
    latched = status.get("risk", "active") != "active"
    died = process is None and bool(status) and not status.get("stopped") and not status.get("ended")
    return {
        "name": folder.name,
        "mode": about.get("mode"),
        "venue": about.get("venue"),
        "symbols": about.get("symbols"),
        "process": process,
        "age_seconds": age,
        **{k: v for k, v in status.items() if k != "at"},
        "died": died,
        "needs_a_look": silent or latched or died or any(map(status.get, _LOOK_AT)),
    }


def _after_panic(folder: RunFolder, status: dict[str, Any]) -> dict[str, Any]:
    """What a panic changed of which the run does not know yet."""
    if not any(folder.path.glob("panic-*.json")):
        return {}  # and nothing of the journal is imported
    from tradewind.trading.panic.panic_record import after_panic

    try:
        return after_panic(folder.path, status.get("positions") or {}) or {}
    except Inconsistent as error:
        return {"risk": "halted", "risk_reason": str(error)}


def _print(told: list[dict[str, Any]], console: Console) -> None:
    columns = (
        Column("run"),
        Column("mode"),
        Column("works"),
        number("equity"),
        number("return", 1),
        number("drawdown", 3),
        number("decisions", 2),
        Column("positions", spare=1, wraps=20),
        Column("risk"),
        Column("look at", wraps=24),
    )
    rows = []
    for one in told:
        held = {s: p for s, p in (one.get("positions") or {}).items() if float(p)}
        rows.append(
            [
                one["name"],
                f"{one['mode']}, {one['venue']}",
                "no" if one["process"] is None else f"process {one['process']}",
                f"{one['equity']:,.2f}" if "equity" in one else "",
                _percent(one, "net_return", "+"),
                _percent(one, "max_drawdown"),
                f"{(one.get('metrics') or one).get('decisions', 0):,}",
                ", ".join(f"{p} {s}" for s, p in held.items()) or "flat",
                one.get("risk", ""),
                "; ".join(_worries(one)),
            ]
        )
    print_table(console, columns, rows)


def _percent(one: dict[str, Any], name: str, sign: str = "") -> str:
    value = (one.get("metrics") or {}).get(name)
    return "" if value is None else f"{value:{sign}.2%}"


def _worries(one: dict[str, Any]) -> list[str]:
    worries = []
    if one["process"] is not None and (one["age_seconds"] is None or one["age_seconds"] > STALE_SECONDS):
        worries.append("it says nothing any more: does it hang?")
    if one["died"]:
        held = any(float(p) for p in (one.get("positions") or {}).values())
        worries.append(f"it ended without a word{', a position is open' if held else ''}: start it again")
    if one.get("halted_symbols"):
        worries.append(f"halted: {', '.join(one['halted_symbols'])}")
    if one.get("risk", "active") != "active":
        worries.append(one.get("risk_reason", ""))
    if one.get("degraded"):
        worries.append(f"not at work: {', '.join(one['degraded'])}")
    if one.get("in_doubt"):
        worries.append(f"{counted(one['in_doubt'], 'order')} in doubt")
    if one.get("storage"):
        worries.append(one["storage"])
    if one.get("ended"):
        worries.append(one["ended"])
    return worries
