"""`tradewind model`: what bundles there are, what is in them, whether they are whole, and bringing one in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tradewind.market import ConfigError
from tradewind.policy import Bundle, BundleError
from tradewind.policy.importers import import_model, save_verified

model_app = typer.Typer(no_args_is_help=True, help="List, show, verify and import models.")

Home = Annotated[Path, typer.Option("--home", envvar="TRADEWIND_HOME", help="The workspace.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DEFAULT_HOME = Path("workspace")


def bundle_folder(home: Path, model: str) -> Path:
    """A model by its name in <home>/bundles, or by the path of its folder; else `ConfigError`."""
    for folder in (home / "bundles" / model, Path(model)):
        if folder.is_dir():
            return folder
    known = ", ".join(folder.name for folder in _bundles(home)) or "none yet"
    raise ConfigError(f"model {model!r} is neither in {home / 'bundles'} (there: {known}) nor a folder")


@model_app.command("list")
def list_models(home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """All bundles of the workspace. Exit code 1 when one of them is refused."""
    rows = [_row(folder) for folder in _bundles(home)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif not rows:
        typer.echo(
            f"No models in {home / 'bundles'}: train one, or bring one in with `tradewind model import`."
        )
    else:
        _print_table(rows)
    if any(row["refused"] for row in rows):
        raise typer.Exit(1)


@model_app.command("show")
def show_model(model: str, home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """What one bundle was trained on, and under which limits."""
    bundle = Bundle.load(bundle_folder(home, model))
    spec = bundle.spec.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps({"sha256": bundle.sha256, **spec}, indent=1))
        return
    table = Table(show_header=False, title=model)
    for key, value in {"sha256": bundle.sha256, **_summary(bundle)}.items():
        table.add_row(key, value)
    Console().print(table)


@model_app.command("verify")
def verify_model(model: str, home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """Check every byte of a bundle and what its network answers. A refusal says why."""
    folder = bundle_folder(home, model)
    bundle = Bundle.load(folder)
    if as_json:
        typer.echo(json.dumps({"model": folder.name, "sha256": bundle.sha256, "whole": True}))
    else:
        count = len(bundle.golden_actions)
        typer.echo(f"{folder.name} is whole: model {bundle.sha256[:12]}, {count} of {count} golden actions.")


@model_app.command("import")
def import_model_file(
    file: Annotated[Path, typer.Argument(help="A Stable-Baselines3 .zip or an ElegantRL .pth.")],
    spec: Annotated[Path, typer.Option("--spec", help="TOML or JSON: what its inputs and outputs mean.")],
    scaler: Annotated[Path | None, typer.Option("--scaler", help="Constants, JSON or npz.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the bundle.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a bundle of that name.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: Json = False,
) -> None:
    """Bring in a model that was trained elsewhere. No code in the file is ever executed."""
    chosen = name or file.stem
    if not chosen or chosen.startswith(".") or set(chosen) & set("/\\"):
        raise ConfigError(f"{chosen!r} is no name for a bundle: use letters, digits, dots and dashes")
    bundle = import_model(file, spec, scaler)
    folder = save_verified(bundle, home / "bundles" / chosen, replace)
    if as_json:
        typer.echo(json.dumps({"model": chosen, "sha256": bundle.sha256, "folder": str(folder)}))
        return
    layers = " x ".join(str(size) for size in bundle.spec.network.layers)
    typer.echo(
        f"Imported {bundle.spec.algorithm} {layers} as {chosen} (model {bundle.sha256[:12]}): "
        f"its answers to 64 inputs equal the original network's.\nNext: tradewind backtest --model {chosen}"
    )


def _bundles(home: Path) -> list[Path]:
    folder = home / "bundles"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))


def _row(folder: Path) -> dict[str, Any]:
    try:
        bundle = Bundle.load(folder)
    except BundleError as error:
        return {"model": folder.name, "refused": str(error)}
    return {"model": folder.name, "refused": None, "sha256": bundle.sha256, **_summary(bundle)}


def _summary(bundle: Bundle) -> dict[str, str]:
    spec = bundle.spec
    return {
        "algorithm": spec.algorithm,
        "layers": " x ".join(str(size) for size in spec.network.layers),
        "venue": spec.venue,
        "symbols": ", ".join(spec.symbols),
        "kinds": ", ".join(sorted(set(spec.kinds))),
        "timeframe": spec.timeframe,
        "adapter": spec.adapter.name if spec.adapter else "none",
        "rules": json.dumps(spec.rules, sort_keys=True),
        "seeds": json.dumps(spec.seeds, sort_keys=True),
        "evidence": ", ".join(sorted(spec.evidence)) or "none",
        "code version": spec.code_version,
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    columns = ("model", "algorithm", "symbols", "timeframe", "adapter", "evidence")
    table = Table(*columns, "state")
    for row in rows:
        state = f"refused: {row['refused']}" if row["refused"] else f"whole, {row['sha256'][:12]}"
        table.add_row(*(row.get(column, "") for column in columns), state)
    Console().print(table)
