"""What probes do before they ask."""

from __future__ import annotations

from typing import Any

from tests.conformance.here import Here

HOUR_MS = 3_600_000


async def resting(here: Here, factor: float = 0.9, **params: Any) -> dict[str, Any]:
    return await here.client.create_order(
        here.symbol, "limit", "buy", await here.amount(), await here.price(factor), params
    )


async def clear(here: Here) -> None:
    for order in await here.client.fetch_open_orders(here.symbol):
        await here.client.cancel_order(order["id"], here.symbol)


async def held(here: Here) -> float:
    """A long of some 500, which is there afterwards; its amount."""
    amount = await here.amount()
    await here.client.create_order(
        here.symbol, "market", "buy", await here.to_buy(amount), await here.price(1.0)
    )
    return float(amount)


async def is_open(here: Here, made: dict[str, Any], **asked: Any) -> None:
    found = await here.client.fetch_open_orders(here.symbol, params=asked)
    assert made["id"] in [o["id"] for o in found]
    await here.client.cancel_order(made["id"], here.symbol, asked)


async def filled(here: Here, made: dict[str, Any]) -> None:
    async def closed() -> Any:
        order = await here.client.fetch_order(made["id"], here.symbol)
        return order if order["status"] == "closed" else None

    assert (await here.until(closed))["filled"] > 0


async def liquidated(here: Here) -> None:
    """A long and a short, each with as little margin as allowed, until one of them is gone."""
    await here.client.set_position_mode(True, here.symbol)
    await here.client.set_margin_mode("isolated", here.symbol)
    await here.client.set_leverage(100, here.symbol)
    amount = await here.amount()
    for side, position in (("buy", "LONG"), ("sell", "SHORT")):
        await here.client.create_order(here.symbol, "market", side, amount, None, {"positionSide": position})
    for _ in range(48):
        here.pass_time(HOUR_MS)
        if len([p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]) < 2:
            return
    raise AssertionError("two days moved the price too little for a liquidation")
