"""One run through a storm: seeded faults and deaths over real sockets, then calm until everything is clear."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.promises.living import COINS, KEYS, MONEY, Job, Life, even_chances, symbols_at
from tests.promises.mishaps import Mishap, drawn
from tests.promises.verdicts import ACCOUNT, Verdict
from tests.promises.virtual_time import LoopClock, run_virtually
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP, Place
from tradewind.data.coins import coin_markets
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.gateway.faults import rule_of
from tradewind.market import Command, CommandKind, VenueUnavailable
from tradewind.trading.acting.settings import EntryType, ExecutionSettings

PLACES = (BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, BITGET_SWAP)
FIRST = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE = 60_000
HISTORY = 120  # bars before the start
SPEED = 6.0  # of market time
STORM = 80.0  # seconds of the wire
CALM = 65.0  # after it, before anything may be asked of the run
PATIENCE = 400.0  # more, until all is clear


@dataclass
class Story:
    """What happened, to be told when something is wrong."""

    seed: int
    place: Place
    mishaps: list[Mishap]
    lives: int = 0
    ends: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    fired: Mapping[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    orders: int = 0
    fills: int = 0

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed} at {self.place}, {self.lives} lives, {self.orders} orders, {self.fills} fills",
            *self.wrong,
        ]
        lines += [f"  {m}" for m in self.mishaps] + [f"  fired: {self.fired}"]
        return "\n".join(
            [*lines, *(f"  ended: {e}" for e in self.ends), *(f"  alarm: {a}" for a in self.alarms)]
        )


class Storm:
    def __init__(self, seed: int, folder: Path, story: Story) -> None:
        self.story, self.place = story, story.place
        self._chance = random.Random(f"storm {seed}")
        self._folder = folder
        self._life: Life | None = None
        self._dies_at: tuple[int, bool] | None = None
        self._restarts = True
        self._done: Counter[str] = Counter()

    async def run(self) -> None:
        """Storm, calm, stop."""
        start = FIRST + HISTORY * MINUTE + self._chance.randrange(MINUTE)
        wire, ours = LoopClock(start), LoopClock(start)
        async with await self._exchange(start, wire) as local:
            until = start + round(STORM * SPEED * 1000)
            self.job = self._job(until)
            with Life.mortal():
                keeper = asyncio.create_task(self._keep_alive(local, wire, ours))
                try:
                    await self._storm(local, ours)
                    await self._calm(local, ours)
                    await self._stop()
                finally:
                    keeper.cancel()
                    await asyncio.gather(keeper, return_exceptions=True)
                    if self._life is not None:
                        await self._life.kill()
                await asyncio.sleep(1.0)
            self.story.fired = Counter(local.faults.fired()) + self._done
            self.exchange = local.house(self.place.house).exchange
            self.exchange.advance(local.clock.now_ms())

    async def _exchange(self, start: int, wire: LoopClock) -> LocalExchange:
        bars = HISTORY + round((STORM + CALM + PATIENCE) * SPEED / 60) + 30
        markets = coin_markets(
            COINS, seed=self.story.seed, start_ms=FIRST, bars=bars, kinds=[self.place.kind]
        )
        money = {"USDT": MONEY}
        own = {"BTC": Decimal(1), "ETH": Decimal(20)}  # the user's, which no run may touch
        opening = Opening(ACCOUNT, KEYS.key, KEYS.secret, KEYS.passphrase, {**money, **own}, dict(money))
        return await open_exchange(
            Settings(
                markets=markets, start_ms=start, speed=SPEED, limits=0.0, tls=False, wire=wire, accounts=[opening]
            )
        )  # fmt: skip

    def _job(self, until: int) -> Job:
        execution = ExecutionSettings()
        if self._chance.random() < 0.4:
            execution = ExecutionSettings(EntryType.POST_ONLY, timeout_seconds=6.0, repricings=2)
        return Job(self.place, symbols_at(self.place), self._folder, self.story.seed, until, execution)

    async def _keep_alive(self, local: LocalExchange, wire: LoopClock, ours: LoopClock) -> None:
        """As a service manager does: whatever ended is started again a moment later."""
        while True:
            self.story.lives += 1
            life = self._life = Life(
                self.job, local.url, wire, local.clock, dies_at=self._dies_at,
                wall=ours, alarms=lambda a: self.story.alarms.append(f"{wire.now_ms()} {a.alarm} {a.symbol} {a.text}"),
            )  # fmt: skip
            self._dies_at = None
            while not life.over:
                await asyncio.sleep(0.05)
            killed = life.dead
            await life.kill()
            error = None if killed or life.task.cancelled() else life.task.exception()
            if error is not None and not isinstance(error, VenueUnavailable):
                self.story.wrong.append(f"ended by {error!r}")
            self._done["killed"] += killed
            self.story.ends.append("killed" if killed else repr(error))
            if not self._restarts:
                return
            await asyncio.sleep(self._chance.choice((0.1, 1.0, 8.0)))

    async def _storm(self, local: LocalExchange, ours: LoopClock) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for mishap in self.story.mishaps:
            await asyncio.sleep(max(0.0, began + 4.0 + mishap.at - loop.time()))
            if mishap.fault is not None:
                local.faults.add(rule_of(mishap.fault))
            elif mishap.command is not None:
                local.control.run(*mishap.command)
                self._done[mishap.kind] += 1
            elif mishap.skew_ms is not None:
                ours.skew_ms = mishap.skew_ms
                self._done[mishap.kind] += 1
            elif mishap.dies is not None:
                self._doom(*mishap.dies)
        await asyncio.sleep(max(0.0, began + 4.0 + STORM - loop.time()))

    def _doom(self, write: int, before: bool) -> None:
        life = self._life
        if life is None or life.over:
            self._dies_at = write, before
        elif write == 0:
            life.die()
        else:
            life.dies_at(write, before)

    async def _calm(self, local: LocalExchange, ours: LoopClock) -> None:
        local.faults.clear()
        ours.skew_ms = 0
        await asyncio.sleep(CALM)
        local.clock.set_speed(0.0)  # nothing more happens while it stops
        await asyncio.sleep(12.0)
        for _ in range(round(PATIENCE)):
            status = self.job.plan.folder.status or {}
            fresh = status.get("at", 0) > local.clock.wire.now_ms() - 10_000
            if fresh and status["in_doubt"] == 0 and self._life is not None and not self._life.over:
                break
            await asyncio.sleep(1.0)

    async def _stop(self) -> None:
        self._restarts = False
        self.job.plan.folder.send(Command(CommandKind.STOP, 0))
        for _ in range(600):
            if self._life is not None and self._life.over:
                return
            await asyncio.sleep(0.1)
        self.story.wrong.append("it did not stop within a minute")


def weather(seed: int, folder: Path, mishaps: list[Mishap] | None = None) -> Story:
    """Run one seed; `wrong` of what it returns is empty when every promise held. Mishaps are drawn, or given."""
    place = PLACES[seed % len(PLACES)]
    story = Story(seed, place, mishaps or drawn(seed, STORM, symbols_at(place), place.house))
    storm = Storm(seed, folder, story)
    with even_chances(seed):
        run_virtually(storm.run())
    verdict = Verdict(storm.job, storm.exchange)
    story.orders, story.fills = len(verdict.ledger.orders), len(verdict.ledger.fills)
    story.wrong += list(verdict)
    return story
