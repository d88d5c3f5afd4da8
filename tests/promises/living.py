"""A run at a local exchange put together as `cli.live.trade` does it, that can die without a word at any moment."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import pytest
from ccxt.async_support.base.ws import client as sockets

from tests.venues.remote.seats import Place
from tradewind.cli.live.account_outfit import AccountOutfit
from tradewind.cli.live.plan import Plan
from tradewind.cli.live.running import Running
from tradewind.cli.trial import Named
from tradewind.clients import Keys, connect
from tradewind.config import Settings
from tradewind.data import patience
from tradewind.data.patience import VenueReader
from tradewind.gateway import server
from tradewind.market import Clock, Instrument, Kind, Observation, Timeframe
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.policy.agent import Agent, agent_of_policy
from tradewind.policy.baselines import Random
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.acting.settings import ExecutionSettings
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.terms.order_records import OrderAlarm
from tradewind.venues.remote import lines, open_account
from tradewind.venues.remote.quotes import LiveQuotes
from tradewind.venues.remote.venue_clock import VenueClock

ALLOCATION = 10_000.0
MONEY = Decimal(100_000)  # in the account: most of it is none of the run's
COINS = ("BTC", "ETH")
KEYS = Keys("demo-key", "demo-secret", "demo-pass")
LIFE: contextvars.ContextVar[int] = contextvars.ContextVar("life", default=0)


def symbols_at(place: Place) -> tuple[str, ...]:
    return tuple(f"{coin}/USDT" if place.is_spot else f"{coin}/USDT:USDT" for coin in COINS)


class Restless(Random):
    """Turns every position over again and again until a time, then leaves all as it is."""

    def __init__(self, kinds: Sequence[Kind], seed: int, until: int, gross: float) -> None:
        super().__init__(kinds, switch_probability=0.6, seed=seed, gross=gross)
        self._until = until

    def decide(self, observation: Observation) -> Any:
        wanted = super().decide(observation)
        return wanted if observation.at <= self._until else np.full(self.width, np.nan)


@dataclass(frozen=True)
class Job:
    """What is to be run, wherever: the same in every life of it."""

    place: Place
    symbols: tuple[str, ...]
    home: Path
    seed: int
    until: int  # the last bar that may be decided on, market ms
    execution: ExecutionSettings = field(default_factory=ExecutionSettings)
    guards: GuardSettings = field(
        default_factory=lambda: GuardSettings(max_slippage=None, max_losses_in_a_row=None)
    )

    @property
    def leverage(self) -> int:
        return 1 if self.place.is_spot else 2

    @property
    def gross(self) -> float:
        return 0.9 * self.leverage

    @property
    def agent(self) -> Agent:
        leverage = float(self.leverage)
        risk = RiskLimits(
            max_weight=leverage, stop_loss=0.002, trailing_stop=0.003, cooldown_bars=0, daily_loss=None
        )
        rules = Rules(risk=risk, leverage=leverage, band=0.0)
        kinds = [self.place.kind] * len(self.symbols)
        return agent_of_policy("restless", Restless(kinds, self.seed, self.until, self.gross), rules)

    @property
    def plan(self) -> Plan:
        settings = Settings(execution=self.execution, guards=self.guards)
        return Plan(
            RunFolder(self.home / "runs" / "chaos"),
            "testnet",
            "local",
            self.place.venue,
            "demo",
            self.place.kind,
            Named(self.agent, None, {"baseline": "random"}),
            self.symbols,
            Timeframe("1m"),
            ALLOCATION,
            settings,
        )


async def live(
    job: Job,
    address: str,
    clock: Clock,
    market: Clock,
    *,
    wall: Clock | None = None,
    opened: Callable[[Any], None] = lambda client: None,
    alarms: Callable[[OrderAlarm], None] = lambda alarm: None,
    warn: Callable[[str], None] = lambda text: None,
) -> None:
    """One life of the run: recovered, then traded until it is told to stop. Whatever ends it early is raised."""
    with job.plan.folder.lock(), _keep_alives(wall or clock):
        await _live(job, address, clock, market, wall or clock, opened, alarms, warn)


@contextmanager
def _keep_alives(wall: Clock) -> Iterator[None]:
    """ccxt looks for missing pongs by the machine's own clock."""
    with pytest.MonkeyPatch.context() as patch:
        timed = type("Exchange", (sockets.Exchange,), {"milliseconds": staticmethod(wall.now_ms)})
        patch.setattr(sockets, "Exchange", timed)
        yield


async def _live(
    job: Job, address: str, clock: Clock, market: Clock, wall: Clock, opened: Any, alarms: Any, warn: Any
) -> None:
    plan, place = job.plan, job.place
    client = connect(
        place.venue, "local", keys=KEYS, at=address, kinds=[place.kind], unified=place.unified,
        market_time=market, wire_time=wall,
    )  # fmt: skip
    opened(client)
    try:
        venue_clock = VenueClock(VenueReader(client, clock), clock, wall=wall, market=market, on_alarm=warn)
        quotes = LiveQuotes(client, plan.symbols, venue_clock)
        account = await open_account(
            client, plan.kind, clock=clock, instruments=_journaled(plan), quotes=quotes
        )
        listed = await account.instruments(plan.symbols)
        await quotes.start()
        try:
            outfit = AccountOutfit(account, quotes, clock, venue_clock, alarms)
            running = Running(plan, client, clock, venue_clock, outfit, warn=warn)
            await running.run([listed[symbol] for symbol in plan.symbols])
        finally:
            await quotes.close()
    finally:
        await client.close()


def _journaled(plan: Plan) -> list[Instrument]:
    if not plan.folder.journal.exists():
        return []
    with Journal.open(plan.folder.journal) as journal:
        return [instrument_from_dict(i) for i in journal.session["instruments"]]


@contextmanager
def even_chances(seed: int) -> Iterator[None]:
    """The same jitter of waits each time a seed is run."""
    chances = SimpleNamespace(Random=lambda: random.Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "TICK_SECONDS", 0.1)  # twice as quick to run
        for module in (patience, lines):
            patch.setattr(module, "random", chances)
        yield


_life_of: WeakKeyDictionary[asyncio.Future[Any], int] = WeakKeyDictionary()


def _marked(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
    """A task factory that remembers which life each task belongs to."""
    task = asyncio.Task(work, loop=loop, **more)
    context = more.get("context")
    _life_of[task] = LIFE.get() if context is None else context.get(LIFE, 0)
    return task


class Killed(Exception):
    """Nothing of a life that was killed reaches the disk any more."""


class Life:
    """One life of a run as tasks of this process. `kill` ends it as SIGKILL does, as far as tasks can."""

    _living: ClassVar[dict[int, Life]] = {}
    _count = 0

    def __init__(
        self,
        job: Job,
        address: str,
        clock: Clock,
        market: Clock,
        *,
        dies_at: tuple[int, bool] | None = None,
        **heard: Any,
    ) -> None:
        Life._count += 1
        self.number, self.dead, self.writes = Life._count, False, 0
        self._client: Any = None
        self._closing: Any = None
        self._dies_at = (0, False)
        if dies_at is not None:
            self.dies_at(*dies_at)
        Life._living[self.number] = self
        loop = asyncio.get_running_loop()
        loop.set_task_factory(_marked)
        context = contextvars.copy_context()
        context.run(LIFE.set, self.number)
        work = live(job, address, clock, market, opened=self._opened, **heard)
        self.task = loop.create_task(work, context=context)

    def _opened(self, client: Any) -> None:
        self._client = client

    @property
    def over(self) -> bool:
        return self.task.done() or self.dead

    def dies_at(self, write: int, before: bool) -> None:
        """It is killed in the write of its journal that comes after so many more, before or after what it commits."""
        self._dies_at = self.writes + max(write, 1), before

    def die(self) -> None:
        """From now on nothing is committed and no byte is sent."""
        self.dead = True
        session = None if self._client is None else self._client.session
        if session is not None and self._closing is None:
            self._closing = session.connector.close()

    async def kill(self) -> None:
        self.die()
        tasks = [t for t in asyncio.all_tasks() if _life_of.get(t) == self.number]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.task.done() and not self.task.cancelled():
            self.task.exception()  # looked at, or asyncio complains
        closing, self._closing = self._closing, None
        if closing is not None:
            await closing
        Life._living.pop(self.number, None)

    def writing(self, write: Callable[[], None]) -> None:
        """One write of its journal, unless it is dead before or dies of it."""
        self.writes += 1
        number, before = self._dies_at
        if self.writes == number and before:
            self.die()
        if self.dead:
            raise Killed
        write()
        if self.writes == number:
            self.die()
            raise Killed

    @classmethod
    @contextmanager
    def mortal(cls) -> Iterator[None]:
        """While it lasts, journals are written by lives that may be over."""
        append = Journal.append

        def write(journal: Journal, records: Sequence[Record]) -> None:
            life = cls._living.get(LIFE.get())
            if life is None or not records:
                append(journal, records)
            else:
                life.writing(lambda: append(journal, records))

        Journal.append = write  # type: ignore[method-assign]
        try:
            yield
        finally:
            Journal.append = append  # type: ignore[method-assign]
