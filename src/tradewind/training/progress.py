"""How far a run is, for people who wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """After an update. Seconds are measured since this process began the run, also after a resume.

    The first update, which warms everything up, is left out of the rate as soon as there is another; until then
    nobody knows how long it takes, and `seconds_left` is None.
    """

    seed: int
    step: int
    steps: int
    steps_per_second: float
    seconds_left: float | None
    score: float | None
    best_score: float | None


OnProgress = Callable[[TrainingProgress], None]


@contextmanager
def progress_bar(console: Console | None = None) -> Iterator[OnProgress]:
    """An `on_progress` that draws a bar with speed, scores and the time that is left, one for each seed."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    tasks: dict[int, int] = {}
    with Progress(*columns, console=console) as bars:

        def show(progress: TrainingProgress) -> None:
            if progress.seed not in tasks:
                name = f"training, seed {progress.seed}"
                tasks[progress.seed] = bars.add_task(name, total=progress.steps, told="")
            told = f"{progress.steps_per_second / 1000:.0f} k steps/s"
            if progress.best_score is not None:
                told += f", best {progress.best_score:.3g}"
            bars.update(tasks[progress.seed], completed=progress.step, told=told)  # type: ignore[arg-type]

        yield show
