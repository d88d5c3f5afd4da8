"""What comes over a bare socket: nothing makes the server fail, and names decide who answers in any case."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.here import running

END = b"Connection: close\r\n\r\n"


async def told(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("request_line", "rest", "status"),
    [
        (b"OPTIONS * HTTP/1.1", b"Host: x\r\n", b"404"),
        (b"CONNECT api.binance.com:443 HTTP/1.1", b"Host: api.binance.com\r\n", b"404"),
        (b"GET //tradewind HTTP/1.1", b"Host: x\r\n", b"404"),
        (b"GET http://api.binance.com/api/v3/ping HTTP/1.1", b"Host: API.Binance.COM:443\r\n", b"200"),
        (b"GET /api/v3/ping HTTP/1.0", b"", b"200"),
        (
            b"POST /api/v3/order HTTP/1.1",
            b"Host: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n",
            b"400",
        ),
    ],
    ids=lambda value: value.decode(errors="replace").strip(),
)
async def test_no_request_is_the_servers_fault(request_line: bytes, rest: bytes, status: bytes) -> None:
    async with running() as here:
        body = b"hello" if b"gzip" in rest else b""
        reply = await told(here.port, request_line + b"\r\n" + rest + END + body)
        assert reply.split(b" ", 2)[1] == status
        again = await told(here.port, b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n" + END)
        assert again.startswith(b"HTTP/1.1 200")
