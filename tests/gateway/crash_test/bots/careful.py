"""A bot that writes down what it is about to do, and asks before it does anything twice.

Its notebook has a line for each order that was begun, and one when it is known what became of it.
"""

import os
import time
import uuid
from pathlib import Path

import ccxt
from common import PROOF_SECONDS, SYMBOL, client

notebook = Path(os.environ["TRADEWIND_FOLDER"]) / "notebook"
bot = client()


def note(*words: str) -> None:
    with notebook.open("a") as file:
        file.write(" ".join(words) + "\n")


def unresolved() -> list[str]:
    lines = [line.split() for line in notebook.read_text().splitlines()] if notebook.exists() else []
    known = {words[1] for words in lines if words[0] == "known"}
    return [words[1] for words in lines if words[0] == "begun" and words[1] not in known]


def pause(error: Exception) -> None:
    headers = {k.lower(): v for k, v in (bot.last_response_headers or {}).items()}
    banned = isinstance(error, ccxt.DDoSProtection)
    time.sleep(float(headers.get("retry-after", 1)) + 0.2 if banned else 0.2)


def resolve(name: str) -> None:
    """Ask until it is certain: the order is there, or it was denied for longer than the request could live."""
    denied_since = None
    while True:
        try:
            order = bot.fetch_order(None, SYMBOL, {"clientOrderId": name})
        except ccxt.OrderNotFound:
            denied_since = denied_since or time.monotonic()
            if time.monotonic() - denied_since > PROOF_SECONDS:
                note("known", name, "never")
                return
            time.sleep(0.5)
        except ccxt.BaseError as error:
            pause(error)
        else:
            note("known", name, order["status"])
            return


def load_markets() -> None:
    while True:
        try:
            bot.load_markets()
            return
        except ccxt.BaseError as error:
            pause(error)


load_markets()
while True:
    for waiting in unresolved():
        resolve(waiting)
    fresh = "careful-" + uuid.uuid4().hex[:16]
    note("begun", fresh)
    try:
        order = bot.create_order(SYMBOL, "market", "buy", 0.1, None, {"clientOrderId": fresh})
        if order["clientOrderId"] == fresh:  # a reply that was cut short is an order without names to ccxt
            note("known", fresh, "accepted")
    except ccxt.BaseError as error:
        print("asking, after", type(error).__name__, flush=True)
        pause(error)
    time.sleep(0.3)
