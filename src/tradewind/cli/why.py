"""`tradewind why`: one decision of a run in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home, print_json
from tradewind.cli.export import JournalName
from tradewind.cli.tables import say, stdout
from tradewind.market import ConfigError, TradewindError
from tradewind.words import ordered

if TYPE_CHECKING:
    from tradewind.trading.told.explained import Explanation, Input, SymbolStory


def why_command(
    journal: JournalName,
    when: Annotated[
        str | None,
        typer.Argument(help="A time (UTC): the decision then, or the last before [the last that traded]."),
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Why a decision was made: what changed, what moved the action, what risk cut, what became of its orders."""
    from tradewind.data.timestamps import utc_text

    explanation = _explain(journal, when, home)
    if as_json:
        print_json({"time": utc_text(explanation.at), **asdict(explanation)})
        return
    console = stdout()
    for line in in_words(explanation):
        say(console, line)


def _explain(journal: str, when: str | None, home: Path) -> Explanation:
    from tradewind.cli.live.books import journal_named
    from tradewind.cli.run import agent_for
    from tradewind.trading.journal.journal import Journal
    from tradewind.trading.panic.estate import readable
    from tradewind.trading.told.chronicle import Chronicle
    from tradewind.trading.told.explained import chosen, explain
    from tradewind.venues.rehearsal import rehearse

    at = None if when is None else _moment(when)
    with readable(journal_named(home, journal)) as place, Journal.open(place) as opened:
        agent, symbols = agent_for(opened, home), opened.session["symbols"]
        chronicle = Chronicle.of(record for _, record in opened.records())
        row = chosen(chronicle, at)
        again = rehearse(opened, agent)
    return explain(chronicle, row, agent, symbols, again.decisions, again.fills)


def _moment(text: str) -> int:
    from tradewind.data.timestamps import parse_utc

    try:
        return parse_utc(text)
    except (TradewindError, OverflowError) as error:
        raise ConfigError(f"{text!r} is no time: write 2026-04-03 or '2026-04-03 17:05' (UTC)") from error


def in_words(e: Explanation) -> Iterator[str]:
    """A line for each thing that is to be said."""
    from tradewind.data.timestamps import utc_text

    yield f"The bar closed {utc_text(e.at)} UTC; equity {e.equity:,.2f}, decided in {e.latency_us:,.0f} microseconds."
    if e.moved is not None:
        yield "What moved the action most, each put back to what it was a bar before:"
        yield from (f"  {_input(one)}: {_effect(one)}" for one in e.moved)
    elif e.changed and e.changed[0].before is not None:
        yield "What changed most since the bar before:"
        yield from (f"  {_input(one)}" for one in e.changed)
    elif e.changed:
        yield "What it saw (there was no decision before):"
        yield from (f"  {_input(one)}" for one in e.changed)
    else:
        yield "Nothing that it sees had changed, or a feature was missing."
    for story in e.symbols:
        yield from _story(story)


def _input(one: Input) -> str:
    if one.before is None:
        return f"{one.name} {one.now:.4g}"
    return f"{one.name} {one.before:.4g} -> {one.now:.4g} ({one.now - one.before:+.4g})"


def _effect(one: Input) -> str:
    if one.effect is None or one.effect != one.effect:
        return "without its change it would have held"
    return f"{one.effect:.2%} of equity"


def _story(s: SymbolStory) -> Iterator[str]:
    wanted = "held" if s.wanted is None else f"wanted {s.wanted:.2%} of equity"
    yield f"{s.symbol}: {wanted}{_risk(s)}; {_ordered(s.ordered_lots)}."
    yield from (f"  not sent: {text}" for text in s.denied)
    for order in s.orders:
        if order["steps"]:
            yield f"  order {order['id']}: {_steps(order['steps'])}"
        yield from (f"  filled {_filled(fill)}" for fill in order["fills"])
    yield f"  the simulation: {_simulated(s)}"


def _risk(s: SymbolStory) -> str:
    if not s.cuts:
        return ""
    allowed = "nothing new" if s.approved is None else f"{s.approved:.2%}"
    return f", risk allowed {allowed} ({'; '.join(s.cuts)})"


def _ordered(lots: int) -> str:
    if not lots:
        return "no order"
    return ordered(lots)


def _steps(steps: Sequence[dict[str, Any]]) -> str:
    from tradewind.data.timestamps import utc_text

    began = steps[0]["at"]
    told = [f"{steps[0]['status']} at {utc_text(began)}"]
    told += [
        f"{one['status']} after {(one['at'] - began) / 1000:.3g} s"
        + (f" ({one['text']})" if one["text"] else "")
        for one in steps[1:]
    ]
    return ", ".join(told)


def _filled(fill: dict[str, Any]) -> str:
    return f"{fill['quantity']} at {fill['price']}, fee {fill['fee']} {fill['fee_asset']}"


def _simulated(s: SymbolStory) -> str:
    if s.simulated_lots is None:
        return "it made no decision on that bar"
    held = "held" if s.simulated_approved is None else f"{s.simulated_approved:.2%} of equity"
    fills = "".join(f"; filled {_filled(fill)}" for fill in s.simulated_fills)
    return f"{held}, {_ordered(s.simulated_lots)}{fills}"
