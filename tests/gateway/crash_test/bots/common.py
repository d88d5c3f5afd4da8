"""What both bots have in common: a plain ccxt client, told by the environment where to go."""

import os
from typing import Any

import ccxt

SYMBOL = os.environ["TRADEWIND_SYMBOL"]


def client() -> Any:
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
