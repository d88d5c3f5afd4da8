"""What both bots have in common: a plain ccxt client, told by the environment where to go."""

import os
from typing import Any

import ccxt

SYMBOL, VENUE = os.environ["TRADEWIND_SYMBOL"], os.environ["TRADEWIND_VENUE"]
PROOF_SECONDS = {"binance": 3.0, "bitget": 31.0}[
    VENUE
]  # after that the venue must refuse a request that is late


def client() -> Any:
    return _bitget() if VENUE == "bitget" else _binance()


def _bitget() -> Any:
    made = ccxt.bitget(
        {
            "apiKey": os.environ["TRADEWIND_API_KEY"],
            "secret": os.environ["TRADEWIND_API_SECRET"],
            "password": os.environ["TRADEWIND_API_PASSPHRASE"],
            "timeout": 1000,
            "enableRateLimit": False,
            "options": {
                "fetchMarkets": {"types": ["swap" if ":" in SYMBOL else "spot"]},
                "uta": bool(os.environ["TRADEWIND_UNIFIED"]),
            },
        }
    )
    made.has["fetchCurrencies"] = False
    made.urls["api"] = dict.fromkeys(made.urls["api"], os.environ["TRADEWIND_URL"])
    return made


def _binance() -> Any:
    kind = ccxt.binanceusdm if ":" in SYMBOL else ccxt.binance
    made = kind(
        {
            "apiKey": os.environ["TRADEWIND_API_KEY"],
            "secret": os.environ["TRADEWIND_API_SECRET"],
            "timeout": 1000,
            "enableRateLimit": False,
            "options": {
                "fetchMarkets": {"types": ["linear" if ":" in SYMBOL else "spot"]},
                "fetchMargins": False,
                "recvWindow": 2000,
            },
        }
    )
    made.has["fetchCurrencies"] = False
    made.urls["api"] = {
        name: os.environ["TRADEWIND_URL"] + "/" + url.split("/", 3)[3]
        for name, url in made.urls["api"].items()
        if isinstance(url, str)
    }
    return made
