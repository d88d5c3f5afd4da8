"""A run at a venue: how soon a closed candle is an order there, how soon a run is back, how much memory it holds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import numpy as np

from live_journal import written
from measure import Result
from tradewind.cli.live.account_outfit import AccountOutfit
from tradewind.cli.live.plan import Plan
from tradewind.cli.live.running import Running
from tradewind.cli.trial import Named
from tradewind.clients import Keys, connect
from tradewind.config import Settings as RunSettings
from tradewind.data.coins import coin_markets
from tradewind.data.patience import VenueReader
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.market import Kind, Market, Observation, Timeframe
from tradewind.policy.agent import agent_of_policy
from tradewind.policy.baselines import Baseline
from tradewind.risk import RiskLimits
from tradewind.simulator import Rules
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.session.recovery import resume
from tradewind.trading.session.replaying import engine_for
from tradewind.venues.remote import open_account
from tradewind.venues.remote.quotes import LiveQuotes
from tradewind.venues.remote.venue_clock import SteadyClock, VenueClock

FIRST, MINUTE, HISTORY = 1_700_006_400_000, 60_000, 200
KEYS = Keys("bench-key", "bench-secret", "bench-pass")
P50_MS, P99_MS, RECOVERY_SECONDS, READY_SECONDS, MEMORY_MB = 2.0, 5.0, 2.0, 3.0, 320.0
PACE_SECONDS = 0.02  # between a cycle's end and the next close
TRADED_SECONDS, SPEED = 180.0, 60.0  # a bar of a minute in a second
_MEMORY = Path("/dev/shm")  # where writing a long journal does not wait for the disk


def measure(quick: bool) -> Iterator[Result]:
    cycles = 60 if quick else 500
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for symbols in (1, 50):
            bare = asyncio.run(_timed(symbols, cycles, _bare))
            ours = asyncio.run(_timed(symbols, cycles, _run(folder / str(symbols))))
            yield from _paces(symbols, ours, bare, _fsyncs(folder, cycles))
        yield from asyncio.run(_start(folder / "start", 10, 20.0 if quick else TRADED_SECONDS))
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield recovery(Path(name) / "events.sqlite", 20_000 if quick else 100_000)


class Turning(Baseline):
    """In and out of the first instrument, bar by bar."""

    def decide(self, observation: Observation) -> Any:
        wanted = np.full(self.width, np.nan)
        wanted[0] = 0.5 * (observation.at // MINUTE % 2)
        return wanted


# --- from the frame to the order

Trader = Callable[[LocalExchange, tuple[str, ...]], Awaitable[Any]]


class Marks:
    """When the last closing frame of a bar left the exchange, and when the first order after it came there."""

    def __init__(self, local: LocalExchange) -> None:
        self.took: list[float] = []
        self._closed = 0.0
        faults = local.server.interceptor
        frame, request = faults.frame, faults.request

        def framed(dialect: Any, line: Any, text: str, send: Callable[[str], None]) -> None:
            if '"x":true' in text:
                self._closed = time.perf_counter()
            frame(dialect, line, text, send)

        async def requested(dialect: Any, one: Any) -> Any:
            if one.method == "POST" and one.path.endswith("/order") and self._closed:
                self.took.append(time.perf_counter() - self._closed)
                self._closed = 0.0
            return await request(dialect, one)

        faults.frame, faults.request = framed, requested  # type: ignore[method-assign]


async def _timed(count: int, cycles: int, trade: Trader) -> list[float]:
    """Seconds from frame to order, one by one: exchange and trader share this loop, so both are in it."""
    symbols = tuple(f"C{n}/USDT" for n in range(count))
    async with await _exchange(count, HISTORY + cycles + 60) as local:
        task = asyncio.ensure_future(trade(local, symbols))
        marks = Marks(local)
        try:
            end = time.monotonic() + 60 + cycles * 1.0
            while len(marks.took) < cycles + 5:  # the first ones load what is compiled
                if task.done():
                    task.result()
                if time.monotonic() > end:
                    raise RuntimeError(f"only {len(marks.took)} orders came in {cycles} cycles")
                local.clock.step_to((local.clock.now_ms() // MINUTE + 1) * MINUTE)
                local.server.beat()
                await _until(marks, len(marks.took) + 1)
                await asyncio.sleep(PACE_SECONDS)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    return marks.took[5:]


async def _until(marks: Marks, count: int) -> None:
    """Until so many orders came: market time waits for them, or for a second where none comes."""
    for _ in range(200):
        if len(marks.took) >= count:
            return
        await asyncio.sleep(0.005)


async def _exchange(count: int, bars: int) -> LocalExchange:
    (first,) = coin_markets(["BTC"], seed=1, start_ms=FIRST, bars=bars, kinds=[Kind.SPOT])
    opening = Opening("bench", KEYS.key, KEYS.secret, KEYS.passphrase, {"USDT": Decimal(10_000_000)})
    return await open_exchange(
        Settings(
            [_named(first, n) for n in range(count)],
            FIRST + HISTORY * MINUTE + 2_000,
            speed=0.0,
            limits=0.0,
            tls=False,
            accounts=[opening],
        )
    )


def _named(market: Market, number: int) -> Market:
    one = replace(market.instruments[0], symbol=f"C{number}/USDT", base=f"C{number}")
    return replace(market, instruments=(one,))


def _client(local: LocalExchange) -> Any:
    """With the budget of requests of many minutes in one, as the bars of many minutes come in one."""
    client = connect("binance", "local", keys=KEYS, at=local.url, kinds=[Kind.SPOT], market_time=local.clock)
    client.throttler.config["rateLimit"] /= 100
    return client


def _run(folder: Path) -> Trader:
    """The composition of a live run, journal and all."""

    async def trade(local: LocalExchange, symbols: tuple[str, ...]) -> None:
        client, clock = _client(local), SteadyClock()
        plan = _plan(folder, symbols)
        try:
            venue_clock = VenueClock(VenueReader(client, clock), clock, market=local.clock)
            quotes = LiveQuotes(client, symbols, clock)
            account = await open_account(client, Kind.SPOT, clock=clock, quotes=quotes)
            listed = await account.instruments(symbols)
            await quotes.start()
            outfit = AccountOutfit(account, quotes, clock, venue_clock, lambda alarm: None)
            await Running(plan, client, clock, venue_clock, outfit).run([listed[s] for s in symbols])
        finally:
            await client.close()

    return trade


def _plan(folder: Path, symbols: tuple[str, ...]) -> Plan:
    risk = RiskLimits(max_weight=1.0, stop_loss=None, daily_loss=None, max_drawdown=None, cooldown_bars=0)
    rules = Rules(risk=risk, band=0.0)
    agent = agent_of_policy("turning", Turning([Kind.SPOT] * len(symbols)), rules)
    guards = GuardSettings(
        max_orders_per_minute=None, max_slippage=None, max_losses_in_a_row=None, max_masked_bars=None
    )
    return Plan(
        RunFolder(folder),
        "testnet",
        "local",
        "binance",
        "bench",
        Kind.SPOT,
        Named(agent, None, {"baseline": "turning"}),
        symbols,
        Timeframe("1m"),
        10_000.0,
        RunSettings(guards=guards),
    )


async def _bare(local: LocalExchange, symbols: tuple[str, ...]) -> None:
    """What a person would write: watch candles, and when a newer one begins send an order. No journal, no risk."""
    client = _client(local)
    try:
        await client.load_markets()
        seen: dict[str, int] = {}
        turns = 0
        while True:
            told = await client.watch_ohlcv_for_symbols([[symbol, "1m"] for symbol in symbols])
            for symbol, frames in told.items():
                opened = frames["1m"][-1][0]
                if symbol == symbols[0] and opened > seen.get(symbol, opened):
                    turns += 1
                    side, quantity = ("buy", 0.06) if turns % 2 else ("sell", 0.05)  # fees come off the coins
                    await client.create_order(symbol, "market", side, quantity)
                seen[symbol] = opened
    except ccxt.pro.BaseError as error:
        raise RuntimeError(f"the bare loop failed: {error}") from error
    finally:
        await client.close()


def _fsyncs(folder: Path, count: int) -> list[float]:
    """Seconds that the disk takes to keep one page, as a commit must wait for it."""
    took = []
    with (folder / "page").open("wb") as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
            time.sleep(0.01)
    return took


def _paces(symbols: int, ours: list[float], bare: list[float], disk: list[float]) -> Iterator[Result]:
    for share, limit in ((50, P50_MS), (99, P99_MS)):
        mine, other, kept = (float(np.percentile(np.array(t) * 1000, share)) for t in (ours, bare, disk))
        yield Result(
            f"live: closed candle's frame to the order at the exchange, {symbols} symbols, p{share}",
            mine,
            other,
            other / mine,
            "ms",
            "a bare ccxt loop",
            f"<= {limit:g} ms",
            mine <= limit,
            f"{len(ours)} and {len(bare)} cycles, the exchange's own part in both; journal on, one page to this disk "
            f"took {kept:.2f} ms; load {os.getloadavg()[0]:.1f}",
        )


# --- starts


def recovery(path: Path, events: int) -> Result:
    agent = written(path, events)
    began, used = time.perf_counter(), time.process_time()
    with Journal.open(path) as journal:
        engine = engine_for(journal, agent)
        ledger = OrderLedger(engine.instruments)
        found = asyncio.run(resume(journal, engine, [ledger]))
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    wall, cpu = wall * 100_000 / found.records, cpu * 100_000 / found.records
    note = f"of {found.records:,} read, {len(ledger.orders):,} orders, {len(ledger.fills):,} fills; {cpu:.2f} s of CPU"
    return _row("recovery of 100,000 events", wall, "s", note, RECOVERY_SECONDS)


async def _start(home: Path, symbols: int, seconds: float) -> Iterator[Result]:
    """The command as a person starts it, until its first status: recovered, compared with the venue, warmed up.

    Then it trades at a market that runs faster, and its memory is read.
    """
    names = [f"C{n}/USDT" for n in range(symbols)]
    async with await _exchange(symbols, HISTORY + 100 + round(seconds * SPEED / 60)) as local:
        local.clock.set_speed(1.0)
        words = [w for name in names for w in ("-s", name)]
        environment = {"TRADEWIND_BINANCE_LOCAL_KEY": KEYS.key, "TRADEWIND_BINANCE_LOCAL_SECRET": KEYS.secret}
        began = time.perf_counter()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tradewind.cli", "run", "testnet", "random", "--venue", "binance"),
                *(*words, "-t", "1m", "--at", local.url, "--name", "bench", "--home", str(home)),
            ],
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        status = home / "runs" / "bench" / "status.json"
        while not status.exists():
            if process.poll() is not None:
                assert process.stderr is not None
                raise RuntimeError(f"the run ended: {process.stderr.read().decode()}")
            await asyncio.sleep(0.01)
        ready = time.perf_counter() - began
        ran, waited = (int(n) / 1e9 for n in Path(f"/proc/{process.pid}/schedstat").read_text().split()[:2])
        local.clock.set_speed(SPEED)
        await asyncio.sleep(seconds)
        kept = _memory_mb(process.pid)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 20)
    with Journal.open(RunFolder(home / "runs" / "bench").journal) as journal:
        kinds = Counter(type(record).__name__ for _, record in journal.records())
    note = f"{symbols} symbols, the interpreter's start in it; {ran:.1f} s of CPU, {waited:.1f} s waiting for a core"
    traded = f"{symbols} symbols, after {kinds['Decision']:,} decisions and {kinds['Fill']:,} fills"
    return iter(
        [
            _row("start to ready", ready, "s", note, READY_SECONDS),
            _row("resident memory", kept, "MB", traded, MEMORY_MB),
        ]
    )


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _row(name: str, ours: float, unit: str, note: str, limit: float) -> Result:
    return Result(f"live: {name}", ours, None, None, unit, "", f"<= {limit:g} {unit}", ours <= limit, note)
