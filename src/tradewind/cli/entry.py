"""Where the process begins: SIGTERM is a Ctrl+C, and one while the commands are still imported is one word, too."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """The command line of this process; ends it with the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from tradewind.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted\n")
        sys.exit(130)
    run()
