"""Balances, fees, leverage, modes: through ccxt's unified calls."""

from __future__ import annotations

import ccxt.async_support as ccxt
import pytest

from tests.conformance.here import Here
from tests.conformance.test_orders import buy

pytestmark = pytest.mark.asyncio


async def test_balances_add_up(here: Here) -> None:
    balance = await here.client.fetch_balance(here.wallet)
    found = balance["USDT"]
    assert found["total"] > 0
    assert found["free"] + found["used"] == pytest.approx(found["total"])


async def test_fees(here: Here) -> None:
    if not here.client.has["fetchTradingFee"] or not here.place.local:
        pytest.skip("ccxt has no such call here")
    fee = await here.client.fetch_trading_fee(here.symbol)
    assert 0 <= fee["maker"] <= fee["taker"] < 0.01


async def test_leverage_is_set_and_read(here: Here, swap: None) -> None:
    await here.client.set_leverage(7, here.symbol)
    if here.place.unified:  # ccxt asks the classic account for it
        settings = (await here.client.privateUtaGetV3AccountSettings())["data"]["symbolConfigList"]
        assert {c["symbol"]: c["leverage"] for c in settings}[here.market["id"]] == "7"
        return
    found = await here.client.fetch_leverage(here.symbol)
    assert found["longLeverage"] == found["shortLeverage"] == 7


async def test_isolated_and_cross(here: Here, swap: None) -> None:
    if here.place.unified:
        pytest.skip("ccxt asks the classic account for this")
    for mode in ("isolated", "cross"):
        try:
            await here.client.set_margin_mode(mode, here.symbol)
        except (ccxt.MarginModeAlreadySet, ccxt.NoChange):
            continue
    await here.client.set_margin_mode("isolated", here.symbol)
    order = await buy(here, **({"marginMode": "isolated"} if here.place.venue == "bitget" else {}))
    position = (await here.client.fetch_positions([here.symbol]))[0]
    assert position["marginMode"] == "isolated"
    assert position["contracts"] == pytest.approx(order["filled"])
    assert position["liquidationPrice"] is None or position["liquidationPrice"] < order["average"]


async def test_both_sides_at_once(here: Here, swap: None) -> None:
    await here.client.set_position_mode(True, here.symbol)
    amount = await here.amount()
    for side in ("buy", "sell"):
        params = (
            {"positionSide": "LONG" if side == "buy" else "SHORT"}
            if "binance" in here.place.venue
            else {"hedged": True}
        )
        await here.client.create_order(here.symbol, "market", side, amount, None, params)
    positions = [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]
    assert {p["side"] for p in positions} == {"long", "short"}
    for position in positions:
        side = "sell" if position["side"] == "long" else "buy"
        params = (
            {"positionSide": position["side"].upper()}
            if "binance" in here.place.venue
            else {"hedged": True, "reduceOnly": True}
        )
        await here.client.create_order(here.symbol, "market", side, position["contracts"], None, params)
    assert not [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]
    await here.client.set_position_mode(False, here.symbol)
