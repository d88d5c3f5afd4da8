"""A bot as many are: when an order fails, it sends it again."""

import time

import ccxt
from common import SYMBOL, client

bot = client()
while True:
    for _ in range(3):
        try:
            bot.create_order(SYMBOL, "market", "buy", 0.1)
            break
        except ccxt.BaseError as error:
            print("again, after", type(error).__name__, flush=True)
    time.sleep(0.3)
