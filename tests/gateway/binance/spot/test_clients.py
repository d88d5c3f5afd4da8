"""ccxt.pro and python-binance, unchanged, over real sockets: streams, user data, WebSocket API, order book caches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from binance import AsyncClient, BinanceSocketManager, DepthCacheManager
from binance.exceptions import BinanceAPIException

from tests.exchange.worlds import PERP, SPOT, START, market, moving
from tests.gateway.here import KEY, SECRET, D, Running, running
from tradewind.clients import Keys, connect
from tradewind.exchange import Exchange, MarketClock
from tradewind.gateway import House, LimitProfile

pytestmark = pytest.mark.asyncio
S, B = "BTC/USDT", "BTCUSDT"
T = TypeVar("T")


async def soon(work: Awaitable[T]) -> T:
    return await asyncio.wait_for(work, 20)


@pytest_asyncio.fixture
async def here() -> AsyncIterator[Running]:
    """Market time runs at sixty times the wall's."""
    clock = MarketClock(START + 3_600_000, 60.0)
    exchange = Exchange([market(moving(6000), (SPOT, PERP))], wire=clock.wire)
    exchange.control.open_account("me", spot={"USDT": D(10_000), "BTC": D(10)})
    exchange.control.add_key("me", KEY, SECRET)
    async with running(House("binance", exchange, clock, LimitProfile(0))) as found:
        yield found


@pytest_asyncio.fixture
async def client(here: Running) -> AsyncIterator[Any]:
    found = connect("binance", "local", keys=Keys(KEY, SECRET, ""), at=here.origin)
    found.options["fetchMarkets"] = {"types": ["spot"]}
    try:
        await found.load_markets()
        yield found
    finally:
        await found.close()


async def test_ccxt_watches_markets(client: Any) -> None:
    ticker = await soon(client.watch_ticker(S))
    trades = await soon(client.watch_trades(S))
    best = await soon(client.watch_bids_asks([S]))
    tickers = await soon(client.watch_tickers([S]))
    assert ticker["last"] > 0
    assert tickers[S]["symbol"] == S
    assert trades[0]["symbol"] == S
    assert best[S]["bid"] < best[S]["ask"]
    candles: dict[int, Any] = {}
    while len(candles) < 3:
        candles |= {row[0]: row for row in await soon(client.watch_ohlcv(S, "1m"))}
    told = sorted(candles)[:2]
    kept = {r[0]: r for r in await client.fetch_ohlcv(S, "1m", since=told[0], limit=5)}
    assert all(kept[t][1:5] == candles[t][1:5] for t in told[1:])


async def test_ccxt_keeps_a_book(here: Running, client: Any) -> None:
    for _ in range(8):
        book = await soon(client.watch_order_book(S))
    last_id, bids, asks = here.house.exchange.tape.book(S, 5000)
    while book["nonce"] < last_id:
        book = await soon(client.watch_order_book(S))
    if book["nonce"] == last_id:
        assert [tuple(b) for b in book["bids"]] == [(float(p), float(q)) for p, q in bids]
        assert [tuple(a) for a in book["asks"]] == [(float(p), float(q)) for p, q in asks]
    assert book["bids"][0][0] < book["asks"][0][0]


async def test_ccxt_stops_watching(here: Running, client: Any) -> None:
    await soon(client.watch_trades(S))
    await soon(client.watch_ohlcv(S, "1m"))
    assert here.house.exchange.watches.any(S)
    await soon(client.un_watch_trades(S))
    await soon(client.un_watch_ohlcv(S, "1m"))
    assert not here.house.exchange.watches.any(S)


async def test_ccxt_hears_its_account_and_trades_over_the_socket(client: Any) -> None:
    orders = asyncio.create_task(client.watch_orders(S))
    trades = asyncio.create_task(client.watch_my_trades(S))
    balance = asyncio.create_task(client.watch_balance())
    await asyncio.sleep(0.5)
    made = await soon(client.create_order_ws(S, "market", "buy", 1))
    assert made["status"] == "closed"
    assert (await soon(orders))[-1]["id"] == made["id"]
    assert {t["order"] for t in await soon(trades)} == {made["id"]}
    assert (await soon(balance))["USDT"]["free"] < 10_000
    price = round(made["average"] * 0.8, 2)
    resting = await client.create_order_ws(S, "limit", "buy", 1, price)
    assert (await client.fetch_order_ws(resting["id"], S))["status"] == "open"
    edited = await client.edit_order_ws(resting["id"], S, "limit", "buy", 1, round(price * 1.01, 2))
    assert [o["id"] for o in await client.fetch_open_orders_ws(S)] == [edited["id"]]
    assert (await client.cancel_order_ws(edited["id"], S))["status"] == "canceled"
    balances = (await client.fetch_balance_ws())["info"]["balances"]
    assert {b["asset"]: b["locked"] for b in balances} == {"BTC": "0.00000000", "USDT": "0.00000000"}
    assert await client.fetch_my_trades_ws(S)
    assert len(await client.fetch_ohlcv_ws(S, "1m", None, 3)) == 3


async def test_ccxt_unified_calls(here: Running, client: Any) -> None:
    """Everything else that is asked of spot over REST."""
    control = here.house.exchange.control
    control.withdraw("me", "USDT", D(100))
    client.options["fetchCurrencies"] = client.has["fetchCurrencies"] = True
    currencies = await client.fetch_currencies()
    assert {"BTC", "USDT"} <= set(currencies)
    assert (await client.fetch_status())["status"] == "ok"
    assert (await client.fetch_trading_fee(S))["taker"] == 0.001
    assert (await client.fetch_trading_fees())[S]["maker"] == 0.0005
    assert {d["currency"]: d["amount"] for d in await client.fetch_deposits()} == {"USDT": 10_000, "BTC": 10}
    assert [w["amount"] for w in await client.fetch_withdrawals()] == [100]
    assert await client.fetch_my_dust_trades() == []
    assert (await client.fetch_transaction_fees())["withdraw"]["BTC"] == {"LOCAL": 0}
    assert S in await client.fetch_last_prices([S])
    assert (await client.fetch_trades(S, limit=5))[-1]["price"] > 0
    quote = await client.create_market_buy_order_with_cost(S, 100)
    assert quote["cost"] <= 100
    stop = await client.create_order(S, "market", "sell", 1, None, {"stopLossPrice": quote["average"] / 2})
    assert (await client.fetch_open_orders(S))[0]["id"] == stop["id"]
    assert len(await client.cancel_all_orders(S)) == 1
    assert (await client.fetch_closed_orders(S))[-1]["id"] == quote["id"]
    assert (await client.fetch_canceled_orders(S))[-1]["id"] == stop["id"]
    assert {t["order"] for t in await client.fetch_order_trades(quote["id"], S)} == {quote["id"]}
    test = await client.create_order(S, "market", "buy", 1, None, {"test": True})
    assert test["id"] is None


async def test_ccxt_places_order_lists(here: Running, client: Any) -> None:
    """By the endpoint's own call: ccxt has no unified one for spot, and says so."""
    assert client.features["spot"]["createOrder"]["attachedStopLossTakeProfit"] is None
    last = here.house.exchange.tape.last(S)
    legs = {"aboveType": "LIMIT_MAKER", "abovePrice": f"{last * 2:.2f}", "belowType": "STOP_LOSS"}
    pair = {"symbol": B, "side": "SELL", "quantity": "1", **legs, "belowStopPrice": f"{last / 2:.2f}"}
    made = await client.privatePostOrderListOco(pair)
    opened = await client.fetch_open_orders(S)
    assert {o["id"] for o in opened} == {str(o["orderId"]) for o in made["orders"]}
    assert {o["info"]["orderListId"] for o in opened} == {made["orderListId"]}
    assert (await client.cancel_order(opened[0]["id"], S))["status"] == "canceled"
    assert await client.fetch_open_orders(S) == []
    older = {
        "symbol": B,
        "side": "BUY",
        "quantity": "1",
        "price": f"{last / 2:.2f}",
        "stopPrice": f"{last * 2:.2f}",
    }
    await client.privatePostOrderOco(older)
    assert len(await client.cancel_all_orders(S)) == 1
    assert await client.privateGetOpenOrderList() == []


async def test_ccxt_trails_and_hides(client: Any) -> None:
    trailing = {"stopLossOrTakeProfit": "stopLoss"}
    stop = await client.create_trailing_percent_order(S, "market", "sell", 1, None, 5, None, trailing)
    assert (await client.fetch_order(stop["id"], S))["info"]["trailingDelta"] == 500
    price = round((await client.fetch_ticker(S))["last"] * 0.8, 2)
    ice = await client.create_order(S, "limit", "buy", 2, price, {"icebergAmount": 0.5})
    assert (await client.fetch_order(ice["id"], S))["info"]["icebergQty"] == "0.50000000"


async def test_ccxt_moves_money_between_wallets(here: Running, client: Any) -> None:
    from tradewind.exchange import Permission

    here.house.exchange.control.add_key("me", KEY, SECRET, frozenset(Permission))
    await client.transfer("USDT", 500, "spot", "swap")
    assert here.house.exchange.account("me").futures["USDT"] == 500
    assert [t["amount"] for t in await client.fetch_transfers("USDT", None, 10)] == [500]
    restrictions = await client.sapiGetAccountApiRestrictions()
    assert restrictions["permitsUniversalTransfer"] is True
    await client.withdraw("USDT", 100, "somewhere")
    assert here.house.exchange.account("me").spot["USDT"].free == 9_400


@pytest_asyncio.fixture
async def other(here: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncClient]:
    web, socket = here.origin, here.origin.replace("http", "ws")
    monkeypatch.setattr(AsyncClient, "API_URL", f"{web}/api")
    monkeypatch.setattr(AsyncClient, "MARGIN_API_URL", f"{web}/sapi")
    monkeypatch.setattr("binance.base_client.BaseClient.WS_API_URL", f"{socket}/ws-api/v3")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", f"{socket}/")
    made = await AsyncClient.create(KEY, SECRET)
    yield made
    await made.close_connection()


async def test_python_binance_trades(other: AsyncClient) -> None:
    assert (await other.get_symbol_info(B))["baseAsset"] == "BTC"
    assert len(await other.get_klines(symbol=B, interval="1m", limit=5)) == 5
    history = await other.get_historical_klines(B, "1m", START, START + 600_000)
    assert len(history) == 11
    bought = await other.order_market_buy(symbol=B, quantity="1")
    assert bought["status"] == "FILLED"
    resting = await other.order_limit_buy(symbol=B, quantity="1", price="50.00")
    assert [o["orderId"] for o in await other.get_open_orders(symbol=B)] == [resting["orderId"]]
    await other.cancel_order(symbol=B, orderId=resting["orderId"])
    assert (await other.get_order(symbol=B, orderId=resting["orderId"]))["status"] == "CANCELED"
    assert (await other.get_asset_balance(asset="BTC"))["free"] == "10.99900000"
    assert (await other.get_my_trades(symbol=B))[0]["orderId"] == bought["orderId"]
    assert (await other.get_trade_fee(symbol=B))[0]["takerCommission"] == "0.001"
    assert (await other.get_account_api_permissions())["enableReading"] is True
    with pytest.raises(BinanceAPIException) as caught:
        await other.order_market_buy(symbol=B, quantity="100000")
    assert caught.value.code == -2010


async def test_python_binance_places_order_lists(here: Running, other: AsyncClient) -> None:
    last = here.house.exchange.tape.last(S)
    up, down = f"{last * 2:.2f}", f"{last / 2:.2f}"
    made = await other.create_oco_order(
        symbol=B,
        side="SELL",
        quantity="1",
        aboveType="LIMIT_MAKER",
        abovePrice=up,
        belowType="STOP_LOSS_LIMIT",
        belowStopPrice=down,
        belowPrice=down,
        belowTimeInForce="GTC",
    )
    assert made["listOrderStatus"] == "EXECUTING"
    assert made["listClientOrderId"].startswith(other.SPOT_ORDER_PREFIX)
    assert {o["orderId"] for o in await other.get_open_orders(symbol=B)} == {
        o["orderId"] for o in made["orders"]
    }
    assert [one["orderListId"] for one in await other.get_open_oco_orders()] == [made["orderListId"]]
    gone = await other.v3_delete_order_list(symbol=B, orderListId=made["orderListId"])
    assert [r["status"] for r in gone["orderReports"]] == ["CANCELED", "CANCELED"]
    pair = {"symbol": B, "side": "SELL", "quantity": "1", "price": up, "stopPrice": down}
    older = await other._post("order/oco", True, data=pair)  # the older form has no call of its own any more
    assert [r["type"] for r in older["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    placed = await soon(
        other.ws_create_oco_order(
            symbol=B,
            side="BUY",
            quantity="1",
            aboveType="STOP_LOSS",
            aboveStopPrice=up,
            belowType="LIMIT_MAKER",
            belowPrice=down,
        )
    )
    found = await soon(other.ws_get_oco_order(orderListId=placed["orderListId"]))
    assert found["listClientOrderId"] == placed["listClientOrderId"]
    gone = await soon(other.ws_cancel_oco_order(symbol=B, orderListId=placed["orderListId"]))
    assert gone["listStatusType"] == "ALL_DONE"
    assert len(await other.v3_get_all_order_list()) == 3


async def test_python_binance_hears(other: AsyncClient) -> None:
    sockets = BinanceSocketManager(other)
    async with sockets.kline_socket(B, "1m") as candles:
        frame = await soon(candles.recv())
        assert (frame["e"], frame["k"]["i"]) == ("kline", "1m")
    async with sockets.multiplex_socket(["btcusdt@aggTrade", "btcusdt@miniTicker"]) as both:
        seen = set()
        while len(seen) < 2:
            frame = await soon(both.recv())
            assert frame["stream"] in ("btcusdt@aggTrade", "btcusdt@miniTicker")
            seen.add(frame["data"]["e"])
    async with sockets.user_socket() as mine:
        await asyncio.sleep(0.5)
        made = await other.order_market_buy(symbol=B, quantity="1")
        events = []
        while not any(e["e"] == "executionReport" and e["X"] == "FILLED" for e in events):
            events.append(await soon(mine.recv()))
        assert {e["i"] for e in events if e["e"] == "executionReport"} == {made["orderId"]}
        assert next(e["x"] for e in events if e["e"] == "executionReport") == "NEW"


async def test_python_binance_keeps_a_book(here: Running, other: AsyncClient) -> None:
    async with DepthCacheManager(other, B, ws_interval=100) as cache:
        for _ in range(5):
            book = await soon(cache.recv())
        assert book.get_bids()[0][0] < book.get_asks()[0][0]


async def test_python_binance_orders_over_the_web_socket_api(other: AsyncClient) -> None:
    made = await soon(other.ws_create_order(symbol=B, side="BUY", type="MARKET", quantity="1"))
    assert made["status"] == "FILLED"
    found = await soon(other.ws_get_order(symbol=B, orderId=made["orderId"]))
    assert found["executedQty"] == "1.00000000"
    assert (await soon(other.ws_get_order_book(symbol=B)))["bids"]
    assert (await soon(other.ws_get_account()))["canTrade"] is True
