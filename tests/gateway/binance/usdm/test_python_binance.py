"""python-binance as it is: futures over REST, the WebSocket API and its streams."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from binance import AsyncClient, BinanceSocketManager

from tests.exchange.worlds import D, assert_sound, moving
from tests.gateway.binance.usdm.venue import KEY, SECRET, Running, running

BTC = {"symbol": "BTCUSDT"}


class Client(AsyncClient):
    """Another address, and nothing else."""


def client(here: Running) -> AsyncClient:
    Client.API_URL = f"http://127.0.0.1:{here.port}/api"
    Client.FUTURES_URL = f"http://127.0.0.1:{here.port}/fapi"
    Client.WS_FUTURES_URL = f"ws://127.0.0.1:{here.port}/ws-fapi/v1"
    return Client(KEY, SECRET)


async def heard(socket: Any) -> Any:
    """The first frame of a socket."""
    async with socket as stream:
        return await asyncio.wait_for(stream.recv(), 5)


async def keep_running(here: Running, bot: AsyncClient) -> None:
    """Time passes and the account acts: python-binance closes a socket only after one more frame."""
    for number in range(1000):
        await asyncio.sleep(0.05)
        here.run(0.2)
        if number % 10 == 0:
            await bot.futures_change_leverage(leverage=5 + number % 20, **BTC)


@pytest.mark.asyncio
async def test_orders_and_account(tmp_path: Path) -> None:
    async with running(tmp_path, moving(900, step=0.0005)) as here:
        bot = client(here)
        try:
            await bot.futures_change_leverage(leverage=7, **BTC)
            await bot.futures_change_margin_type(marginType="ISOLATED", **BTC)
            limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": 1, "price": 90, **BTC}
            order = await bot.futures_create_order(**limit)
            assert [o["orderId"] for o in await bot.futures_get_open_orders(**BTC)] == [order["orderId"]]
            changed = await bot.futures_modify_order(
                orderId=order["orderId"], side="BUY", quantity=2, price=89, **BTC
            )
            assert (changed["origQty"], changed["price"]) == ("2.000", "89.00")
            gone = await bot.futures_cancel_order(orderId=order["orderId"], **BTC)
            assert gone["status"] == "CANCELED"
            bought = await bot.futures_create_order(
                side="BUY", type="MARKET", quantity=2, newOrderRespType="RESULT", **BTC
            )
            assert bought["status"] == "FILLED"
            stop = await bot.futures_create_order(
                side="SELL", type="STOP_MARKET", stopPrice=80, quantity=1, **BTC
            )
            assert [a["algoId"] for a in await bot.futures_get_open_algo_orders(**BTC)] == [stop["algoId"]]
            await bot.futures_cancel_all_algo_open_orders(**BTC)
            placed = await bot.futures_place_batch_order(
                batchOrders=[{name: str(value) for name, value in limit.items()} for _ in range(2)]
            )
            assert [o["status"] for o in placed] == ["NEW", "NEW"]
            await bot.futures_cancel_all_open_orders(**BTC)
            (held,) = await bot.futures_position_information(**BTC)
            assert D(held["positionAmt"]) == 2
            wallet = here.house.exchange.positions.wallet("me", "USDT")
            (money,) = await bot.futures_account_balance()
            assert D(money["balance"]) == wallet.wallet
            assert D((await bot.futures_account())["totalMarginBalance"]) == wallet.margin_balance
            fills = await bot.futures_account_trades(**BTC)
            assert sum(D(fill["qty"]) for fill in fills) == 2
            more = await bot.ws_futures_create_order(side="BUY", type="MARKET", quantity="1", **BTC)
            found = await bot.ws_futures_get_order(orderId=more["orderId"], **BTC)
            assert found["status"] == "FILLED"
            assert_sound(here.house.exchange)
        finally:
            await bot.close_connection()


@pytest.mark.asyncio
async def test_streams(tmp_path: Path) -> None:
    async with running(tmp_path, moving(900, step=0.0005)) as here:
        bot = client(here)
        passing = asyncio.ensure_future(keep_running(here, bot))
        try:
            sockets = BinanceSocketManager(bot)
            sockets.FSTREAM_URL = f"ws://127.0.0.1:{here.port}/fstream/"
            candle = await heard(sockets.kline_futures_socket("BTCUSDT", "1m"))
            assert candle["e"] == "continuous_kline"
            trade = await heard(sockets.aggtrade_futures_socket("BTCUSDT"))
            assert trade["stream"] == "btcusdt@aggTrade"
            mark = await heard(sockets.symbol_mark_price_socket("BTCUSDT"))
            assert mark["data"]["e"] == "markPriceUpdate"
            depth = await heard(sockets.futures_depth_socket("BTCUSDT"))
            assert len(depth["data"]["b"]) == 10
            async with sockets.futures_user_socket() as stream:
                await asyncio.sleep(0.3)
                await bot.futures_create_order(side="BUY", type="MARKET", quantity=1, **BTC)
                frames = [await asyncio.wait_for(stream.recv(), 5) for _ in range(6)]
                told = [frame["o"]["X"] for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"]
                assert (told[0], told[-1]) == ("NEW", "FILLED")
        finally:
            passing.cancel()
            await bot.close_connection()
