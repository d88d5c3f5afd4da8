"""What a drill showed: its journal beside the ledger of the exchange, and every decision once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tradewind.cli.live.plan import Plan
from tradewind.exchange import Exchange
from tradewind.exchange.ledger import FillRow, OrderRow
from tradewind.market import Command, CommandKind, Fill
from tradewind.trading.books.wallet import wallet_of
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.session.replaying import replay
from tradewind.trading.session.session import SessionSummary
from tradewind.trading.terms.order_records import Denied, OrderAlarm
from tradewind.trading.terms.order_states import Happening, Intent, OrderEvent
from tradewind.words import counted

CENT = 0.01


def drilled(
    plan: Plan, summary: SessionSummary, exchange: Exchange, account: str, deposit: Decimal, speed: float
) -> dict[str, Any]:
    """The facts, for programs. Seconds are those of the wire, money is in quote currency."""
    with Journal.open(plan.folder.journal) as journal:
        records = [record for _, record in journal.records()]
        again = replay(journal, plan.named.agent)
        earned = wallet_of(journal) - plan.allocation
    return {
        "decisions": summary.decisions,
        "orders": sum(isinstance(r, Intent) for r in records),
        "fills": summary.fills,
        "net_return": summary.end_equity / summary.start_equity - 1,
        "denied": [r.text for r in records if isinstance(r, Denied)],
        "alarms": [f"{r.alarm}: {r.text}" for r in records if isinstance(r, OrderAlarm)],
        "doubts": list(_doubts(records, exchange, speed)),
        "stop": _stop(records),
        "books": _books(records, earned, exchange, account, deposit),
        "replay": {"decisions": again.decisions, "difference": again.difference and str(again.difference)},
        "journal": str(plan.folder.journal),
    }


def survived(facts: dict[str, Any]) -> bool:
    """Were the faults met and cleared up, the position closed, the books equal, the decisions the same again?"""
    met = facts["doubts"] and all(facts["faults"].values())
    cleared = all(d["placed"] == 1 and d["filled"] == d["lots"] for d in facts["doubts"])
    flat = facts["stop"]["held"] and not facts["stop"]["left"]
    return bool(met and cleared and flat and facts["books"]["equal"] and not facts["replay"]["difference"])


def sentences(facts: dict[str, Any]) -> Iterator[str]:
    """The facts, for people."""
    yield (
        f"At its exchange, over sockets, at {facts['speed']:,.0f} times the pace: {facts['net_return']:+.1%} in "
        f"{counted(facts['decisions'], 'decision')}, {counted(facts['orders'], 'order')} (with the stops that rested "
        f"there), {counted(facts['fills'], 'fill')}."
    )
    for doubt in facts["doubts"]:
        yield _told(doubt)
    if not facts["doubts"]:
        yield "NO order met the fault: nothing is proven about it."
    stop, books, again = facts["stop"], facts["books"], facts["replay"]
    held, left = (", ".join(f"{q} {s}" for s, q in stop[name].items()) for name in ("held", "left"))
    yield f"A STOP closed what it held, {held or 'nothing'}" + (f", but LEFT {left}." if left else ".")
    yield (
        f"Its books {'equal' if books['equal'] else 'DO NOT equal'} the ledger of the exchange: "
        f"{counted(books['fills_of_the_journal'], 'fill')} to the last lot, {books['journal_money']:+,.2f} USDT; "
        + (
            f"replay: {again['difference']}."
            if again["difference"]
            else f"all {again['decisions']:,} decisions come out again, bit for bit."
        )
    )


def _told(doubt: dict[str, Any]) -> str:
    lost = f"The fault on the way: the reply to the order {doubt['order']} was lost, and the stream of the account cut."
    if doubt["placed"] != 1 or doubt["filled"] != doubt["lots"]:
        return f"{lost} It was NOT cleared up: placed {doubt['placed']} times, {counted(doubt['filled'], 'lot')} known."
    when = "" if doubt["seconds"] is None else f" {doubt['seconds']:.1f} s later"
    found = f"{doubt['quantity']} {doubt['symbol']}, placed once"
    return f"{lost} It was unknown, was asked about, and was found filled{when}: {found}."


def _doubts(records: Sequence[Record], exchange: Exchange, speed: float) -> Iterator[dict[str, Any]]:
    """Every order whose fate was unknown for a while, and how that ended."""
    intents = {r.client_id: r for r in records if isinstance(r, Intent)}
    rows = [row for row in exchange.ledger.rows() if isinstance(row, OrderRow)]
    for number, doubt in enumerate(records):
        if isinstance(doubt, OrderEvent) and doubt.happening is Happening.DOUBTED:
            name, later = doubt.client_id, records[number + 1 :]
            fills = [r for r in records if isinstance(r, Fill) and r.order_id == name]
            learnt = next((r for r in later if isinstance(r, OrderEvent) and r.client_id == name), None)
            yield {
                "order": name,
                "symbol": intents[name].symbol,
                "why": doubt.text,
                "lots": intents[name].lots,
                "filled": sum(fill.lots for fill in fills),
                "quantity": f"{sum(fill.quantity for fill in fills):f}",
                "placed": len({row.order_id for row in rows if row.client_id == name}),
                "ended": learnt and learnt.happening,
                "seconds": learnt and (learnt.at - doubt.at) / 1000 / speed,
            }


def _stop(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """How much of each symbol was held when the STOP came, and how much at the end."""
    held: dict[str, Decimal] = {}
    at_stop: dict[str, Decimal] = {}
    for record in records:
        if isinstance(record, Fill):
            held[record.symbol] = held.get(record.symbol, Decimal(0)) + record.quantity
        elif isinstance(record, Command) and record.kind is CommandKind.STOP:
            at_stop = dict(held)
    return {"held": _texts(at_stop), "left": _texts(held)}


def _texts(held: Mapping[str, Decimal]) -> dict[str, str]:
    return {symbol: f"{quantity.normalize():f}" for symbol, quantity in held.items() if quantity}


def _books(
    records: Sequence[Record], earned: float, exchange: Exchange, account: str, deposit: Decimal
) -> dict[str, Any]:
    """Every fill of the journal against every fill that the exchange made for the account, and the money."""
    ours = {r.trade_id: (r.symbol, r.quantity, r.price, r.fee) for r in records if isinstance(r, Fill)}
    theirs = {
        str(row.trade_id): (
            row.symbol,
            row.quantity if row.side == "buy" else -row.quantity,
            row.price,
            row.fee,
        )
        for row in exchange.ledger.rows()
        if isinstance(row, FillRow) and row.account == account
    }
    money = float(exchange.treasury.account(account).futures["USDT"] - deposit)
    return {
        "fills_of_the_journal": len(ours),
        "fills_of_the_exchange": len(theirs),
        "journal_money": earned,
        "exchange_money": money,
        "equal": ours == theirs and abs(money - earned) < CENT,
    }
