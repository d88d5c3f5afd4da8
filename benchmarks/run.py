"""Speed, side by side with peers, and skill beside the best attainable: `python benchmarks/run.py [--only NAME]`.

Speed is CPU time of one core on both sides, medians, in turn; `make bench` sets one thread for each library.
`--only worlds` trains the learner on every world; it, `--only decision`, `--only exchange`, `--only live` and `--only
overfitting` need no peers. Writes results.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

import backtest
import decision
import environment
import exchange
import live
import overfitting
import training
import worlds
from measure import Result, install_peers, machine

BENCHMARKS: dict[str, Callable[[bool], Iterator[Result]]] = {
    "environment": environment.measure,
    "backtest": backtest.measure,
    "decision": decision.measure,
    "exchange": exchange.measure,
    "live": live.measure,
    "overfitting": overfitting.measure,
    "training": training.measure,
    "worlds": worlds.measure,
}
WITHOUT_PEERS = {"decision", "exchange", "live", "overfitting", "worlds"}
RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed beside peers, skill beside oracles.")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="run this one (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, one seed: a rough picture")
    options = parser.parse_args()
    chosen = options.only or list(BENCHMARKS)
    if not WITHOUT_PEERS.issuperset(chosen):
        install_peers()
    console, where = Console(), machine()
    console.print(f"[bold]{where}[/bold]; one core each, in turn, medians")
    results = []
    for name in chosen:
        for result in BENCHMARKS[name](options.quick):
            console.print(
                f"  {result.name}: {_number(result.ours)} {result.unit}. {result.note}", highlight=False
            )
            results.append(result)
    _write([result.as_dict(where) for result in results])
    speed = [result for result in results if result.against != worlds.ORACLE]
    skill = [result for result in results if result.against == worlds.ORACLE]
    if speed:
        console.print(_table(speed))
    if skill:
        console.print(worlds.table(skill))
    console.print(
        f"written to {RESULTS.relative_to(Path.cwd())}" if RESULTS.is_relative_to(Path.cwd()) else ""
    )
    return 0


def _write(new: list[dict[str, object]]) -> None:
    """Replace what was measured again, keep the rest."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    measured = {(r["name"], r["against"]) for r in new}
    kept = [r for r in kept if (r["name"], r["against"]) not in measured]
    partial = RESULTS.with_suffix(".partial")
    partial.write_text(json.dumps(kept + new, indent=2) + "\n")
    os.replace(partial, RESULTS)


def _table(results: list[Result]) -> Table:
    table = Table(show_lines=False)
    for title, side in (
        ("what", "left"),
        ("ours", "right"),
        ("peer", "right"),
        ("ratio", "right"),
        ("target", "right"),
        ("met", "left"),
        ("against", "left"),
    ):
        table.add_column(title, justify=side)  # type: ignore[arg-type]
    for r in results:
        met = {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[r.met]
        peer = "" if r.peer is None else _number(r.peer)
        ratio = "" if r.ratio is None else f"{r.ratio:.1f} x"
        table.add_row(r.name, f"{_number(r.ours)} {r.unit}", peer, ratio, r.target, met, r.against)
    return table


def _number(value: float) -> str:
    for limit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.2f} {letter}"
    return f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
