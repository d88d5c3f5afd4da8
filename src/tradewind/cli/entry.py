"""Where the process begins: a Ctrl+C while the commands are still imported is one word, too."""

from __future__ import annotations

import sys


def main() -> None:
    """The command line of this process; ends it with the exit code."""
    try:
        from tradewind.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted\n")
        sys.exit(130)
    run()
