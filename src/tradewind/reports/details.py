"""The sections of a tear sheet that go into detail: risk, instruments, trades, assumptions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tradewind.backtest.figures import Figures
from tradewind.backtest.result import BacktestResult, trades
from tradewind.market.orders import FillReason
from tradewind.reports import numbers as n
from tradewind.reports.tables import Cell, Content, Row, facts, section, table, tone
from tradewind.words import counted

MOST_TRADES = 10


def interventions(f: Figures) -> str:
    """What risk cut, what was forced, and what was not decided."""
    asked = {name: count for name, count in f.cuts.items() if count}
    left = [
        ("", [_words(name), n.count(count), n.percent(count / max(f.decisions * len(f.symbols), 1), 1)])
        for name, count in sorted(asked.items(), key=lambda x: -x[1])
    ]
    forced = [("", [_words(name), n.count(count)]) for name, count in f.exits.items()]
    waits = [
        ("", [name, n.count(count)])
        for name, count in (
            ("Decisions", f.decisions),
            ("Held: a feature was missing", f.missing),
            ("Masked: the instrument had no bar", f.masked),
            ("Asked to hold", f.held),
        )
        if count
    ]
    parts = []
    if left:
        parts.append(
            "<div><h3>Targets cut</h3>" + table(["Reason", "Times", "Of all targets"], left) + "</div>"
        )
    if forced:
        parts.append("<div><h3>Forced exits</h3>" + table(["Reason", "Fills"], forced) + "</div>")
    parts.append("<div><h3>Decisions</h3>" + table(["", "Number"], waits) + "</div>")
    note = "" if left or forced else "No risk rule cut a target, and none forced an exit."
    return section("Risk at work", f'<div class="pair">{"".join(parts)}</div>', note=note)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def instruments(f: Figures, quote: str) -> str:
    rows: list[Row] = [
        (
            "",
            [
                Cell(i.symbol, after=i.kind),
                Cell(n.money(i.profit, quote, signed=True), tone(i.profit)),
                Cell(n.count(i.trades), after=f"+{i.open_trades} open" if i.open_trades else ""),
                n.percent(i.win_rate, 1),
                n.money(i.fees, quote),
                n.money(i.slippage, quote),
                n.percent(i.mean_weight, signed=True),
                n.percent(i.close_return, signed=True),
            ],
        )
        for i in f.instruments
    ]
    header: list[Content] = [
        "Instrument",
        "Profit",
        "Trades",
        "Win rate",
        "Fees",
        "Slippage",
        "Mean weight",
        "Price itself",
    ]
    return section(
        "By instrument",
        table(header, rows),
        note="Profit of its trades net of fees, before funding; open ones at the last close.",
    )


def trade_list(result: BacktestResult, f: Figures, quote: str) -> str:
    trips = trades(result)
    closed = trips[trips["exit_row"] >= 0]
    if len(closed) == 0:
        return section("Trades", note="No trade was closed.")
    order = np.argsort(-closed["profit"], kind="stable")
    if len(order) <= 2 * MOST_TRADES:
        chosen = _trade_table(result, closed[order], quote)
        note = f"All {counted(len(closed), 'closed trade')}, best first."
    else:
        chosen = "".join(
            f"<h3>{title}</h3>" + _trade_table(result, closed[rows], quote)
            for title, rows in (
                (f"Best {MOST_TRADES}", order[:MOST_TRADES]),
                (f"Worst {MOST_TRADES}", order[::-1][:MOST_TRADES]),
            )
        )
        note = f"{counted(len(closed), 'closed trade')}, held {n.plain(f.mean_bars_held, 1)} bars on average."
    factor = "" if f.profit_factor is None else f" Gains were {n.plain(f.profit_factor, 2)} times the losses."
    return section("Trades", chosen, note=note + factor)


_TRADE_HEADER: list[Content] = [
    "Instrument",
    Cell("Side", "text"),
    "Entered",
    "Left",
    "Bars",
    "Quantity",
    "Entry",
    "Exit",
    "Profit",
    Cell("Left by", "text"),
]


def _trade_table(result: BacktestResult, trips: NDArray[np.void], quote: str) -> str:
    return table(_TRADE_HEADER, [("", _trade(result, trip, quote)) for trip in trips], "many")


def _trade(result: BacktestResult, trip: NDArray[np.void], quote: str) -> list[Content]:
    a, first, last = int(trip["instrument"]), int(trip["entry_row"]), int(trip["exit_row"])
    return [
        result.symbols[a],
        Cell("long" if trip["side"] > 0 else "short", "text"),
        n.moment(int(result.close_time[first])),
        n.moment(int(result.close_time[last])),
        n.count(last - first),
        f"{float(trip['lots']) * float(result.lot_size[a]):,.6g}",
        n.price(float(trip["entry_price"])),
        n.price(float(trip["exit_price"])),
        Cell(n.money(float(trip["profit"]), quote, signed=True), tone(float(trip["profit"]))),
        Cell(_words(FillReason(int(trip["exit_reason"])).name).lower(), "text"),
    ]


def assumptions(f: Figures, provenance: Mapping[str, object]) -> str:
    """Span, data, defaults: what a reader needs to judge, or to run it again."""
    known: dict[str, object] = {
        "Span": f"{n.moment(f.start_ms)} to {n.moment(f.end_ms)} UTC, {n.span(f.days)}",
        "Bars": f"{n.count(f.bars)} of {f.timeframe}",
        "Symbols": f.symbols,
        "Annual figures": f"from the returns of {counted(f.daily_returns, 'calendar day')} (UTC; the first and "
        "the last may be partial), 365 days a year",
        "Cash": "earns nothing, so the excess return is the return",
        "Intervals": f"stationary bootstrap of the daily returns, {n.percent(f.confidence, 0)}",
    }
    notes = "".join(table([], [("", [Cell(note, "wrap text")])]) for note in f.notes)
    undefined = {_words(name.replace(".", " ")): reason for name, reason in f.undefined.items()}
    parts = [facts(known | dict(provenance))]
    if notes:
        parts.append("<h3>To know</h3>" + notes)
    if undefined:
        parts.append(f"<h3>Not defined here ({n.NONE})</h3>" + facts(undefined))
    return section("Data and assumptions", *parts)
