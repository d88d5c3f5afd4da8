"""Runs a bot against an exchange with faults, scenario by scenario, kills it where asked, and judges it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.gateway.crash_test.judge import Evidence, Judgement, Terms, judge
from tradewind.gateway.faults import Kind
from tradewind.gateway.scenario import LOOK_SECONDS, Scenario, ScenarioRun, Step
from tradewind.market import ConfigError, Market

START_SECONDS = 10.0  # in which a bot should have ordered something
STOP_SECONDS = 5.0  # between SIGTERM and SIGKILL
RESTART_SECONDS = 0.5
MOST_STARTS = 50
STEP_SECONDS = 0.1  # of wall time, between steps of market time
AROUND_SECONDS = 2.0  # to open an exchange, to start a bot and to let it end
LAST_LINES, LAST_BYTES = 12, 4_096


@dataclass(frozen=True, slots=True)
class CrashTest:
    """How a bot is tested. `symbol` is unified. With `step_ms` market time moves in steps, else at `speed`.

    Seconds count from the bot's first order, or from `START_SECONDS` after its start. After `seconds` of a
    scenario all faults end, and the bot has `settle_seconds` to learn what it does not know.
    `kill_after`: after so many accepted orders the bot is killed and started again.
    """

    command: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    markets: Sequence[Market]
    start_ms: int
    venue: str = "binance"
    symbol: str = "BTC/USDT"
    seconds: float = 20.0
    settle_seconds: float = 8.0
    speed: float = 60.0
    step_ms: int = 0
    kill_after: tuple[int, ...] = ()
    unified: bool = False  # Bitget's unified account, served by v3
    balance: Decimal = Decimal(100_000)
    terms: Terms = field(default_factory=Terms)
    logs: Path | None = None

    @property
    def about_seconds(self) -> float:
        """How long all scenarios take, when the bot lives through them."""
        return len(self.scenarios) * (self.seconds + self.settle_seconds + AROUND_SECONDS)


@dataclass(slots=True)
class Run:
    """One scenario done. `code` is the bot's exit code when it ended by itself, `starts` how often it began.

    `faults` are the scenario's rules as the control panel lists them, each with how often it matched and fired;
    `steps_done` are its commands, each with its result.
    `fired` is how often the scenario's faults and commands came to it; `last_words` are the last lines that a bot
    which ended by itself wrote to stderr (or to its log).
    """

    scenario: Scenario
    judgement: Judgement
    fired: int
    steps_failed: list[str] = field(default_factory=list)
    starts: int = 1
    code: int | None = None
    last_words: tuple[str, ...] = ()
    faults: list[dict[str, Any]] = field(default_factory=list)
    steps_done: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """failed, or passed; or that nothing was proven: `no orders`, `no fault`."""
        if self.judgement.failed:
            return "failed"
        if not self.judgement.placed:
            return "no orders"
        return "passed" if self.fired else "no fault"

    def as_dict(self) -> dict[str, Any]:
        made = self.judgement
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "expected": self.scenario.expect,
            "verdict": self.verdict,
            "orders": made.placed,
            "unclear_replies": made.unclear,
            "faults_fired": self.fired,
            "greatest_exposure": str(made.exposure),
            "starts": self.starts,
            "exit_code": self.code,
            "last_words": list(self.last_words),
            "faults": self.faults,
            "steps_done": self.steps_done,
            "findings": [
                {"fault": f.fault, "detail": f.detail, "fails": f.fault.fails} for f in made.findings
            ],
            "steps_not_done": self.steps_failed,
        }


async def crash_test(test: CrashTest, on_run: Callable[[Run], None] | None = None) -> list[Run]:
    """All scenarios, one after the other, each on a fresh exchange."""
    runs = []
    for scenario in test.scenarios:
        run = await _one(test, scenario)
        runs.append(run)
        if on_run is not None:
            on_run(run)
    return runs


def environment(exchange: LocalExchange, test: CrashTest, folder: str) -> dict[str, str]:
    """What a bot is told, in variables of its environment. The folder is empty at first, and outlives kills."""
    account = exchange.settings.accounts[0]
    return {
        "TRADEWIND_URL": exchange.url,
        "TRADEWIND_WS_URL": "ws" + exchange.url.removeprefix("http"),
        "TRADEWIND_VENUE": test.venue,
        "TRADEWIND_SYMBOL": test.symbol,
        "TRADEWIND_UNIFIED": "yes" if test.unified else "",
        "TRADEWIND_FOLDER": folder,
        "TRADEWIND_API_KEY": account.key,
        "TRADEWIND_API_SECRET": account.secret,
        "TRADEWIND_API_PASSPHRASE": account.passphrase,
    }


async def _one(test: CrashTest, scenario: Scenario) -> Run:
    opening = replace(Opening.local("bot", {"USDT": test.balance}), unified=test.unified)
    settings = Settings(
        markets=test.markets,
        start_ms=test.start_ms,
        speed=0.0 if test.step_ms else test.speed,
        accounts=(opening,),
        tls=False,
        limits=max(1.0, test.speed),
    )
    async with await open_exchange(settings) as exchange:
        house = exchange.house(test.venue)
        if test.symbol not in house.exchange.listings:
            known = ", ".join(listing.symbol for listing in house.exchange.listings)
            raise ConfigError(f"{test.symbol} is not listed: known are {known}")
        exchange.faults.traffic.on = True
        names = {"venue": test.venue, "account": opening.name, "symbol": test.symbol}
        with TemporaryDirectory(prefix="tradewind-bot-") as folder, _log(test, scenario) as log:
            bot = _Bot(test.command, environment(exchange, test, folder), log, test.logs is None)
            under_way = ScenarioRun(_with_kills(scenario, test.kill_after), exchange.control, names, bot.kill)
            async with _stepped(exchange, test.step_ms):
                rules = await _through(test, exchange, under_way, bot)
            said = () if bot.code is None else _last_words(log)
        faults = exchange.faults
        fired = sum(faults.fired().values()) + len(under_way.done)
        evidence = Evidence(
            opening.name,
            list(house.exchange.ledger.rows()),
            list(faults.traffic),
            faults.traffic.streamed,
            house.exchange.open_orders(opening.name),
            [a for a in house.exchange.account(opening.name).open_algos.values() if a.parent_id <= 0],
        )
        judgement = judge(evidence, test.terms)
        return Run(
            scenario,
            judgement,
            fired,
            under_way.failed,
            bot.starts,
            bot.code,
            said,
            rules,
            under_way.done,
        )


async def _through(
    test: CrashTest, exchange: LocalExchange, under_way: ScenarioRun, bot: _Bot
) -> list[dict[str, Any]]:
    """The bot meets the scenario; then all is well again, and it may settle what it does not know yet.

    Returns the rules as they were at the end of the scenario.
    """
    running = asyncio.create_task(bot.run(), name="bot")
    try:
        async with under_way:
            await _first_order(exchange, running)
            under_way.begin()
            await asyncio.wait({running}, timeout=test.seconds)
        rules: list[dict[str, Any]] = exchange.control.run("faults", {})["faults"]
        exchange.faults.clear()
        exchange.control.run("clock", {"skew_ms": 0})
        await asyncio.wait({running}, timeout=test.settle_seconds)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return rules


async def _first_order(exchange: LocalExchange, running: asyncio.Task[None]) -> None:
    """Until the bot is at work: what starts slowly meets the scenario as well. Not longer than `START_SECONDS`."""
    for _ in range(int(START_SECONDS / LOOK_SECONDS)):
        if running.done() or any(sent.kind == Kind.PLACE for sent in exchange.faults.traffic):
            return
        await asyncio.sleep(LOOK_SECONDS)


def _with_kills(scenario: Scenario, kill_after: Sequence[int]) -> Scenario:
    kills = tuple(Step(kill=True, after_orders=count) for count in kill_after)
    return replace(scenario, steps=scenario.steps + kills)


def _log(test: CrashTest, scenario: Scenario) -> IO[bytes]:
    if test.logs is None:
        return TemporaryFile(prefix="tradewind-bot-")
    test.logs.mkdir(parents=True, exist_ok=True)
    return (test.logs / f"{scenario.name}.log").open("w+b")


def _last_words(log: IO[bytes]) -> tuple[str, ...]:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LAST_BYTES))
    lines = log.read().decode("utf-8", "replace").splitlines()
    return tuple("".join(c if c.isprintable() else " " for c in line) for line in lines[-LAST_LINES:])


@asynccontextmanager
async def _stepped(exchange: LocalExchange, step_ms: int) -> AsyncIterator[None]:
    async def step() -> None:
        while True:
            await asyncio.sleep(STEP_SECONDS)
            exchange.control.run("clock", {"step_ms": step_ms})

    if not step_ms:
        yield
        return
    task = asyncio.create_task(step(), name="steps of market time")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Bot:
    """The process of a bot: started, killed and started again, and stopped at the end."""

    def __init__(
        self, command: tuple[str, ...], variables: dict[str, str], log: IO[bytes], errors_only: bool
    ) -> None:
        self._command = command
        self._variables = {"PYTHONUNBUFFERED": "1"} | os.environ | variables
        self._errors = log
        self._output = asyncio.subprocess.DEVNULL if errors_only else log
        self._killed = False
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self.code: int | None = None  # when it ended by itself

    def kill(self) -> None:
        """SIGKILL, as a power cut: it is started again."""
        if self._process is not None and self._process.returncode is None:
            self._killed = True
            self._signal(signal.SIGKILL)

    async def run(self) -> None:
        """Until it ended by itself; cancelled, it is asked to end."""
        try:
            while self.starts < MOST_STARTS:
                await self._start()
                assert self._process is not None
                code = await self._process.wait()
                if not self._killed:
                    self.code = code
                    return
                self._killed = False
                await asyncio.sleep(RESTART_SECONDS)
        finally:
            await self._stop()

    async def _start(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._variables,
                stdout=self._output,
                stderr=self._errors,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(f"{self._command[0]} cannot be started: {error.strerror}") from error
        self.starts += 1

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await process.wait()

    def _signal(self, number: signal.Signals) -> None:
        """To the bot and whatever it started: its process group, which began with it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
