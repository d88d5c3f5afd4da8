"""`python -m tests.cli.hurried WORDS`: the command line in a process whose waits take an eighth of their time."""

from __future__ import annotations

import asyncio

from tests.promises.virtual_time import run_quickly
from tradewind.cli.entry import main

if __name__ == "__main__":
    asyncio.run = run_quickly  # type: ignore[assignment]
    main()
