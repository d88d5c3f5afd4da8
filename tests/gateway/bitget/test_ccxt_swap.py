"""ccxt's unified calls on a classic account's USDT perpetuals, over real sockets."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import pytest

from tests.exchange.worlds import PERP, START, assert_sound
from tests.gateway.bitget.venue import client, house, running
from tradewind.market import WallClock

pytestmark = pytest.mark.asyncio
ISOLATED = {"hedged": True, "marginMode": "isolated"}


def bars(*prices: float) -> list:
    """An hour at 100, then a minute for each price that the market moves to."""
    found, before = [(100.0, 100.0, 100.0, 100.0, 100.0)] * 60, 100.0
    for price in prices:
        found.append((before, max(before, price), min(before, price), price, 100.0))
        before = price
    return found + [(before, before, before, before, 100.0)] * 60


async def test_public_data_of_contracts():
    async with running() as (_, address), client(address) as bitget:
        market = (await bitget.load_markets())[PERP]
        assert (market["linear"], market["settle"], market["contractSize"]) == (True, "USDT", 1)
        assert market["limits"]["leverage"] == {"min": 1, "max": 100}
        for call in (bitget.fetch_ohlcv, bitget.fetch_mark_ohlcv, bitget.fetch_index_ohlcv):
            rows = await call(PERP, "1m", START, 3)
            assert [row[0] for row in rows] == [START, START + 60_000, START + 120_000]
        ticker = await bitget.fetch_ticker(PERP)
        assert (ticker["last"], ticker["markPrice"], ticker["indexPrice"]) == (100, 100, 100)
        assert (await bitget.fetch_mark_price(PERP))["markPrice"] == 100
        rate = await bitget.fetch_funding_rate(PERP)
        assert (rate["fundingRate"], rate["interval"]) == (0.0001, "8h")
        assert rate["fundingTimestamp"] == START + 8 * 3_600_000
        assert (await bitget.fetch_funding_interval(PERP))["interval"] == "8h"
        assert list(await bitget.fetch_funding_rates([PERP])) == [PERP]
        assert (await bitget.fetch_funding_intervals([PERP]))[PERP]["interval"] == "8h"
        assert [r["timestamp"] for r in await bitget.fetch_funding_rate_history(PERP)] == [START]
        (tier,) = await bitget.fetch_market_leverage_tiers(PERP)
        assert (tier["maxLeverage"], tier["maintenanceMarginRate"]) == (100, 0.005)
        assert (await bitget.fetch_open_interest(PERP))["openInterestAmount"] == 0
        assert (await bitget.fetch_trading_fees())["BTC/USDT"]["taker"] == 0.001
        assert len((await bitget.fetch_order_book(PERP, 5))["bids"]) == 5
        assert (await bitget.fetch_trades(PERP, limit=3))[-1]["price"] == 100


async def test_a_position_is_opened_reduced_and_closed():
    async with running() as (found, address), client(address) as bitget:
        placed = await bitget.create_order(PERP, "market", "buy", 1, None, {"clientOrderId": "p1"})
        order = await bitget.fetch_order(placed["id"], PERP)
        assert (order["status"], order["average"], order["reduceOnly"]) == ("closed", 100, False)
        assert order["fee"] == {"cost": 0.1, "currency": "USDT"}
        (position,) = await bitget.fetch_positions([PERP])
        assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 1, 100)
        assert (position["leverage"], position["marginMode"], position["hedged"]) == (20, "cross", False)
        assert (await bitget.fetch_open_interest(PERP))["openInterestAmount"] == 1
        await bitget.create_order(PERP, "market", "sell", 0.5, None, {"reduceOnly": True})
        assert (await bitget.fetch_position(PERP))["contracts"] == 0.5
        await bitget.close_position(PERP)
        assert await bitget.fetch_positions([PERP]) == []
        with pytest.raises(ccxt.ExchangeError, match="22002"):
            await bitget.close_position(PERP)
        (past,) = await bitget.fetch_positions_history([PERP])
        assert (past["side"], past["contracts"], past["entryPrice"]) == ("long", 1, 100)
        assert past["realizedPnl"] == pytest.approx(-0.01)
        trades = await bitget.fetch_my_trades(PERP)
        assert [(t["side"], t["amount"]) for t in trades] == [("buy", 1), ("sell", 0.5), ("sell", 0.5)]
        kinds = {b["info"]["businessType"] for b in await bitget.fetch_ledger(params={"type": "swap"})}
        assert kinds == {"system", "trade_fee", "close_position"}
        assert_sound(found.exchange)


async def test_limit_orders_are_modified_in_place():
    async with running() as (_, address), client(address) as bitget:
        placed = await bitget.create_order(PERP, "limit", "buy", 1, 90)
        edited = await bitget.edit_order(placed["id"], PERP, "limit", "buy", 2, 91)
        assert edited["id"] == placed["id"]
        (order,) = await bitget.fetch_open_orders(PERP)
        assert (order["amount"], order["price"], order["clientOrderId"]) == (2, 91, edited["clientOrderId"])
        (gone,) = await bitget.cancel_orders([placed["id"], "77"], PERP)
        assert gone["id"] == placed["id"]
        with pytest.raises(ccxt.ExchangeError, match="22001"):
            await bitget.cancel_order(placed["id"], PERP)
        with pytest.raises(ccxt.OrderNotFound):
            await bitget.cancel_order("77", PERP)
        with pytest.raises(ccxt.OrderNotFound):
            await bitget.fetch_order("77", PERP)
        with pytest.raises(ccxt.InsufficientFunds):
            await bitget.create_order(PERP, "limit", "buy", 100_000, 90)
        assert [o["status"] for o in await bitget.fetch_canceled_orders(PERP)] == ["canceled"]


async def test_attached_stops_come_alive_with_the_fill_and_go_with_the_position():
    moves = house(bars(94, 96, 96, 110), wire=WallClock())
    async with running(moves) as (found, address), client(address) as bitget:
        stops = {"stopLoss": {"triggerPrice": 90}, "takeProfit": {"triggerPrice": 105}}
        placed = await bitget.create_order(PERP, "limit", "buy", 1, 95, stops)
        order = await bitget.fetch_order(placed["id"], PERP)
        assert (order["stopLossPrice"], order["takeProfitPrice"]) == (90, 105)
        await bitget.edit_order(placed["id"], PERP, "limit", "buy", 2, 95, {"stopLoss": {"triggerPrice": 89}})
        order = await bitget.fetch_order(placed["id"], PERP)
        assert (order["amount"], order["stopLossPrice"], order["takeProfitPrice"]) == (2, 89, 105)
        waiting = {"trigger": True, "planType": "profit_loss"}
        assert await bitget.fetch_open_orders(PERP, params=waiting) == []
        found.clock.step(2 * 60_000)
        plans = await bitget.fetch_open_orders(PERP, params=waiting)
        assert {p["info"]["planType"]: p["triggerPrice"] for p in plans} == {
            "profit_plan": 105,
            "loss_plan": 89,
        }
        found.clock.step(3 * 60_000)
        assert await bitget.fetch_open_orders(PERP, params=waiting) == []
        assert await bitget.fetch_positions([PERP]) == []
        done = await bitget.fetch_canceled_and_closed_orders(PERP, params=waiting)
        assert {p["info"]["planType"]: p["status"] for p in done} == {
            "profit_plan": "closed",
            "loss_plan": "canceled",
        }
        assert_sound(found.exchange)


async def test_stop_loss_take_profit_and_trailing_orders_of_a_position():
    moves = house(bars(106, 104), wire=WallClock())
    async with running(moves) as (found, address), client(address) as bitget:
        await bitget.create_order(PERP, "market", "buy", 1)
        stop = await bitget.create_order(PERP, "market", "sell", 1, None, {"stopLossPrice": 90})
        await bitget.create_order(PERP, "limit", "sell", 1, 121, {"takeProfitPrice": 120})
        await bitget.edit_order(stop["id"], PERP, "market", "sell", 1, None, {"stopLossPrice": 92})
        trail = {"trailingPercent": "1", "trailingTriggerPrice": "105", "reduceOnly": True}
        trailing = await bitget.create_order(PERP, "market", "sell", 1, None, trail)
        (followed,) = await bitget.fetch_open_orders(PERP, params={"trailing": True})
        assert (followed["id"], followed["info"]["callbackRatio"]) == (trailing["id"], "1")
        waiting = {"trigger": True, "planType": "profit_loss"}
        plans = await bitget.fetch_open_orders(PERP, params=waiting)
        assert {p["triggerPrice"] for p in plans} == {92, 120}
        found.clock.step(3 * 60_000)
        assert await bitget.fetch_positions([PERP]) == []
        assert await bitget.fetch_open_orders(PERP, params=waiting) == []
        (closed,) = await bitget.fetch_closed_orders(PERP, limit=1)
        assert 104 < closed["average"] <= 106 * 0.99
        assert_sound(found.exchange)


async def test_plan_orders_bring_their_own_stops():
    moves = house(bars(94, 96), wire=WallClock())
    async with running(moves) as (found, address), client(address) as bitget:
        stops = {
            "triggerPrice": 95,
            "stopLoss": {"triggerPrice": 85, "price": 84},
            "takeProfit": {"triggerPrice": 120, "price": 121},
        }
        plan = await bitget.create_order(PERP, "limit", "buy", 1, 96, stops)
        (waiting,) = await bitget.fetch_open_orders(PERP, params={"trigger": True})
        assert (waiting["triggerPrice"], waiting["stopLossPrice"], waiting["takeProfitPrice"]) == (
            95,
            85,
            120,
        )
        found.clock.step(3 * 60_000)
        assert (await bitget.fetch_position(PERP))["contracts"] == 1
        (done,) = await bitget.fetch_canceled_and_closed_orders(PERP, params={"trigger": True})
        assert (done["id"], done["status"]) == (plan["id"], "closed")
        plans = await bitget.fetch_open_orders(PERP, params={"trigger": True, "planType": "profit_loss"})
        assert {(p["triggerPrice"], p["price"]) for p in plans} == {(85, 84), (120, 121)}
        assert len(await bitget.cancel_all_orders(PERP, {"trigger": True})) == 2
        assert_sound(found.exchange)


async def test_hedge_mode_and_isolated_margin():
    async with running() as (found, address), client(address) as bitget:
        await bitget.set_leverage(5, PERP)
        await bitget.set_margin_mode("isolated", PERP)
        await bitget.set_position_mode(True)
        assert (await bitget.fetch_leverage(PERP))["longLeverage"] == 5
        assert (await bitget.fetch_margin_mode(PERP))["marginMode"] == "isolated"
        await bitget.create_order(PERP, "market", "buy", 1, None, ISOLATED)
        await bitget.create_order(PERP, "market", "sell", 2, None, ISOLATED)
        held = {p["side"]: p for p in await bitget.fetch_positions([PERP])}
        assert {side: p["contracts"] for side, p in held.items()} == {"long": 1, "short": 2}
        assert {p["hedged"] for p in held.values()} == {True}
        margin = held["long"]["initialMargin"]
        await bitget.add_margin(PERP, 10, {"holdSide": "long"})
        await bitget.reduce_margin(PERP, -4, {"holdSide": "long"})
        held = {p["side"]: p for p in await bitget.fetch_positions([PERP])}
        assert held["long"]["initialMargin"] == pytest.approx(margin + 6)
        placed = await bitget.create_order(PERP, "market", "sell", 0.5, None, ISOLATED | {"reduceOnly": True})
        order = await bitget.fetch_order(placed["id"], PERP)
        assert (order["side"], order["info"]["side"], order["info"]["tradeSide"]) == ("sell", "buy", "close")
        with pytest.raises(ccxt.InvalidOrder, match="40774"):
            await bitget.create_order(PERP, "market", "buy", 1)
        stop = await bitget.create_order(
            PERP, "market", "buy", 2, None, {"stopLossPrice": 110, "hedged": True}
        )
        assert stop["id"]
        assert len(await bitget.close_all_positions()) == 2
        assert await bitget.fetch_positions([PERP]) == []
        assert found.exchange.open_conditional("me") == []
        assert_sound(found.exchange)


async def test_funding_is_in_the_bills():
    async with running() as (found, address), client(address) as bitget:
        await bitget.create_order(PERP, "market", "buy", 5)
        found.clock.step(8 * 3_600_000)
        (paid,) = await bitget.fetch_funding_history(PERP)
        assert (paid["amount"], paid["timestamp"]) == (-0.05, START + 8 * 3_600_000)
        assert found.exchange.account("me").futures["USDT"] == Decimal("9999.45")
        rates = await bitget.fetch_funding_rate_history(PERP)
        assert [r["timestamp"] for r in rates] == [START, START + 8 * 3_600_000]


async def test_contracts_of_other_products_are_not_there():
    async with running() as (_, address), client(address) as bitget:
        for product in ("COIN-FUTURES", "USDC-FUTURES", "SUSDT-FUTURES"):
            reply = await bitget.publicMixGetV2MixMarketContracts({"productType": product})
            assert reply["data"] == []
