"""A ccxt client for public market data: no key, no account, no margin endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import ccxt.async_support as ccxt

from tradewind.market import ConfigError

# Only spot and linear perpetuals are traded here; each further type costs a request and thousands of markets.
_OPTIONS: dict[str, dict[str, Any]] = {
    "binance": {"fetchMarkets": {"types": ["spot", "linear"]}},
    "binanceusdm": {"fetchMarkets": {"types": ["linear"]}},
}


def public_client(venue: str, *, base_urls: str | Mapping[str, str] | None = None) -> Any:
    """An asynchronous ccxt client of that venue; the caller closes it.

    `base_urls` sends it elsewhere, such as to a local exchange: one origin (http://127.0.0.1:8000) in
    the place of every host, paths kept, or a mapping from ccxt's names of endpoints to full URLs.
    `ConfigError` for a venue that ccxt does not know.
    """
    if venue not in ccxt.exchanges:
        near = get_close_matches(venue, ccxt.exchanges, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see ccxt's list of exchanges"
        raise ConfigError(f"no venue is called {venue!r}: {hint}")
    options = {"fetchCurrencies": False, "fetchMargins": False, **_OPTIONS.get(venue, {})}
    client = getattr(ccxt, venue)({"enableRateLimit": True, "options": options})
    client.has["fetchCurrencies"] = False  # private on several venues, and nothing here needs it
    _refuse_broken_answers(client)
    if isinstance(base_urls, str):
        client.urls["api"] = _at_origin(client.urls["api"], _origin(base_urls))
    elif base_urls is not None:
        unknown = set(base_urls) - set(client.urls["api"])
        if unknown:
            there = ", ".join(client.urls["api"])
            raise ConfigError(f"{venue} has no endpoint {', '.join(sorted(unknown))}: it has {there}")
        client.urls["api"] = {**client.urls["api"], **base_urls}
    return client


def _refuse_broken_answers(client: Any) -> None:
    """ccxt reads an answer that is no whole JSON as an empty list: candles would be missing unsaid."""
    judge_status = client.handle_http_status_code

    def judge(code: int, reason: str, url: str, method: str, body: str) -> None:
        judge_status(code, reason, url, method, body)
        if str(body)[:1] in ("[", "{", "<") and client.parse_json(body) is None:
            raise ccxt.BadResponse(
                f"{client.id} {method} {url} answered with {len(body)} characters that are no JSON"
            )

    client.handle_http_status_code = judge


def _origin(text: str) -> str:
    found = urlsplit(text)
    if found.scheme not in ("http", "https") or not found.netloc:
        raise ConfigError(f"{text!r} is no address: write http://127.0.0.1:8000")
    return f"{found.scheme}://{found.netloc}"


def _at_origin(urls: Any, origin: str) -> Any:
    if isinstance(urls, Mapping):
        return {name: _at_origin(value, origin) for name, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    scheme, _, rest = urls.partition("://")
    path = rest.partition("/")[2]
    if scheme.startswith("ws"):
        origin = "ws" + origin.removeprefix("http")
    return f"{origin}/{path}" if path else origin
