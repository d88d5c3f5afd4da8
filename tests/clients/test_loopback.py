"""Real names lead to this machine, and a slip leads nowhere: nothing is looked up, no packet leaves."""

from __future__ import annotations

import asyncio
import os
import socket
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests

from tests.gateway.exchange_here import loopback, opened
from tradewind.clients import Loopback, reaching_loopback
from tradewind.clients.loopback import is_exchange
from tradewind.gateway.compose import LocalExchange

NAMES = (
    "api.binance.com",
    "api1.binance.com",
    "demo-api.binance.com",
    "testnet.binance.vision",
    "ws-api.testnet.binance.vision",
)
ELSEWHERE = (
    "https://api.kraken.com/",
    "https://example.com/",
    "https://binance.com.example.com/",
    "https://evilbinance.com/",
    "https://1.1.1.1/",
    "http://8.8.8.8:53/",
    "https://[2606:4700:4700::1111]/",
)


def session_to(exchange: LocalExchange) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=loopback(exchange).connector())


@pytest.fixture
def no_lookup(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Names that anybody wanted the system to look up."""
    asked: list[Any] = []
    real = socket.getaddrinfo

    def watched(host: Any, *rest: Any, **named: Any) -> Any:
        if host not in ("127.0.0.1", None):
            asked.append(host)
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    return asked


@pytest.mark.asyncio
async def test_the_exchanges_are_here(tmp_path: Path, no_lookup: list[Any]) -> None:
    async with opened(tmp_path) as exchange, session_to(exchange) as session:
        for name in NAMES:
            async with session.get(f"https://{name}/api/v3/ping") as reply:
                assert await reply.json() == {}
        async with session.get(f"{exchange.url}/api/v3/ping") as reply:
            assert reply.status == 200
    assert no_lookup == []


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ELSEWHERE)
async def test_nobody_else_is_reached(url: str, tmp_path: Path, no_lookup: list[Any]) -> None:
    async with opened(tmp_path) as exchange, session_to(exchange) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match=r"not looked up|no connection was opened"):
            await session.get(url)
    assert no_lookup == []


@pytest.mark.asyncio
async def test_requests_and_urllib_reach_it_too(tmp_path: Path, no_lookup: list[Any]) -> None:
    async with opened(tmp_path) as exchange:

        def ask() -> list[Any]:
            with reaching_loopback(loopback(exchange)):
                found: list[Any] = [requests.get(f"https://{n}/api/v3/ping", timeout=5).json() for n in NAMES]
                with urllib.request.urlopen("https://api.binance.com/api/v3/time", timeout=5) as reply:
                    found.append(reply.status)
                found.append(requests.get(f"{exchange.url}/api/v3/ping", timeout=5).status_code)
                for url in ELSEWHERE:
                    with pytest.raises(requests.ConnectionError):
                        requests.get(url, timeout=5)
                return found

        assert await asyncio.to_thread(ask) == [*([{}] * len(NAMES)), 200, 200]
    assert no_lookup == []


def test_everything_is_as_before_afterwards(tmp_path: Path) -> None:
    before = (socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex)
    trusted = os.environ.get("SSL_CERT_FILE")
    with reaching_loopback(Loopback(1, tmp_path / "ca.pem")):
        assert os.environ["SSL_CERT_FILE"] == str(tmp_path / "ca.pem")
        with pytest.raises(OSError, match="not looked up"):
            socket.create_connection(("example.com", 443), timeout=5)
        with pytest.raises(OSError, match="no connection was opened"), socket.socket() as plain:
            plain.connect_ex(("1.1.1.1", 443))
    assert (socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex) == before
    assert os.environ.get("SSL_CERT_FILE") == trusted


def test_neither_a_proxy_nor_an_older_lookup_nor_a_datagram_leads_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.2)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
            monkeypatch.setenv(name.lower(), address)
        with reaching_loopback(Loopback(1, tmp_path / "ca.pem")):
            with pytest.raises((requests.ConnectionError, OSError)):
                requests.get("https://example.com/", timeout=2)
            with pytest.raises(OSError):
                urllib.request.urlopen("http://example.com/", timeout=2)
            for look_up in (socket.gethostbyname, socket.gethostbyname_ex, socket.gethostbyaddr):
                with pytest.raises(OSError, match="not looked up"):
                    look_up("example.com")
                with pytest.raises(OSError, match="no connection was opened"):
                    look_up("1.1.1.1")
            assert socket.gethostbyname("api.binance.com") == "127.0.0.1"
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
                with pytest.raises(OSError, match="no connection was opened"):
                    plain.sendto(b"x", ("1.1.1.1", 53))
                assert plain.sendto(b"x", ("127.0.0.1", 9)) == 1
        with pytest.raises(TimeoutError):
            proxy.accept()
    assert socket.gethostbyname.__module__ == "_socket"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("API.Binance.com", True),
        ("fstream.binancefuture.com", True),
        ("ws.bitget.com", True),
        ("binance.com.evil.org", False),
        ("notbinance.com", False),
        ("binance.vision", False),
    ],
)
def test_which_names_are_exchanges(name: str, known: bool) -> None:
    assert is_exchange(name) is known
