"""Real host names that lead to this machine: nothing is looked up, and nothing else can be reached.

`Loopback` says where the local exchange listens with TLS. Two ways in: `connector` for aiohttp (so for ccxt), and
`reaching_loopback` for whatever opens sockets through Python's `socket` (requests, urllib3, websockets).
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

EXCHANGE_HOSTS = (
    "*.binance.com",
    "*.bitget.com",
    "testnet.binance.vision",
    "*.testnet.binance.vision",
    "*.binancefuture.com",
)
_ADDRESS = "127.0.0.1"
_TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOOKUPS = ("gethostbyname", "gethostbyname_ex", "gethostbyaddr")


class NotReachable(OSError):
    """A client wanted to leave this machine."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EHOSTUNREACH, why)


@dataclass(frozen=True, slots=True)
class Loopback:
    """Where the local exchange answers by the exchanges' names: its TLS port, and the certificate to trust."""

    port: int
    certificate: Path

    def connector(self) -> aiohttp.TCPConnector:
        """For an aiohttp session of the running event loop: exchanges are here, all others are refused."""
        return aiohttp.TCPConnector(
            ssl=ssl.create_default_context(cafile=str(self.certificate)),
            resolver=LoopbackResolver(self.port),
            socket_factory=_loopback_socket,
            keepalive_timeout=75,
        )


class LoopbackResolver(AbstractResolver):
    """Answers with 127.0.0.1 and the local exchange's own port for the exchanges; refuses all other names."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=_ADDRESS,
                port=_port_for(host, port, self.port),
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


def is_exchange(host: str) -> bool:
    """Whether the local exchange speaks for this name."""
    return any(fnmatch(host.lower(), pattern) for pattern in EXCHANGE_HOSTS)


@contextmanager
def reaching_loopback(to: Loopback) -> Iterator[None]:
    """While it lasts, this whole process reaches the exchanges here, and no other machine at all.

    It replaces `socket.getaddrinfo`, the older lookups and `socket.socket.connect` and `sendto`, and names the
    certificate in the environment (SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE). Proxies of the environment
    are not used: one on this machine would lead out of it. For tests and scripts; not for several threads that want
    different things, and not for uvloop, which asks the system itself.
    """
    lookup, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex
    sendto = socket.socket.sendto
    lookups = {name: getattr(socket, name) for name in _LOOKUPS}
    given = dict.fromkeys(_TRUST, str(to.certificate)) | dict.fromkeys(_NO_PROXY, "*")
    before = {name: os.environ.get(name) for name in given}

    def look_up(host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or _is_address(name):
            _refuse_far(name or _ADDRESS)
            return lookup(host, port, *arguments, **named)
        return lookup(_ADDRESS, _port_for(name, port, to.port), *arguments, **named)

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_far(str(address[0]))

    def connect_near(self: socket.socket, address: Any) -> None:
        refuse(self, address)
        connect(self, address)

    def connect_ex_near(self: socket.socket, address: Any) -> int:
        refuse(self, address)
        return connect_ex(self, address)

    def send_near(self: socket.socket, data: Any, *rest: Any) -> int:
        refuse(self, rest[-1])
        return sendto(self, data, *rest)

    def near_only(name: str) -> Any:
        def look_up_here(host: str) -> Any:
            if not _is_address(host):
                _port_for(host, 0, 0)
                return lookups[name](_ADDRESS)
            _refuse_far(host)
            return lookups[name](host)

        return look_up_here

    patched: Any = socket
    patched.getaddrinfo = look_up
    patched.socket.connect, patched.socket.connect_ex = connect_near, connect_ex_near
    patched.socket.sendto = send_near
    for name in _LOOKUPS:
        setattr(patched, name, near_only(name))
    os.environ.update(given)
    try:
        yield
    finally:
        patched.getaddrinfo = lookup
        patched.socket.connect, patched.socket.connect_ex = connect, connect_ex
        patched.socket.sendto = sendto
        for name, found in lookups.items():
            setattr(patched, name, found)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _port_for(host: str, asked: Any, own: int) -> Any:
    """The port that leads to a name here; `NotReachable` for a name that is not on this machine."""
    if is_exchange(host):
        return own
    if host.lower() == "localhost":
        return asked
    raise NotReachable(f"{host} is on no list of exchanges that are played here: it was not looked up")


def _loopback_socket(address: Any) -> socket.socket:
    """A socket for one address; addresses that were given as numbers never met the resolver."""
    family, kind, protocol, _, place = address
    _refuse_far(str(place[0]))
    return socket.socket(family, kind, protocol)


def _refuse_far(host: str) -> None:
    if not (_is_address(host) and ip_address(host.partition("%")[0]).is_loopback):
        raise NotReachable(f"{host} is another machine: no connection was opened")


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
