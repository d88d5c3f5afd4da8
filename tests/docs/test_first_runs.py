"""The pages about the first runs can be typed as they stand, with a local exchange in the venue's place.

`--at` is added to `run` and `doctor`, and `.env` has the keys of the local exchange; all else is the page's. A run
works on while the next commands are typed, as in a terminal of its own.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.live_runs import SOURCE
from tests.docs.pages import ROOT, Shown, shown
from tests.docs.test_tour import was_printed
from tests.gateway.exchange_here import MINUTE, settings
from tradewind.data.coins import coin_markets
from tradewind.gateway.compose import LocalExchange, open_exchange
from tradewind.trading.journal.run_folder import RunFolder

HISTORY, SPEED = 200, 20.0
LOCAL_KEYS = "TRADEWIND_BINANCE_LOCAL_KEY=demo-key\nTRADEWIND_BINANCE_LOCAL_SECRET=demo-secret\n"
LOOKS = ("doctor", "status")  # may end with 1: there is something to look at


class Terminal:
    """Types the commands of a page in an empty folder."""

    def __init__(self, folder: Path, at: str) -> None:
        self.folder, self.at = folder, at
        self.works: asyncio.subprocess.Process | None = None
        self._shown: Shown | None = None

    async def type(self, one: Shown) -> None:
        verb = shlex.split(one.command)[1]
        if verb == "run":
            await self._start(one)
            return
        process = await self._spawn(one.command + (f" --at {self.at}" if verb == "doctor" else ""))
        printed = await self._printed(process)
        assert process.returncode in ((0, 1) if verb in LOOKS else (0,)), (one.command, printed)
        _compare(one, printed)
        if verb in ("-9", "stop", "panic"):  # the first is kill -9
            await self._ended()

    async def _start(self, one: Shown) -> None:
        assert self.works is None, "one run at a time"
        began = time.time() * 1000
        self.works, self._shown = await self._spawn(f"{one.command} --at {self.at}"), one
        until = time.monotonic() + 90
        while time.monotonic() < until and self.works.returncode is None:
            for path in self.folder.glob("workspace/runs/*/status.json"):
                status = RunFolder(path.parent).status or {}
                fresh = status.get("at", 0) > began and status["decisions"] >= 1
                if fresh and not status["degraded"] and not status.get("in_doubt"):
                    return
            await asyncio.sleep(0.2)
        raise AssertionError((one.command, await self._printed(self.works)))

    async def _ended(self) -> None:
        assert self.works is not None
        assert self._shown is not None
        _compare(self._shown, await self._printed(self.works))
        self.works = None

    async def _spawn(self, command: str) -> asyncio.subprocess.Process:
        program = command.replace("tradewind ", f"exec {shlex.quote(sys.executable)} -m tradewind.cli ", 1)
        return await asyncio.create_subprocess_shell(
            program if command.startswith("tradewind ") else command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if k not in ("COLUMNS", "TRADEWIND_HOME")}
            | {"PYTHONPATH": SOURCE},
            cwd=self.folder,
        )

    async def _printed(self, process: asyncio.subprocess.Process) -> list[str]:
        out, _ = await asyncio.wait_for(process.communicate(), 90)
        return out.decode().splitlines()

    async def close(self) -> None:
        if self.works is not None and self.works.returncode is None:
            self.works.kill()
            await self.works.wait()


def _compare(one: Shown, printed: list[str]) -> None:
    assert [line for line in one.output if not was_printed(line, printed)] == [], (one.command, printed)


@asynccontextmanager
async def exchange(folder: Path) -> AsyncIterator[LocalExchange]:
    now = time.time_ns() // 1_000_000 // MINUTE * MINUTE
    markets = coin_markets(["BTC", "ETH"], seed=1, start_ms=now - HISTORY * MINUTE, bars=HISTORY + 8_000)
    asked = settings(folder, markets=markets, start_ms=now, speed=SPEED, limits=0.0, tls=False)
    async with await open_exchange(asked) as local:
        yield local


@pytest.mark.parametrize(
    "page",
    ["first_paper_session.md", pytest.param("first_hour_on_the_testnet.md", marks=pytest.mark.slow)],
)
def test_every_command_of_the_page_does_what_it_shows(page: str, tmp_path: Path) -> None:
    typed = shown(ROOT / "docs" / page)
    verbs = [shlex.split(one.command)[1] for one in typed]
    assert {"init", "doctor", "run", "status", "stop", "replay"} <= set(verbs)
    (tmp_path / ".env").write_text(LOCAL_KEYS)
    (tmp_path / ".env").chmod(0o600)

    async def story() -> None:
        async with exchange(tmp_path) as local:
            terminal = Terminal(tmp_path, local.url)
            try:
                for one in typed:
                    await terminal.type(one)
            finally:
                await terminal.close()
            assert terminal.works is None, "the page ends with a run at work"

    asyncio.run(story())
