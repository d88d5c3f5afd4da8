"""Orders that wait for a price."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.conformance.here import Here
from tests.conformance.surface.acts import filled, held
from tests.conformance.surface.method import BOTH, SWAP, probe


async def _waits(here: Here, made: dict[str, Any]) -> None:
    trigger = {"trigger": True} if here.place.is_swap or here.place.venue == "bitget" else {}
    found = await here.client.fetch_open_orders(here.symbol, params=trigger)
    assert made["id"] in [o["id"] for o in found], found
    await here.client.cancel_order(made["id"], here.symbol, trigger)


def _waiting(name: str, kinds: tuple[str, ...], call: Callable[[Here, float], Awaitable[Any]]) -> None:
    @probe(name, kinds)
    async def run(here: Here) -> None:
        await held(here)
        await _waits(here, await call(here, await here.amount(300)))


async def _stop(here: Here, amount: float) -> Any:
    return await here.client.create_stop_order(
        here.symbol, "limit", "sell", amount, await here.price(0.89), await here.price(0.9)
    )


async def _stop_limit(here: Here, amount: float) -> Any:
    return await here.client.create_stop_limit_order(
        here.symbol, "sell", amount, await here.price(0.89), await here.price(0.9)
    )


async def _stop_market(here: Here, amount: float) -> Any:
    return await here.client.create_stop_market_order(here.symbol, "sell", amount, await here.price(0.9))


async def _stop_loss(here: Here, amount: float) -> Any:
    return await here.client.create_stop_loss_order(
        here.symbol, "market", "sell", amount, None, await here.price(0.9)
    )


async def _take_profit(here: Here, amount: float) -> Any:
    return await here.client.create_take_profit_order(
        here.symbol, "market", "sell", amount, None, await here.price(1.1)
    )


async def _trigger(here: Here, amount: float) -> Any:
    return await here.client.create_trigger_order(
        here.symbol, "limit", "sell", amount, await here.price(0.89), await here.price(0.9)
    )


async def _trailing(here: Here, amount: float) -> Any:
    return await here.client.create_trailing_percent_order(
        here.symbol, "market", "sell", amount, None, 1, await here.price(1.05)
    )


_waiting("createStopOrder", BOTH, _stop)
_waiting("createStopLimitOrder", BOTH, _stop_limit)
_waiting("createStopMarketOrder", SWAP, _stop_market)
_waiting("createTriggerOrder", BOTH, _trigger)


def _exits(
    name: str, kinds: tuple[str, ...], call: Callable[[Here, float], Awaitable[Any]], plan: str
) -> None:
    """Exits of a position, which Bitget lists by kind of plan."""

    @probe(name, kinds)
    async def run(here: Here) -> None:
        await held(here)
        made = await call(here, await here.amount(300))
        if here.place.venue != "bitget":
            await _waits(here, made)
            return
        asked = {"trigger": True, "planType": plan}
        found = await here.client.fetch_open_orders(here.symbol, params=asked)
        assert made["id"] in [o["id"] for o in found], found
        await here.client.cancel_order(made["id"], here.symbol, asked)


_exits("createStopLossOrder", SWAP, _stop_loss, "profit_loss")
_exits("createTakeProfitOrder", SWAP, _take_profit, "profit_loss")
_exits("createTrailingPercentOrder", SWAP, _trailing, "track_plan")


@probe("createOrderWithTakeProfitAndStopLoss", SWAP, ("bitget",))
async def create_order_with_exits(here: Here) -> None:
    made = await here.client.create_order_with_take_profit_and_stop_loss(
        here.symbol, "market", "buy", await here.amount(), None, await here.price(1.1), await here.price(0.9)
    )
    await filled(here, made)
