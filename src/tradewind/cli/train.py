"""`tradewind train`: from stored candles to a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tradewind.cli.common import (
    DEFAULT_HOME,
    AsJson,
    End,
    Home,
    Start,
    Symbols,
    market_in,
    print_json,
    span_of,
)
from tradewind.config import Settings, load_settings
from tradewind.market import ConfigError, Market

if TYPE_CHECKING:
    from tradewind.policy import Bundle
    from tradewind.training import TrainingResult
    from tradewind.training.recipe import Recipe


def train_command(
    name: Annotated[str, typer.Argument(help="Name of the model to make.")],
    config: Annotated[Path | None, typer.Option("--config", "-c", help="TOML with every setting.")] = None,
    venue: Annotated[str | None, typer.Option(help="Whose candles.")] = None,
    symbol: Symbols = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Length of a bar.")] = None,
    start: Start = None,
    end: End = None,
    algorithm: Annotated[str | None, typer.Option("--algo", help="ppo, a2c, ddpg, td3 or sac.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of single environments.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Once for each seed.")] = None,
    features: Annotated[str | None, typer.Option(help="Preset: default, finrl7 or eth15.")] = None,
    leverage: Annotated[float | None, typer.Option(help="Perpetuals: the most exposure, x equity.")] = None,
    workers: Annotated[int, typer.Option(help="Seeds trained side by side.")] = 1,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard logs.")] = False,
    overwrite: Annotated[bool, typer.Option("--replace", help="Replace a model of that name.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Train an agent on stored candles and save it as a bundle. An interrupted run goes on where it stopped."""
    settings = _with_options(load_settings(config), venue, symbol, timeframe, start, end, features, leverage)
    seeds = seed or [int(settings.training.get("seed", 0))]
    targets = _targets(home, name, seeds, overwrite)
    market = market_in(
        home,
        settings.market.venue,
        settings.market.symbols,
        settings.market.timeframe,
        settings.market.gap_tolerance_bars,
    )
    span = span_of(market, settings.market.start, settings.market.end)
    market = market.between(span.start, span.end)
    recipe = make_recipe(settings, algorithm=algorithm, steps=steps, tensorboard=tensorboard)
    console = Console(stderr=True)
    console.print(
        f"Training {recipe.settings.algorithm.upper()} on {len(market):,} bars of {', '.join(market.symbols)}"
    )
    made = learn(recipe, market, seeds, home / "training" / name, workers, console)
    for folder, (bundle, _) in zip(targets, made, strict=True):
        bundle.save(folder, replace=overwrite)
    _report(made, targets, as_json)


def make_recipe(settings: Settings, **options: Any) -> Recipe:
    """Settings and command-line options as a recipe. Options that are None leave the settings."""
    from tradewind.training import TrainingSettings
    from tradewind.training.recipe import Recipe

    table = dict(settings.training) | {k: v for k, v in options.items() if v not in (None, False)}
    return Recipe(
        settings.features.feature_plan(),
        settings.rules,
        TrainingSettings.from_dict(table),
        settings.features.scaling,
        settings.features.clip,
    )


def learn(
    recipe: Recipe, market: Market, seeds: list[int], folder: Path, workers: int, console: Console
) -> list[tuple[Bundle, TrainingResult]]:
    """Train with a progress bar."""
    from tradewind.training import progress_bar

    with progress_bar(console) as show:
        return recipe.train(market, seeds, folder=folder, workers=workers, on_progress=show)


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
    given = {"venue": venue, "symbols": symbols, "timeframe": timeframe, "start": start, "end": end}
    market = settings.market.model_copy(update={k: v for k, v in given.items() if v is not None})
    chosen = settings.features
    if features is not None:
        chosen = chosen.model_copy(update={"preset": features, "plan": None})
    rules = settings.rules if leverage is None else replace(settings.rules, leverage=leverage)
    return replace(settings, market=market, features=chosen, rules=rules)


def _targets(home: Path, name: str, seeds: list[int], overwrite: bool) -> list[Path]:
    """Where the bundles will go: one named folder, or one for each seed."""
    if not name or name.startswith(".") or set(name) & set("/\\"):
        raise ConfigError(f"{name!r} is no name for a model: use letters, digits, dots and dashes")
    names = [name] if len(seeds) == 1 else [f"{name}-seed{s}" for s in seeds]
    folders = [home / "bundles" / n for n in names]
    for folder in folders:
        if folder.exists() and not overwrite:
            raise ConfigError(f"{folder} exists already: choose another name, or add --replace")
    return folders


def _report(made: list[tuple[Bundle, TrainingResult]], targets: list[Path], as_json: bool) -> None:
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
    table = Table("model", "seed", "steps", "best at", f"validation {rows[0]['score']}", "sha256")
    for row in rows:
        best, score = f"{row['best_step']:,}", f"{row['validation_score']:.3g}"
        table.add_row(row["model"], str(row["seed"]), f"{row['steps']:,}", best, score, row["sha256"][:12])
    Console().print(table)
    typer.echo(
        "The validation score chose the checkpoint, so it flatters. "
        f"Next: tradewind backtest {rows[0]['model']} on bars that it has not seen (--start)."
    )
