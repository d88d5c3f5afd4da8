"""docs/features.md tells the truth: its table is the catalogue."""

from __future__ import annotations

from pathlib import Path

from tradewind.features import CATALOGUE, FeatureSpec

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def row(name: str) -> str:
    params = FeatureSpec(name).params
    shown = ", ".join(f"{k} {v}" if isinstance(v, str) else f"{k} {v:g}" for k, v in params.items())
    return f"| {name} | {shown} | {CATALOGUE[name].warmup(params)} | {CATALOGUE[name].says} |"


def test_the_table_is_the_catalogue() -> None:
    table = PAGE.read_text().split("## All features")[1].strip().splitlines()[2:]
    assert table == [row(name) for name in CATALOGUE]
