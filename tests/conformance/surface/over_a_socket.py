"""Requests over a WebSocket."""

from __future__ import annotations

from tests.conformance.here import Here
from tests.conformance.surface.acts import clear, filled, held, is_open, resting
from tests.conformance.surface.method import BOTH, SPOT, SWAP, about, ask, candles, has_bids, probe, rows_of

ask("fetchTickerWs", SWAP, lambda h: h.client.fetch_ticker_ws(h.symbol), about)
ask(
    "fetchOrderBookWs",
    BOTH,
    lambda h: h.client.fetch_order_book_ws(h.symbol, 5),
    has_bids,
    without=("binance spot",),
)
ask("fetchOHLCVWs", SPOT, lambda h: h.client.fetch_ohlcv_ws(h.symbol, "5m", limit=5), candles)
# ccxt leaves the symbol out
ask("fetchTradesWs", SPOT, lambda h: h.client.fetch_trades_ws(h.symbol, limit=5), lambda h, t: len(t) == 5)


@probe("fetchBalanceWs")
async def fetch_balance_ws(here: Here) -> None:
    found = await here.client.fetch_balance_ws(here.wallet)
    if here.place.is_swap:
        assert found["USDT"]["total"] > 0
    else:  # ccxt reads a reply of spot as one of futures and finds no coin in it
        assert [b for b in found["info"]["balances"] if b["asset"] == "USDT" and float(b["free"]) > 0]


@probe("createOrderWs")
async def create_order_ws(here: Here) -> None:
    made = await here.client.create_order_ws(
        here.symbol, "limit", "buy", await here.amount(), await here.price(0.9)
    )
    await is_open(here, made)


@probe("createLimitOrderWs")
async def create_limit_order_ws(here: Here) -> None:
    made = await here.client.create_limit_order_ws(
        here.symbol, "buy", await here.amount(), await here.price(0.9)
    )
    await is_open(here, made)


@probe("createMarketOrderWs")
async def create_market_order_ws(here: Here) -> None:
    await filled(here, await here.client.create_market_order_ws(here.symbol, "buy", await here.amount()))


@probe("editOrderWs")
async def edit_order_ws(here: Here) -> None:
    made, price = await resting(here), await here.price(0.92)
    await here.client.edit_order_ws(made["id"], here.symbol, "limit", "buy", await here.amount(), price)
    assert [o["price"] for o in await here.client.fetch_open_orders(here.symbol)] == [price]
    await clear(here)


@probe("cancelOrderWs")
async def cancel_order_ws(here: Here) -> None:
    made = await resting(here)
    await here.client.cancel_order_ws(made["id"], here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("cancelAllOrdersWs", SPOT)
async def cancel_all_orders_ws(here: Here) -> None:
    await resting(here)
    await here.client.cancel_all_orders_ws(here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("fetchOrderWs")
async def fetch_order_ws(here: Here) -> None:
    made = await resting(here)
    assert (await here.client.fetch_order_ws(made["id"], here.symbol))["id"] == made["id"]
    await clear(here)


@probe("fetchOpenOrdersWs", SPOT)
async def fetch_open_orders_ws(here: Here) -> None:
    made = await resting(here)
    assert [o["id"] for o in await here.client.fetch_open_orders_ws(here.symbol)] == [made["id"]]
    await clear(here)


@probe("fetchOrdersWs", SPOT)
async def fetch_orders_ws(here: Here) -> None:
    made = await resting(here)
    assert made["id"] in [o["id"] for o in await here.client.fetch_orders_ws(here.symbol)]
    await clear(here)


@probe("fetchMyTradesWs", SPOT)
async def fetch_my_trades_ws(here: Here) -> None:
    await held(here)
    assert rows_of(here, await here.client.fetch_my_trades_ws(here.symbol))


@probe("fetchPositionsWs", SWAP)
async def fetch_positions_ws(here: Here) -> None:
    await held(here)
    assert [p for p in await here.client.fetch_positions_ws([here.symbol]) if p["contracts"]]


@probe("fetchPositionWs", SWAP)
async def fetch_position_ws(here: Here) -> None:
    await held(here)
    assert await here.client.fetch_position_ws(here.symbol)
