"""Sends a ccxt client to one origin in the place of all of its venue's hosts; paths stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tradewind.market import ConfigError

_SPOT_STREAMS = ("spot", "margin")


def send_to(client: Any, address: str) -> None:
    """`address` is an origin such as http://127.0.0.1:8800; `ConfigError` otherwise.

    ccxt reads two things off the URL of a request: on Binance whether a stream is of spot, and which table of
    errors applies. Both stay as they are at the real hosts.
    """
    origin = _origin(address)
    before = client.urls["api"]
    client.urls["api"] = _at_origin(before, origin)
    streams = client.urls["api"].get("ws") if isinstance(client.urls["api"], dict) else None
    if client.id.startswith("binance"):
        for name in _SPOT_STREAMS:
            if streams and name in streams:
                streams[name] = streams[name].replace(f"{origin.replace('http', 'ws', 1)}/ws", _spot(origin))
        _keep_error_tables(client, origin, before)


def _spot(origin: str) -> str:
    """ccxt tells streams of spot from those of futures by this path."""
    return f"{origin.replace('http', 'ws', 1)}/stream/ws"


def _keep_error_tables(client: Any, origin: str, before: Mapping[str, Any]) -> None:
    tables = client.get_exceptions_by_url
    real = {_path(url): url for url in before.values() if isinstance(url, str) and url.startswith("https://")}

    def at_real_host(url: str | None, which: str) -> Any:
        for path, whole in real.items():
            if url is not None and url.startswith(f"{origin}/{path}/"):
                return tables(whole + url.removeprefix(f"{origin}/{path}"), which)
        return tables(url, which)

    client.get_exceptions_by_url = at_real_host


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
    if urls.startswith("ws"):
        origin = origin.replace("http", "ws", 1)
    path = _path(urls)
    return f"{origin}/{path}" if path else origin


def _path(url: str) -> str:
    return url.partition("://")[2].partition("/")[2]
