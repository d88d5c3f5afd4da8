"""Help comes at once: nothing heavy is imported before a command works."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numba", "sqlalchemy", "ccxt", "aiohttp", "polars", "torch", "scipy", "matplotlib")
PRINT = f"import sys, tradewind.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"


def test_the_command_line_is_read_without_anything_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
