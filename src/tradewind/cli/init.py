"""`tradewind init`: a commented file of settings, from answers, options, or an old program's file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.common import AsJson, print_json
from tradewind.cli.tables import Column, print_table, say, stdout
from tradewind.market import ConfigError

if TYPE_CHECKING:
    from tradewind.config.old import Taken

_QUESTIONS = {
    "agent": "Model or baseline that trades",
    "venue": "Venue (binance, binanceusdm, bitget)",
    "symbols": "Symbols, with commas between",
    "timeframe": "Timeframe",
    "allocation": "Allocation in quote currency",
}


def init_command(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("tradewind.toml"),
    old: Annotated[
        Path | None, typer.Option("--from", help="An old config_main.py or trading_config.json to take over.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="A model, or a baseline.")] = None,
    venue: Annotated[str | None, typer.Option(help="binance, binanceusdm or bitget.")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", "-s", help="BTC/USDT; repeat it for several.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="1m, 5m, 1h, 1d.")] = None,
    allocation: Annotated[
        float | None, typer.Option(help="Quote currency: all that the run may use of the account.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file of that name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented TOML with every setting of a run. Asks what options leave open, in a terminal only."""
    from tradewind.config import parse_settings
    from tradewind.config.old import Taken, read_old
    from tradewind.config.reading import read_toml
    from tradewind.config.written import commented_toml
    from tradewind.files import write_whole

    if path.exists() and not replace:
        raise ConfigError(f"{path} exists already: name another file, or add --replace")
    taken = Taken() if old is None else read_old(old)
    given = {
        "agent": agent,
        "venue": venue,
        "symbols": symbol,
        "timeframe": timeframe,
        "allocation": allocation,
    }
    run = taken.values.setdefault("run", {})
    run |= {key: value for key, value in given.items() if value is not None}
    if old is None and not as_json and sys.stdin.isatty():
        _ask(run)
    try:
        parse_settings(_nested(taken.values))
    except ConfigError as error:
        raise ConfigError(f"{old}: {error}" if old else str(error)) from error
    text = commented_toml(taken.values)
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
    parse_settings(read_toml(path))
    _tell(path, taken, as_json)


def _ask(run: dict[str, Any]) -> None:
    for key, question in _QUESTIONS.items():
        if key in run:
            continue
        answer = typer.prompt(f"{question} [Enter: decide later]", default="", show_default=False).strip()
        if answer:
            run[key] = _read(key, answer)


def _read(key: str, answer: str) -> Any:
    if key == "symbols":
        return [part.strip() for part in answer.split(",") if part.strip()]
    if key == "allocation":
        try:
            return float(answer)
        except ValueError:
            raise ConfigError(f"the allocation is {answer!r}, expected a number such as 1000") from None
    return answer


def _nested(values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Tables by dotted names as the tree that TOML makes of them."""
    tree: dict[str, Any] = {}
    for name, held in values.items():
        below = tree
        for part in name.split("."):
            below = below.setdefault(part, {})
        below |= held
    return tree


def _tell(path: Path, taken: Taken, as_json: bool) -> None:
    agent = "" if taken.values["run"].get("agent") else "AGENT "
    steps = [
        *taken.next_steps,
        *_keys(taken),
        f"look at it, then: tradewind doctor {agent}--mode paper --config {path}",
        f"and when it says ready: tradewind run paper {agent}--config {path}",
    ]
    if as_json:
        told = {"moved": dict(taken.moved), "dropped": dict(taken.dropped), "secrets": dict(taken.secrets)}
        print_json({"file": str(path), **told, "next": steps})
        return
    console = stdout()
    say(console, f"Wrote {path}.")
    rows = [(old, f"is now {new}") for old, new in taken.moved] + taken.dropped
    if rows:
        print_table(console, (Column("old setting"), Column("here", wraps=30)), rows)
    for old, where in taken.secrets:
        say(console, f"{old} is a secret and was not copied: put it into {_place(where)}.")
    for step in steps:
        say(console, f"- {step}")


def _place(where: str) -> str:
    return where if " " in where else f"the environment or .env as {where}"


def _keys(taken: Taken) -> list[str]:
    """Which variables hold the keys of its venue."""
    from tradewind.clients.connect import VENUES, Environment
    from tradewind.clients.credentials import names_of

    venue = taken.values["run"].get("venue")
    if venue not in VENUES:
        return []
    return [
        f"paper needs no key; live needs {', '.join(names_of(venue, Environment.LIVE))} in the environment or in "
        ".env (mode 600), see .env.example"
    ]
