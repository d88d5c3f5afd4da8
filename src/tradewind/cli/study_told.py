"""What `tradewind study` says: how far it is, what it came to, what it would cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tradewind.cli.common import next_command, print_json
from tradewind.cli.tables import Column, number, print_facts, print_table, say, stdout

if TYPE_CHECKING:
    from tradewind.validation.study.plan import StudyPlan
    from tradewind.validation.study.study import Design, OnStudyProgress, Study, StudyProgress


def announcement(design: Design) -> str:
    """What is about to be done, in a sentence."""
    settings, data = design.settings, design.data
    vault = "no vault" if data.vault is None else f"a vault of {settings.vault:.0%} stays shut"
    return (
        f"{settings.name}: {settings.trials} trials of {design.runs_per_trial} runs ({settings.told()}; "
        f"{len(settings.seeds)} seeds) on {len(data.market):,} bars of {', '.join(data.market.symbols)}; {vault}."
    )


@contextmanager
def study_progress(console: Console) -> Iterator[OnStudyProgress]:
    """One bar for all runs in a terminal, a line at every trial's end elsewhere."""
    if not console.is_terminal:
        yield _progress_lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("runs", total=None, told="")

        def show(at: StudyProgress) -> None:
            running = ", ".join(f"{run.trial}/{run.seed_index}/{run.split}" for run in at.running)
            told = f"{_told(at)}; trial/seed/split {running}" if running else _told(at)
            bars.update(
                task,
                total=at.most_runs,
                completed=at.runs,
                description=f"run {at.runs} of {at.most_runs}",
                told=told,
            )

        yield show


def _progress_lines(console: Console) -> OnStudyProgress:
    over = -1

    def show(at: StudyProgress) -> None:
        nonlocal over
        if at.trial > over:
            over = at.trial
            left = "" if at.seconds_left is None else f", at most {_duration(at.seconds_left)} left"
            say(console, f"{_told(at)}; {at.runs} of at most {at.most_runs} runs{left}")

    return show


def _told(at: StudyProgress) -> str:
    best = "" if at.best is None else f", best {at.best:.2f}"
    return f"{at.trial} of {at.trials} trials, {at.pruned} pruned, {at.failed} failed{best}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def tell_study(study: Study, home: Path, as_json: bool) -> None:
    """The trials of a study that is over, best first. `ConfigError` where none is done, unless for machines."""
    from tradewind.statistics import DAYS_PER_YEAR

    data = study.design.data
    configurations = study.ledger.configurations(data.scope)
    done = [one for one in study.results if one.objective is not None]
    best = study.best.number if done or not as_json else None
    if as_json:
        print_json(
            {
                "study": study.design.hash,
                "name": study.design.settings.name,
                "best": best,
                "configurations": configurations,
                "trials": [asdict(one) for one in study.results],
            }
        )
        return
    columns = [number("trial"), Column("status"), number("objective"), number("Sharpe"), number("runs")]
    rows = [
        [
            str(one.number),
            one.status,
            "" if one.objective is None else f"{one.objective:.2f}",
            "" if one.sharpe_daily is None else f"{one.sharpe_daily * DAYS_PER_YEAR**0.5:.2f}",
            str(one.runs),
            ", ".join(f"{name.rpartition('.')[2]} {_short(value)}" for name, value in one.values.items()),
        ]
        for one in sorted(study.results, key=lambda one: (-(one.objective or -1e9), one.number))
    ]
    print_table(stdout(), [*columns, Column("tried", wraps=30)], rows)
    command = next_command(f"tradewind study refit {study.design.settings.name} MODEL", home)
    say(
        stdout(),
        f"The best of {len(study.results)} looks good by luck alone: {configurations} configurations were tried on "
        f"these candles so far, and the ledger remembers each. Trial {best} as one model: {command}",
    )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def tell_plan(made: StudyPlan, design: Design) -> None:
    """The cost of a study, and what it could prove."""
    least = (
        "none: no Sharpe ratio could be told from luck on so few days"
        if made.least_sharpe is None
        else f"{made.least_sharpe:.2f} a year, of normal returns over {made.days} tested days, the best of "
        f"{made.configurations_after} configurations ({made.configurations_before} in the ledger before)"
    )
    print_facts(
        stdout(),
        [
            (
                "runs",
                f"at most {made.runs:,}: {made.trials} trials x {made.splits} splits x {made.seeds} seeds",
            ),
            ("splits", f"{design.data.scheme.name}, embargo {design.data.scheme.margins.embargo_bars} bars"),
            (
                "speed",
                f"{made.steps_per_second:,.0f} steps/s (measured now, one core), {made.steps:,} steps a run",
            ),
            ("time", f"at most {_duration(made.seconds)} with {made.workers} workers"),
            ("disk", f"at most {made.disk_bytes / 2**20:,.0f} MB"),
            ("vault", f"{made.vault_days} days" if made.vault_days else "none"),
            ("smallest Sharpe ratio that could be promoted", least),
        ],
    )
