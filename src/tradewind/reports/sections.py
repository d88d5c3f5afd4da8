"""The sections of a tear sheet that are cards and tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradewind.backtest.figures import Figures
from tradewind.reports import numbers as n
from tradewind.reports.tables import Cell, Content, Markup, Row, cards, section, table, tone
from tradewind.words import counted


def quote_of(symbols: Sequence[str]) -> str:
    """The quote currency of unified symbols, empty when they differ or do not say."""
    quotes = {s.partition("/")[2].partition(":")[0] for s in symbols}
    return quotes.pop() if len(quotes) == 1 else ""


def key_figures(f: Figures) -> str:
    interval = (
        f"{n.percent(f.confidence, 0)}: {n.ratio(f.sharpe_low)} to {n.ratio(f.sharpe_high)}"
        if f.sharpe_low is not None
        else f.undefined.get("sharpe_low") or f.undefined.get("sharpe", "")
    )
    win = f"{counted(f.trades, 'closed trade')}" + (
        f", {n.count(f.open_trades)} open" if f.open_trades else ""
    )
    return cards(
        [
            (
                "Net return",
                n.percent(f.net_return, signed=True),
                f"{n.percent(f.cagr, signed=True)} a year" if f.cagr is not None else n.span(f.days),
                tone(f.net_return),
            ),
            ("Sharpe ratio", n.ratio(f.sharpe), interval, tone(f.sharpe)),
            ("Probability of skill", n.percent(f.psr, 1), "PSR: that the true Sharpe is positive", ""),
            (
                "Max drawdown",
                n.percent(f.max_drawdown),
                n.span(f.drawdown_days) if f.max_drawdown else "equity never fell",
                "",
            ),
            ("Volatility", n.percent(f.volatility), "a year, of daily returns", ""),
            ("Sortino", n.ratio(f.sortino), f"Calmar {n.ratio(f.calmar)}", ""),
            ("Turnover", _times(f.turnover_per_day), f"of equity a day, {counted(f.fills, 'fill')}", ""),
            ("Costs", n.percent(f.cost_drag_per_year), "of equity a year, fees and slippage", ""),
            (
                "Exposure",
                n.percent(f.exposure),
                f"in the market {n.percent(f.time_in_market, 0)} of the time",
                "",
            ),
            ("Win rate", n.percent(f.win_rate, 1), win, ""),
            (
                "Edge per trade",
                n.basis_points(f.edge_per_turnover),
                f"gross; cost {n.basis_points(f.cost_per_turnover)}",
                "",
            ),
            (
                "Tail",
                n.percent(f.expected_shortfall_95),
                f"mean of the worst 5 % of days; kurtosis {n.plain(f.kurtosis, 1)}",
                "",
            ),
        ]
    )


def _times(value: float | None) -> str:
    return n.NONE if value is None else f"{n.plain(value, 2)}×"


_COMPARED: list[Content] = [
    "Policy",
    Cell("Rules", "text"),
    "Net return",
    "A year",
    "Sharpe",
    "Max drawdown",
    "Volatility",
    "Exposure",
    "Turnover a day",
    "Costs a year",
    "Trades",
]


def comparison(figures: Sequence[Figures], subject_index: int) -> str:
    rest = [i for i in range(len(figures)) if i != subject_index]
    rows: list[Row] = [
        ("subject" if i == subject_index else "", _compared(figures[i])) for i in [subject_index, *rest]
    ]
    note = (
        "All through the same simulator and costs. Under risk rules, the caps, stops and kill switch of "
        "the agent apply; free, only costs, lots and fills. In brackets the interval of the Sharpe ratio."
    )
    return section("Against the baselines", table(_COMPARED, rows, "many compared"), note=note)


def _compared(f: Figures) -> list[Content]:
    interval = "" if f.sharpe_low is None else f"[{n.ratio(f.sharpe_low)}, {n.ratio(f.sharpe_high)}]"
    return [
        Cell(f.name, after="inactive" if f.inactive else ""),
        Cell("risk rules" if f.risk_rules else "free", "text"),
        Cell(n.percent(f.net_return, signed=True), tone(f.net_return)),
        n.percent(f.cagr, signed=True),
        Cell(n.ratio(f.sharpe), after=interval),
        n.percent(f.max_drawdown),
        n.percent(f.volatility),
        n.percent(f.exposure),
        _times(f.turnover_per_day),
        n.percent(f.cost_drag_per_year),
        n.count(f.trades),
    ]


def months(f: Figures) -> str:
    if not f.months:
        return ""
    found = {(m.year, m.month): m.value for m in f.months}
    hottest = max(abs(v) for v in found.values()) or 1.0
    rows: list[Row] = []
    for year in range(f.months[0].year, f.months[-1].year + 1):
        values = [found.get((year, month)) for month in range(1, 13)]
        total = float(np.prod([1 + v for v in values if v is not None]) - 1)
        rows.append(
            (
                "",
                [
                    str(year),
                    *(_heat(v, hottest) for v in values),
                    Cell(n.percent(total, 1, signed=True), tone(total)),
                ],
            )
        )
    note = "Net, in UTC. The first and the last month may be partial."
    return section("Months", table(["", *n.MONTHS, "Year"], rows, "heat"), note=note)


def _heat(value: float | None, hottest: float) -> Cell:
    if value is None:
        return Cell("")
    depth = 0.06 + 0.5 * abs(value) / hottest
    return Cell(
        n.plain(value * 100, 1, signed=True),
        "up" if value > 0 else "down" if value < 0 else "",
        style=f"--heat:{depth:.2f}",
    )


def costs(f: Figures, quote: str) -> str:
    parts = [
        ("Gross profit, before costs", f.gross_profit),
        ("Fees", -f.fees),
        ("Spread, slippage and impact", -f.slippage),
        ("Funding", f.funding),
        ("Net profit", f.net_profit),
    ]
    reach = max(*(abs(v) for _, v in parts), 1e-12)
    rows: list[Row] = [
        (
            "total" if i == len(parts) - 1 else "",
            [
                name,
                Cell(n.money(v, quote, signed=True), tone(v)),
                n.percent(v / f.start_equity, signed=True),
                _bar(v / reach),
            ],
        )
        for i, (name, v) in enumerate(parts)
    ]
    share = (
        f"Costs took {n.percent(f.cost_share_of_gross, 0)} of the gross profit."
        if f.cost_share_of_gross is not None
        else "There was no gross profit for costs to take from."
    )
    if f.edge_per_turnover is not None:
        share += (
            f" Each unit traded moved {n.basis_points(f.edge_per_turnover)} before costs and paid "
            f"{n.basis_points(f.cost_per_turnover)} in fees and slippage."
        )
    return section("Where the money went", table(["", "Amount", "Of capital", ""], rows), note=share)


def _bar(share: float) -> Markup:
    if share == 0:
        return Markup("", "scale")
    left = 50.0 if share >= 0 else 50 + 50 * share
    css = "long" if share >= 0 else "short"
    return Markup(
        f'<span><i class="{css}" style="left:{left:.1f}%;width:{abs(share) * 50:.1f}%"></i></span>', "scale"
    )
