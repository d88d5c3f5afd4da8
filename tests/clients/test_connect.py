"""One client for every environment: the same calls make the same requests, wherever they go."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import ccxt.async_support as ccxt
import pytest

from tests.gateway.exchange_here import KEYS, NOW, loopback, opened
from tradewind.clients import Environment, Keys, connect
from tradewind.gateway import Dialect, Reply, Request
from tradewind.gateway.server import HandThrough
from tradewind.market import ConfigError, Kind, ManualClock

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
CHANGING = ("signature", "timestamp")
CHANGING_HEADERS = ("host", "content-length", "access-sign", "access-timestamp")


class Recorder(HandThrough):
    """Hands everything through, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def request(self, dialect: Dialect, request: Request) -> Reply:
        body = request.body.decode()
        sent = dict(parse_qsl(request.query))
        sent |= json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers = {name: value for name, value in headers.items() if name not in CHANGING_HEADERS}
        self.asked.append(
            {
                "method": request.method,
                "path": request.path,
                "params": {name: "..." if name in CHANGING else value for name, value in sent.items()},
                "order": [name for name in sent if name not in CHANGING],
                "headers": headers,
            }
        )
        return await super().request(dialect, request)


async def _work(client: Any) -> None:
    await client.load_markets()
    await client.fetch_ohlcv(SPOT, "1h", NOW - 7_200_000, 2)
    await client.fetch_balance()
    await client.create_order(SPOT, "market", "buy", 0.01, None, {"newClientOrderId": "one"})
    await client.create_order(SPOT, "limit", "sell", 0.005, 99_000, {"newClientOrderId": "two"})
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order(SPOT, "limit", "sell", 500, 99_000, {"newClientOrderId": "three"})


async def _work_futures(client: Any) -> None:
    await client.load_markets()
    await client.fetch_ohlcv(PERP, "1h", NOW - 7_200_000, 2)
    await client.set_leverage(5, PERP)
    await client.create_order(PERP, "market", "buy", 0.01, None, {"newClientOrderId": "one"})
    await client.create_order(PERP, "limit", "sell", 0.005, 99_000, {"newClientOrderId": "two"})
    await client.fetch_positions([PERP])
    await client.cancel_all_orders(PERP)


async def _asked(
    folder: Path, environment: str, by_name: bool, kind: Kind = Kind.SPOT, venue: str = "binance"
) -> list[dict[str, Any]]:
    recorder = Recorder()
    async with opened(folder) as exchange:
        exchange.server.interceptor = recorder
        at = loopback(exchange) if by_name else exchange.url
        client = connect(venue, environment, keys=KEYS, at=at, kinds=[kind])
        try:
            await (_work if kind is Kind.SPOT else _work_futures)(client)
        finally:
            await client.close()
    return recorder.asked


@pytest.mark.asyncio
async def test_live_testnet_demo_and_local_send_the_same_requests(tmp_path: Path) -> None:
    live = await _asked(tmp_path, "live", by_name=True)
    assert [one["path"] for one in live] == [
        "/api/v3/exchangeInfo",
        "/api/v3/time",
        "/api/v3/klines",
        "/api/v3/account",
        "/api/v3/order",
        "/api/v3/order",
        "/api/v3/order",
    ]
    for environment, by_name in (("testnet", True), ("demo", True), ("local", True), ("local", False)):
        other = await _asked(tmp_path, environment, by_name)
        assert json.dumps(other, indent=1) == json.dumps(live, indent=1), (environment, by_name)


@pytest.mark.asyncio
async def test_futures_send_the_same_requests_live_demo_and_local(tmp_path: Path) -> None:
    for venue in ("binance", "binanceusdm"):
        live = await _asked(tmp_path, "live", True, Kind.PERPETUAL, venue)
        assert "/fapi/v1/leverage" in [one["path"] for one in live]
        assert all(one["path"].startswith("/fapi/") for one in live)
        for environment, by_name in (("demo", True), ("local", True), ("local", False)):
            other = await _asked(tmp_path, environment, by_name, Kind.PERPETUAL, venue)
            assert json.dumps(other, indent=1) == json.dumps(live, indent=1), (venue, environment, by_name)


@pytest.mark.asyncio
async def test_bitget_differs_in_demo_trading_by_its_header_alone(tmp_path: Path) -> None:
    live = await _asked(tmp_path, "live", True, Kind.PERPETUAL, "bitget")
    assert "/api/v2/mix/order/place-order" in [one["path"] for one in live]
    for by_name in (True, False):
        local = await _asked(tmp_path, "local", by_name, Kind.PERPETUAL, "bitget")
        assert json.dumps(local, indent=1) == json.dumps(live, indent=1)
    demo = await _asked(tmp_path, "demo", True, Kind.PERPETUAL, "bitget")
    assert {one["headers"].pop("paptrading", None) for one in demo} == {"1", None}
    assert json.dumps(demo, indent=1) == json.dumps(live, indent=1)


@pytest.mark.asyncio
@pytest.mark.parametrize("by_name", [True, False])
async def test_an_error_is_the_same_class_by_address_and_by_name(by_name: bool, tmp_path: Path) -> None:
    async with opened(tmp_path) as exchange:
        at = loopback(exchange) if by_name else exchange.url
        client = connect("binance", "local", keys=KEYS, at=at, kinds=[Kind.SPOT])
        try:
            with pytest.raises(ccxt.BadRequest, match="-1131"):  # only ccxt's table of spot has this code
                await client.fetch_balance({"recvWindow": 70_000})
        finally:
            await client.close()


async def _last(client: Any, symbol: str) -> float:
    return float((await client.fetch_ticker(symbol))["last"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("venue", "environment", "symbol"),
    [
        ("binance", "live", SPOT),
        ("binance", "testnet", SPOT),
        ("binance", "demo", SPOT),
        ("binance", "local", SPOT),
        ("binance", "live", PERP),
        ("binance", "demo", PERP),
        ("binance", "local", PERP),
        ("binanceusdm", "live", PERP),
        ("binanceusdm", "demo", PERP),
        ("bitget", "live", SPOT),
        ("bitget", "demo", SPOT),
        ("bitget", "live", PERP),
        ("bitget", "demo", PERP),
        ("bitget", "local", PERP),
    ],
)
async def test_streams_come_by_the_same_ways(
    venue: str, environment: str, symbol: str, tmp_path: Path
) -> None:
    """By the real names over TLS, and by address where the environment is `local`."""
    kind = Kind.SPOT if symbol == SPOT else Kind.PERPETUAL
    async with opened(tmp_path) as exchange:
        at = exchange.url if environment == "local" else loopback(exchange)
        client = connect(venue, environment, keys=KEYS, at=at, kinds=[kind])
        try:
            await client.load_markets()
            watching = asyncio.create_task(client.watch_ohlcv(symbol, "1m"))
            while not watching.done():
                exchange.clock.step(5_000)
                await asyncio.sleep(0.05)
            assert (await watching)[-1][0] >= NOW
            assert (await asyncio.wait_for(client.watch_order_book(symbol), 10))["bids"]
            fills = asyncio.create_task(client.watch_my_trades(symbol))
            await asyncio.sleep(0.5)
            price = None if venue != "bitget" or symbol == PERP else 1.01 * await _last(client, symbol)
            placed = await client.create_order(
                symbol, "market" if price is None else "limit", "buy", 0.01, price
            )
            (fill, *_) = await asyncio.wait_for(fills, 10)
            assert fill["order"] == placed["id"]
        finally:
            await client.close()


@pytest.mark.parametrize("venue", ["binance", "bitget"])
def test_market_time_does_not_sign(venue: str) -> None:
    market, wire = ManualClock(1_600_000_000_000), ManualClock(1_800_000_000_000)
    client = connect(venue, "local", at="http://127.0.0.1:1", keys=KEYS, market_time=market, wire_time=wire)
    assert client.milliseconds() == 1_600_000_000_000
    assert client.nonce() == 1_800_000_000_000
    market.advance(6_000)
    wire.advance(10)
    assert client.milliseconds() == 1_600_006_000_000
    assert client.nonce() == 1_800_000_010_000
    assert client.options["timeDifference"] == 1_600_006_000_000 - 1_800_000_010_000
    assert client.seconds() == 1_800_000_010


@pytest.mark.asyncio
async def test_a_client_in_market_time_is_let_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as exchange:
        client = connect(
            "binance", "local", keys=KEYS, at=exchange.url, kinds=[Kind.SPOT], market_time=exchange.clock
        )
        try:
            await client.load_markets()
            assert (await client.fetch_balance())["USDT"]["free"] == 100_000
            assert client.milliseconds() == NOW
        finally:
            await client.close()


def test_clients_are_as_orders_need_them() -> None:
    for venue in ("binance", "binanceusdm", "bitget"):
        for environment in (Environment.LIVE, Environment.DEMO):
            client = connect(venue, environment, keys=KEYS)
            assert client.enableRateLimit
            assert client.rateLimiterAlgorithm == "rollingWindow"
            assert client.options["adjustForTimeDifference"] is True
            assert client.options["maxRetriesOnFailure"] == 0
            assert (client.apiKey, client.secret, client.password) == ("demo-key", "demo-secret", "demo-pass")
    assert connect("bitget", "live").options["uta"] is False
    assert connect("bitget", "live", unified=True).options["uta"] is True
    assert connect("bitget", "demo").options["sandboxMode"] is True
    assert connect("binance", "live").options["fetchMarkets"]["types"] == ["spot", "linear"]
    assert connect("binance", "testnet").options["fetchMarkets"]["types"] == ["spot"]
    assert connect("binance", "testnet").urls["api"]["public"] == "https://testnet.binance.vision/api/v3"
    assert connect("binance", "demo").urls["api"]["fapiPublic"] == "https://demo-fapi.binance.com/fapi/v1"


def test_no_url_of_a_local_client_leads_elsewhere() -> None:
    def urls(tree: Any) -> list[str]:
        if isinstance(tree, dict):
            return [url for value in tree.values() for url in urls(value)]
        return [tree]

    for venue in ("binance", "binanceusdm", "bitget"):
        client = connect(venue, "local", at="http://127.0.0.1:8800")
        for url in urls(client.urls["api"]):
            assert url.startswith(("http://127.0.0.1:8800", "ws://127.0.0.1:8800")), url
    streams = connect("binance", "local", at="http://127.0.0.1:8800").urls["api"]["ws"]
    assert streams["spot"] == "ws://127.0.0.1:8800/stream/ws"
    assert streams["linear"] == "ws://127.0.0.1:8800/ws"
    assert streams["ws-api"]["spot"] == "ws://127.0.0.1:8800/ws-api/v3"


@pytest.mark.parametrize(
    ("venue", "environment", "options", "said"),
    [
        ("binanse", "live", {}, "no orders can be sent to 'binanse'"),
        ("binance", "paper", {}, "there is no environment 'paper': choose from live"),
        ("bitget", "testnet", {}, "bitget has no testnet that ccxt still reaches: choose demo"),
        ("binanceusdm", "testnet", {}, "choose demo"),
        ("binance", "testnet", {"kinds": [Kind.PERPETUAL]}, "has no perpetual markets"),
        ("binance", "live", {"kinds": ["swap"]}, "no kind 'swap' of markets"),
        ("binance", "local", {}, "where is the local exchange"),
        ("binance", "live", {"at": "http://127.0.0.1:8800"}, "choose local to go there"),
        ("binance", "local", {"at": "127.0.0.1:8800"}, "is no address"),
    ],
)
def test_what_does_not_exist_is_told(
    venue: str, environment: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        connect(venue, environment, **options)


def test_keys_do_not_show_themselves() -> None:
    keys = Keys("abcdefghijklmnopqrstuvwxyz", "very secret", "word")
    for shown in (repr(keys), str(keys), f"{keys}", repr([keys]), repr({"keys": keys})):
        assert "Keys(abcd...)" in shown
        assert "secret" not in shown
        assert "word" not in shown
        assert "efgh" not in shown
    assert repr(Keys("short", "s")) == "Keys(...)"
    for key, secret in (("", "s"), ("k", ""), ("k ", "s"), ("k", "s\n")):
        with pytest.raises(ConfigError, match="copy it again"):
            Keys(key, secret)
