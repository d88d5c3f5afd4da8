"""Every unified method of ccxt that is served, with a call of it that fails when the answer is not one.

The table of docs/exchange_coverage.md is made from here. A method is asked on the kinds of market named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.here import Here

SPOT, SWAP, BOTH = ("spot",), ("swap",), ("spot", "swap")
Probe = Callable[[Here], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """`venues`: only those of ccxt's ids, where others do something else; empty: all that have it."""

    name: str
    kinds: tuple[str, ...]
    probe: Probe
    venues: tuple[str, ...] = ()


METHODS: dict[str, Method] = {}


def probe(name: str, kinds: tuple[str, ...] = BOTH, venues: tuple[str, ...] = ()) -> Callable[[Probe], Probe]:
    def put(function: Probe) -> Probe:
        METHODS[name] = Method(name, kinds, function, venues)
        return function

    return put


def ask(
    name: str,
    kinds: tuple[str, ...],
    call: Callable[[Here], Awaitable[Any]],
    right: Callable[[Here, Any], bool],
    venues: tuple[str, ...] = (),
) -> None:
    """A method that is asked once and whose answer must be right."""

    async def run(here: Here) -> None:
        found = await call(here)
        assert right(here, found), f"{name} answered {str(found)[:300]}"

    METHODS[name] = Method(name, kinds, run, venues)


def _about(here: Here, found: Any) -> bool:
    return bool(found) and found["symbol"] == here.symbol


def _among(here: Here, found: Any) -> bool:
    return bool(found) and here.symbol in found and found[here.symbol]["symbol"] == here.symbol


def _rows(here: Here, found: Any) -> bool:
    return len(found) > 0


def _list(here: Here, found: Any) -> bool:
    return isinstance(found, list)


def _rows_of(here: Here, found: Any) -> bool:
    return len(found) > 0 and all(row["symbol"] == here.symbol for row in found)


def _candles(here: Here, found: Any) -> bool:
    return len(found) > 1 and all(
        row[3] <= min(row[1], row[4]) <= max(row[1], row[4]) <= row[2] for row in found
    )


# --- public, asked once

ask("fetchTime", BOTH, lambda h: h.client.fetch_time(), lambda h, t: t > 1_600_000_000_000)
ask("fetchStatus", BOTH, lambda h: h.client.fetch_status(), lambda h, s: s["status"] == "ok")
ask(
    "fetchMarkets",
    BOTH,
    lambda h: h.client.fetch_markets(),
    lambda h, m: h.symbol in [x["symbol"] for x in m],
)
ask("fetchCurrencies", BOTH, lambda h: h.client.fetch_currencies(), lambda h, c: "USDT" in c)
ask("fetchTicker", BOTH, lambda h: h.client.fetch_ticker(h.symbol), _about)
ask("fetchTickers", BOTH, lambda h: h.client.fetch_tickers([h.symbol]), _among)
ask("fetchLastPrices", BOTH, lambda h: h.client.fetch_last_prices([h.symbol]), _among)
ask("fetchBidsAsks", BOTH, lambda h: h.client.fetch_bids_asks([h.symbol]), _among)
ask(
    "fetchOrderBook", BOTH, lambda h: h.client.fetch_order_book(h.symbol, 5), lambda h, b: len(b["bids"]) == 5
)
ask(
    "fetchL2OrderBook",
    BOTH,
    lambda h: h.client.fetch_l2_order_book(h.symbol, 5),
    lambda h, b: bool(b["asks"]),
)
ask("fetchTrades", BOTH, lambda h: h.client.fetch_trades(h.symbol, limit=5), _rows_of)
ask("fetchOHLCV", BOTH, lambda h: h.client.fetch_ohlcv(h.symbol, "5m", limit=5), _candles)
ask("fetchMarkOHLCV", SWAP, lambda h: h.client.fetch_mark_ohlcv(h.symbol, "5m", limit=5), _candles)
ask("fetchIndexOHLCV", SWAP, lambda h: h.client.fetch_index_ohlcv(h.symbol, "5m", limit=5), _candles)
ask(
    "fetchPremiumIndexOHLCV",
    SWAP,
    lambda h: h.client.fetch_premium_index_ohlcv(h.symbol, "5m", limit=5),
    _rows,
)
ask("fetchMarkPrice", SWAP, lambda h: h.client.fetch_mark_price(h.symbol), lambda h, t: t["markPrice"] > 0)
ask("fetchMarkPrices", SWAP, lambda h: h.client.fetch_mark_prices([h.symbol]), _among)
ask("fetchFundingRate", SWAP, lambda h: h.client.fetch_funding_rate(h.symbol), _about)
ask("fetchFundingRates", SWAP, lambda h: h.client.fetch_funding_rates([h.symbol]), _among)
ask(
    "fetchFundingInterval",
    SWAP,
    lambda h: h.client.fetch_funding_interval(h.symbol),
    lambda h, f: f["interval"] == "8h",
)
ask("fetchFundingIntervals", SWAP, lambda h: h.client.fetch_funding_intervals([h.symbol]), _among)
ask(
    "fetchFundingRateHistory",
    SWAP,
    lambda h: h.client.fetch_funding_rate_history(h.symbol, limit=3),
    _rows_of,
)
ask("fetchOpenInterest", SWAP, lambda h: h.client.fetch_open_interest(h.symbol), _about)
ask(
    "fetchLeverageTiers",
    SWAP,
    lambda h: h.client.fetch_leverage_tiers([h.symbol]),
    lambda h, t: len(t[h.symbol]) > 1,
)
ask(
    "fetchMarketLeverageTiers",
    SWAP,
    lambda h: h.client.fetch_market_leverage_tiers(h.symbol),
    lambda h, t: len(t) > 1,
)

# --- the account, asked once

ask("fetchBalance", BOTH, lambda h: h.client.fetch_balance(h.wallet), lambda h, b: b["USDT"]["total"] > 0)
ask(
    "fetchTradingFee",
    BOTH,
    lambda h: h.client.fetch_trading_fee(h.symbol),
    lambda h, f: 0 <= f["taker"] < 0.01,
)
ask("fetchTradingFees", BOTH, lambda h: h.client.fetch_trading_fees(), _among)
ask(
    "fetchTradingLimits",
    SPOT,
    lambda h: h.client.fetch_trading_limits([h.symbol]),
    lambda h, t: h.symbol in t,
)
ask("fetchDeposits", BOTH, lambda h: h.client.fetch_deposits(), _list)
ask("fetchWithdrawals", BOTH, lambda h: h.client.fetch_withdrawals(), _list)
ask(
    "fetchDepositWithdrawFees",
    BOTH,
    lambda h: h.client.fetch_deposit_withdraw_fees(["USDT"]),
    lambda h, f: "USDT" in f,
)
ask(
    "fetchDepositWithdrawFee",
    BOTH,
    lambda h: h.client.fetch_deposit_withdraw_fee("USDT"),
    lambda h, f: bool(f),
)
ask(
    "fetchTransactionFees",
    SPOT,
    lambda h: h.client.fetch_transaction_fees(["USDT"]),
    lambda h, f: "withdraw" in f,
)
ask("fetchTransactionFee", SPOT, lambda h: h.client.fetch_transaction_fee("USDT"), lambda h, f: bool(f))
ask(
    "fetchPositionMode",
    SWAP,
    lambda h: h.client.fetch_position_mode(h.symbol),
    lambda h, p: p["hedged"] is False,
)
ask(
    "fetchMarginMode",
    SWAP,
    lambda h: h.client.fetch_margin_mode(h.symbol),
    lambda h, m: m["marginMode"] == "cross",
)
ask("fetchMarginModes", SWAP, lambda h: h.client.fetch_margin_modes([h.symbol]), _among)
ask("fetchLeverage", SWAP, lambda h: h.client.fetch_leverage(h.symbol), lambda h, v: v["longLeverage"] >= 1)
ask("fetchLeverages", SWAP, lambda h: h.client.fetch_leverages([h.symbol]), _among)
ask("fetchLedger", SWAP, lambda h: h.client.fetch_ledger("USDT"), _list)
ask("fetchMyLiquidations", SWAP, lambda h: h.client.fetch_my_liquidations(h.symbol), lambda h, x: x == [])


# --- orders


async def _resting(here: Here, factor: float = 0.9, **params: Any) -> dict[str, Any]:
    return await here.client.create_order(
        here.symbol, "limit", "buy", await here.amount(), await here.price(factor), params
    )


async def _clear(here: Here) -> None:
    for order in await here.client.fetch_open_orders(here.symbol):
        await here.client.cancel_order(order["id"], here.symbol)


async def _held(here: Here) -> float:
    """A long of some 500, which is there afterwards; its amount."""
    amount = await here.amount()
    await here.client.create_order(here.symbol, "market", "buy", amount, await here.price(1.0))
    return float(amount)


@probe("createOrder")
async def create_order(here: Here) -> None:
    made = await _resting(here)
    assert made["id"]
    await _clear(here)


async def _is_open(here: Here, made: dict[str, Any], **asked: Any) -> None:
    found = await here.client.fetch_open_orders(here.symbol, params=asked)
    assert made["id"] in [o["id"] for o in found]
    await here.client.cancel_order(made["id"], here.symbol, asked)


@probe("createLimitOrder")
async def create_limit_order(here: Here) -> None:
    made = await here.client.create_limit_order(
        here.symbol, "buy", await here.amount(), await here.price(0.9)
    )
    await _is_open(here, made)


@probe("createLimitBuyOrder")
async def create_limit_buy_order(here: Here) -> None:
    made = await here.client.create_limit_buy_order(here.symbol, await here.amount(), await here.price(0.9))
    await _is_open(here, made)


@probe("createLimitSellOrder")
async def create_limit_sell_order(here: Here) -> None:
    await _held(here)
    made = await here.client.create_limit_sell_order(
        here.symbol, await here.amount(300), await here.price(1.1)
    )
    await _is_open(here, made)


@probe("createPostOnlyOrder")
async def create_post_only_order(here: Here) -> None:
    made = await here.client.create_post_only_order(
        here.symbol, "limit", "buy", await here.amount(), await here.price(0.9)
    )
    await _is_open(here, made)


async def _filled(here: Here, made: dict[str, Any]) -> None:
    async def closed() -> Any:
        order = await here.client.fetch_order(made["id"], here.symbol)
        return order if order["status"] == "closed" else None

    assert (await here.until(closed))["filled"] > 0


@probe("createMarketOrder")
async def create_market_order(here: Here) -> None:
    made = await here.client.create_market_order(
        here.symbol, "buy", await here.amount(), await here.price(1.0)
    )
    await _filled(here, made)


@probe("createMarketBuyOrder", BOTH, ("binance", "binanceusdm"))
async def create_market_buy_order(here: Here) -> None:
    await _filled(here, await here.client.create_market_buy_order(here.symbol, await here.amount()))


@probe("createMarketSellOrder", BOTH, ("binance", "binanceusdm"))
async def create_market_sell_order(here: Here) -> None:
    await _held(here)
    await _filled(here, await here.client.create_market_sell_order(here.symbol, await here.amount(300)))


@probe("createMarketBuyOrderWithCost", SPOT)
async def create_market_buy_order_with_cost(here: Here) -> None:
    await _filled(here, await here.client.create_market_buy_order_with_cost(here.symbol, 200))


@probe("createMarketSellOrderWithCost", SPOT)
async def create_market_sell_order_with_cost(here: Here) -> None:
    await _held(here)
    await _filled(here, await here.client.create_market_sell_order_with_cost(here.symbol, 200))


@probe("createMarketOrderWithCost", SPOT)
async def create_market_order_with_cost(here: Here) -> None:
    await _filled(here, await here.client.create_market_order_with_cost(here.symbol, "buy", 200))


@probe("createReduceOnlyOrder", SWAP)
async def create_reduce_only_order(here: Here) -> None:
    amount = await _held(here)
    made = await here.client.create_reduce_only_order(here.symbol, "market", "sell", amount)
    await _filled(here, made)


@probe("createOrders")
async def create_orders(here: Here) -> None:
    amount, price = await here.amount(), await here.price(0.9)
    order = {"symbol": here.symbol, "type": "limit", "side": "buy", "amount": amount, "price": price}
    made = await here.client.create_orders([order, order])
    found = [o["id"] for o in await here.client.fetch_open_orders(here.symbol)]
    assert sorted(o["id"] for o in made) == sorted(found)
    await _clear(here)


@probe("editOrder")
async def edit_order(here: Here) -> None:
    made, price = await _resting(here), await here.price(0.92)
    await here.client.edit_order(made["id"], here.symbol, "limit", "buy", await here.amount(), price)

    async def moved() -> Any:
        found = await here.client.fetch_open_orders(here.symbol)
        return [o["price"] for o in found] == [price]

    await here.until(moved)
    await _clear(here)


@probe("editOrders", SWAP)
async def edit_orders(here: Here) -> None:
    made, price = await _resting(here), await here.price(0.92)
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
    await _clear(here)


@probe("cancelOrder")
async def cancel_order(here: Here) -> None:
    made = await _resting(here)
    await here.client.cancel_order(made["id"], here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("cancelOrders")
async def cancel_orders(here: Here) -> None:
    made = [await _resting(here, f) for f in (0.9, 0.91)]
    await here.client.cancel_orders([o["id"] for o in made], here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("cancelAllOrders")
async def cancel_all_orders(here: Here) -> None:
    await _resting(here)
    await here.client.cancel_all_orders(here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("fetchOpenOrders")
async def fetch_open_orders(here: Here) -> None:
    made = await _resting(here)
    assert [o["id"] for o in await here.client.fetch_open_orders(here.symbol)] == [made["id"]]
    await _clear(here)


@probe("fetchOpenOrder")
async def fetch_open_order(here: Here) -> None:
    made = await _resting(here)
    found = await here.client.fetch_open_order(made["id"], here.symbol)
    assert found["status"] == "open"
    await _clear(here)


@probe("fetchOrder")
async def fetch_order(here: Here) -> None:
    made = await _resting(here)
    assert (await here.client.fetch_order(made["id"], here.symbol))["id"] == made["id"]
    await _clear(here)


def _done_list(name: str, status: str) -> None:
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)

    @probe(name)
    async def run(here: Here) -> None:
        made = await _resting(here)
        await here.client.cancel_order(made["id"], here.symbol)
        bought = await here.client.create_order(
            here.symbol, "market", "buy", await here.amount(), await here.price(1.0)
        )
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
    await _held(here)
    assert _rows_of(here, await here.client.fetch_my_trades(here.symbol))


@probe("fetchOrderTrades", SPOT)
async def fetch_order_trades(here: Here) -> None:
    made = await here.client.create_order(
        here.symbol, "market", "buy", await here.amount(), await here.price(1.0)
    )
    found = await here.client.fetch_order_trades(made["id"], here.symbol)
    assert {t["order"] for t in found} == {made["id"]}


# --- orders that wait for a price


async def _waits(here: Here, made: dict[str, Any]) -> None:
    trigger = {"trigger": True} if here.place.is_swap or here.place.venue == "bitget" else {}
    found = await here.client.fetch_open_orders(here.symbol, params=trigger)
    assert made["id"] in [o["id"] for o in found], found
    await here.client.cancel_order(made["id"], here.symbol, trigger)


def _waiting(name: str, kinds: tuple[str, ...], call: Callable[[Here, float], Awaitable[Any]]) -> None:
    @probe(name, kinds)
    async def run(here: Here) -> None:
        await _held(here)
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
        await _held(here)
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
    await _filled(here, made)


# --- positions


@probe("fetchPositions", SWAP)
async def fetch_positions(here: Here) -> None:
    amount = await _held(here)
    found = [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]
    assert found[0]["contracts"] >= amount


@probe("fetchPositionsRisk", SWAP)
async def fetch_positions_risk(here: Here) -> None:
    await _held(here)
    assert [p for p in await here.client.fetch_positions_risk([here.symbol]) if p["contracts"]]


@probe("fetchPosition", SWAP, ("bitget",))
async def fetch_position(here: Here) -> None:
    await _held(here)
    assert (await here.client.fetch_position(here.symbol))["contracts"] > 0


@probe("fetchPositionsADLRank", SWAP)
async def fetch_positions_adl_rank(here: Here) -> None:
    await _held(here)
    assert await here.client.fetch_positions_adl_rank([here.symbol])


@probe("fetchPositionADLRank", SWAP)
async def fetch_position_adl_rank(here: Here) -> None:
    await _held(here)
    assert (await here.client.fetch_position_adl_rank(here.symbol))["symbol"] == here.symbol


async def _close(here: Here) -> None:
    amount = await _held(here)
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
    await _held(here)
    await here.client.close_position(here.symbol)
    assert not [p for p in await here.client.fetch_positions([here.symbol]) if p["contracts"]]


@probe("closeAllPositions", SWAP)
async def close_all_positions(here: Here) -> None:
    await _held(here)
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
    await here.client.reduce_margin(here.symbol, 20, _margin_params(here))
    assert (await here.client.fetch_positions([here.symbol]))[0]["collateral"] < before


@probe("fetchMarginAdjustmentHistory", SWAP)
async def fetch_margin_adjustment_history(here: Here) -> None:
    await _isolated(here)
    await here.client.add_margin(here.symbol, 50)
    assert await here.client.fetch_margin_adjustment_history(here.symbol)


@probe("fetchFundingHistory", SWAP)
async def fetch_funding_history(here: Here) -> None:
    assert isinstance(await here.client.fetch_funding_history(here.symbol), list)


# --- money between wallets


@probe("transfer")
async def transfer(here: Here) -> None:
    there = "future" if here.place.venue != "bitget" else "swap"
    before = (await here.client.fetch_balance({"type": "spot"}))["USDT"]["total"]
    await here.client.transfer("USDT", 100, "spot", there)
    assert (await here.client.fetch_balance({"type": "spot"}))["USDT"]["total"] == before - 100


@probe("fetchTransfers")
async def fetch_transfers(here: Here) -> None:
    there = "future" if here.place.venue != "bitget" else "swap"
    await here.client.transfer("USDT", 100, "spot", there)
    params = {"fromAccount": "spot", "toAccount": "swap"} if here.place.venue == "bitget" else {}
    assert await here.client.fetch_transfers("USDT", params=params)


# --- streams


async def _soon(work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, 15)


def hear(
    name: str,
    kinds: tuple[str, ...],
    call: Callable[[Here], Awaitable[Any]],
    right: Callable[[Here, Any], bool],
    ends: Callable[[Here], Awaitable[Any]] | None = None,
    ended: str = "",
    venues: tuple[str, ...] = (),
) -> None:
    """A stream of the public: heard once, and left again where ccxt can."""

    async def run(here: Here) -> None:
        found = await _soon(call(here))
        assert right(here, found), f"{name} told {str(found)[:300]}"

    METHODS[name] = Method(name, kinds, run, venues)
    if ends is not None:

        async def leave(here: Here) -> None:
            await _soon(call(here))
            await _soon(ends(here))

        METHODS[ended] = Method(ended, kinds, leave, venues)


def _book(here: Here, found: Any) -> bool:
    return found["symbol"] == here.symbol and found["bids"][0][0] < found["asks"][0][0]


def _by_interval(here: Here, found: Any) -> bool:
    return bool(found[here.symbol]["1m"])


hear(
    "watchTicker",
    BOTH,
    lambda h: h.client.watch_ticker(h.symbol),
    _about,
    lambda h: h.client.un_watch_ticker(h.symbol),
    "unWatchTicker",
)
hear(
    "watchTickers",
    BOTH,
    lambda h: h.client.watch_tickers([h.symbol]),
    _among,
    lambda h: h.client.un_watch_tickers([h.symbol]),
    "unWatchTickers",
)
hear(
    "watchBidsAsks",
    BOTH,
    lambda h: h.client.watch_bids_asks([h.symbol]),
    _among,
    lambda h: h.client.un_watch_bids_asks([h.symbol]),
    "unWatchBidsAsks",
)
hear(
    "watchMarkPrice",
    SWAP,
    lambda h: h.client.watch_mark_price(h.symbol),
    _about,
    lambda h: h.client.un_watch_mark_price(h.symbol),
    "unWatchMarkPrice",
)
hear(
    "watchMarkPrices",
    SWAP,
    lambda h: h.client.watch_mark_prices([h.symbol]),
    _among,
    lambda h: h.client.un_watch_mark_prices([h.symbol]),
    "unWatchMarkPrices",
)
hear(
    "watchOrderBook",
    BOTH,
    lambda h: h.client.watch_order_book(h.symbol),
    _book,
    lambda h: h.client.un_watch_order_book(h.symbol),
    "unWatchOrderBook",
)
hear(
    "watchOrderBookForSymbols",
    BOTH,
    lambda h: h.client.watch_order_book_for_symbols([h.symbol]),
    _book,
    lambda h: h.client.un_watch_order_book_for_symbols([h.symbol]),
    "unWatchOrderBookForSymbols",
)
hear(
    "watchTrades",
    BOTH,
    lambda h: h.client.watch_trades(h.symbol),
    _rows_of,
    lambda h: h.client.un_watch_trades(h.symbol),
    "unWatchTrades",
)
hear(
    "watchTradesForSymbols",
    BOTH,
    lambda h: h.client.watch_trades_for_symbols([h.symbol]),
    _rows_of,
    lambda h: h.client.un_watch_trades_for_symbols([h.symbol]),
    "unWatchTradesForSymbols",
)
hear(
    "watchOHLCV",
    BOTH,
    lambda h: h.client.watch_ohlcv(h.symbol, "1m"),
    _rows,
    lambda h: h.client.un_watch_ohlcv(h.symbol, "1m"),
    "unWatchOHLCV",
)
hear(
    "watchOHLCVForSymbols",
    BOTH,
    lambda h: h.client.watch_ohlcv_for_symbols([[h.symbol, "1m"]]),
    _by_interval,
    lambda h: h.client.un_watch_ohlcv_for_symbols([[h.symbol, "1m"]]),
    "unWatchOHLCVForSymbols",
)


def tell(name: str, kinds: tuple[str, ...], watch: Callable[[Here], Awaitable[Any]]) -> None:
    """A stream of the account: a market buy must be told."""

    async def run(here: Here) -> None:
        told: list[Any] = []

        async def listen() -> None:
            while True:
                told.append(await watch(here))

        task = asyncio.create_task(listen())
        try:
            await asyncio.sleep(0.5)
            before = len(told)
            await _held(here)
            for _ in range(200):
                if len(told) > before:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(f"{name} told nothing of a trade")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    METHODS[name] = Method(name, kinds, run)


tell("watchOrders", BOTH, lambda h: h.client.watch_orders(h.symbol))
tell("watchOrdersForSymbols", BOTH, lambda h: h.client.watch_orders_for_symbols([h.symbol]))
tell("watchMyTrades", BOTH, lambda h: h.client.watch_my_trades(h.symbol))
tell("watchBalance", BOTH, lambda h: h.client.watch_balance(h.wallet))
tell("watchPositions", SWAP, lambda h: h.client.watch_positions([h.symbol]))

# --- requests over a socket

ask("fetchTickerWs", SWAP, lambda h: h.client.fetch_ticker_ws(h.symbol), _about)
ask(
    "fetchOrderBookWs",
    BOTH,
    lambda h: h.client.fetch_order_book_ws(h.symbol, 5),
    lambda h, b: bool(b["bids"]),
)
ask("fetchOHLCVWs", SPOT, lambda h: h.client.fetch_ohlcv_ws(h.symbol, "5m", limit=5), _candles)
ask("fetchTradesWs", SPOT, lambda h: h.client.fetch_trades_ws(h.symbol, limit=5), _rows_of)
ask(
    "fetchBalanceWs", BOTH, lambda h: h.client.fetch_balance_ws(h.wallet), lambda h, b: b["USDT"]["total"] > 0
)


@probe("createOrderWs")
async def create_order_ws(here: Here) -> None:
    made = await here.client.create_order_ws(
        here.symbol, "limit", "buy", await here.amount(), await here.price(0.9)
    )
    await _is_open(here, made)


@probe("createLimitOrderWs")
async def create_limit_order_ws(here: Here) -> None:
    made = await here.client.create_limit_order_ws(
        here.symbol, "buy", await here.amount(), await here.price(0.9)
    )
    await _is_open(here, made)


@probe("createMarketOrderWs")
async def create_market_order_ws(here: Here) -> None:
    await _filled(here, await here.client.create_market_order_ws(here.symbol, "buy", await here.amount()))


@probe("editOrderWs")
async def edit_order_ws(here: Here) -> None:
    made, price = await _resting(here), await here.price(0.92)
    await here.client.edit_order_ws(made["id"], here.symbol, "limit", "buy", await here.amount(), price)
    assert [o["price"] for o in await here.client.fetch_open_orders(here.symbol)] == [price]
    await _clear(here)


@probe("cancelOrderWs")
async def cancel_order_ws(here: Here) -> None:
    made = await _resting(here)
    await here.client.cancel_order_ws(made["id"], here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("cancelAllOrdersWs", SPOT)
async def cancel_all_orders_ws(here: Here) -> None:
    await _resting(here)
    await here.client.cancel_all_orders_ws(here.symbol)
    assert await here.client.fetch_open_orders(here.symbol) == []


@probe("fetchOrderWs")
async def fetch_order_ws(here: Here) -> None:
    made = await _resting(here)
    assert (await here.client.fetch_order_ws(made["id"], here.symbol))["id"] == made["id"]
    await _clear(here)


@probe("fetchOpenOrdersWs", SPOT)
async def fetch_open_orders_ws(here: Here) -> None:
    made = await _resting(here)
    assert [o["id"] for o in await here.client.fetch_open_orders_ws(here.symbol)] == [made["id"]]
    await _clear(here)


@probe("fetchOrdersWs", SPOT)
async def fetch_orders_ws(here: Here) -> None:
    made = await _resting(here)
    assert made["id"] in [o["id"] for o in await here.client.fetch_orders_ws(here.symbol)]
    await _clear(here)


@probe("fetchMyTradesWs", SPOT)
async def fetch_my_trades_ws(here: Here) -> None:
    await _held(here)
    assert _rows_of(here, await here.client.fetch_my_trades_ws(here.symbol))


@probe("fetchPositionsWs", SWAP)
async def fetch_positions_ws(here: Here) -> None:
    await _held(here)
    assert [p for p in await here.client.fetch_positions_ws([here.symbol]) if p["contracts"]]


@probe("fetchPositionWs", SWAP)
async def fetch_position_ws(here: Here) -> None:
    await _held(here)
    assert await here.client.fetch_position_ws(here.symbol)
