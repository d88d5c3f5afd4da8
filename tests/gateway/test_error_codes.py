"""Every error code that a client must know, met on the wire in both ways of reaching the exchange.

At the venue's own host names over TLS ccxt looks errors up in tables of that host, which it skips at other URLs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import ccxt.async_support as ccxt
import orjson
import pytest

from tests.exchange.worlds import MINUTE, PERP, SPOT, START, D, flat, market
from tests.gateway.error_codes import BINANCE, BITGET, SOCKETS, USDM, Row
from tests.gateway.exchange_here import loopback
from tradewind.clients import Keys, connect
from tradewind.gateway.compose import LocalExchange, Opening, Settings, open_exchange
from tradewind.gateway.faults import rule_of

pytestmark = pytest.mark.asyncio
ROWS = [*BINANCE, *USDM, *BITGET]
PROMISED_BINANCE = {
    -1000, -1001, -1002, -1003, -1006, -1007, -1008, -1013, -1015, -1021, -1022,
    -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1114, -1115, -1116, -1117, -1118, -1120, -1121,
    -1125, -1127, -1128, -1130, -1131, -1145, -2008, -2010, -2011, -2013, -2014, -2015, -2018, -2019, -2021,
    -2022, -2024, -2027, -2028, -4046, -4047, -4048, -4059, -4061, -4120, -4131, -4164, -4400, -5021, -5022, -5028,
}  # fmt: skip
PROMISED_BITGET = {
    str(code)
    for code in (
        *(
            40001,
            40002,
            40003,
            40004,
            40005,
            40006,
            40007,
            40008,
            40009,
            40010,
            40011,
            40012,
            40014,
            40017,
            40018,
        ),
        *(40019, 40037, 40085, 40200, 40309, 40711, 40712, 40762, 40768, 40774, 40786, 40808, 40923),
        *(43001, 43004, 43011, 43012, 43025, 43111, 45006, 45110, 22001, 429),
    )
}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@asynccontextmanager
async def local(authority: Path) -> AsyncIterator[LocalExchange]:
    """A spot and a perpetual market at 100, time standing."""
    settings = Settings(
        markets=[market(flat(600), (SPOT, PERP))],
        start_ms=START + 60 * MINUTE,
        speed=0.0,
        accounts=[Opening.local("me", {"USDT": D(10_000)})],
        limits=0.0,
        authority=authority,
    )
    async with await open_exchange(settings) as exchange:
        yield exchange


@asynccontextmanager
async def client_of(row: Row, exchange: LocalExchange, hosts: bool) -> AsyncIterator[Any]:
    """ccxt as it comes, at the real host names or with loopback in the place of every host."""
    client = getattr(ccxt, row.client)(
        {"apiKey": row.key, "secret": row.secret, "password": "me-pass", "enableRateLimit": False}
    )
    client.options |= {"uta": False, "timeDifference": 0}
    session = (
        aiohttp.ClientSession(connector=loopback(exchange).connector()) if hosts else aiohttp.ClientSession()
    )
    client.session, client.own_session = session, False
    if not hosts:
        client.urls["api"] = moved(client.urls["api"], exchange.url)
    if row.headers:
        replace_headers(client, row)
    try:
        yield client
    finally:
        await client.close()
        await session.close()


def moved(urls: Any, origin: str) -> Any:
    if isinstance(urls, dict):
        return {name: moved(url, origin) for name, url in urls.items()}
    return origin + urlsplit(urls).path if urls.startswith("https://") else urls


def replace_headers(client: Any, row: Row) -> None:
    sign = client.sign

    def signed(*arguments: Any, **named: Any) -> Any:
        request = sign(*arguments, **named)
        merged = (request["headers"] or {}) | row.headers
        request["headers"] = {name: value for name, value in merged.items() if value is not None}
        return request

    client.sign = signed


async def ask(client: Any, row: Row) -> None:
    if not row.call.startswith("/"):
        await getattr(client, row.call)(dict(row.params))
        return
    api = "fapiPublic" if row.call.startswith("/fapi") else "public"
    parts = urlsplit(client.urls["api"][api])
    await client.fetch(f"{parts.scheme}://{parts.netloc}{row.call}")


@pytest.mark.parametrize("hosts", [True, False], ids=["hosts", "elsewhere"])
@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_code_is_met(authority: Path, row: Row, hosts: bool) -> None:
    async with local(authority) as exchange, client_of(row, exchange, hosts) as client:
        house = exchange.house("bitget" if row.client == "bitget" else "binance").exchange
        if row.before is not None:
            row.before(house)
        if row.fault is not None:
            exchange.faults.add(rule_of(dict(row.fault)))
        before = house.ledger.digest()
        with pytest.raises(ccxt.BaseError) as caught:
            await ask(client, row)
        body = orjson.loads(client.last_http_response)
        assert body["code"] == row.code, body
        assert body["msg"]
        assert row.text in body["msg"]
        assert caught.type is (row.kind if hosts else row.elsewhere or row.kind), str(caught.value)
        assert house.ledger.digest() == before


@pytest.mark.parametrize(("code", "kind", "changes", "before", "fault"), SOCKETS)
async def test_codes_of_private_lines_of_bitget(
    authority: Path, code: int, kind: Any, changes: dict[str, Any], before: Any, fault: Any
) -> None:
    async with local(authority) as exchange:
        client = connect(
            "bitget", "local", keys=Keys("me-key", "me-secret", "me-pass"), at=exchange.url, streams=True
        )
        try:
            await client.load_markets()
            if before is not None:
                before(exchange.house("bitget").exchange)
            if fault is not None:
                exchange.faults.add(
                    rule_of(
                        {
                            **fault,
                            "where": "word",
                            "match": {"kind": "login" if kind is ccxt.AuthenticationError else "subscribe"},
                        }
                    )
                )
            for name, value in changes.items():
                setattr(client, name, value)
            with pytest.raises(ccxt.BaseError) as caught:
                await asyncio.wait_for(client.watch_orders(SPOT), 5)
        finally:
            await client.close()
        assert f'"code":{code}' in str(caught.value).replace(" ", "").replace(f'"{code}"', str(code))
        assert caught.type is kind, str(caught.value)


async def test_a_refused_key_looks_like_a_ban_once_it_has_worked(authority: Path) -> None:
    """ccxt's own guess: -2015 after any private call of spot that succeeded."""
    row = Row(-2015, ccxt.DDoSProtection, "binance", "privateGetAccount")
    async with local(authority) as exchange, client_of(row, exchange, True) as client:
        await client.privateGetAccount()
        exchange.house("binance").exchange.control.revoke_key(row.key)
        with pytest.raises(ccxt.DDoSProtection, match="-2015"):
            await client.privateGetAccount()


async def test_every_promised_code_is_in_the_table() -> None:
    assert {row.code for row in (*BINANCE, *USDM)} >= PROMISED_BINANCE
    assert {row.code for row in BITGET} >= PROMISED_BITGET
