"""docs/features.md tells the truth: its table is the catalogue, and its code runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from tradewind.features import CATALOGUE, FeatureSpec, compute

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def row(name: str) -> str:
    params = FeatureSpec(name).params
    shown = ", ".join(f"{k} {v}" if isinstance(v, str) else f"{k} {v:g}" for k, v in params.items())
    return f"| {name} | {shown} | {CATALOGUE[name].warmup(params)} | {CATALOGUE[name].says} |"


def test_the_table_is_the_catalogue() -> None:
    table = PAGE.read_text().split("## All features")[1].strip().splitlines()[2:]
    assert table == [row(name) for name in CATALOGUE]


def test_the_examples_run_as_they_stand(make_market: Any, tmp_path: Path) -> None:
    market = make_market(1, rows=2000, width=2)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    given = {
        "market": market,
        "open_time": int(market.open_time[0]),
        "ohlcv": [[1.0, 2.0, 0.5, 1.5, 10.0], [1.0, 1.0, 1.0, 1.0, 0.0]],
        "tradable": [True, True],
        "available_at": market.open_time[[10, 300]],
        "scores": [0.1, -0.2],
    }
    made = runpy.run_path(str(script), init_globals=given)
    assert len(blocks) == 5
    assert made["matrix"].columns[-1] == "mood"
    assert made["gaps"].ready.any()
    assert made["inputs"].shape == compute(market, made["plan"]).values.shape
