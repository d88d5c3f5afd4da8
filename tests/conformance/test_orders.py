"""The life of an order, through ccxt's unified calls."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import ccxt.async_support as ccxt
import pytest

from tests.conformance.here import Here

pytestmark = pytest.mark.asyncio


def name() -> str:
    return "conf" + uuid.uuid4().hex[:16]


async def buy(here: Here, notional: float = 500.0, **params: Any) -> dict[str, Any]:
    """A market buy, as far as it is known once it is done."""
    amount = await here.to_buy(await here.amount(notional))
    made = await here.client.create_order(
        here.symbol, "market", "buy", amount, await here.price(1.0), {"clientOrderId": name(), **params}
    )
    return await done(here, made["id"])


async def done(here: Here, order_id: str) -> dict[str, Any]:
    async def closed() -> Any:
        order = await here.client.fetch_order(order_id, here.symbol)
        return order if order["status"] in ("closed", "canceled", "expired", "rejected") else None

    return await here.until(closed)


async def resting(here: Here, factor: float = 0.9, **params: Any) -> dict[str, Any]:
    """A limit buy below the market."""
    return await here.client.create_order(
        here.symbol, "limit", "buy", await here.amount(), await here.price(factor), params
    )


async def test_a_market_buy_fills_and_shows_its_trades(here: Here) -> None:
    order = await buy(here)
    assert order["status"] == "closed"
    assert order["filled"] > 0
    assert here.average(order) > 0

    async def mine() -> Any:
        found = await here.client.fetch_my_trades(here.symbol, limit=50)
        found = [t for t in found if t["order"] == order["id"]]
        return found if sum(t["amount"] for t in found) == pytest.approx(order["filled"]) else None

    trades = await here.until(mine)
    assert all(t["side"] == "buy" and t["takerOrMaker"] == "taker" for t in trades)
    assert all(t["fee"]["cost"] is not None and t["fee"]["currency"] for t in trades)
    cost = sum(t["cost"] for t in trades)
    assert cost / order["filled"] == pytest.approx(here.average(order), rel=1e-6)


async def test_spot_balances_move_by_the_fills(here: Here, spot: None) -> None:
    base, quote = here.market["base"], here.market["quote"]
    before = await here.client.fetch_balance(here.wallet)
    order = await buy(here)
    trades = [t for t in await here.client.fetch_my_trades(here.symbol) if t["order"] == order["id"]]
    after = await here.client.fetch_balance(here.wallet)
    fees = {base: 0.0, quote: 0.0}
    for trade in trades:
        if here.place.unified:  # ccxt takes the fee that was paid for its opposite
            trade["fee"]["cost"] *= -1
        fees[trade["fee"]["currency"]] = fees.get(trade["fee"]["currency"], 0.0) + trade["fee"]["cost"]
    gained = after[base]["total"] - before.get(base, {"total": 0.0})["total"]
    paid = before[quote]["total"] - after[quote]["total"]
    assert gained == pytest.approx(order["filled"] - fees[base], abs=1e-8)
    assert paid == pytest.approx(sum(t["cost"] for t in trades) + fees[quote], abs=1e-6)


async def test_a_position_opens_and_is_closed_reduce_only(here: Here, swap: None) -> None:
    order = await buy(here)
    position = (await here.client.fetch_positions([here.symbol]))[0]
    assert position["side"] == "long"
    assert position["contracts"] == pytest.approx(order["filled"])
    assert position["entryPrice"] == pytest.approx(here.average(order), rel=1e-6)
    closing = await here.client.create_order(
        here.symbol, "market", "sell", order["filled"], None, {"reduceOnly": True, "clientOrderId": name()}
    )
    await done(here, closing["id"])
    left = await here.client.fetch_positions([here.symbol])
    assert sum(p["contracts"] or 0 for p in left) == 0


async def test_a_limit_order_rests_is_found_and_cancelled(here: Here) -> None:
    client_id = name()
    made = await resting(here, clientOrderId=client_id)
    found = await here.client.fetch_order(made["id"], here.symbol)
    assert found["status"] == "open"
    assert found["clientOrderId"] == client_id
    assert found["filled"] == 0
    assert [o["id"] for o in await here.client.fetch_open_orders(here.symbol)] == [made["id"]]
    await here.client.cancel_order(made["id"], here.symbol)
    assert (await done(here, made["id"]))["status"] == "canceled"
    assert await here.client.fetch_open_orders(here.symbol) == []


async def test_a_limit_order_locks_its_money(here: Here, spot: None) -> None:
    made = await resting(here)
    balance = await here.client.fetch_balance(here.wallet)
    order = await here.client.fetch_order(made["id"], here.symbol)
    assert balance["USDT"]["used"] >= 0.999 * order["price"] * order["amount"]
    await here.client.cancel_order(made["id"], here.symbol)
    assert (await here.client.fetch_balance(here.wallet))["USDT"]["used"] == 0


async def test_cancelled_twice_is_not_found(here: Here) -> None:
    made = await resting(here)
    await here.client.cancel_order(made["id"], here.symbol)
    await done(here, made["id"])
    with pytest.raises((ccxt.OrderNotFound, ccxt.ExchangeError)) as caught:
        await here.client.cancel_order(made["id"], here.symbol)
    assert not isinstance(caught.value, ccxt.NetworkError)


async def test_an_order_that_never_was(here: Here) -> None:
    unknown = ccxt.ExchangeError if here.place.unified else ccxt.OrderNotFound  # ccxt does not know 25204
    with pytest.raises(unknown, match="25204" if here.place.unified else None):
        await here.client.fetch_order("1", here.symbol)


async def test_orders_are_found_by_the_clients_id(here: Here) -> None:
    client_id = name()
    made = await resting(here, clientOrderId=client_id)
    found = await here.client.fetch_order(None, here.symbol, {"clientOrderId": client_id})
    assert found["id"] == made["id"]
    await here.client.cancel_order(None, here.symbol, {"clientOrderId": client_id})
    assert (await done(here, made["id"]))["status"] == "canceled"


async def test_an_open_clients_id_is_not_taken_twice(here: Here) -> None:
    client_id = name()
    await resting(here, clientOrderId=client_id)
    with pytest.raises(ccxt.ExchangeError):
        await resting(here, 0.91, clientOrderId=client_id)
    assert len(await here.client.fetch_open_orders(here.symbol)) == 1


async def test_post_only_never_takes(here: Here) -> None:
    price = await here.price(1.02)
    try:
        made = await here.client.create_order(
            here.symbol, "limit", "buy", await here.amount(), price, {"postOnly": True}
        )
    except (ccxt.OrderImmediatelyFillable, ccxt.OrderNotFillable, ccxt.InvalidOrder):
        return
    ended = await done(here, made["id"])
    assert ended["status"] in ("canceled", "expired", "rejected")
    assert ended["filled"] == 0


async def test_immediate_or_cancel_leaves_nothing_open(here: Here) -> None:
    made = await here.client.create_order(
        here.symbol, "limit", "buy", await here.amount(), await here.price(0.95), {"timeInForce": "IOC"}
    )
    ended = await done(here, made["id"])
    assert ended["filled"] == 0
    assert await here.client.fetch_open_orders(here.symbol) == []


async def test_an_order_is_changed(here: Here) -> None:
    if not here.client.has["editOrder"]:
        pytest.skip("ccxt has no such call here")
    made = await resting(here, 0.9)
    amount, price = await here.amount(), await here.price(0.92)
    changed = await here.client.edit_order(made["id"], here.symbol, "limit", "buy", amount, price)

    async def moved() -> Any:
        found = await here.client.fetch_open_orders(here.symbol)
        return found if [o["price"] for o in found] == [price] else None

    found = await here.until(moved)
    assert found[0]["id"] == changed["id"]


async def test_all_orders_are_cancelled(here: Here) -> None:
    for factor in (0.9, 0.91, 0.92):
        await resting(here, factor)
    assert len(await here.client.fetch_open_orders(here.symbol)) == 3
    await here.client.cancel_all_orders(here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


async def test_closed_orders_are_listed(here: Here) -> None:
    order = await buy(here)
    has = here.client.has
    if has["fetchClosedOrders"]:
        found = await here.client.fetch_closed_orders(here.symbol)
    else:
        found = await here.client.fetch_canceled_and_closed_orders(here.symbol)
    assert order["id"] in [o["id"] for o in found if o["status"] == "closed"]


async def test_a_stop_waits_and_is_cancelled(here: Here) -> None:
    if here.place.unified:
        pytest.skip("ccxt cannot send a trigger order of a unified account")
    await buy(here)
    amount, trigger = await here.amount(200), await here.price(0.9)
    limit = await here.price(0.89)
    params = {"triggerPrice": trigger, "clientOrderId": name()}
    if here.place.is_swap:
        params["reduceOnly"] = True
    made = await here.client.create_order(here.symbol, "limit", "sell", amount, limit, params)
    asked: dict[str, Any] = {"trigger": True} if here.place.is_swap or here.place.venue == "bitget" else {}
    waiting = await here.client.fetch_open_orders(here.symbol, params=asked)
    assert [o["id"] for o in waiting] == [made["id"]]
    assert waiting[0]["triggerPrice"] == trigger
    await here.client.cancel_order(made["id"], here.symbol, asked)
    assert await here.client.fetch_open_orders(here.symbol, params=asked) == []


async def test_a_resting_order_is_filled_by_the_tape(here: Here) -> None:
    if not here.place.local:
        pytest.skip("a real market need not come to us")
    book = await here.client.fetch_order_book(here.symbol, 5)
    price = book["bids"][2][0]  # time passes until the order is there
    made = await here.client.create_order(
        here.symbol, "limit", "buy", await here.amount(200), price, {"clientOrderId": name()}
    )

    for _ in range(8 * 60):
        here.pass_time(60_000)
        await asyncio.sleep(0.05)  # requests are counted by the wall
        order = await here.client.fetch_order(made["id"], here.symbol)
        if order["status"] == "closed":
            break
    assert order["status"] == "closed", "eight hours of the tape never came to the bid"
    assert here.average(order) <= price
    trades = [t for t in await here.client.fetch_my_trades(here.symbol) if t["order"] == made["id"]]
    assert {t["takerOrMaker"] for t in trades} == {"maker"}


async def test_many_at_once(here: Here) -> None:
    prices = [await here.price(f) for f in (0.9, 0.91, 0.92, 0.93)]
    amount = await here.amount()
    made = await asyncio.gather(
        *(
            here.client.create_order(here.symbol, "limit", "buy", amount, p, {"clientOrderId": name()})
            for p in prices
        )
    )
    found = await here.client.fetch_open_orders(here.symbol)
    assert sorted(o["id"] for o in found) == sorted(o["id"] for o in made)
    await here.client.cancel_all_orders(here.symbol)
