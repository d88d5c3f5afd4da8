"""`tradewind model`: what bundles there are, what is in them, whether they are whole, and bringing one in."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home, next_command, print_json, writable
from tradewind.cli.tables import Column, print_facts, print_table, say, stdout
from tradewind.market import ConfigError

if TYPE_CHECKING:
    from tradewind.policy import Bundle

model_app = typer.Typer(no_args_is_help=True, help="Models: list, show, verify, import.")

Model = Annotated[str, typer.Argument(help="A name of `model list`, or a bundle's folder.")]


def bundle_folder(home: Path, model: str, agents: Sequence[str] = ()) -> Path:
    """A model by its name in <home>/bundles, or by the path of its folder; else `ConfigError`.

    `agents` are other names that would have done here: the baselines.
    """
    for folder in (home / "bundles" / model, Path(model)):
        if model and folder.is_dir():
            return folder
    there = [folder.name for folder in _bundles(home)]
    near = get_close_matches(model, [*there, *agents], n=1)
    hint = (
        f"did you mean {near[0]}?"
        if near
        else f"there: {', '.join(there) or 'none yet, see tradewind train'}"
    )
    others = f"; baselines are {', '.join(agents)}" if agents and not near else ""
    raise ConfigError(f"model {model!r} is neither in {home / 'bundles'} nor a folder: {hint}{others}")


def checked_name(name: str) -> str:
    """A name that stays inside of its folder; else `ConfigError`."""
    if not name or name.startswith(".") or set(name) & set("/\\") or not name.isprintable():
        raise ConfigError(f"{name!r} is no name for a model: use letters, digits, dots and dashes")
    return name


@model_app.command("list")
def list_models(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """All models of the workspace. Exit code 1 when one of them is refused."""
    rows = [_row(folder) for folder in _bundles(home)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(
            stdout(),
            f"No models in {home / 'bundles'}: make one with tradewind train, or bring one in with "
            "tradewind model import.",
        )
    else:
        _print_list(rows)
    if any(row["refused"] for row in rows):
        raise typer.Exit(1)


@model_app.command("show")
def show_model(model: Model, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """What a model was trained on, and under which limits it trades."""
    from tradewind.policy import Bundle

    bundle = Bundle.load(bundle_folder(home, model))
    if as_json:
        print_json({"sha256": bundle.sha256, **bundle.spec.model_dump(mode="json")})
        return
    console = stdout()
    print_facts(
        console, [("model", model), ("sha256", bundle.sha256)]
    )  # apart: the hash fits into 80 columns
    console.print()
    print_facts(console, _facts(bundle))


@model_app.command("verify")
def verify_model(model: Model, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Check every byte of a bundle and what its network answers. A refusal says why."""
    from tradewind.policy import Bundle

    folder = bundle_folder(home, model)
    bundle = Bundle.load(folder)
    if as_json:
        print_json({"model": folder.name, "sha256": bundle.sha256, "whole": True})
    else:
        count = len(bundle.golden_actions)
        say(
            stdout(),
            f"{folder.name} is whole: model {bundle.sha256[:12]}, {count} of {count} golden actions.",
        )


@model_app.command("import")
def import_model_file(
    file: Annotated[Path, typer.Argument(help="A Stable-Baselines3 .zip or an ElegantRL .pth.")],
    spec: Annotated[Path, typer.Option("--spec", help="TOML or JSON: what its inputs and outputs mean.")],
    scaler: Annotated[Path | None, typer.Option("--scaler", help="Constants, JSON or npz.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the model [the file's].")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a model of that name.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Bring in a model that was trained elsewhere. No code in the file is ever executed."""
    from tradewind.policy.importers import import_model, save_verified

    chosen = checked_name(name or file.stem)
    writable(home / "bundles")
    bundle = import_model(file, spec, scaler)
    folder = save_verified(bundle, home / "bundles" / chosen, replace)
    if as_json:
        print_json({"model": chosen, "sha256": bundle.sha256, "folder": str(folder)})
        return
    layers = " x ".join(str(size) for size in bundle.spec.network.layers)
    following = next_command(f"tradewind backtest {chosen}", home)
    console = stdout()
    say(
        console,
        f"Imported {bundle.spec.algorithm} {layers} as {chosen} (model {bundle.sha256[:12]}): "
        f"its answers to 64 inputs equal the original network's.",
    )
    say(console, f"Next: {following}")


def _bundles(home: Path) -> list[Path]:
    folder = home / "bundles"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))


def _row(folder: Path) -> dict[str, Any]:
    from tradewind.policy import Bundle, BundleError

    try:
        bundle = Bundle.load(folder)
    except BundleError as error:
        return {"model": folder.name, "refused": str(error)}
    spec = bundle.spec
    return {
        "model": folder.name,
        "refused": None,
        "sha256": bundle.sha256,
        "algorithm": spec.algorithm,
        "layers": list(spec.network.layers),
        "venue": spec.venue,
        "symbols": list(spec.symbols),
        "kinds": sorted(set(spec.kinds)),
        "timeframe": spec.timeframe,
        "adapter": spec.adapter.name if spec.adapter else None,
        "evidence": sorted(spec.evidence),
        "code_version": spec.code_version,
    }


def _facts(bundle: Bundle) -> list[tuple[str, str]]:
    """What `model show` tells, a line each."""
    from tradewind.data.timestamps import utc_text

    spec = bundle.spec
    facts = [
        ("algorithm", spec.algorithm),
        ("network", " x ".join(str(size) for size in spec.network.layers)),
        ("venue", spec.venue),
        ("symbols", ", ".join(spec.symbols)),
        ("kind", ", ".join(sorted(set(spec.kinds)))),
        ("timeframe", spec.timeframe),
    ]
    if spec.data is not None:
        facts.append(("trained on", f"{utc_text(spec.data.start_ms)} to {utc_text(spec.data.end_ms)} (UTC)"))
    if spec.adapter is not None:
        facts.append(("adapter", spec.adapter.name))
    for key, value in spec.rules.items():
        facts.append((f"rules.{key}", _told(value)))
    facts.append(("seeds", _told(dict(spec.seeds))))
    facts.append(("evidence", ", ".join(sorted(spec.evidence)) or "none"))
    facts.append(("code version", spec.code_version))
    return facts


def _told(value: Any) -> str:
    """A value of the rules as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(one)}" for key, one in value.items()) or "none"
    return "off" if value is None else str(value)


def _print_list(rows: list[dict[str, Any]]) -> None:
    columns = [
        Column("model"),
        Column("algorithm"),
        Column("symbols", wraps=16),
        Column("bar"),
        Column("adapter", spare=2),
        Column("evidence", spare=1),
        Column("state", wraps=24),
    ]
    cells = []
    for row in rows:
        state = f"refused: {row['refused']}" if row["refused"] else f"whole, {row['sha256'][:12]}"
        symbols = row.get("symbols", [])
        told = ", ".join(symbols) if len(symbols) < 4 else f"{symbols[0]} and {len(symbols) - 1} more"
        evidence, adapter = ", ".join(row.get("evidence", [])) or "none", row.get("adapter") or "none"
        middle = [row.get("algorithm", ""), told, row.get("timeframe", "")]
        cells.append([row["model"], *middle, adapter, evidence, state])
    print_table(stdout(), columns, cells, ["red" if row["refused"] else "" for row in rows])
