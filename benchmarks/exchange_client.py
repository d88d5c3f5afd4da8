"""A local exchange in a process of its own on one core, and a bare client that signs and sends orders from another."""

from __future__ import annotations

import asyncio
import base64
import hmac
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

COINS = "USDT:1000000000,BTC:100000"
Signed = tuple[str, bytes, dict[str, str]]  # path, body, headers


@dataclass(frozen=True, slots=True)
class Server:
    """A running `tradewind exchange`: what it said of itself, and its process."""

    facts: dict[str, Any]
    process: subprocess.Popen[str]
    start_seconds: float  # from the command to the line that says it answers
    start_waits: float  # seconds of that when others had its core

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    @property
    def account(self) -> dict[str, str]:
        """Name, key, secret, passphrase."""
        return dict(self.facts["accounts"][0])

    def memory_mb(self) -> float:
        """What it holds (RSS)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu_seconds(self) -> float:
        return _scheduled(self.process.pid)[0]

    def waits_seconds(self) -> float:
        """How long it and this process were ready to run while somebody else had their cores."""
        return _scheduled(self.process.pid)[1] + _scheduled(os.getpid())[1]


def _scheduled(pid: int) -> tuple[float, float]:
    """Seconds that a process ran, and that it waited for its core."""
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9


@contextmanager
def served(folder: Path, *arguments: object) -> Iterator[Server]:
    """The server on the first of our cores, this process on the others; both where they were afterwards."""
    ours = os.sched_getaffinity(0)
    first, others = {min(ours)}, ours - {min(ours)} or ours
    words = ["--json", "--port", 0, "--tls-port", 0, "--limits", 0, "--account", f"bench={COINS}", *arguments]
    os.sched_setaffinity(0, first)  # what is started takes it over
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tradewind.cli", "exchange", *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TRADEWIND_AUTHORITY": str(folder / "authority")},
    )
    os.sched_setaffinity(0, others)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        spent = time.perf_counter() - began
        yield Server(json.loads(line), process, spent, _scheduled(process.pid)[1])
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.sched_setaffinity(0, ours)


class BinanceOrders:
    """Signed market orders of 0.001 BTC, buys and sells in turn."""

    def __init__(self, account: dict[str, str], path: str) -> None:
        self._secret = account["secret"].encode()
        self._path = path
        self._headers = {
            "X-MBX-APIKEY": account["key"],
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._sides = itertools.cycle(("BUY", "SELL"))

    def next(self) -> Signed:
        style = "FULL" if self._path.startswith("/api") else "RESULT"
        text = (
            f"symbol=BTCUSDT&side={next(self._sides)}&type=MARKET&quantity=0.001&newOrderRespType={style}"
            f"&timestamp={time.time_ns() // 1_000_000}"
        )
        signature = hmac.digest(self._secret, text.encode(), "sha256").hex()
        return self._path, f"{text}&signature={signature}".encode(), self._headers


class BitgetOrders:
    """The same on Bitget, where a spot buy names an amount of quote currency."""

    def __init__(self, account: dict[str, str], path: str = "/api/v2/spot/trade/place-order") -> None:
        self._secret = account["secret"].encode()
        self._path = path
        self._headers = {
            "ACCESS-KEY": account["key"],
            "ACCESS-PASSPHRASE": account["passphrase"],
            "Content-Type": "application/json",
        }
        self._sides = itertools.cycle((("buy", "60"), ("sell", "0.001")))

    def next(self) -> Signed:
        side, size = next(self._sides)
        order = {"symbol": "BTCUSDT", "side": side, "orderType": "market", "size": size}
        body, stamp = json.dumps(order), str(time.time_ns() // 1_000_000)
        digest = hmac.digest(self._secret, f"{stamp}POST{self._path}{body}".encode(), "sha256")
        stamps = {"ACCESS-TIMESTAMP": stamp, "ACCESS-SIGN": base64.b64encode(digest).decode()}
        return self._path, body.encode(), self._headers | stamps


Orders = BinanceOrders | BitgetOrders


@dataclass(frozen=True, slots=True)
class Sent:
    """Orders that were all accepted. Seconds of each, and what of them was waiting for a core."""

    wall: float
    cpu: float  # of the server
    each: list[float]
    waits: list[float]


async def _send(server: Server, orders: Orders, count: int, connections: int) -> Sent:
    left = iter(range(count))
    each: list[float] = []
    waits: list[float] = []
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(server.url, connector=connector) as session:

        async def one_connection() -> None:
            for _ in left:
                path, body, headers = orders.next()
                waited = server.waits_seconds() if connections == 1 else 0.0
                began = time.perf_counter()
                async with session.post(path, data=body, headers=headers) as reply:
                    text = await reply.read()
                each.append(time.perf_counter() - began)
                if connections == 1:
                    waits.append(server.waits_seconds() - waited)
                if reply.status != 200:
                    raise RuntimeError(f"{path} answered {reply.status}: {text.decode()}")

        began, used = time.perf_counter(), server.cpu_seconds()
        await asyncio.gather(*(one_connection() for _ in range(connections)))
        return Sent(time.perf_counter() - began, server.cpu_seconds() - used, each, waits)


def send(server: Server, orders: Orders, count: int, connections: int = 1) -> Sent:
    """Place that many orders over so many connections at once; `RuntimeError` when one is refused."""
    return asyncio.run(_send(server, orders, count, connections))
