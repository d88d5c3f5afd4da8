"""What `tradewind order` does: asks the run at work, or does it in its place under its lock."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

from tradewind.cli.common import print_json
from tradewind.cli.live.books import known_place
from tradewind.cli.live.reaching import RunPlace, described, folder_of, place_of
from tradewind.cli.tables import say, stderr, stdout
from tradewind.market import Command, ConfigError, Instrument, WallClock
from tradewind.trading.acting.hand_orders import Answer, HandCancel, HandOrder, Reply
from tradewind.trading.journal.run_folder import RunFolder

ANSWER_SECONDS = 30.0  # a run drops what it does not get to within fifteen
_REFUSED = (Answer.DENIED, Answer.REJECTED)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of, and how the answer is shown."""

    name: str
    home: Path
    config: Path | None
    overrides: tuple[str, ...]
    as_json: bool


def number(what: str, text: str) -> Decimal:
    """A positive number; `ConfigError` for anything else."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and value > 0):
        raise ConfigError(f"the {what} is {text!r}, expected a positive number such as 0.05")
    return value


def order(
    symbol: str, quantity: Decimal, limit: Decimal | None, stop: Decimal | None, asking: Asking
) -> None:
    """The whole of `order buy` and `order sell`; ends with the exit code."""
    folder, place = _run(asking)
    instruments = _instruments(folder)
    if symbol not in instruments:
        raise ConfigError(f"{symbol} is not traded by {asking.name}: {', '.join(instruments)}")
    asked = HandOrder(_ticket(), symbol, quantity, limit, stop)
    asked.lots(instruments[symbol])
    reply = _ask(folder, place, asked.command(WallClock().now_ms()), asked.ticket, asking)
    _end(reply, (Answer.FILLED, Answer.WORKING), asking)


def cancel(client_id: str, asking: Asking) -> None:
    """The whole of `order cancel`; ends with the exit code."""
    folder, place = _run(asking)
    asked = HandCancel(_ticket(), client_id)
    reply = _ask(folder, place, asked.command(WallClock().now_ms()), asked.ticket, asking)
    _end(reply, (Answer.CANCELED,), asking)


def _run(asking: Asking) -> tuple[RunFolder, RunPlace]:
    folder = folder_of(asking.home, asking.name)
    return folder, place_of(described(folder), asking.name)


def _ticket() -> str:
    return f"{time.time_ns():020d}-{os.getpid()}"


def _instruments(folder: RunFolder) -> dict[str, Instrument]:
    from tradewind.market.instrument_json import instrument_from_dict
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.panic.estate import readable

    with readable(known_place(folder)) as path, Journal.open(path) as journal:
        found = [instrument_from_dict(one) for one in journal.session["instruments"]]
    return {one.symbol: one for one in found}


def _ask(folder: RunFolder, place: RunPlace, command: Command, ticket: str, asking: Asking) -> Reply:
    if folder.process is None:
        say(stderr(), f"{asking.name} is not at work: its books are recovered and compared first...")
        return asyncio.run(_alone(folder, place, command, asking))
    folder.send(command)
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        if (told := folder.answered(ticket)) is not None:
            return Reply.of(told)
        if folder.process is None:
            raise ConfigError(f"{asking.name} ended before it answered: see `tradewind status {asking.name}`")
        time.sleep(0.05)
    text = f"{asking.name} did not answer within {ANSWER_SECONDS:.0f} s: does it hang? See `tradewind status`"
    return Reply(Answer.UNCLEAR, text)


async def _alone(folder: RunFolder, place: RunPlace, command: Command, asking: Asking) -> Reply:
    from tradewind.cli.live.asked import asked_again, plan_of
    from tradewind.cli.live.trade import order_alone

    about = described(folder)
    credentials = place.credentials()
    asked = asked_again(asking.home, folder.name, about, asking.config, asking.overrides)
    plan = plan_of(asked, asked.settings(), credentials.environment.value, credentials.fingerprint)
    console = stderr()
    return await order_alone(plan, place.at, credentials, command, lambda text: say(console, text, "yellow"))


def _end(reply: Reply, meant: tuple[Answer, ...], asking: Asking) -> None:
    if asking.as_json:
        print_json({"run": asking.name, **reply.as_dict()})
    else:
        named = f" (order {reply.order})" if reply.order else ""
        said = "" if reply.text.startswith(reply.answer.value) else f"{reply.answer.value}: "
        say(stdout(), f"{asking.name}: {said}{reply.text}{named}")
    if reply.answer not in meant:
        raise typer.Exit(4 if reply.answer in _REFUSED else 1)
