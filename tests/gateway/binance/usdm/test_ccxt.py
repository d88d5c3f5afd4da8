"""ccxt as it is, over real sockets: markets, orders, positions, algo orders, money."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.exchange.worlds import MINUTE, START, assert_sound, flat
from tests.gateway.binance.usdm.venue import NOW, Running, close, running

SYMBOL = "BTC/USDT:USDT"


@pytest.mark.asyncio
async def test_markets_and_prices(client: Any) -> None:
    found = client.markets[SYMBOL]
    assert found["swap"]
    assert found["linear"]
    assert found["active"]
    assert found["precision"] == {"amount": 0.001, "price": 0.01, "base": 1e-8, "quote": 1e-8}
    assert found["limits"]["cost"]["min"] == 5
    rows = await client.fetch_ohlcv(SYMBOL, "5m", limit=4)
    assert [row[0] % (5 * MINUTE) for row in rows] == [0, 0, 0, 0]
    assert rows[-1][0] <= NOW
    since = await client.fetch_ohlcv(SYMBOL, "1m", START, 3)
    assert [row[0] for row in since] == [START, START + MINUTE, START + 2 * MINUTE]
    ticker = await client.fetch_ticker(SYMBOL)
    assert ticker["last"] == rows[-1][4]
    assert set(await client.fetch_tickers()) == {SYMBOL, "ETH/USDT:USDT"}
    book = await client.fetch_order_book(SYMBOL, 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert book["timestamp"] == NOW
    best = (await client.fetch_bids_asks([SYMBOL]))[SYMBOL]
    assert (best["bid"], best["ask"]) == (book["bids"][0][0], book["asks"][0][0])
    trades = await client.fetch_trades(SYMBOL, limit=10)
    assert len(trades) == 10
    assert trades[-1]["price"] == ticker["last"]
    prices = await client.fetch_last_prices([SYMBOL])
    assert prices[SYMBOL]["price"] == ticker["last"]
    funding = await client.fetch_funding_rate(SYMBOL)
    assert funding["markPrice"] == ticker["last"]
    assert funding["fundingTimestamp"] > NOW
    for kind in ("mark", "index", "premiumIndex"):
        assert len(await client.fetch_ohlcv(SYMBOL, "1m", limit=3, params={"price": kind})) == 3
    assert (await client.fetch_funding_interval(SYMBOL))["interval"] == "8h"
    assert (await client.fetch_open_interest(SYMBOL))["openInterestAmount"] == 0
    assert await client.fetch_time()


@pytest.mark.asyncio
async def test_a_limit_order_lives_and_ends(client: Any, here: Running) -> None:
    last = (await client.fetch_ticker(SYMBOL))["last"]
    order = await client.create_order(SYMBOL, "limit", "buy", 0.5, last - 5, {"clientOrderId": "mine"})
    assert order["status"] == "open"
    assert order["clientOrderId"] == "mine"
    assert (await client.fetch_order(order["id"], SYMBOL))["price"] == round(last - 5, 2)
    named = await client.fetch_order(None, SYMBOL, {"clientOrderId": "mine"})
    assert named["id"] == order["id"]
    assert [o["id"] for o in await client.fetch_open_orders(SYMBOL)] == [order["id"]]
    edited = await client.edit_order(order["id"], SYMBOL, "limit", "buy", 0.25, last - 6)
    assert (edited["amount"], edited["price"]) == (0.25, round(last - 6, 2))
    assert edited["id"] == order["id"]
    cancelled = await client.cancel_order(order["id"], SYMBOL)
    assert cancelled["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(order["id"], SYMBOL)
    assert (await client.fetch_orders(SYMBOL))[-1]["status"] == "canceled"
    assert (await client.fetch_canceled_orders(SYMBOL))[-1]["id"] == order["id"]
    maker = await client.create_order(SYMBOL, "limit", "buy", 0.5, last - 5, {"postOnly": True})
    assert maker["postOnly"]
    with pytest.raises(ccxt.OrderNotFillable):
        await client.create_order(SYMBOL, "limit", "buy", 0.5, last + 5, {"postOnly": True})
    await client.cancel_all_orders(SYMBOL)
    assert not await client.fetch_open_orders(SYMBOL)
    wanted = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    assert await client.fapiPrivatePostOrderTest(wanted) == {}
    assert not here.house.exchange.open_orders("me")


@pytest.mark.asyncio
async def test_several_orders_at_once(client: Any) -> None:
    last = (await client.fetch_ticker(SYMBOL))["last"]
    wanted = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.5, "price": last - 5 - n, "params": {}}
        for n in range(3)
    ]
    placed = await client.create_orders(wanted)
    assert [o["status"] for o in placed] == ["open"] * 3
    gone = await client.cancel_orders([o["id"] for o in placed[:2]], SYMBOL)
    assert [o["status"] for o in gone] == ["canceled"] * 2
    left = await client.fetch_open_orders(SYMBOL)
    assert [o["id"] for o in left] == [placed[2]["id"]]
    edited = await client.edit_orders(
        [
            {
                "id": left[0]["id"],
                "symbol": SYMBOL,
                "type": "limit",
                "side": "buy",
                "amount": 0.4,
                "price": last - 9,
            }
        ]
    )
    assert edited[0]["amount"] == 0.4


@pytest.mark.asyncio
async def test_a_position_from_open_to_close(client: Any, here: Running) -> None:
    assert await client.set_leverage(10, SYMBOL)
    bought = await client.create_order(SYMBOL, "market", "buy", 2)
    assert bought["status"] == "closed"
    assert bought["filled"] == 2
    (position,) = await client.fetch_positions([SYMBOL])
    assert position["side"] == "long"
    assert position["contracts"] == 2
    assert position["entryPrice"] == pytest.approx(bought["average"], abs=1e-6)
    assert position["marginMode"] == "cross"
    assert position["initialMargin"] == pytest.approx(position["notional"] / 10, rel=1e-6)
    state = here.house.exchange.positions.state("me", SYMBOL)
    assert position["unrealizedPnl"] == pytest.approx(float(state.unrealised))
    (risk,) = await client.fetch_positions_risk([SYMBOL], {"useV2": True})
    assert (risk["contracts"], risk["leverage"]) == (2, 10)
    assert (await client.fetch_account_positions([SYMBOL]))[0]["contracts"] == 2
    for version in ({}, {"useV2": True}):
        balance = await client.fetch_balance(version)
        wallet = here.house.exchange.positions.wallet("me", "USDT")
        assert balance["USDT"]["total"] == pytest.approx(float(wallet.margin_balance), abs=1e-6)
    closed = await client.create_order(SYMBOL, "market", "sell", 5, None, {"reduceOnly": True})
    assert closed["filled"] == 2
    assert not await client.fetch_positions([SYMBOL])
    fills = await client.fetch_my_trades(SYMBOL)
    assert sum(t["amount"] for t in fills if t["side"] == "buy") == pytest.approx(2)
    assert {t["takerOrMaker"] for t in fills} == {"taker"}
    fees = sum(t["fee"]["cost"] for t in fills)
    profit = sum(float(t["info"]["realizedPnl"]) for t in fills)
    assert float(here.house.exchange.account("me").futures["USDT"]) == pytest.approx(10_000 + profit - fees)
    ledger = await client.fetch_ledger("USDT")
    signs = {"in": 1, "out": -1}
    moved = sum(signs[row["direction"]] * row["amount"] for row in ledger if row["type"] != "transfer")
    assert moved == pytest.approx(profit - fees, abs=1e-6)
    fee = await client.fetch_trading_fee(SYMBOL)
    assert fee["taker"] == 0.001


@pytest.mark.asyncio
async def test_hedge_mode_holds_both_sides(client: Any) -> None:
    await client.set_position_mode(True)
    assert (await client.fetch_position_mode())["hedged"]
    await client.create_order(SYMBOL, "market", "buy", 2, None, {"positionSide": "LONG"})
    await client.create_order(SYMBOL, "market", "sell", 1, None, {"hedged": True, "positionSide": "SHORT"})
    found = await client.fetch_positions([SYMBOL])
    assert {(p["side"], p["contracts"]) for p in found} == {("long", 2), ("short", 1)}
    await client.create_order(SYMBOL, "market", "sell", 2, None, {"positionSide": "LONG"})
    (left,) = await client.fetch_positions([SYMBOL])
    assert left["side"] == "short"
    with pytest.raises(ccxt.OperationRejected):
        await client.set_position_mode(False)


@pytest.mark.asyncio
async def test_isolated_margin_is_moved(client: Any) -> None:
    await client.set_margin_mode("isolated", SYMBOL)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        await client.set_margin_mode("isolated", SYMBOL)
    assert (await client.fetch_margin_mode(SYMBOL))["marginMode"] == "isolated"
    await client.create_order(SYMBOL, "market", "buy", 2)
    before = (await client.fetch_positions([SYMBOL]))[0]
    assert before["marginMode"] == "isolated"
    assert before["liquidationPrice"] > 0
    added = await client.add_margin(SYMBOL, 5)
    assert (added["amount"], added["type"], added["status"]) == (5, "add", "ok")
    after = (await client.fetch_positions([SYMBOL]))[0]
    assert after["collateral"] == pytest.approx(before["collateral"] + 5)
    assert after["liquidationPrice"] < before["liquidationPrice"]
    await client.reduce_margin(SYMBOL, 2)
    moves = await client.fetch_margin_adjustment_history(SYMBOL)
    assert [(m["type"], m["amount"]) for m in moves] == [("add", 5), ("reduce", 2)]


@pytest.mark.asyncio
async def test_leverage_and_tiers(client: Any) -> None:
    await client.set_leverage(7, SYMBOL)
    found = await client.fetch_leverage(SYMBOL)
    assert found["longLeverage"] == 7
    assert (await client.fetch_leverages([SYMBOL]))[SYMBOL]["longLeverage"] == 7
    tiers = (await client.fetch_leverage_tiers([SYMBOL]))[SYMBOL]
    assert (tiers[0]["maxLeverage"], tiers[0]["maintenanceMarginRate"]) == (100, 0.005)
    with pytest.raises(ccxt.ExchangeError, match="-4028"):
        await client.set_leverage(124 + 1, SYMBOL, {"leverage": 126})


@pytest.mark.asyncio
async def test_a_stop_waits_triggers_and_ends(folder: Path) -> None:
    bars = [*flat(62), (100, 100, 89, 90, 100.0), *flat(300, 90.0)]
    async with running(folder, bars) as here:
        client = await here.client()
        try:
            await client.create_order(SYMBOL, "market", "buy", 1)
            stop = await client.create_order(
                SYMBOL,
                "market",
                "sell",
                1,
                None,
                {"stopLossPrice": 95, "reduceOnly": True, "clientOrderId": "sl"},
            )
            assert stop["status"] == "open"
            assert stop["triggerPrice"] == 95
            goal = await client.create_order(
                SYMBOL, "limit", "sell", 1, 120, {"takeProfitPrice": 119, "reduceOnly": True}
            )
            trail = await client.create_order(
                SYMBOL, "market", "sell", 1, None, {"trailingPercent": 10, "reduceOnly": True}
            )
            assert not await client.fetch_open_orders(SYMBOL)
            waiting = await client.fetch_open_orders(SYMBOL, params={"trigger": True})
            assert [o["id"] for o in waiting] == [stop["id"], goal["id"], trail["id"]]
            assert (await client.cancel_order(trail["id"], SYMBOL, {"trigger": True}))["id"] == trail["id"]
            found = await client.fetch_order(stop["id"], SYMBOL, {"trigger": True})
            assert found["clientOrderId"] == "sl"
            here.run(5)
            done = await client.fetch_order(stop["id"], SYMBOL, {"trigger": True})
            assert done["status"] == "closed", done
            assert not await client.fetch_positions([SYMBOL])
            placed = await client.fetch_order(done["info"]["actualOrderId"], SYMBOL)
            assert placed["status"] == "closed"
            assert placed["average"] <= 95
            await client.cancel_all_orders(SYMBOL, {"trigger": True})
            assert not await client.fetch_open_orders(SYMBOL, params={"trigger": True})
            assert_sound(here.house.exchange)
        finally:
            await close(client)


@pytest.mark.asyncio
async def test_funding_is_income(folder: Path) -> None:
    async with running(folder, flat(900), funding={480: 0.001}) as here:
        client = await here.client()
        try:
            await client.create_order(SYMBOL, "market", "buy", 1)
            here.run(8 * 60)
            (paid,) = await client.fetch_funding_history(SYMBOL)
            assert paid["amount"] == pytest.approx(-0.1)
            history = await client.fetch_funding_rate_history(SYMBOL)
            assert history[-1]["fundingRate"] == 0.001
            assert history[-1]["timestamp"] == START + 480 * MINUTE
        finally:
            await close(client)


@pytest.mark.asyncio
async def test_a_liquidation_is_listed(folder: Path) -> None:
    bars = [*flat(62), (100, 100, 60, 60, 100.0), *flat(300, 60.0)]
    async with running(folder, bars) as here:
        client = await here.client()
        try:
            await client.set_margin_mode("isolated", SYMBOL)
            await client.create_order(SYMBOL, "market", "buy", 10)
            here.run(5)
            assert not await client.fetch_positions([SYMBOL])
            (found,) = await client.fetch_my_liquidations(SYMBOL)
            assert found["contracts"] == 10
            assert_sound(here.house.exchange)
        finally:
            await close(client)


@pytest.mark.asyncio
async def test_binance_with_all_its_markets(here: Running) -> None:
    client = await here.client(
        "binance", defaultType="swap", fetchMarkets={"types": ["spot", "linear", "inverse"]}
    )
    try:
        assert {"BTC/USDT", SYMBOL} <= set(client.markets)
        order = await client.create_order(SYMBOL, "market", "buy", 1)
        assert order["symbol"] == SYMBOL
        assert order["filled"] == 1
    finally:
        await close(client)
