"""`tradewind study`: many trainings on many splits, resumable, every trial in the ledger."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from tradewind.cli.study_told import announcement, study_progress, tell_plan, tell_study
from tradewind.cli.tables import say, stderr, stdout
from tradewind.cli.train import make_recipe, market_of, training_progress
from tradewind.files import write_whole
from tradewind.market import ConfigError, Market

if TYPE_CHECKING:
    from tradewind.config.study import StudyFile
    from tradewind.training.recipe import Recipe
    from tradewind.validation.study.storage import Storage
    from tradewind.validation.study.study import Design, OnStudyProgress, Study
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
        tell_plan(made, design)


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
        say(console, announcement(design))
        pool = LocalPool(design.data.market, workers or _cores())
        try:
            with study_progress(console) as show:
                study = _study(design, storage, home, pool, show)
                study.run()
        except KeyboardInterrupt:
            command = next_command(f"tradewind study resume {file.study.name}", home)
            raise Interrupted(f"Interrupted: what is finished is kept, {command} goes on") from None
        finally:
            pool.stop()
        tell_study(study, home, as_json)


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
