"""The process that trades stays small."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "polars", "pandas", "pydantic", "sqlalchemy", "matplotlib")


def test_nothing_heavy_is_loaded() -> None:
    script = f"import sys, tradewind.venues.remote; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
