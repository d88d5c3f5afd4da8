"""The equity and its drawdown as one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from tradewind.backtest.result import BacktestResult
from tradewind.files import replacing
from tradewind.reports import numbers as n
from tradewind.reports.charts import thin
from tradewind.statistics import checked_equity, drawdowns, net_return

_COLOURS = ("#0b6e69", "#c2762b", "#5b6fb5", "#a2557f", "#77831f", "#8b8f94")
_PAPER, _INK, _SOFT, _GRID, _LOSS = "#fbfaf7", "#1d2125", "#5b646d", "#e4e1d9", "#b3402e"


def equity_picture(
    path: Path, results: Sequence[BacktestResult], *, title: str = "", subject_index: int = 0, said: str = ""
) -> Path:
    """Write a PNG: growth of the results (at most 6, the subject strongest), below the subject's drawdown."""
    with replacing(path) as (temporary,):
        draw_equity(temporary, results, title=title, subject_index=subject_index, said=said)
    return path


def draw_equity(
    path: Path, results: Sequence[BacktestResult], *, title: str, subject_index: int, said: str
) -> None:
    """As `equity_picture`, straight to the path."""
    figure = _drawn(results, title, subject_index, said)
    figure.savefig(path, format="png", dpi=160, facecolor=_PAPER, metadata={"Software": None})


def _drawn(results: Sequence[BacktestResult], title: str, subject_index: int, said: str) -> Figure:
    figure = Figure(figsize=(10, 6), layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12), facecolor=_PAPER)
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    others = [i for i in range(len(results)) if i != subject_index and len(results[i].fills)]
    free = [i for i in others if not results[i].risk_rules] or others
    best = sorted(free, key=lambda i: -net_return(results[i].equity))
    drawn = [subject_index, *best[: len(_COLOURS) - 1]]
    for k, i in reversed(list(enumerate(drawn))):
        result = results[i]
        growth = checked_equity(result.equity) / result.equity[0] - 1
        upper.plot(
            *_dated(result.close_time, growth),
            color=_COLOURS[k],
            lw=2.0 if k == 0 else 1.2,
            zorder=10 - k,
            label=_plain_text(f"{result.name}  {n.percent(float(growth[-1]), signed=True)}"),
        )
    subject = results[subject_index]
    times, depth = _dated(subject.close_time, -drawdowns(subject.equity))
    lower.fill_between(times, depth, 0, color=_LOSS, alpha=0.3, lw=0)
    lower.plot(times, depth, color=_LOSS, lw=1)
    handles, labels = upper.get_legend_handles_labels()
    upper.legend(handles[::-1], labels[::-1], frameon=False, fontsize=10, labelcolor=_INK, loc="best")
    upper.set_ylabel("net return", color=_SOFT)
    lower.set_ylabel("drawdown", color=_SOFT)
    for axes in (upper, lower):
        _dress(axes)
    locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    if title:
        figure.suptitle(_plain_text(title), x=0.015, ha="left", color=_INK, fontsize=15, fontweight="bold")
    if said:
        upper.set_title(_plain_text(said), loc="left", color=_SOFT, fontsize=10, wrap=True)
    return figure


def _dated(time: np.ndarray, value: np.ndarray) -> tuple[list[datetime], np.ndarray]:
    times, values = thin(time, value, 1500)
    return [datetime.fromtimestamp(ms / 1000, UTC) for ms in times.tolist()], values


def _plain_text(text: str) -> str:
    """Names are text, never formulas."""
    return text.replace("$", r"\$")


def _dress(axes) -> None:  # type: ignore[no-untyped-def]
    axes.set_facecolor(_PAPER)
    axes.grid(True, axis="y", color=_GRID, lw=0.8)
    axes.axhline(0, color=_SOFT, lw=0.8, alpha=0.6)
    axes.tick_params(colors=_SOFT, length=0, labelsize=10)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v * 100:.4g} %".replace("-", "−")))
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("left")
    axes.margins(x=0.01)
