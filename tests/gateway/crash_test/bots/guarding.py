"""A bot that buys, guards what it holds with a stop, and bids passively beside it.

`good` looks at what is there before it acts. `never_lets_go` sends what was refused again, and drops the
`reduceOnly` that the venue does not want. A second word is after how many bids it leaves and takes them back.
"""

import asyncio
import math
import sys
import uuid
from typing import Any

import ccxt
from common import SYMBOL
from streams import FUTURES, HABIT, follow, insist, run, say

SIZE = 0.1
AGAIN_SECONDS = 0.8
BIDS = int(sys.argv[2]) if len(sys.argv) > 2 else 2
FILTERS = (-1013, -1111, -4023, -4164)  # codes for sizes that do not fit


class Guarding:
    def __init__(self, bot: Any) -> None:
        self.bot = bot
        self.price = 0.0

    async def start(self) -> None:
        bot = self.bot
        await insist(bot, bot.load_markets)
        if FUTURES:
            await self.try_to("set leverage", bot.set_leverage(5, SYMBOL))
        told = asyncio.create_task(follow(bot, "orders", lambda: bot.watch_orders(SYMBOL), self.take_orders))
        try:
            while True:
                await self.round()
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            told.cancel()

    def take_orders(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            say("told:", order["type"], order["side"], order["status"], order["filled"])

    async def try_to(self, what: str, doing: Any) -> Any:
        """The answer, or None with what was refused."""
        try:
            return await doing
        except (ccxt.ExchangeError, ccxt.OperationFailed) as error:
            say(f"{what} refused:", type(error).__name__, str(error)[:200])
            return error

    async def round(self) -> None:
        bot = self.bot
        ticker = await insist(bot, lambda: bot.fetch_ticker(SYMBOL))
        self.price = float(ticker["last"])
        held = await self.held()
        if held >= SIZE / 2 and (FUTURES or self.worth_it()):
            await self.guard(held)
        elif held < SIZE / 2 and self.worth_it():
            await self.enter()
        if self.worth_it():
            await self.bid()

    def worth_it(self) -> bool:
        """Whether what it trades is as much as the venue wants, by the filters as last loaded."""
        least = self.bot.market(SYMBOL)["limits"]["cost"]["min"] or 0
        return HABIT == "never_lets_go" or 0.7 * SIZE * self.price >= least

    async def held(self) -> float:
        if FUTURES:
            rows = await insist(self.bot, lambda: self.bot.fetch_positions([SYMBOL]))
            return float(sum(float(row["contracts"]) for row in rows))
        rows = await insist(self.bot, lambda: self.bot.fetch_my_trades(SYMBOL))
        net = sum(row["amount"] * (1 if row["side"] == "buy" else -1) for row in rows)
        return math.floor(net * 0.998 * 1000) / 1000

    async def enter(self) -> None:
        for _ in range(20 if HABIT == "never_lets_go" else 1):
            if not isinstance(await self.place("buy", "market", SIZE), Exception):
                return

    async def guard(self, held: float) -> None:
        """One stop below, for all that is held; where it cannot stand, out at the market, once."""
        stops = await self.stops()
        if not stops:
            say("no stop for", held)
            stop = {"stopLossPrice": round(self.price * 0.95, 2)} | self.reducing()
            kind, price = ("market", None) if FUTURES else ("limit", round(self.price * 0.94, 2))
            made = await self.place("sell", kind, held, price, stop)
            if isinstance(made, ccxt.OrderImmediatelyFillable) or "immediately" in str(made):
                await self.leave(held)
        elif await self.bid_count() >= BIDS:
            await self.leave(held)

    async def leave(self, held: float) -> None:
        say("out at the market", held)
        for stop in await self.stops():
            params = {"trigger": True} if FUTURES else {}
            await self.try_to("cancel", self.bot.cancel_order(stop["id"], SYMBOL, params))
        made = await self.place("sell", "market", held, None, self.reducing())
        if isinstance(made, Exception) and HABIT == "never_lets_go":
            for _ in range(3):  # then without reduceOnly, and harder
                await self.place("sell", "market", held)

    def reducing(self) -> dict[str, Any]:
        return {"reduceOnly": True} if FUTURES else {}

    async def stops(self) -> list[dict[str, Any]]:
        """On all services that may have them."""
        params = {"trigger": True} if FUTURES else {}
        rows = await insist(self.bot, lambda: self.bot.fetch_open_orders(SYMBOL, None, None, params))
        return [row for row in rows if row["side"] == "sell"]

    async def bid_count(self) -> int:
        rows = await insist(self.bot, lambda: self.bot.fetch_open_orders(SYMBOL))
        return sum(1 for row in rows if row["side"] == "buy")

    async def bid(self) -> None:
        """A bid that only waits, far below; some of them are taken back."""
        rows = await insist(self.bot, lambda: self.bot.fetch_open_orders(SYMBOL))
        mine = [row for row in rows if row["side"] == "buy"]
        for order in mine[-2:]:
            asked = await self.try_to("query", self.bot.fetch_order(order["id"], SYMBOL))
            if isinstance(asked, ccxt.OrderNotFound):
                say("one service does not know what the other lists:", order["id"])
        if len(mine) >= BIDS:
            for order in mine:
                await self.try_to("cancel", self.bot.cancel_order(order["id"], SYMBOL))
            return
        price = round(self.price * 0.7, 2)
        made = await self.place("buy", "limit", SIZE, price, {"postOnly": True})
        if isinstance(made, Exception) and HABIT == "never_lets_go":
            await self.place("buy", "limit", SIZE, round(self.price * 1.01, 2))

    async def place(
        self,
        side: str,
        kind: str,
        quantity: float,
        price: float | None = None,
        more: dict[str, Any] | None = None,
    ) -> Any:
        say(side, kind, quantity, price, more or "")
        params = {"clientOrderId": "guard-" + uuid.uuid4().hex[:16]} | (more or {})
        made = await self.try_to(
            f"{side} {kind}", self.bot.create_order(SYMBOL, kind, side, quantity, price, params)
        )
        if any(f'"code":{code},' in str(made) for code in FILTERS):
            await insist(self.bot, lambda: self.bot.load_markets(True))
            say("markets loaded again, least", self.bot.market(SYMBOL)["limits"]["cost"]["min"])
        return made


run(lambda bot: Guarding(bot).start())
