"""Positions, leverage, modes and margin."""

from __future__ import annotations

from tests.conformance.here import Here
from tests.conformance.surface.acts import HOUR_MS, held
from tests.conformance.surface.method import SWAP, probe, rows_of


@probe("fetchPositions", SWAP)
async def fetch_positions(here: Here) -> None:
    amount = await held(here)
    found = [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]
    assert found[0]["contracts"] >= amount
    if here.place.venue != "bitget":
        found = await here.client.fetch_positions([here.symbol], {"method": "account"})
        assert found[0]["contracts"] >= amount


@probe("fetchPositionsRisk", SWAP)
async def fetch_positions_risk(here: Here) -> None:
    await held(here)
    assert [p for p in await here.client.fetch_positions_risk([here.symbol]) if p["contracts"]]


@probe("fetchPosition", SWAP, ("bitget",))
async def fetch_position(here: Here) -> None:
    await held(here)
    assert (await here.client.fetch_position(here.symbol))["contracts"] > 0


@probe("fetchPositionsADLRank", SWAP)
async def fetch_positions_adl_rank(here: Here) -> None:
    await held(here)
    assert await here.client.fetch_positions_adl_rank([here.symbol])


@probe("fetchADLRank", SWAP)
async def fetch_adl_rank(here: Here) -> None:
    assert (await here.client.fetch_adl_rank(here.symbol))["rating"] == "low"


@probe("fetchPositionADLRank", SWAP)
async def fetch_position_adl_rank(here: Here) -> None:
    await held(here)
    assert (await here.client.fetch_position_adl_rank(here.symbol))["symbol"] == here.symbol


async def _close(here: Here) -> None:
    amount = await held(here)
    await here.client.create_order(here.symbol, "market", "sell", amount, None, {"reduceOnly": True})


@probe("fetchPositionsHistory", SWAP)
async def fetch_positions_history(here: Here) -> None:
    await _close(here)
    assert await here.client.fetch_positions_history([here.symbol])


@probe("fetchPositionHistory", SWAP)
async def fetch_position_history(here: Here) -> None:
    await _close(here)
    assert await here.client.fetch_position_history(here.symbol)


@probe("closePosition", SWAP)
async def close_position(here: Here) -> None:
    await held(here)
    await here.client.close_position(here.symbol)
    assert not [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]


@probe("closeAllPositions", SWAP)
async def close_all_positions(here: Here) -> None:
    await held(here)
    await here.client.close_all_positions({"productType": "USDT-FUTURES"})
    assert not [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]


@probe("setLeverage", SWAP)
async def set_leverage(here: Here) -> None:
    await here.client.set_leverage(6, here.symbol)


@probe("setMarginMode", SWAP)
async def set_margin_mode(here: Here) -> None:
    await here.client.set_margin_mode("isolated", here.symbol)
    await here.client.set_margin_mode("cross", here.symbol)


@probe("setPositionMode", SWAP)
async def set_position_mode(here: Here) -> None:
    await here.client.set_position_mode(True, here.symbol)
    await here.client.set_position_mode(False, here.symbol)


async def _isolated(here: Here) -> None:
    await here.client.set_margin_mode("isolated", here.symbol)
    params = {"marginMode": "isolated"} if here.place.venue == "bitget" else {}
    await here.client.create_order(here.symbol, "market", "buy", await here.amount(), None, params)


def _margin_params(here: Here) -> dict[str, str]:
    return {"holdSide": "long"} if here.place.venue == "bitget" else {}


@probe("addMargin", SWAP)
async def add_margin(here: Here) -> None:
    await _isolated(here)
    before = (await here.client.fetch_positions([here.symbol]))[0]["collateral"]
    await here.client.add_margin(here.symbol, 50, _margin_params(here))
    assert (await here.client.fetch_positions([here.symbol]))[0]["collateral"] > before + 40


@probe("reduceMargin", SWAP)
async def reduce_margin(here: Here) -> None:
    await _isolated(here)
    await here.client.add_margin(here.symbol, 50, _margin_params(here))
    before = (await here.client.fetch_positions([here.symbol]))[0]["collateral"]
    less = -20 if here.place.venue == "bitget" else 20
    await here.client.reduce_margin(here.symbol, less, _margin_params(here))
    assert (await here.client.fetch_positions([here.symbol]))[0]["collateral"] < before


@probe("fetchMarginAdjustmentHistory", SWAP)
async def fetch_margin_adjustment_history(here: Here) -> None:
    await _isolated(here)
    await here.client.add_margin(here.symbol, 50)
    assert await here.client.fetch_margin_adjustment_history(here.symbol)


@probe("fetchFundingHistory", SWAP)
async def fetch_funding_history(here: Here) -> None:
    await held(here)
    here.pass_time(8 * HOUR_MS)
    assert rows_of(here, await here.client.fetch_funding_history(here.symbol))
