"""Frames of private lines are known by their account, however the line came to it, and before any fault was there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.gateway.exchange_here import KEYS, opened
from tradewind.clients import connect
from tradewind.gateway.control import ControlClient
from tradewind.market import Kind

QUIET = 0.4  # seconds in which a frame would have come


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("venue", "kind"), [("binance", Kind.SPOT), ("binance", Kind.PERPETUAL), ("bitget", Kind.PERPETUAL)]
)
async def test_a_rule_for_an_account_meets_its_stream(venue: str, kind: Kind, tmp_path: Path) -> None:
    symbol = "BTC/USDT" if kind is Kind.SPOT else "BTC/USDT:USDT"
    order = {"venue": venue, "account": "demo", "symbol": symbol, "side": "buy", "quantity": "0.1"}
    async with opened(tmp_path) as exchange, ControlClient(exchange.url) as control:
        client = connect(venue, "local", keys=KEYS, at=exchange.url, kinds=[kind])
        try:
            await client.load_markets()
            told = asyncio.create_task(client.watch_orders(symbol))
            while "demo" not in {line["account"] for line in (await control.ask("lines"))["lines"]}:
                await asyncio.sleep(0.02)
            await asyncio.sleep(QUIET)  # the subscription follows the login
            other = await control.fault("silence", match={"account": "other"})
            fault = await control.fault("silence", match={"account": "demo", "kind": "order"})
            await control.do("orders/place", **order)
            await asyncio.sleep(QUIET)
            fired = {rule["id"]: rule["fired"] for rule in (await control.ask("faults"))["faults"]}
            assert fired[fault] >= 1
            assert fired[other] == 0
            assert not told.done()
            await control.do("faults/clear")
            await control.do("orders/place", **order)
            assert await asyncio.wait_for(told, 5)
        finally:
            await client.close()


@pytest.mark.asyncio
async def test_a_legacy_listen_key_of_spot_tells_its_account(tmp_path: Path) -> None:
    async with opened(tmp_path) as exchange, aiohttp.ClientSession() as session:
        address, key = f"{exchange.url}/api/v3/userDataStream", {"X-MBX-APIKEY": KEYS.key}
        async with session.post(address, headers=key) as reply:
            name = (await reply.json())["listenKey"]
        async with session.ws_connect(f"{exchange.url}/stream?streams=btcusdt@trade/{name}"):
            [line] = exchange.faults.lines
            assert line.account == "demo"
        async with session.ws_connect(f"{exchange.url}/ws/btcusdt@trade"):
            assert sorted(line.account for line in exchange.faults.lines)[0] == ""
