"""A ccxt client for public market data: no key, no account, no margin endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind.clients.addresses import send_to
from tradewind.clients.making import make_client
from tradewind.market import ConfigError


def public_client(venue: str, *, base_urls: str | Mapping[str, str] | None = None) -> Any:
    """An asynchronous ccxt client of that venue; the caller closes it.

    `base_urls` sends it elsewhere, such as to a local exchange: one origin (http://127.0.0.1:8000) in
    the place of every host, paths kept, or a mapping from ccxt's names of endpoints to full URLs.
    `ConfigError` for a venue that ccxt does not know.
    """
    import ccxt.async_support

    client = make_client(venue, ccxt.async_support)
    if isinstance(base_urls, str):
        send_to(client, base_urls)
    elif base_urls is not None:
        unknown = set(base_urls) - set(client.urls["api"])
        if unknown:
            there = ", ".join(client.urls["api"])
            raise ConfigError(f"{venue} has no endpoint {', '.join(sorted(unknown))}: it has {there}")
        client.urls["api"] = {**client.urls["api"], **base_urls}
    return client
