"""`tradewind study`: many trainings on many splits, resumable, every trial in the ledger."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    Home,
    Interrupted,
    check_capital,
    next_command,
    print_json,
    writable,
)
from tradewind.cli.model import checked_name
from tradewind.cli.tables import Column, number, print_facts, print_table, say, stderr, stdout
from tradewind.cli.train import make_recipe, market_of, training_progress
from tradewind.files import write_whole
from tradewind.market import ConfigError, Market

if TYPE_CHECKING:
    from tradewind.config.study import StudyFile
    from tradewind.training.recipe import Recipe
    from tradewind.validation.study.plan import StudyPlan
    from tradewind.validation.study.storage import Storage
    from tradewind.validation.study.study import Design, OnStudyProgress, Study, StudyProgress
    from tradewind.validation.study.trial import TrialResult

STUDY_TOML = "study.toml"

study_app = typer.Typer(no_args_is_help=True, help="Search, split, train many, count every try.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="TOML of the study.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a study that was begun.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Runs side by side, one thread each [all cores].", show_default=False),
]


@study_app.command("run")
def run_command(
    file: File, workers: Workers = None, home: Home = DEFAULT_HOME, as_json: AsJson = False
) -> None:
    """Run a study, every trial into the ledger. Interrupted or killed, it goes on when run again."""
    from tradewind.config.study import read_study

    _run(read_study(file), home, workers, as_json)


@study_app.command("resume")
def resume_command(
    name: Name, workers: Workers = None, home: Home = DEFAULT_HOME, as_json: AsJson = False
) -> None:
    """Go on with a study that was begun in this home, without its file."""
    _run(_begun(home, name), home, workers, as_json)


@study_app.command("plan")
def plan_command(
    file: File, workers: Workers = None, home: Home = DEFAULT_HOME, as_json: AsJson = False
) -> None:
    """Before any compute: runs, time, disk, and the smallest Sharpe ratio that could ever be promoted."""
    from tradewind.config.study import read_study
    from tradewind.validation.ledger import Ledger
    from tradewind.validation.study.plan import check, plan

    design = _design(read_study(file), home)
    check(design)
    made = plan(design, Ledger(home / "ledger"), workers or _cores())
    if as_json:
        print_json(asdict(made))
    else:
        _tell_plan(made, design)


@study_app.command("refit")
def refit_command(
    name: Name,
    model: Annotated[str, typer.Argument(help="Name of the model to make.")],
    trial: Annotated[int | None, typer.Option(min=0, help="Which trial's recipe [the best].")] = None,
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Members of the ensemble; repeat it [those of the study].")
    ] = None,
    workers: Workers = None,
    overwrite: Annotated[bool, typer.Option("--replace", help="Replace a model of that name.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Train the chosen recipe on all of development with several seeds: one model that answers with their mean."""
    from tradewind.validation.study.executor import Nobody
    from tradewind.validation.study.refit import refit

    checked_name(model)
    target = home / "bundles" / model
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} exists already: choose another name, or add --replace")
    writable(home / "bundles", home / "training")
    file = _begun(home, name)
    design = _design(file, home)
    with _storage(file, design, home) as storage:
        study = _study(design, storage, home, Nobody(name))
        results = study.run()
    if trial is not None and trial >= len(results):
        raise ConfigError(
            f"trial {trial} is none of {name}, which has 0 to {len(results) - 1}: choose one of those"
        )
    chosen = study.best if trial is None else results[trial]
    seeds = tuple(seed or design.settings.seeds)
    recipe = design.recipe_of(chosen.values)
    folder = home / "training" / f"{model}-{design.hash[:12]}-{chosen.number}"
    with training_progress(stderr()) as show:
        made = refit(
            recipe, design.data.market, seeds, folder=folder, workers=workers or _cores(), on_progress=show
        )
    bundle = made.with_evidence({"study": _evidence(design, chosen)})
    bundle.save(target, replace=overwrite)
    shutil.rmtree(folder)
    with suppress(OSError):  # others are there
        folder.parent.rmdir()
    facts = {
        "model": model,
        "folder": str(target),
        "sha256": bundle.sha256,
        "trial": chosen.number,
        "seeds": seeds,
    }
    if as_json:
        print_json(facts)
        return
    say(
        stdout(),
        f"{model} holds trial {chosen.number} of {name}, the mean of {len(seeds)} seeds. It is in {target}.",
    )
    say(stdout(), "It has seen all of development: only the vault, or what comes, can test it.")


def _evidence(design: Design, chosen: TrialResult) -> dict[str, Any]:
    return {
        "hash": design.hash,
        "name": design.settings.name,
        "trial": chosen.number,
        "configuration": chosen.configuration,
        "objective": chosen.objective,
        "sharpe_daily": chosen.sharpe_daily,
        "splits": design.settings.told(),
    }


def _run(file: StudyFile, home: Path, workers: int | None, as_json: bool) -> None:
    from tradewind.validation.study.executor import LocalPool
    from tradewind.validation.study.plan import check

    writable(home / "studies", home / "ledger")
    design = _design(file, home)
    check(design)
    console = stderr()
    with _storage(file, design, home) as storage:
        kept = _folder(home, file.study.name) / STUDY_TOML
        write_whole(kept, lambda path: path.write_text(file.text, encoding="utf-8"))
        say(console, _announcement(design))
        pool = LocalPool(design.data.market, workers or _cores())
        try:
            with _progress(console) as show:
                study = _study(design, storage, home, pool, show)
                study.run()
        except KeyboardInterrupt:
            command = next_command(f"tradewind study resume {file.study.name}", home)
            raise Interrupted(f"Interrupted: what is finished is kept, {command} goes on") from None
        finally:
            pool.stop()
        _report(study, home, as_json)


def _study(
    design: Design, storage: Storage, home: Path, executor: Any, show: OnStudyProgress | None = None
) -> Study:
    from tradewind.validation.ledger import Ledger
    from tradewind.validation.study.study import Study

    ledger = Ledger(home / "ledger")
    ledger.verify()
    if show is None:
        return Study(design, storage, ledger, executor)
    return Study(design, storage, ledger, executor, show)


def _folder(home: Path, name: str) -> Path:
    return home / "studies" / name


def _begun(home: Path, name: str) -> StudyFile:
    from tradewind.config.study import read_study

    kept = _folder(home, name) / STUDY_TOML
    if not kept.is_file():
        there = sorted(path.parent.name for path in (home / "studies").glob(f"*/{STUDY_TOML}"))
        raise ConfigError(
            f"no study {name} was begun in {home}: "
            + (f"there are {', '.join(there)}" if there else "begin one with tradewind study run FILE")
        )
    return read_study(kept)


def _design(file: StudyFile, home: Path) -> Design:
    """The study on the stored candles, its vault cut away. `ConfigError` or `DataError` where that cannot be."""
    from tradewind.validation.study.data import divide
    from tradewind.validation.study.study import Design

    market = market_of(home, file.settings)
    capital = file.settings.account.capital
    check_capital(market, capital, file.settings.rules)
    reach = _reach(file, market)

    def recipe_of(values: dict[str, Any]) -> Recipe:
        chosen = {name: value for name, value in values.items() if name != "training.algorithm"}
        recipe = make_recipe(
            file.with_values(chosen), algorithm=values["training.algorithm"], steps=file.study.steps
        )
        if (own := _reach_of(recipe, market)) > reach:
            raise ConfigError(f"its features look back {own} bars, the embargo was made for {reach}")
        return recipe

    return Design(file.study, divide(market, file.study, reach), recipe_of, capital)


def _reach(file: StudyFile, market: Market) -> int:
    """The most bars that any recipe of the search looks back on: each setting at each of its ends, one at a time."""
    study = file.study
    recipes = [_variant(file, a, values) for a in study.algorithms for values in study.variants(a)]
    lookback = max(recipe.rules.lookback for recipe in recipes)
    return max(_reach_of(replace(r, rules=replace(r.rules, lookback=lookback)), market) for r in recipes)


def _variant(file: StudyFile, algorithm: str, values: dict[str, Any]) -> Recipe:
    try:
        return make_recipe(file.with_values(values), algorithm=algorithm, steps=file.study.steps)
    except ConfigError as error:
        for name, value in values.items():
            error.add_note(f"that is study.search.{name} at {value!r}")
        raise


def _reach_of(recipe: Recipe, market: Market) -> int:
    from tradewind.validation.study.data import reach_of

    return reach_of(recipe, market)


def _storage(file: StudyFile, design: Design, home: Path) -> Storage:
    from tradewind.clients.credentials import read_env_file
    from tradewind.config import filled_in
    from tradewind.validation.study.storage import Storage

    if file.study.storage is None:
        return Storage.in_file(_folder(home, file.study.name), design.hash)
    url = filled_in(file.study.storage, {**read_env_file(Path()), **os.environ}, "study.storage")
    return Storage.in_database(url, design.hash)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _announcement(design: Design) -> str:
    settings, data = design.settings, design.data
    vault = "no vault" if data.vault is None else f"a vault of {settings.vault:.0%} stays shut"
    return (
        f"{settings.name}: {settings.trials} trials of {design.runs_per_trial} runs ({settings.told()}; "
        f"{len(settings.seeds)} seeds) on {len(data.market):,} bars of {', '.join(data.market.symbols)}; {vault}."
    )


@contextmanager
def _progress(console: Console) -> Iterator[OnStudyProgress]:
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


def _report(study: Study, home: Path, as_json: bool) -> None:
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
            "" if one.sharpe_daily is None else f"{one.sharpe_daily * 365**0.5:.2f}",
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


def _tell_plan(made: StudyPlan, design: Design) -> None:
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
