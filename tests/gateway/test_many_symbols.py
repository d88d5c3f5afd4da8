"""Five hundred symbols of minute candles at x600, ten of them subscribed: no closed candle is missing or late."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.gateway.exchange_here import FIRST, MINUTE, opened
from tradewind.data import coins
from tradewind.data.coins import Coin, coin_markets
from tradewind.market import Kind

SYMBOLS, WATCHED, SECONDS, SPEED = 500, 10, 5, 600
CLIENT = """
import asyncio, aiohttp, json, sys, time
async def main(port, watched, seconds):
    names = [f"c{i}usdt@{stream}" for i in range(watched) for stream in ("kline_1m", "aggTrade")]
    closed = {}
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"http://127.0.0.1:{port}/market/ws/1") as line:
            await line.send_str(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                told = json.loads((await line.receive(timeout=5)).data)
                if told.get("e") == "kline" and told["k"]["x"]:
                    closed.setdefault(told["s"], []).append(told["k"]["t"])
    print(json.dumps(closed))
asyncio.run(main(*map(int, sys.argv[1:])))
"""


@pytest.mark.slow
@pytest.mark.asyncio
async def test_it_keeps_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = {
        f"C{i}": Coin(f"C{i}", 100.0 + i, Decimal("0.01"), Decimal("0.001"), Decimal("0.01"), 500.0)
        for i in range(SYMBOLS)
    }
    monkeypatch.setattr(coins, "COINS", coins.COINS | many)
    markets = coin_markets(tuple(many), seed=1, start_ms=FIRST, bars=9_000, kinds=[Kind.PERPETUAL])
    start = FIRST + 2_000 * MINUTE
    async with opened(tmp_path, markets=markets, start_ms=start, speed=SPEED, tls=False) as exchange:
        cpu, wall = time.process_time(), time.monotonic()
        words = [str(exchange.port), str(WATCHED), str(SECONDS)]
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, *words, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await client.communicate()
        share = (time.process_time() - cpu) / (time.monotonic() - wall)
        behind = exchange.clock.now_ms() - exchange.house("binance").exchange.now_ms
    closed = json.loads(out)
    assert len(closed) == WATCHED
    for times in closed.values():
        assert len(times) >= SECONDS * SPEED // 60 - SPEED // 60  # at most a second of them fell to the ends
        assert times == list(range(times[0], times[-1] + 1, MINUTE))
    assert behind < 1_000 * SPEED  # a second of wall time
    assert share < 0.5  # measured 0.05 of a core
