"""The local exchange's promises: a server on one core, a bare client on another, over real sockets."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median

import aiohttp
import numpy as np
import orjson

from exchange_client import BinanceOrders, BitgetOrders, Server, send, served
from measure import Result
from scenes import random_walk
from tradewind.data.series import Candles, CandleSeries
from tradewind.data.store import CandleStore
from tradewind.gateway.control import ControlClient
from tradewind.market import Instrument, Kind, Timeframe

ORDERS_A_SECOND, LATENCY_MS, START_SECONDS = 2_000, 5.0, 1.0
GROWTH_MB = 5.0  # what a process holds wanders by that much
BEHIND_MS, FURTHER_MS = (
    200.0,
    50.0,
)  # of wall: two candles; how much later the second half may be than the first
CONNECTIONS = 8
LESS_WAIT = ", less the wait for a busy core"
SYMBOLS, WATCHED, SPEED, BARS = 500, 10, 600, 4_000
MINUTE = 60_000
STREAMS = ("trade", "depth", "kline_1m")


def measure(quick: bool) -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from start(folder, 2 if quick else 7)
        with served(folder) as server:
            yield from orders(server, 2 if quick else 5, 1_000 if quick else 3_000)
            yield from latency(server, 1_000 if quick else 4_000)
        with served(folder) as server:
            yield memory(server, *((30_000, 20_000) if quick else (40_000, 100_000)))
        yield from many_symbols(folder, 6 if quick else 25)


def start(folder: Path, rounds: int) -> Iterator[Result]:
    spent, alone = [], []
    for _ in range(rounds + 1):
        with served(folder) as server:
            spent.append(server.start_seconds)
            alone.append(server.start_seconds - server.start_waits)
    note = "from the command to the line that says it answers"
    for what, seconds in (("", spent), (LESS_WAIT, alone)):
        taken = median(seconds[1:])  # the first one makes certificates and compiles
        yield _row(f"start{what}", taken, "s", note, f"< {START_SECONDS:g} s", taken < START_SECONDS)


def orders(server: Server, rounds: int, count: int) -> Iterator[Result]:
    account = server.account
    for venue, sent, promised in (
        ("Binance Spot", BinanceOrders(account, "/api/v3/order"), True),
        ("Binance USD-M", BinanceOrders(account, "/fapi/v1/order"), False),
        ("Bitget v2 spot", BitgetOrders(account), False),
    ):
        send(server, sent, count // 2, CONNECTIONS)
        found = [send(server, sent, count, CONNECTIONS) for _ in range(rounds)]
        wall, alone = median(count / f.wall for f in found), median(count / f.cpu for f in found)
        for what, rate, note in (
            ("", wall, f"wall, {CONNECTIONS} connections"),
            (", by CPU time", alone, "what the server does on a core of its own"),
        ):
            target, met = (f">= {ORDERS_A_SECOND:,}/s", rate >= ORDERS_A_SECOND) if promised else ("", None)
            yield _row(f"signed market orders, {venue}{what}", rate, "/s", note, target, met)


def latency(server: Server, count: int) -> Iterator[Result]:
    found = send(server, BinanceOrders(server.account, "/api/v3/order"), count)
    wall, waits = np.array(found.each) * 1000, np.array(found.waits) * 1000
    for what, spent in (("", wall), (LESS_WAIT, wall - waits)):
        half, most, worst = (float(v) for v in np.percentile(spent, [50, 99, 99.9]))
        note = f"there and back; p50 {half:.2f} ms, p99.9 {worst:.1f} ms"
        target, met = f"<= {LATENCY_MS:g} ms", most <= LATENCY_MS
        yield _row(f"one order at a time, p99{what}", most, "ms", note, target, met, p50=half, p999=worst)


def memory(server: Server, warm: int, count: int) -> Result:
    sent = BinanceOrders(server.account, "/api/v3/order")
    fresh = server.memory_mb()
    send(server, sent, warm, CONNECTIONS)
    before = server.memory_mb()
    send(server, sent, count, CONNECTIONS)
    after = server.memory_mb()
    rows = asyncio.run(_ledger_rows(server))
    grown = after - before
    note = (
        f"{fresh:.0f} MB fresh, {before:.0f} MB after {warm:,} orders, {after:.0f} MB after {count:,} more; "
        f"all {rows:,} ledger rows are told"
    )
    return _row("memory that orders leave", grown, "MB", note, f"<= {GROWTH_MB:g} MB", grown <= GROWTH_MB)


async def _ledger_rows(server: Server) -> int:
    """How many rows the control panel tells; `RuntimeError` unless they are all that were written."""
    async with ControlClient(server.url) as control:
        told = 0
        async for row in control.rows("ledger", venue="binance", limit=10_000):
            told += 1
            if row["seq"] != told:
                raise RuntimeError(f"row {told} of the ledger is number {row['seq']}")
        written = (await control.ask("state"))["ledger_rows"]["binance"]
    if told != written:
        raise RuntimeError(f"the ledger has {written} rows, {told} were told")
    return told


def many_symbols(folder: Path, seconds: float) -> Iterator[Result]:
    _store(folder / "home" / "candles")
    with served(folder, "--from-store", "--home", folder / "home", "--speed", SPEED) as server:
        used, began = server.cpu_seconds(), time.perf_counter()
        lags, frames = asyncio.run(_listen(server, seconds))
        share = (server.cpu_seconds() - used) / (time.perf_counter() - began)
    half, most = (float(v) for v in np.percentile(lags, [50, 99]))
    early, late = (float(np.median(part)) for part in np.array_split(np.array(lags), 2))
    note = (
        f"x{SPEED} for {seconds:g} s, {WATCHED} subscribed to {', '.join(STREAMS)}; none of {len(lags):,} candles is "
        f"missing; p50 {half:.0f} ms, of the first half {early:.0f}, of the second {late:.0f}"
    )
    met = most <= BEHIND_MS and late - early <= FURTHER_MS
    name = f"{SYMBOLS} symbols: a closed candle's way to the client, p99"
    yield _row(name, most, "ms", note, f"<= {BEHIND_MS:g} ms", met, early=early, late=late)
    note = f"{frames / seconds:,.0f} frames/s; started in {server.start_seconds:.1f} s"
    yield _row(f"{SYMBOLS} symbols: share of a core", 100 * share, "%", note)


def _store(root: Path) -> None:
    """Minute candles of that many coins, on the grid of their ticks."""
    store = CandleStore(root)
    times = 1_700_006_400_000 + MINUTE * np.arange(BARS, dtype=np.int64)
    for number in range(SYMBOLS):
        scene = random_walk(BARS, number, gap=0.0)
        prices = [np.round(column, 2) for column in (scene.open, scene.high, scene.low, scene.close)]
        coin = f"C{number}"
        instrument = Instrument(
            "bench", f"{coin}/USDT", coin, "USDT", Kind.SPOT, Decimal("0.01"), Decimal("0.001")
        )
        candles = Candles(times, *prices, np.round(scene.volume, 3))
        store.write(CandleSeries(instrument, Timeframe("1m"), candles))


async def _listen(server: Server, seconds: float) -> tuple[list[float], int]:
    """How late each closed candle came, in ms of wall; and how many frames in all."""
    names = [f"c{i}usdt@{stream}" for i in range(WATCHED) for stream in STREAMS]
    async with ControlClient(server.url) as control:
        state = await control.ask("state")
    lags: list[float] = []
    opened: dict[str, list[int]] = {}
    frames, end = 0, time.perf_counter() + seconds
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}/ws") as line:
        await line.send_str(orjson.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}).decode())
        while time.perf_counter() < end:
            text = (await line.receive(timeout=5)).data
            frames += 1
            if '"x":true' not in text:
                continue
            candle = orjson.loads(text)["k"]
            passed = (time.time_ns() / 1e6 - state["wire_ms"]) * SPEED
            lags.append((state["market_ms"] + passed - candle["T"] - 1) / SPEED)
            opened.setdefault(candle["s"], []).append(candle["t"])
    for symbol, times in opened.items():
        if times != list(range(times[0], times[-1] + 1, MINUTE)):
            raise RuntimeError(f"candles of {symbol} are missing")
    if len(opened) != WATCHED:
        raise RuntimeError(f"candles came of {len(opened)} symbols, {WATCHED} were subscribed")
    return lags, frames


def _row(
    name: str,
    ours: float,
    unit: str,
    note: str,
    target: str = "",
    met: bool | None = None,
    **details: float,
) -> Result:
    return Result(f"exchange: {name}", ours, None, None, unit, "", target, met, note, details)
