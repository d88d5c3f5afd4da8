"""Killed with signal 9 at any point of an order's life, a run goes on where its journal ends: nothing is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.killing import Errand, Point, Zygote
from tests.promises.living import COINS, KEYS, MONEY, Job, symbols_at
from tests.promises.verdicts import ACCOUNT, Verdict
from tests.promises.virtual_time import LoopClock, run_quickly
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM, Place
from tradewind.data.coins import coin_markets
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.market import Command, CommandKind
from tradewind.trading.risk.guard_settings import GuardSettings

FIRST = 1_700_006_400_000
MINUTE, HISTORY = 60_000, 120
SPEED = 6.0
BARS = 5  # that may be decided on
QUICK, AT_ONCE = 30, 3
KILLED = -9
CALM = 25.0  # seconds at work, in which what was in doubt is cleared
# Time is quick here, machines are not: a late bar is decided on nevertheless.
LATE = GuardSettings(
    max_slippage=None, max_losses_in_a_row=None, max_bar_age_seconds=None, max_data_age_seconds=None
)


class Ordeal:
    """An exchange in this process, and lives of one run in others."""

    def __init__(self, place: Place, folder: Path, zygote: Zygote, seed: int) -> None:
        self.place, self._folder, self._zygote, self._seed = place, folder, zygote, seed
        self.exits: list[int] = []

    def wrong(self, dies_at: Point | None, time_around: int = 1, seen: Path | None = None) -> list[str]:
        """What is wrong after a life that ends at a point, and one that recovers."""
        run_quickly(self._run(dies_at, time_around, seen))
        found = [] if self.exits[-1] == 0 else [f"processes ended with {self.exits}"]
        return found + list(Verdict(self.job, self._known))

    async def _run(self, dies_at: Point | None, time_around: int, seen: Path | None) -> None:
        start = FIRST + HISTORY * MINUTE + 50_000
        wire = LoopClock(start - round(asyncio.get_running_loop().time() * 1000))
        self.job = Job(
            self.place,
            symbols_at(self.place),
            self._folder,
            self._seed,
            start + (BARS + 1) * MINUTE,
            guards=LATE,
        )
        async with await self._exchange(start, wire) as local:
            base = wire.now_ms()
            errand = Errand(
                self.job,
                local.url,
                wire.start_ms,
                (base, local.clock.now_ms(), SPEED),
                dies_at,
                time_around,
                seen,
            )
            await self._live(errand, local)
            if self.exits[-1] == KILLED:
                await self._live(Errand(self.job, local.url, wire.start_ms, errand.opened), local)
            self._known = local.house(self.place.house).exchange
            self._known.advance(local.clock.now_ms())

    async def _live(self, errand: Errand, local: LocalExchange) -> None:
        self._zygote.send(errand)
        began = asyncio.get_running_loop().time()
        asked, frozen = False, 0.0
        while (code := self._zygote.ended()) is None:
            now, status = asyncio.get_running_loop().time(), self.job.plan.folder.status or {}
            told = status.get("at", 0) / 1000 - errand.epoch_ms / 1000
            if told < began:
                began = now  # it is not at work yet
            elif not frozen and now > began + CALM and local.clock.now_ms() > self.job.until:
                frozen = now
                local.clock.set_speed(0.0)  # nothing more happens while it stops
            elif frozen and not asked and told > frozen + 3.0 and status["in_doubt"] == 0:
                asked = True
                self.job.plan.folder.send(Command(CommandKind.STOP, 0))
            await asyncio.sleep(0.4)
        self.exits.append(code)

    async def _exchange(self, start: int, wire: LoopClock) -> LocalExchange:
        markets = coin_markets(
            COINS, seed=self._seed, start_ms=FIRST, bars=HISTORY + 120, kinds=[self.place.kind]
        )
        money = {"USDT": MONEY}
        opening = Opening(ACCOUNT, KEYS.key, KEYS.secret, KEYS.passphrase, money, money)
        return await open_exchange(
            Settings(
                markets=markets, start_ms=start, speed=SPEED, limits=0.0, tls=False, wire=wire, accounts=[opening]
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    process = Zygote()
    yield process
    process.close()


@pytest.fixture(scope="module")
def points(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Place, Point, int]]:
    """Every point that the life of orders passes, on spot and on perpetuals, with how often, from a run."""
    found = []
    for place in (BINANCE_SPOT, BINANCE_USDM):
        folder = tmp_path_factory.mktemp("points")
        ordeal = Ordeal(place, folder, zygote, seed=1)
        assert ordeal.wrong(None, seen=folder / "points") == []
        for line in (folder / "points").read_text(encoding="utf-8").splitlines():
            file, number, what, times = line.split()
            found.append((place, Point(file, int(number), what), int(times)))
    assert len(found) > 200, found
    return sorted(found, key=lambda p: (p[1], str(p[0])))


def suffer(
    points: list[tuple[Place, Point, int]], numbers: range, zygote: Zygote, folder: Path
) -> tuple[list[str], int]:
    """What went wrong, and how many were killed indeed."""
    wrong, killed = [], 0
    for number in numbers:
        place, point, times = points[number % len(points)]
        around = random.Random(number).randint(1, min(times, 4))
        ordeal = Ordeal(place, folder / str(number), zygote, seed=1 + number % 3)
        found = ordeal.wrong(point, around)
        killed += KILLED in ordeal.exits
        wrong += [f"killed when {point} (passage {around}, {place}): {text}" for text in found]
    return wrong, killed


@pytest.mark.fault("P1")
@pytest.mark.parametrize("portion", range(QUICK // AT_ONCE))
def test_a_run_survives_a_kill_at_points_chosen_evenly(
    portion: int, points: list[tuple[Place, Point, int]], zygote: Zygote, tmp_path: Path
) -> None:
    step = len(points) // QUICK
    numbers = range(portion * AT_ONCE * step, (portion + 1) * AT_ONCE * step, step)
    wrong, killed = suffer(points, numbers, zygote, tmp_path)
    assert not wrong, "\n".join(wrong)
    assert killed, "none of these points was reached"


@pytest.mark.slow
@pytest.mark.fault("P1")
@pytest.mark.timeout(7200)
def test_a_run_survives_a_kill_at_every_point(
    points: list[tuple[Place, Point, int]], zygote: Zygote, tmp_path: Path
) -> None:
    wrong, killed = suffer(points, range(len(points)), zygote, tmp_path)
    print(f"{len(points)} points, {killed} reached")
    assert not wrong, "\n".join(wrong)
    assert killed > 0.8 * len(points)
