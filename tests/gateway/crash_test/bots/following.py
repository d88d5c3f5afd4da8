"""A bot that follows candles, its orders and its balance by stream, and goes in and out once a bar.

`good` believes what it was told twice; with another habit it trusts one thing that it should not:
`believes_balance` every balance, `trusts_prices` every candle. A second word is how much it buys.
"""

import asyncio
import math
import sys
import uuid
from typing import Any

import ccxt
from common import SYMBOL
from streams import FUTURES, HABIT, SILENCE_SECONDS, follow, insist, run, say

SIZE = float(sys.argv[2]) if len(sys.argv) > 2 else 0.1
DONE = {"closed", "canceled", "expired", "rejected"}
BASE = SYMBOL.partition("/")[0]


def paid(fill: dict[str, Any]) -> float:
    """The fee, as far as it was taken from what was bought."""
    return float(fill["fee"]["cost"]) if fill["fee"]["currency"] == BASE else 0.0


class Following:
    def __init__(self, bot: Any) -> None:
        self.bot = bot
        self.bars: dict[int, list[float]] = {}
        self.new_bar = asyncio.Event()
        self.acted = 0  # open time of the last bar that was traded on
        self.held = 0.0  # what our own orders bought and did not sell
        self.usual = 0.0  # the price that is known to be one
        self.pending: dict[str, Any] = {}
        self.told: set[str] = set()  # orders that their stream told of
        self.balance: dict[str, Any] = {}

    async def start(self) -> None:
        bot = self.bot
        await insist(bot, bot.load_markets)
        ticker = await insist(bot, lambda: bot.fetch_ticker(SYMBOL))
        self.usual = float(ticker["last"])
        watching = [
            ("candles", lambda: bot.watch_ohlcv(SYMBOL, "1m"), self.take_candles, SILENCE_SECONDS),
            ("orders", lambda: bot.watch_orders(SYMBOL), self.take_orders, 0.0),
            ("fills", lambda: bot.watch_my_trades(SYMBOL), self.take_fills, 0.0),
            ("balance", bot.watch_balance, self.take_balance, 0.0),
        ]
        tasks = [asyncio.create_task(follow(bot, *one)) for one in watching]
        tasks.append(asyncio.create_task(self.trade()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    # --- what streams tell

    def take_candles(self, rows: list[list[float]]) -> None:
        for row in rows:
            self.take_bar(row)
        self.new_bar.set()

    def take_bar(self, row: list[float]) -> None:
        if HABIT != "trusts_prices" and not self.sound(row):
            say("no bar:", row)
            return
        known = self.bars.get(int(row[0]))
        if known is not None and int(row[0]) < max(self.bars) and known[4] != row[4]:
            say("revised:", int(row[0]))
        self.bars[int(row[0])] = row

    def sound(self, row: list[float]) -> bool:
        if any(value is None or not math.isfinite(value) for value in row):
            return False
        at, first, high, low, close, _volume = row
        newest = max(self.bars, default=int(at))
        return (
            low <= min(first, close)
            and max(first, close) <= high
            and abs(close / self.usual - 1) < 0.3
            and abs(at - newest) < 86_400_000
        )

    def take_orders(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            name = order["clientOrderId"]
            self.told.add(name)
            if name in self.pending and order["status"] in DONE:
                self.pending[name] = order

    def take_fills(self, fills: list[dict[str, Any]]) -> None:
        say("fills:", *(fill["id"] for fill in fills))

    def take_balance(self, balance: dict[str, Any]) -> None:
        self.balance = balance

    # --- what it does

    async def trade(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self.new_bar.wait(), 2 * SILENCE_SECONDS)
            except TimeoutError:
                say("no bar came, asking")
            self.new_bar.clear()
            for row in await insist(self.bot, lambda: self.bot.fetch_ohlcv(SYMBOL, "1m", limit=3)):
                self.take_bar(row)
            newest = max(self.bars, default=0)
            if newest <= self.acted and not self.spike():
                continue
            self.acted = max(newest, self.acted)
            await self.turn()

    def spike(self) -> bool:
        return HABIT == "trusts_prices" and any(
            row[4] > 2 * self.usual for row in list(self.bars.values())[-3:]
        )

    async def turn(self) -> None:
        """Out of the market when it is in it, else into it."""
        held = await self.position()
        if HABIT == "trusts_prices" and self.spike():
            await self.order("buy", SIZE)  # it rises: more of it
        elif held < SIZE / 2:
            await self.order("buy", math.floor((SIZE - max(held, 0.0)) * 1000) / 1000)
        else:
            await self.order("sell", math.floor(held * (1 if FUTURES else 0.998) * 1000 + 1e-9) / 1000)

    async def position(self) -> float:
        told = await insist(self.bot, self.bot.fetch_balance)
        if HABIT == "believes_balance":
            return float(told.get(BASE, {}).get("total") or 0)
        return self.held

    async def order(self, side: str, quantity: float) -> None:
        if quantity < 0.051 and side == "buy" and HABIT == "good":
            quantity = 0.051  # the least that may be ordered
        name = "follow-" + uuid.uuid4().hex[:16]
        self.pending[name] = None
        say(side, quantity, "holding", round(self.held, 4))
        try:
            await self.bot.create_order(SYMBOL, "market", side, quantity, None, {"clientOrderId": name})
        except (ccxt.InsufficientFunds, ccxt.InvalidOrder) as error:
            say("refused:", type(error).__name__)
            del self.pending[name]
            await self.look_again()
            return
        except ccxt.BaseError as error:
            say("asking, after", type(error).__name__)
            if isinstance(error, ccxt.InvalidNonce):
                await self.bot.load_time_difference()
        await self.learn(name)

    async def learn(self, name: str) -> None:
        """What became of an order: from its stream, or asked for until the answer is one."""
        for _ in range(40):
            order = self.pending[name]
            if order is None or HABIT == "good":
                try:
                    order = await insist(
                        self.bot, lambda: self.bot.fetch_order(None, SYMBOL, {"clientOrderId": name})
                    )
                except ccxt.OrderNotFound:
                    order = None
                    await asyncio.sleep(0.2)
            if order is not None and order["status"] in DONE and order["clientOrderId"] == name:
                if order["filled"] < order["amount"]:
                    say("in part:", order["filled"], "of", order["amount"])
                self.held += float(order["filled"]) * (1 if order["side"] == "buy" else -1)
                break
            if order is not None:
                say("no answer:", order["status"])
            await asyncio.sleep(0.1)
        else:
            say("never placed:", name)
        self.pending.pop(name)
        if HABIT == "good":
            await self.expect_stream(name)

    async def expect_stream(self, name: str) -> None:
        """A stream that did not tell of what was done is dead, whatever its line says: opened anew, with a new key."""
        for _ in range(15):
            if name in self.told:
                return
            await asyncio.sleep(0.1)
        say("the stream of orders missed", name)
        for options in self.bot.options.values():
            if isinstance(options, dict) and "lastAuthenticatedTime" in options:
                options["lastAuthenticatedTime"] = 0
        await self.bot.close_ws_clients()

    async def look_again(self) -> None:
        """A refusal that should not be: the account may have been reset."""
        if FUTURES:
            rows = await insist(self.bot, lambda: self.bot.fetch_positions([SYMBOL]))
            self.held = sum(float(row["contracts"]) for row in rows)
        else:
            rows = await insist(self.bot, lambda: self.bot.fetch_my_trades(SYMBOL))
            self.held = sum(row["amount"] * (1 if row["side"] == "buy" else -1) - paid(row) for row in rows)
        say("looked again, holding", self.held)


run(lambda bot: Following(bot).start())
