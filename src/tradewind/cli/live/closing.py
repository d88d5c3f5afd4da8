"""What a run says of itself in numbers: every hour, and at the end with a report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from tradewind.market import WallClock
from tradewind.trading.told.metrics import Metrics
from tradewind.words import counted

if TYPE_CHECKING:
    from tradewind.cli.live.plan import Plan
    from tradewind.reports.session import SessionReport

HOUR_SECONDS = 3600.0


def write_report(plan: Plan) -> SessionReport:
    """The report of all that the run's journal holds; what its sessions showed is kept for the gates and the ramp.

    The run must have let go of the journal.
    """
    from tradewind.cli.live.books import known_place
    from tradewind.cli.live.grant import keep_evidence
    from tradewind.reports.session import write_session_report
    from tradewind.trading.journal.journal import Journal

    with Journal.open(known_place(plan.folder)) as journal:
        agent, now = plan.named.agent, WallClock().now_ms()
        report = write_session_report(plan.folder.path, journal, agent, now, plan.about)
    for one in report.evidence:
        keep_evidence(plan.folder, one)
    return report


def in_lines(m: Metrics) -> Iterator[str]:
    """The numbers for a terminal; what is undefined is left out."""
    lasted = str(timedelta(seconds=round(m.duration_seconds)))
    uptime = "" if m.uptime_share is None else f", at work {m.uptime_share:.1%} of it"
    yield (
        f"{lasted}{uptime}: {counted(m.decisions, 'decision')}, {counted(m.fills, 'fill')}; "
        f"profit {m.profit:+,.2f} ({m.net_return:+.2%}), drawdown {m.max_drawdown:.2%}, fees {m.fees:,.2f}"
    )
    if m.trades:
        each = ", ".join(
            f"{i.symbol} {i.win_rate:.0%} of {i.trades:,}" for i in m.instruments if i.win_rate is not None
        )
        yield f"{counted(m.trades, 'closed trade')}, {m.win_rate:.0%} won ({each}); {m.open_trades} open"
    if m.sharpe_30d is not None:
        sortino = "" if m.sortino_30d is None else f", Sortino {m.sortino_30d:.2f}"
        yield f"last 30 days: Sharpe {m.sharpe_30d:.2f}{sortino}"
    if m.slippage is not None and m.slippage_modelled is not None:
        yield f"slippage {m.slippage * 1e4:.1f} bp, the model says {m.slippage_modelled * 1e4:.1f} bp"
    for name, found in (("not sent", m.denied), ("faults survived", m.faults), ("alarms", m.alarms)):
        if found:
            yield f"{name}: {', '.join(f'{count}x {what}' for what, count in found.items())}"
