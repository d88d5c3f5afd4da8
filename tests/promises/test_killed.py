"""Killed with signal 9 at any point of an order's life, a run goes on where its journal ends: nothing is lost."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Listener
from pathlib import Path

import pytest

from tests.promises.killing import Errand, Point, Zygote
from tests.promises.living import COINS, KEYS, MONEY, Job, even_chances, symbols_at
from tests.promises.turns import Leading, lead
from tests.promises.verdicts import ACCOUNT, Verdict
from tests.promises.virtual_time import LoopClock
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP, Place
from tradewind.data.coins import coin_markets
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.market import Command, CommandKind
from tradewind.trading.acting.settings import EntryType, ExecutionSettings

PLACES = (BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP)
FIRST = 1_700_006_400_000
MINUTE, HISTORY = 60_000, 120
SPEED = 6.0
BARS = 5  # that may be decided on
SEED = 1
QUICK, AT_ONCE = 30, 3
KILLED = -9
CALM = 25.0  # seconds at work, in which what was in doubt is cleared
PATIENCE = 400.0  # more, until it is
STOPS_WITHIN = 60.0
WITH_ORDERS = (
    "trading/session",
    "trading/orders",
    "trading/acting",
    "trading/comparing",
    "trading/journal",
    "venues/",
)


@dataclass(frozen=True, order=True)
class Scene:
    """Where, and how entries are made."""

    place: Place
    entry: EntryType = EntryType.MARKET

    def __str__(self) -> str:
        return f"{self.place}, {self.entry}"


SCENES = tuple(Scene(place, entry) for entry in EntryType for place in PLACES)


class Ordeal:
    """An exchange in this process, and lives of one run in others, which take turns with it."""

    def __init__(self, scene: Scene, folder: Path, zygote: Zygote, seed: int) -> None:
        self.place, self._folder, self._zygote, self._seed = scene.place, folder, zygote, seed
        self._execution = ExecutionSettings(scene.entry, timeout_seconds=6.0, repricings=2)
        self._clock = Leading()
        self.exits: list[int] = []

    def wrong(self, dies_at: Point | None, time_around: int = 1, seen: Path | None = None) -> list[str]:
        """What is wrong after a life that ends at a point, and one that recovers."""
        with Listener(family="AF_UNIX") as self._turns, even_chances(self._seed):
            lead(self._run(dies_at, time_around, seen), self._clock)
        found = [] if self.exits[-1] == 0 else [f"processes ended with {self.exits}"]
        verdict = Verdict(self.job, self._known)
        self.orders, self.fills = len(verdict.ledger.orders), len(verdict.ledger.fills)
        return found + list(verdict)

    async def _run(self, dies_at: Point | None, time_around: int, seen: Path | None) -> None:
        start = FIRST + HISTORY * MINUTE + 50_000
        wire = LoopClock(start)
        self.job = Job(
            self.place,
            symbols_at(self.place),
            self._folder,
            self._seed,
            start + (BARS + 1) * MINUTE,
            self._execution,
        )
        async with await self._exchange(start, wire) as local:
            address = str(self._turns.address)
            opened = wire.now_ms(), local.clock.now_ms(), SPEED
            errand = Errand(self.job, local.url, address, start, opened, dies_at, time_around, seen)
            await self._live(errand, local)
            if self.exits[-1] == KILLED:
                await self._live(replace(errand, dies_at=None, seen=None), local)
            self._known = local.house(self.place.house).exchange
            self._known.advance(local.clock.now_ms())

    async def _live(self, errand: Errand, local: LocalExchange) -> None:
        self._zygote.send(errand)
        self._clock.wait_for(self._turns)
        loop, folder = asyncio.get_running_loop(), self.job.plan.folder
        began, frozen, asked = loop.time(), math.inf, math.inf
        while self._clock.followed:
            await asyncio.sleep(0.4)
            now = loop.time()
            if frozen == math.inf and now > began + CALM and local.clock.now_ms() > self.job.until:
                frozen = now
                local.clock.set_speed(0.0)  # nothing more happens while it stops
            status = folder.status or {"at": 0}
            clear = status["at"] > errand.epoch_ms + (frozen + 12.0) * 1000 and status["in_doubt"] == 0
            if asked == math.inf and (clear or now > frozen + PATIENCE):
                asked = now
                folder.send(Command(CommandKind.STOP, local.clock.wire.now_ms()))
            if now > asked + STOPS_WITHIN:
                self._clock.leave()  # it ends by an error then
        self.exits.append(self._zygote.ended())

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


Mark = tuple[Scene, Point, int]  # where it is passed first, and how often


@pytest.fixture(scope="module")
def marks(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> list[Mark]:
    """Every point that the life of orders passes, each in the first scene that has it, from undisturbed runs."""
    found: dict[Point, Mark] = {}
    for scene in SCENES:
        folder = tmp_path_factory.mktemp("points")
        ordeal = Ordeal(scene, folder, zygote, SEED)
        assert ordeal.wrong(None, seen=folder / "points") == []
        traded = f"{scene}: {ordeal.orders} orders, {ordeal.fills} fills"
        assert min(ordeal.orders / 2, ordeal.fills) >= 5, traded
        passed = (folder / "points").read_text(encoding="utf-8").splitlines()
        assert len(passed) > 300, f"{scene}: {len(passed)} points"
        for file, number, what, times in (line.split() for line in passed):
            point = Point(file, int(number), what)
            found.setdefault(point, (scene, point, int(times)))
    files = {point.file for point in found}
    for part in WITH_ORDERS:
        assert any(file.startswith(part) for file in files), f"no point in {part}, only in {sorted(files)}"
    return sorted(found.values(), key=lambda mark: mark[1])


def suffer(marks: Sequence[Mark], zygote: Zygote, folder: Path) -> list[str]:
    """What went wrong."""
    wrong = []
    for number, (scene, point, times) in enumerate(marks):
        around = random.Random(str(point)).randint(1, min(times, 4))
        ordeal = Ordeal(scene, folder / str(number), zygote, SEED)
        found = ordeal.wrong(point, around)
        if KILLED not in ordeal.exits:
            found.append("it was not killed")
        wrong += [f"killed when {point} (passage {around}, {scene}): {text}" for text in found]
    return wrong


@pytest.mark.fault("P1")
@pytest.mark.parametrize("portion", range(QUICK // AT_ONCE))
def test_a_run_survives_a_kill_at_points_chosen_evenly(
    portion: int, marks: list[Mark], zygote: Zygote, tmp_path: Path
) -> None:
    step = len(marks) // QUICK
    some = marks[portion * AT_ONCE * step : (portion + 1) * AT_ONCE * step : step]
    wrong = suffer(some, zygote, tmp_path)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.fault("P1")
@pytest.mark.timeout(7200)
def test_a_run_survives_a_kill_at_every_point(marks: list[Mark], zygote: Zygote, tmp_path: Path) -> None:
    wrong = suffer(marks, zygote, tmp_path)
    assert not wrong, "\n".join(wrong)
