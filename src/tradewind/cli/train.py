"""`tradewind train`: from stored candles to a bundle."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    Bars,
    Config,
    End,
    Home,
    Interrupted,
    Overrides,
    Start,
    Symbols,
    Venue,
    check_capital,
    market_in,
    next_command,
    print_json,
    span_of,
    writable,
)
from tradewind.cli.model import checked_name
from tradewind.cli.tables import Column, number, print_table, say, stderr, stdout
from tradewind.market import ConfigError, Market

if TYPE_CHECKING:
    from tradewind.config import Settings
    from tradewind.policy import Bundle
    from tradewind.training import TrainingResult
    from tradewind.training.progress import OnProgress, TrainingProgress
    from tradewind.training.recipe import Recipe

RUN_FILE = "run.json"
_TIMES = ("first bar", "last bar")  # facts of a run that are UTC ms


def train_command(
    name: Annotated[str, typer.Argument(help="Name of the model to make.")],
    config: Config = None,
    venue: Venue = None,
    symbol: Symbols = None,
    timeframe: Bars = None,
    start: Start = None,
    end: End = None,
    algorithm: Annotated[str | None, typer.Option("--algo", help="ppo, a2c, ddpg, td3 or sac.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of single environments.")] = None,
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Repeat it for several; each gives a model.")
    ] = None,
    features: Annotated[str | None, typer.Option(help="Preset: default, finrl7 or eth15.")] = None,
    leverage: Annotated[float | None, typer.Option(help="Perpetuals: the most exposure, x equity.")] = None,
    overrides: Overrides = None,
    workers: Annotated[int, typer.Option(min=1, help="Seeds trained side by side.")] = 1,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard logs.")] = False,
    overwrite: Annotated[bool, typer.Option("--replace", help="Replace a model of that name.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an interrupted run, begin anew.")
    ] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Train an agent on stored candles and save it as a bundle. Interrupted, it goes on when run again."""
    from tradewind.config import load_settings

    settings = load_settings(config, overrides or ())
    settings = _with_options(settings, venue, symbol, timeframe, start, end, features, leverage)
    recipe = make_recipe(settings, algorithm=algorithm, steps=steps, tensorboard=tensorboard)
    seeds = seed or [recipe.settings.seed]
    targets = _targets(home, name, seeds, overwrite)
    folder = home / "training" / name
    writable(home / "bundles", folder)
    market = market_of(home, settings)
    check_capital(market, settings.account.capital, recipe.rules)
    console = stderr()
    ours = _identity(recipe, market)
    _refuse_other_run(folder, ours, restart)
    recipe.prepare(market)  # what the candles forbid is said before anything is promised
    say(console, _announcement(recipe, market, seeds, targets))
    _tell_resumed(console, folder, seeds, recipe.settings.steps)
    try:
        made = learn(recipe, market, seeds, folder, workers, console, lambda: _claim(folder, ours))
    except KeyboardInterrupt:
        raise Interrupted(_how_to_go_on(folder)) from None
    for target, (bundle, _) in zip(targets, made, strict=True):
        bundle.save(target, replace=overwrite)
    _forget(folder)
    _report(made, targets, settings.market.end, home, as_json)


def market_of(home: Path, settings: Settings) -> Market:
    """The candles that the settings name, cut to their span."""
    wanted = settings.market
    market = market_in(home, wanted.venue, wanted.symbols, wanted.timeframe, wanted.gap_tolerance_bars)
    span = span_of(market, wanted.start, wanted.end)
    return market.between(span.start, span.end)


def make_recipe(settings: Settings, **options: Any) -> Recipe:
    """Settings and command-line options as a recipe. Options that are None leave the settings."""
    from tradewind.config import typed
    from tradewind.training import TrainingSettings
    from tradewind.training.recipe import Recipe

    table = dict(settings.training) | {k: v for k, v in options.items() if v is not None and v is not False}
    table = typed(TrainingSettings, table, "training.")
    if isinstance(table.get("hyperparameters"), dict):
        chosen = TrainingSettings.from_dict({k: v for k, v in table.items() if k == "algorithm"})
        own = typed(type(chosen.hyperparameters), table["hyperparameters"], "training.hyperparameters.")
        table["hyperparameters"] = own
    return Recipe(
        settings.features.feature_plan(),
        settings.rules,
        TrainingSettings.from_dict(table),
        settings.features.scaling,
        settings.features.clip,
    )


def learn(
    recipe: Recipe,
    market: Market,
    seeds: list[int],
    folder: Path,
    workers: int,
    console: Console,
    on_begun: Callable[[], None] = lambda: None,
) -> list[tuple[Bundle, TrainingResult]]:
    """Train, and tell how far it is: a bar in a terminal, a line every tenth of the way elsewhere.

    `on_begun` is called after the first update: from there on something is lost if the run stops.
    """
    begun = False
    with training_progress(console) as tell:

        def show(at: TrainingProgress) -> None:
            nonlocal begun
            if not begun:
                on_begun()
                begun = True
            tell(at)

        return recipe.train(market, seeds, folder=folder, workers=workers, on_progress=show)


def training_progress(console: Console) -> AbstractContextManager[OnProgress]:
    """A bar for each seed in a terminal, a line every tenth of the way elsewhere."""
    from tradewind.training import progress_bar

    return progress_bar(console) if console.is_terminal else _progress_lines(console)


@contextmanager
def _progress_lines(console: Console) -> Iterator[OnProgress]:
    told: dict[int, int] = {}

    def show(at: TrainingProgress) -> None:
        tenth = min(10, at.step * 10 // at.steps)
        if tenth <= told.get(at.seed, 0) and at.step < at.steps:
            return
        if told.get(at.seed) == 10:
            return
        told[at.seed] = tenth
        best = "" if at.best_score is None else f", best {at.best_score:.3g}"
        left = f", {_minutes(at.seconds_left)} left" if tenth < 10 and at.seconds_left is not None else ""
        say(console, f"seed {at.seed}: {tenth * 10} %, {at.steps_per_second:,.0f} steps/s{best}{left}")

    yield show


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _with_options(
    settings: Settings,
    venue: str | None,
    symbols: list[str] | None,
    timeframe: str | None,
    start: str | None,
    end: str | None,
    features: str | None,
    leverage: float | None,
) -> Settings:
    """What stands on the command line wins over the file."""
    from tradewind.config import with_leverage

    given = {"venue": venue, "symbols": symbols, "timeframe": timeframe, "start": start, "end": end}
    market = settings.market.model_copy(update={k: v for k, v in given.items() if v is not None})
    chosen = settings.features
    if features is not None:
        chosen = chosen.model_copy(update={"preset": features, "plan": None})
    rules = settings.rules if leverage is None else with_leverage(settings.rules, leverage)
    return replace(settings, market=market, features=chosen, rules=rules)


def _targets(home: Path, name: str, seeds: list[int], overwrite: bool) -> list[Path]:
    """Where the bundles will go: one named folder, or one for each seed."""
    checked_name(name)
    names = [name] if len(seeds) == 1 else [f"{name}-seed{s}" for s in seeds]
    if len(set(names)) != len(names):
        raise ConfigError(f"seeds are {', '.join(map(str, seeds))}, expected all different: name each once")
    folders = [home / "bundles" / n for n in names]
    for folder in folders:
        if folder.exists() and not overwrite:
            raise ConfigError(f"{folder} exists already: choose another name, or add --replace")
    return folders


def _announcement(recipe: Recipe, market: Market, seeds: list[int], targets: list[Path]) -> str:
    settings = recipe.settings
    several = f", {len(seeds)} seeds" if len(seeds) > 1 else ""
    return (
        f"Training {settings.algorithm.upper()} for {settings.steps:,} steps{several} on {len(market):,} bars "
        f"({market.timeframe}) of {', '.join(market.symbols)}. It goes to {', '.join(map(str, targets))}."
    )


def _kept(folder: Path) -> list[Path]:
    """The checkpoints of an interrupted run."""
    return sorted(folder.glob("seed-*/checkpoint.pt"))


def _tell_resumed(console: Console, folder: Path, seeds: list[int], steps: int) -> None:
    from tradewind.training.checkpoint import step_of

    for path in (folder / f"seed-{seed}" / "checkpoint.pt" for seed in seeds):
        if path.is_file():
            which = f" with {path.parent.name}" if len(seeds) > 1 else ""
            say(console, f"Going on{which} from step {step_of(path):,} of {steps:,}.")


def _how_to_go_on(folder: Path) -> str:
    if _kept(folder):
        return "Interrupted: the same command goes on from the last checkpoint"
    return "Interrupted: nothing was saved yet, the same command starts afresh"


def _refuse_other_run(folder: Path, ours: dict[str, Any], restart: bool) -> None:
    """`ConfigError` where an interrupted run of other settings is in the folder and is not to be forgotten."""
    if restart:
        _forget(folder)
    path = folder / RUN_FILE
    if not path.is_file() or not _kept(folder):
        return
    differences = _differences(_read_identity(path), ours)
    if differences:
        raise ConfigError(
            f"an interrupted run is in {folder} with other settings ({'; '.join(differences[:3])}): finish it "
            "with its own, or add --restart to forget it"
        )


def _claim(folder: Path, ours: dict[str, Any]) -> None:
    """Say beside the checkpoints what run they are of."""
    from tradewind.files import write_whole

    text = json.dumps(ours, indent=1)
    write_whole(folder / RUN_FILE, lambda path: path.write_text(text, encoding="utf-8"))


def _identity(recipe: Recipe, market: Market) -> dict[str, Any]:
    """What makes a run this run, as flat names and values."""
    facts: dict[str, Any] = {
        "symbols": ", ".join(market.symbols),
        "timeframe": market.timeframe.text,
        "first bar": int(market.open_time[0]),
        "last bar": int(market.open_time[-1]),
        "features": recipe.plan.to_json(),
        "scaling": recipe.scaling,
        "clip": recipe.clip,
        **_flat(recipe.settings.as_dict(), "training."),
        **_flat(recipe.rules.as_dict(), "rules."),
    }
    del facts["training.seed"]
    plain: dict[str, Any] = json.loads(json.dumps(facts))  # as it comes back from the file
    return plain


def _flat(table: dict[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _read_identity(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read as JSON: add --restart to forget that run") from error
    return found if isinstance(found, dict) else {}


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    return [
        f"{name} was {_worded(name, theirs.get(name))}, now {_worded(name, ours.get(name))}"
        for name in dict.fromkeys([*theirs, *ours])
        if theirs.get(name) != ours.get(name)
    ]


def _worded(name: str, value: Any) -> str:
    from tradewind.data.timestamps import utc_text

    return f"{utc_text(value)} UTC" if name in _TIMES and isinstance(value, int) else str(value)


def _forget(folder: Path) -> None:
    """Remove what a run keeps to go on; TensorBoard logs stay."""
    for path in (*_kept(folder), folder / RUN_FILE):
        path.unlink(missing_ok=True)
    for empty in (*folder.glob("seed-*"), folder, folder.parent):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _report(
    made: list[tuple[Bundle, TrainingResult]], targets: list[Path], end: str | None, home: Path, as_json: bool
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "model": folder.name,
            "sha256": bundle.sha256,
            "folder": str(folder),
            "seed": result.settings.seed,
            "steps": result.steps,
            "best_step": result.best.step,
            "validation_score": result.best.score,
            "score": result.settings.score,
            "stopped_early": result.stopped_early,
        }
        for folder, (bundle, result) in zip(targets, made, strict=True)
    ]
    if as_json:
        print_json(rows)
        return
    score = rows[0]["score"].replace("_", " ")
    columns = [
        Column("model"),
        number("seed"),
        number("steps"),
        number("best at"),
        number(f"validation {score}"),
    ]
    cells = [
        [
            row["model"],
            str(row["seed"]),
            f"{row['steps']:,}",
            f"{row['best_step']:,}",
            f"{row['validation_score']:.3g}",
            row["sha256"][:12],
        ]
        for row in rows
    ]
    print_table(stdout(), [*columns, Column("sha256")], cells)
    losing = [row["model"] for row in rows if row["validation_score"] < 0]
    if losing:
        say(
            stdout(),
            f"Careful: even the best checkpoint of {', '.join(losing)} lost on the bars that chose it, so doing "
            "nothing was better there: train longer, or take it that no edge was found.",
            "yellow",
        )
    say(
        stdout(),
        f"The validation score chose the checkpoint, so it flatters. {_next(rows[0]['model'], end, home)}",
    )


def _next(model: str, end: str | None, home: Path) -> str:
    """The backtest to type next, from where the training ended."""
    command = f"tradewind backtest {model}"
    if end is None:
        return f"It saw all stored bars: --end 2/3 leaves some for {next_command(command, home)} --start 2/3"
    start = f"--start={shlex.quote(end)}" if end.startswith("-") else f"--start {shlex.quote(end)}"
    return f"Next, on bars that it has not seen: {next_command(f'{command} {start}', home)}"
