"""Help comes at once: nothing heavy is imported before a command works."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numba", "sqlalchemy", "ccxt", "aiohttp", "polars", "torch", "scipy", "matplotlib")
PRINT = f"import sys, tradewind.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"


def test_the_command_line_is_read_without_anything_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_ctrl_c_while_it_imports_is_one_word() -> None:
    """The import is cut off where a signal would cut it."""
    code = (
        "import sys, builtins\n"
        "real = builtins.__import__\n"
        "def cut(name, *rest):\n"
        "    if name == 'typer':\n"
        "        raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = cut\n"
        "from tradewind.cli.entry import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "Interrupted\n")
