"""A bot that takes its orders back, and asks what became of them whatever it was told."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import ccxt
from common import SYMBOL, client

bot = client()


def insist(ask: Callable[[], Any]) -> Any:
    """Until there is an answer."""
    while True:
        try:
            return ask()
        except ccxt.BaseError as error:
            print("once more, after", type(error).__name__, flush=True)
            time.sleep(0.2)


insist(bot.load_markets)
price = round(insist(lambda: bot.fetch_ticker(SYMBOL))["last"] * 0.9, 1)
while True:
    name = {"clientOrderId": "back-" + uuid.uuid4().hex[:16]}
    order = bot.create_order(SYMBOL, "limit", "buy", 0.1, price, name)
    try:
        bot.cancel_order(order["id"], SYMBOL)
    except ccxt.BaseError as error:
        print("asking, after", type(error).__name__, flush=True)
    found = insist(lambda number=order["id"]: bot.fetch_order(number, SYMBOL))
    print(found["status"], found["filled"], flush=True)
    time.sleep(0.3)
