"""One panic of a run at a time: two that read the same coins would sell them twice."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from tradewind.market import Clock
from tradewind.trading.panic.panic_record import panic_files

LOCK = "panic.lock"
ASK_SECONDS = 0.5
STILL_SECONDS = 15.0  # without a word written: one that is at work hangs, and is waited for no more


@asynccontextmanager
async def alone(folder: Path, clock: Clock, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Wait while another panic is at work in the folder of a run, as long as it does something.

    Where nothing can be written, nobody waits.
    """
    try:
        file = (folder / LOCK).open("a+b")
    except OSError:
        yield
        return
    with file:  # the system lets go of the lock, also of one whose process was killed
        await _wait(file, folder, clock, tell)
        yield


async def _wait(file: IO[bytes], folder: Path, clock: Clock, tell: Callable[[str], None]) -> None:
    told, seen, since = False, _written(folder), clock.now_ms()
    while not _taken(file):
        if not told:
            tell("Another panic of this run is at work: it is waited for.")
            told = True
        now = _written(folder)
        if now != seen:
            seen, since = now, clock.now_ms()
        if clock.now_ms() - since > STILL_SECONDS * 1000:
            tell("The other panic does nothing any more: it is not waited for.")
            return
        await clock.sleep(ASK_SECONDS)


def _taken(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _written(folder: Path) -> list[tuple[str, int]]:
    return [(path.name, path.stat().st_mtime_ns) for path in panic_files(folder)]
