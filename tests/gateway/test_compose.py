"""The exchange as a whole: both venues, one clock, a snapshot that goes on where it stopped."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import pytest

from tests.gateway.exchange_here import HISTORY, KEYS, MINUTE, NOW, opened, settings
from tradewind.clients import connect
from tradewind.exchange import OrderRequest, OrderType
from tradewind.gateway import snapshots
from tradewind.gateway.compose import LocalExchange, open_exchange
from tradewind.gateway.control import ControlClient
from tradewind.market import ConfigError, DataError, Kind, Side


@pytest.mark.asyncio
async def test_both_venues_have_the_account_and_the_markets(tmp_path: Path) -> None:
    async with opened(tmp_path) as exchange:
        assert [house.venue for house in exchange.houses] == ["binance", "bitget"]
        for house in exchange.houses:
            held = house.exchange.account("demo")
            assert held.spot["USDT"].free == held.futures["USDT"] == Decimal(100_000)
            assert house.exchange.treasury.keys[KEYS.key].secret == KEYS.secret
            assert {one.symbol for one in house.exchange.listings} == {
                "BTC/USDT",
                "BTC/USDT:USDT",
                "ETH/USDT",
                "ETH/USDT:USDT",
            }
        assert exchange.house("bitget").exchange is not exchange.house("binance").exchange


@pytest.mark.asyncio
async def test_its_key_trades_and_can_neither_withdraw_nor_transfer_until_it_may(tmp_path: Path) -> None:
    async with opened(tmp_path, tls=False) as exchange, ControlClient(exchange.url) as control:
        client = connect("binance", "local", keys=KEYS, at=exchange.url)
        try:
            told = await client.sapiGetAccountApiRestrictions()
            assert (told["enableReading"], told["enableFutures"]) == (True, True)
            assert (told["permitsUniversalTransfer"], told["enableWithdrawals"]) == (False, False)
            with pytest.raises(ccxt.BaseError, match="not authorized"):
                await client.transfer("USDT", 500, "spot", "swap")
            rights = ["read", "trade", "futures", "transfer"]
            await control.do("keys/change", venue="binance", account="demo", permissions=rights)
            await client.transfer("USDT", 500, "spot", "swap")
            assert exchange.house("binance").exchange.account("demo").futures["USDT"] == 100_500
            told = await client.sapiGetAccountApiRestrictions()
            assert (told["permitsUniversalTransfer"], told["enableWithdrawals"]) == (True, False)
            info = await client.privateGetAccount()
            assert (info["canTrade"], info["canWithdraw"]) == (True, False)
            with pytest.raises(ccxt.BaseError, match="not authorized"):
                await client.withdraw("USDT", 100, "somewhere")
        finally:
            await client.close()


@pytest.mark.asyncio
async def test_plain_and_tls_answer_on_loopback(tmp_path: Path) -> None:
    async with opened(tmp_path) as exchange, aiohttp.ClientSession() as session:
        async with session.get(f"{exchange.url}/api/v3/ping") as reply:
            assert reply.status == 200
        assert exchange.authority is not None
        secure = f"https://localhost:{exchange.tls_port}/api/v3/ping"
        async with session.get(secure, ssl=exchange.authority.client_context()) as reply:
            assert reply.status == 200


@pytest.mark.asyncio
async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path, tls=False) as exchange:
        assert exchange.tls_port == 0
        with pytest.raises(ConfigError, match=f"port {exchange.port} of 127.0.0.1 cannot be opened"):
            await open_exchange(settings(tmp_path, port=exchange.port))


@pytest.mark.parametrize(
    ("speed", "limits", "scale"), [(0.0, None, 1), (1, None, 1), (600, None, 600), (600, 2, 2), (10, 0, 0)]
)
def test_limits_follow_the_clock_unless_told(
    speed: float, limits: float | None, scale: float, tmp_path: Path
) -> None:
    assert settings(tmp_path, speed=speed, limits=limits).limit_scale == scale


@pytest.mark.asyncio
async def test_a_snapshot_goes_on_where_the_exchange_stopped(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    async with opened(tmp_path, snapshot=kept) as exchange:
        client = connect("binance", "local", keys=KEYS, at=exchange.url, kinds=[Kind.SPOT])
        try:
            await client.load_markets()
            await client.create_order("BTC/USDT", "market", "buy", 0.5)
            await client.create_order("BTC/USDT", "limit", "buy", 0.5, 30_000)
        finally:
            await client.close()
        async with ControlClient(exchange.url) as control:
            await control.step(90 * MINUTE)
        books = [house.exchange.ledger.books() for house in exchange.houses]
        balances = exchange.house("binance").exchange.treasury.holdings()
    assert snapshots.start_of(kept) == NOW
    async with opened(tmp_path, snapshot=kept) as again:
        assert again.clock.now_ms() == NOW + 90 * MINUTE
        assert [house.exchange.ledger.books() for house in again.houses] == books
        assert again.house("binance").exchange.treasury.holdings() == balances
        assert len(again.house("binance").exchange.open_orders("demo")) == 1
        again.house("binance").exchange.cancel_all("demo")


async def _traded(folder: Path, venue: str, seed: int) -> list[dict[str, Any]]:
    """What the ledger says after the same requests; wire time is the wall's."""
    spot, perpetual = "BTC/USDT", "BTC/USDT:USDT"
    async with opened(folder, seed=seed, tls=False) as exchange, ControlClient(exchange.url) as control:
        client = connect(venue, "local", keys=KEYS, at=exchange.url, streams=False)
        try:
            await client.load_markets()
            for number in range(6):
                side = "buy" if number % 3 else "sell"
                named = {"clientOrderId": f"one-{number}"}
                await client.create_order(perpetual, "market", side, 0.3 + number / 10, None, named)
                price = (await client.fetch_ticker(spot))["last"]
                named = {"clientOrderId": f"two-{number}"}
                await client.create_order(spot, "limit", "buy", 0.1, round(price * 0.9995), named)
                await control.step(MINUTE * 7 * (number + 1))
        finally:
            await client.close()
        rows = [row async for row in control.rows("ledger", venue=venue)]
    return [{name: value for name, value in row.items() if name != "wire_ms"} for row in rows]


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", ["binance", "bitget"])
async def test_the_same_seed_and_requests_give_the_same_ledger(venue: str, tmp_path: Path) -> None:
    first = await _traded(tmp_path, venue, seed=3)
    assert {row["kind"] for row in first} == {"order", "fill", "transfer"}
    assert json.dumps(await _traded(tmp_path, venue, seed=3)) == json.dumps(first)
    assert json.dumps(await _traded(tmp_path, venue, seed=4)) != json.dumps(first)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["kept.json", None])
async def test_the_control_panel_tells_rows_that_left_memory(tmp_path: Path, name: str | None) -> None:
    snapshot = tmp_path / name if name else None
    small = {"snapshot": snapshot, "ledger_limit": 30, "keep_orders": 5}
    request = OrderRequest(symbol="BTC/USDT", side=Side.BUY, type=OrderType.MARKET, quantity=Decimal("0.01"))

    async def told(exchange: LocalExchange) -> list[int]:
        async with ControlClient(exchange.url) as control:
            return [row["seq"] async for row in control.rows("ledger", venue="binance", limit=7)]

    async with opened(tmp_path, **small) as exchange:
        venue = exchange.house("binance").exchange
        for _ in range(30):
            venue.place("demo", request)
        assert len(list(venue.ledger.held())) <= 30
        whole = await told(exchange)
        assert whole == list(range(1, len(venue.ledger) + 1))
    async with opened(tmp_path, **small) as again:
        assert await told(again) == (whole if snapshot else whole[: len(again.houses[0].exchange.ledger)])


@pytest.mark.asyncio
async def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    assert snapshots.start_of(tmp_path / "none.json") is None
    for text in ("no json", "[]", '{"version": 99}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(DataError, match="is no snapshot of an exchange"):
            await open_exchange(settings(tmp_path, snapshot=tmp_path / "bad.json"))


def test_there_is_history_before_the_start(tmp_path: Path) -> None:
    assert settings(tmp_path).start_ms - int(settings(tmp_path).markets[0].open_time[0]) == HISTORY * MINUTE
