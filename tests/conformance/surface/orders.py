"""Orders: placed, changed, cancelled, listed."""

from __future__ import annotations

from typing import Any

from tests.conformance.here import Here
from tests.conformance.surface.acts import clear, filled, held, is_open, resting
from tests.conformance.surface.method import BOTH, SPOT, SWAP, probe, rows_of


@probe("createOrder")
async def create_order(here: Here) -> None:
    made = await resting(here)
    assert made["id"]
    await clear(here)


@probe("createLimitOrder")
async def create_limit_order(here: Here) -> None:
    made = await here.client.create_limit_order(
        here.symbol, "buy", await here.amount(), await here.price(0.9)
    )
    await is_open(here, made)


@probe("createLimitBuyOrder")
async def create_limit_buy_order(here: Here) -> None:
    made = await here.client.create_limit_buy_order(here.symbol, await here.amount(), await here.price(0.9))
    await is_open(here, made)


@probe("createLimitSellOrder")
async def create_limit_sell_order(here: Here) -> None:
    await held(here)
    made = await here.client.create_limit_sell_order(
        here.symbol, await here.amount(300), await here.price(1.1)
    )
    await is_open(here, made)


@probe("createPostOnlyOrder")
async def create_post_only_order(here: Here) -> None:
    made = await here.client.create_post_only_order(
        here.symbol, "limit", "buy", await here.amount(), await here.price(0.9)
    )
    await is_open(here, made)


@probe("createMarketOrder")
async def create_market_order(here: Here) -> None:
    amount = await here.to_buy(await here.amount())
    made = await here.client.create_market_order(here.symbol, "buy", amount, await here.price(1.0))
    await filled(here, made)


@probe("createMarketBuyOrder", BOTH, ("binance", "binanceusdm"))
async def create_market_buy_order(here: Here) -> None:
    await filled(here, await here.client.create_market_buy_order(here.symbol, await here.amount()))


@probe("createMarketSellOrder", BOTH, ("binance", "binanceusdm"))
async def create_market_sell_order(here: Here) -> None:
    await held(here)
    await filled(here, await here.client.create_market_sell_order(here.symbol, await here.amount(300)))


@probe("createMarketBuyOrderWithCost", SPOT)
async def create_market_buy_order_with_cost(here: Here) -> None:
    await filled(here, await here.client.create_market_buy_order_with_cost(here.symbol, 200))


@probe("createMarketSellOrderWithCost", SPOT)
async def create_market_sell_order_with_cost(here: Here) -> None:
    await held(here)
    await filled(here, await here.client.create_market_sell_order_with_cost(here.symbol, 200))


@probe("createMarketOrderWithCost", SPOT)
async def create_market_order_with_cost(here: Here) -> None:
    await filled(here, await here.client.create_market_order_with_cost(here.symbol, "buy", 200))


@probe("createReduceOnlyOrder", SWAP)
async def create_reduce_only_order(here: Here) -> None:
    amount = await held(here)
    made = await here.client.create_reduce_only_order(here.symbol, "market", "sell", amount)
    await filled(here, made)


@probe("createOrders", without=("binance spot",))
async def create_orders(here: Here) -> None:
    amount, price = await here.amount(), await here.price(0.9)
    order = {"symbol": here.symbol, "type": "limit", "side": "buy", "amount": amount, "price": price}
    made = await here.client.create_orders([order, order])
    found = [o["id"] for o in await here.client.fetch_open_orders(here.symbol)]
    assert sorted(o["id"] for o in made) == sorted(found)
    await clear(here)


@probe("editOrder")
async def edit_order(here: Here) -> None:
    made, price = await resting(here), await here.price(0.92)
    await here.client.edit_order(made["id"], here.symbol, "limit", "buy", await here.amount(), price)

    async def moved() -> Any:
        found = await here.client.fetch_open_orders(here.symbol)
        return [o["price"] for o in found] == [price]

    await here.until(moved)
    await clear(here)


@probe("editOrders", SWAP)
async def edit_orders(here: Here) -> None:
    made, price = await resting(here), await here.price(0.92)
    change = {
        "id": made["id"],
        "symbol": here.symbol,
        "type": "limit",
        "side": "buy",
        "amount": await here.amount(),
        "price": price,
    }
    await here.client.edit_orders([change])
    assert [o["price"] for o in await here.client.fetch_open_orders(here.symbol)] == [price]
    await clear(here)


@probe("cancelOrder")
async def cancel_order(here: Here) -> None:
    made = await resting(here)
    await here.client.cancel_order(made["id"], here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("cancelOrders", without=("binance spot",))
async def cancel_orders(here: Here) -> None:
    made = [await resting(here, f) for f in (0.9, 0.91)]
    await here.client.cancel_orders([o["id"] for o in made], here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("cancelAllOrders")
async def cancel_all_orders(here: Here) -> None:
    await resting(here)
    await here.client.cancel_all_orders(here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("fetchOpenOrders")
async def fetch_open_orders(here: Here) -> None:
    made = await resting(here)
    assert [o["id"] for o in await here.client.fetch_open_orders(here.symbol)] == [made["id"]]
    await clear(here)


@probe("fetchOpenOrder", without=("binance spot",))
async def fetch_open_order(here: Here) -> None:
    made = await resting(here)
    found = await here.client.fetch_open_order(made["id"], here.symbol)
    assert found["status"] == "open"
    await clear(here)


@probe("fetchOrder")
async def fetch_order(here: Here) -> None:
    made = await resting(here)
    assert (await here.client.fetch_order(made["id"], here.symbol))["id"] == made["id"]
    await clear(here)


def _done_list(name: str, status: str) -> None:
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)

    @probe(name)
    async def run(here: Here) -> None:
        made = await resting(here)
        await here.client.cancel_order(made["id"], here.symbol)
        amount = await here.to_buy(await here.amount())
        bought = await here.client.create_order(here.symbol, "market", "buy", amount, await here.price(1.0))
        wanted = {"closed": [bought["id"]], "canceled": [made["id"]]}.get(status, [made["id"], bought["id"]])

        async def listed() -> Any:
            found = [o["id"] for o in await getattr(here.client, method)(here.symbol)]
            return set(wanted) <= set(found)

        await here.until(listed)


_done_list("fetchClosedOrders", "closed")
_done_list("fetchCanceledOrders", "canceled")
_done_list("fetchCanceledAndClosedOrders", "both")
_done_list("fetchOrders", "both")


@probe("fetchMyTrades")
async def fetch_my_trades(here: Here) -> None:
    await held(here)
    assert rows_of(here, await here.client.fetch_my_trades(here.symbol))


@probe("fetchOrderTrades", SPOT)
async def fetch_order_trades(here: Here) -> None:
    made = await here.client.create_order(
        here.symbol, "market", "buy", await here.amount(), await here.price(1.0)
    )
    found = await here.client.fetch_order_trades(made["id"], here.symbol)
    assert {t["order"] for t in found} == {made["id"]}
