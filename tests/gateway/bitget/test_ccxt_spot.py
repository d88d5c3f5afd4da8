"""ccxt's unified calls on a classic account's spot wallet, over real sockets."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import pytest

from tests.exchange.worlds import SPOT, START, assert_sound
from tests.gateway.bitget.venue import client, house, running
from tradewind.gateway.bitget.v2.refused import REFUSED
from tradewind.market import WallClock

pytestmark = pytest.mark.asyncio


async def test_markets_and_public_data():
    async with running() as (_, address), client(address) as bitget:
        markets = await bitget.load_markets()
        assert set(markets) == {"BTC/USDT", "BTC/USDT:USDT"}
        assert markets[SPOT]["precision"]["amount"] == 0.001
        assert markets[SPOT]["precision"]["price"] == 0.01
        assert markets[SPOT]["limits"]["cost"]["min"] == 5
        assert (markets[SPOT]["maker"], markets[SPOT]["taker"]) == (0.0005, 0.001)
        assert abs(await bitget.fetch_time() - bitget.milliseconds()) < 2000
        candles = await bitget.fetch_ohlcv(SPOT, "1m", START, 10)
        assert [row[0] for row in candles] == [START + 60_000 * i for i in range(10)]
        hours = await bitget.fetch_ohlcv(SPOT, "1h")
        assert hours[0] == [START, 100, 100, 100, 100, 6000]
        assert (await bitget.fetch_ticker(SPOT))["last"] == 100
        assert list(await bitget.fetch_tickers([SPOT])) == [SPOT]
        book = await bitget.fetch_order_book(SPOT, 5)
        assert len(book["bids"]) == len(book["asks"]) == 5
        assert book["bids"][0][0] < book["asks"][0][0]
        trades = await bitget.fetch_trades(SPOT, START + 60_000, 5)
        assert [t["timestamp"] >= START + 60_000 for t in trades] == [True] * 5
        assert (await bitget.fetch_trading_fee(SPOT))["taker"] == 0.001
        assert set(await bitget.fetch_currencies()) == {"BTC", "USDT"}


async def test_a_market_buy_spends_quote_and_pays_its_fee_in_base():
    async with running() as (found, address), client(address) as bitget:
        placed = await bitget.create_order(SPOT, "market", "buy", 1, 100, {"clientOrderId": "m1"})
        order = await bitget.fetch_order(placed["id"], SPOT)
        assert (order["status"], order["filled"], order["cost"]) == ("closed", 0.999, 99.90999)
        assert order["fee"] == {"cost": 0.000999, "currency": "BTC"}
        assert await bitget.fetch_order(None, SPOT, {"clientOrderId": "m1"}) == order
        (trade,) = await bitget.fetch_my_trades(SPOT)
        assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (placed["id"], 0.999, "taker")
        balance = await bitget.fetch_balance()
        assert balance["BTC"]["total"] == 10.998001
        assert balance["USDT"]["free"] == 9900.09001
        with pytest.raises(ccxt.ExchangeError, match="Duplicate clientOid"):
            await bitget.create_order(SPOT, "market", "buy", 1, 100, {"clientOrderId": "m1"})
        assert_sound(found.exchange)


async def test_limit_orders_rest_are_replaced_and_cancelled():
    async with running() as (found, address), client(address) as bitget:
        placed = await bitget.create_order(SPOT, "limit", "buy", 1, 90)
        (order,) = await bitget.fetch_open_orders(SPOT)
        assert (order["id"], order["price"], order["amount"], order["status"]) == (
            placed["id"],
            90,
            1,
            "open",
        )
        assert (await bitget.fetch_balance())["USDT"]["used"] == 90
        edited = await bitget.edit_order(placed["id"], SPOT, "limit", "buy", 2, 91)
        assert edited["id"] != placed["id"]
        assert (await bitget.fetch_order(edited["id"], SPOT))["amount"] == 2
        await bitget.cancel_order(edited["id"], SPOT)
        with pytest.raises(ccxt.OrderNotFound):
            await bitget.cancel_order(edited["id"], SPOT)
        made = await bitget.create_orders(
            [
                {"symbol": SPOT, "type": "limit", "side": "buy", "amount": 1, "price": 80},
                {"symbol": SPOT, "type": "limit", "side": "buy", "amount": 0.001, "price": 80},
            ]
        )
        (open_one,) = await bitget.fetch_open_orders(SPOT)
        assert open_one["id"] in [o["id"] for o in made]
        await bitget.cancel_all_orders(SPOT)
        assert await bitget.fetch_open_orders(SPOT) == []
        done = await bitget.fetch_canceled_and_closed_orders(SPOT)
        assert [o["status"] for o in done] == ["canceled"] * 3
        with pytest.raises(ccxt.InsufficientFunds):
            await bitget.create_order(SPOT, "limit", "buy", 1000, 90)
        with pytest.raises(ccxt.OrderNotFound):
            await bitget.fetch_order("999", SPOT)
        assert_sound(found.exchange)


async def test_plan_orders_wait_and_trigger_from_either_side():
    bars = [(100, 100, 100, 100, 100)] * 61 + [(100, 103, 100, 103, 100)] + [(103, 103, 103, 103, 100)] * 20
    async with running(house(bars, wire=WallClock())) as (found, address), client(address) as bitget:
        by_worth = await bitget.create_order(SPOT, "market", "buy", 1, 102, {"triggerPrice": 102})
        dip = await bitget.create_order(SPOT, "limit", "buy", 1, 95, {"triggerPrice": 96})
        waiting = await bitget.fetch_open_orders(SPOT, params={"trigger": True})
        assert {o["id"]: o["triggerPrice"] for o in waiting} == {by_worth["id"]: 102, dip["id"]: 96}
        assert (await bitget.fetch_balance())["USDT"]["used"] == 0
        await bitget.edit_order(dip["id"], SPOT, "limit", "buy", 2, 94, {"triggerPrice": 95})
        found.clock.step(5 * 60_000)
        (left,) = await bitget.fetch_open_orders(SPOT, params={"trigger": True})
        assert (left["id"], left["triggerPrice"], left["amount"]) == (dip["id"], 95, 2)
        (bought,) = await bitget.fetch_closed_orders(SPOT)
        assert bought["cost"] == pytest.approx(102, abs=0.2)
        await bitget.cancel_order(dip["id"], SPOT, {"trigger": True})
        done = await bitget.fetch_canceled_and_closed_orders(SPOT, START, params={"trigger": True})
        assert {o["id"]: o["status"] for o in done} == {by_worth["id"]: "closed", dip["id"]: "canceled"}
        assert_sound(found.exchange)


async def test_wallets_bills_and_transfers():
    async with running() as (found, address), client(address) as bitget:
        await bitget.transfer("USDT", 10, "spot", "swap")
        assert (await bitget.fetch_balance({"type": "swap"}))["USDT"]["total"] == 10_010
        (moved,) = await bitget.fetch_transfers("USDT")
        assert (moved["amount"], moved["fromAccount"], moved["toAccount"]) == (10, "spot", "swap")
        bills = await bitget.fetch_ledger("USDT")
        assert [(b["type"], b["amount"], b["before"], b["after"]) for b in bills] == [
            ("deposit", 10_000, 0, 10_000),
            ("transfer", 10, 10_000, 9_990),
        ]
        assert {d["currency"] for d in await bitget.fetch_deposits()} == {"BTC", "USDT"}
        assert await bitget.fetch_withdrawals() == []
        rights = (await bitget.privateSpotGetV2SpotAccountInfo())["data"]["authorities"]
        assert "stow" in rights
        assert found.exchange.account("me").spot["USDT"].free == Decimal(9_990)


CALLS = {
    "borrowCrossMargin": ("USDT", 1),
    "borrowIsolatedMargin": (SPOT, "USDT", 1),
    "repayCrossMargin": ("USDT", 1),
    "repayIsolatedMargin": (SPOT, "USDT", 1),
    "fetchBorrowInterest": ("USDT",),
    "fetchCrossBorrowRate": ("USDT",),
    "fetchIsolatedBorrowRate": (SPOT,),
    "createConvertTrade": ("1", "USDT", "BTC", 1, {"price": 1, "toAmount": 1}),
    "fetchConvertCurrencies": (),
    "fetchConvertQuote": ("USDT", "BTC", 1),
    "fetchConvertTradeHistory": (),
    "fetchDepositAddress": ("USDT",),
    "withdraw": ("USDT", 1, "an-address-of-some-length", {"network": "USDT"}),
    "fetchMyLiquidations": (SPOT, None, None, {"type": "spot"}),
    "fetchLongShortRatioHistory": ("BTC/USDT:USDT", "5m"),
}


@pytest.mark.parametrize("method", sorted(REFUSED))
async def test_what_is_not_simulated_is_refused_in_the_venues_words(method):
    async with running() as (_, address), client(address) as bitget:
        await bitget.load_markets()
        with pytest.raises(ccxt.PermissionDenied, match="40301"):
            await getattr(bitget, method)(*CALLS[method])


async def test_ccxt_finds_out_by_itself_which_kind_of_account_it_has():
    async with running() as (found, address):
        async with client(address, uta=None) as bitget:
            await bitget.fetch_balance()
            assert bitget.options["uta"] is False
        found.exchange.account("me").unified = True
        async with client(address, uta=None) as bitget:
            assert await bitget.privateUtaGetV3AccountSettings()
        async with client(address) as bitget:
            with pytest.raises(ccxt.PermissionDenied, match="40085"):
                await bitget.fetch_balance()
