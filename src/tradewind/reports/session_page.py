"""The page of a session report: one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from tradewind.market import Decision
from tradewind.reports import numbers as n
from tradewind.reports.charts import Line, line_chart
from tradewind.reports.sections import quote_of
from tradewind.reports.tables import Cell, Row, cards, facts, section, table, tone
from tradewind.statistics import DAY_MS, drawdowns
from tradewind.trading.told.contrast import Contrast
from tradewind.trading.told.metrics import Metrics
from tradewind.trading.told.tally import Tally
from tradewind.words import counted

SECOND_DAYS = 1000 / DAY_MS


def session_page(
    name: str,
    session: Mapping[str, Any],
    tally: Tally,
    metrics: Metrics,
    simulated: Sequence[Decision],
    compared: Contrast,
    parity: Mapping[str, Any] | None,
    about: Mapping[str, Any],
) -> str:
    quote = quote_of(session["symbols"])
    body = [
        _header(name, session, metrics, compared, parity),
        section("Key figures", _key_figures(metrics, quote)),
        _equity(tally, simulated),
        _drawdown(tally),
        _simulation(session, compared, parity, quote),
        _latency(metrics, compared),
        _instruments(metrics, quote),
        _what_happened(metrics),
        section("What ran", facts(_facts(session, metrics, about))),
        "<footer>Made by Tradewind, from the journal alone. Net of all costs; what was is no promise of what will "
        "be.</footer>",
    ]
    style = files("tradewind.reports").joinpath("style.css").read_text(encoding="utf-8")
    text = re.sub(r"(?<=\d) (?=%)", "&nbsp;", "\n".join(part for part in body if part))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + text
        + "\n</main>\n</body>\n</html>\n"
    )


def said_of_simulation(compared: Contrast, parity: Mapping[str, Any] | None) -> str:
    """One sentence: did the run decide what the simulation decides on the same bars?"""
    if not compared.decisions:
        return "Nothing was decided, so there is nothing to compare."
    if parity is not None and (parity["difference"] is not None or not parity["left_out"]):
        if parity["difference"] is None:
            made = counted(parity["decisions"], "decision")
            return f"The backtest on the same bars made the same {made}, bit for bit."
        return f"The backtest on the same bars differs: {parity['difference']}."
    left_out = f" Left out of the backtest: {parity['left_out']}." if parity else ""
    if compared.fills_by_hand:
        left_out += f" Left out: {counted(compared.fills_by_hand, 'fill')} of orders by hand."
    if compared.identical:
        return (
            f"The simulation on the same bars made the same {counted(compared.decisions, 'decision')}, bit for bit."
            + left_out
        )
    share, made = n.percent(compared.same_targets, 1), counted(compared.decisions, "decision")
    return f"The simulation on the same bars decided the same in {share} of {made}.{left_out}"


def _header(
    name: str,
    session: Mapping[str, Any],
    metrics: Metrics,
    compared: Contrast,
    parity: Mapping[str, Any] | None,
) -> str:
    where = " ".join(filter(None, (session.get("venue", ""), session.get("place") or session["mode"])))
    began = n.moment(metrics.started_at) if metrics.started_at is not None else "not begun"
    span = (
        f"{_agent(session)} on {where}, {', '.join(session['symbols'])} at {session['timeframe']}, from {began} UTC, "
        f"{n.span(metrics.duration_seconds * SECOND_DAYS)}"
    )
    did = (
        f"{counted(metrics.decisions, 'decision')}, {counted(metrics.orders, 'order')}, "
        f"{counted(metrics.fills, 'fill')}, {counted(metrics.trades, 'closed trade')}."
    )
    return (
        f'<header><h1>{escape(name)}</h1><p class="span">{escape(span)}</p>'
        f'<p class="headline {tone(metrics.net_return)}">{escape(n.percent(metrics.net_return, signed=True))}</p>'
        f'<p class="said">{escape(did)} {escape(said_of_simulation(compared, parity))}</p></header>'
    )


def _agent(session: Mapping[str, Any]) -> str:
    return str(next(iter(session["agent"].values()), "an agent"))


def _key_figures(m: Metrics, quote: str) -> str:
    ratio = m.slippage / m.slippage_modelled if m.slippage is not None and m.slippage_modelled else None
    skipped = sum(m.denied.values())
    return cards(
        [
            (
                "Profit",
                n.money(m.profit, signed=True),
                f"{quote}, equity {n.money(m.end_equity)}",
                tone(m.profit),
            ),
            ("Max drawdown", n.percent(m.max_drawdown), f"now {n.percent(m.drawdown)}", ""),
            (
                "Win rate",
                n.percent(m.win_rate, 1),
                f"{counted(m.trades, 'closed trade')}, {n.count(m.open_trades)} open",
                "",
            ),
            (
                "Sharpe, 30 days",
                n.ratio(m.sharpe_30d),
                "of daily returns, from 20 days on",
                tone(m.sharpe_30d),
            ),
            ("Sortino, 30 days", n.ratio(m.sortino_30d), "of daily returns", ""),
            ("Fees", n.money(m.fees), f"{quote}, funding {n.money(m.funding, signed=True)}", ""),
            (
                "Slippage",
                n.basis_points(m.slippage),
                f"model {n.basis_points(m.slippage_modelled)}"
                + ("" if ratio is None else f", {n.plain(ratio, 2)} times"),
                "",
            ),
            ("Uptime", n.percent(m.uptime_share, 1), counted(m.sessions, "start"), ""),
            ("Not sent", n.count(skipped), "orders that a guard refused", ""),
            (
                "Faults survived",
                n.count(sum(m.faults.values())),
                f"{counted(m.in_doubt, 'order')} in doubt",
                "",
            ),
        ]
    )


def _equity(tally: Tally, simulated: Sequence[Decision]) -> str:
    at, equity = tally.curve()
    if len(at) < 2:
        return section("Equity", note="Fewer than two closes: there is no curve yet.")
    lines = [
        Line(
            "run",
            at,
            equity / tally.capital - 1,
            "c0",
            n.percent(equity[-1] / tally.capital - 1, signed=True),
        )
    ]
    if len(simulated) > 1:
        times = np.array([d.at for d in simulated], np.int64)
        values = np.array([d.equity for d in simulated]) / tally.capital - 1
        lines.append(Line("simulation", times, values, "c1", n.percent(float(values[-1]), signed=True)))
    chart = line_chart(lines, n.percent, label="Net return over time", reference=0.0)
    return section(
        "Equity", chart, note="Marked at each close, after all costs, without what was paid in or out."
    )


def _drawdown(tally: Tally) -> str:
    at, equity = tally.curve()
    if len(at) < 2 or not drawdowns(equity).any():
        return ""
    line = Line("drawdown", at, -drawdowns(equity), "fall")
    chart = line_chart([line], n.percent, label="Drawdown", reference=0.0, filled=True, height_rem=9)
    return section("Drawdown", chart)


def _simulation(session: Mapping[str, Any], c: Contrast, parity: Mapping[str, Any] | None, quote: str) -> str:
    rows: list[Row] = [
        _row("Decisions compared", n.count(c.decisions)),
        _row("The same targets", n.percent(c.same_targets, 1)),
        _row("Orders in the same symbols, on the same sides", n.percent(c.same_orders, 1)),
        _row("Fills compared", n.count(c.fills_compared)),
        _row("Decided orders that filled here only", n.count(c.fills_of_run_alone)),
        _row("in the simulation only", n.count(c.fills_of_simulation_alone)),
        _row("Price, worse by (mean)", _bp(c.price_bp.get("mean"))),
        _row("95 % of fills no worse than", _bp(c.price_bp.get("p95"))),
        _row("Fee, more by (mean)", _bp(c.fee_bp.get("mean"))),
        _row("Stops and liquidations, here and in the simulation", f"{c.forced[0]} and {c.forced[1]}"),
        _row(
            "Funding, here and in the simulation",
            f"{n.money(c.funding[0], signed=True)} and {n.money(c.funding[1], quote, signed=True)}",
        ),
        _row("Equity at the end, more by", n.money(c.equity_end, quote, signed=True)),
        _row("Furthest apart at a close", n.money(c.equity_worst, quote, signed=True)),
    ]
    note = said_of_simulation(c, parity)
    if c.first_difference:
        note += f" First difference: {c.first_difference}."
    where = session.get("place") or session["mode"]
    return section(
        f"Simulation against {where}",
        table(
            [
                "",
                "",
            ],
            rows,
        ),
        note=note,
    )


def _row(name: str, value: str) -> Row:
    return "", [Cell(name, "wrap text"), value]


def _bp(value: float | None) -> str:
    return n.basis_points(None if value is None else value / 1e4)


def _latency(m: Metrics, c: Contrast) -> str:
    rows: list[Row] = [
        ("", [Cell(name), *(_at(found, p, digits) for p in ("p50", "p95", "p99"))])
        for name, found, digits in (
            ("Decision, microseconds", m.decision_us, 0),
            ("Close to fill, milliseconds", c.close_to_fill_ms, 0),
            ("Request to the venue, milliseconds", m.request_ms, 1),
        )
        if found
    ]
    if not rows:
        return ""
    note = f"{counted(m.requests, 'request')} to the venue. Close to fill is by the venue's clock."
    return section("Latency", table(["", "Half within", "95 %", "99 %"], rows), note=note)


def _at(found: Mapping[str, float], name: str, digits: int) -> str:
    return n.plain(found.get(name), digits)


def _instruments(m: Metrics, quote: str) -> str:
    rows: list[Row] = [
        (
            "",
            [
                i.symbol,
                Cell(n.money(i.profit, quote, signed=True), tone(i.profit)),
                n.count(i.trades),
                n.count(i.open_trades),
                n.percent(i.win_rate, 1),
                n.count(i.fills),
                n.money(i.fees, quote),
            ],
        )
        for i in m.instruments
    ]
    header = ["Instrument", "Profit", "Trades", "Open", "Win rate", "Fills", "Fees"]
    return section("Instruments", table(header, rows), note="Profit of closed trades, net of fees.")


def _what_happened(m: Metrics) -> str:
    parts = [
        _counted(title, found)
        for title, found in (
            ("Orders not sent", m.denied),
            ("Faults survived", m.faults),
            ("Alarms", {name.replace("_", " "): count for name, count in m.alarms.items()}),
        )
        if found
    ]
    note = "" if parts else "Nothing broke, nothing was refused, nothing alarmed."
    return section("On the way", f'<div class="pair">{"".join(parts)}</div>' if parts else "", note=note)


def _counted(title: str, found: Mapping[str, int]) -> str:
    rows: list[Row] = [("", [Cell(what, "wrap text"), n.count(times)]) for what, times in found.items()]
    return f"<div><h3>{title}</h3>{table(['What', 'Times'], rows)}</div>"


def _facts(session: Mapping[str, Any], m: Metrics, about: Mapping[str, Any]) -> dict[str, object]:
    shown = {
        "Agent": _agent(session),
        "Model": session["model_hash"],
        "Mode": session["mode"],
        "Venue": " ".join(filter(None, (str(session.get("venue", "")), str(session.get("place", ""))))),
        "Symbols": list(session["symbols"]),
        "Bars": f"{n.count(m.bars)} of {session['timeframe']}, {m.masked} missing",
        "Allocation": n.money(session["capital"], quote_of(session["symbols"])),
        "Paid in or out": n.money(m.paid_in, quote_of(session["symbols"]), signed=True),
        "Version": session.get("version", ""),
        "Local exchange": about.get("at") or "none",
    }
    return {key: value for key, value in shown.items() if value not in ("", "none")}
