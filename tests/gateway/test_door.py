"""Bodies that cannot be taken get the venue's own error, and nothing that a client sends leaves a trace in the log."""

from __future__ import annotations

import asyncio
import gzip
import logging
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from tests.gateway.exchange_here import opened
from tradewind.gateway.compose import LocalExchange
from tradewind.gateway.door import MAX_BODY

LONG = b"a=" + b"b" * MAX_BODY
PACKED = gzip.compress(LONG)
BODIES = {
    "too long": (b"", LONG),
    "too long once unpacked": (b"Content-Encoding: gzip\r\n", PACKED),
    "not gzip": (b"Content-Encoding: gzip\r\n", b"hello"),
    "half of it": (b"Content-Encoding: gzip\r\n", PACKED[:20]),
    "not deflate": (b"Content-Encoding: deflate\r\n", b"\xff" * 9),
    "an encoding that nobody reads": (b"Content-Encoding: br\r\n", b"hello"),
}
PATHS = {
    "/api/v3/order": (-1101, -1100),
    "/sapi/v1/asset/transfer": (-1101, -1100),
    "/fapi/v1/order": (-1101, -1100),
    "/api/v2/spot/trade/place-order": ("40017", "40007"),
    "/api/v2/mix/order/place-order": ("40017", "40007"),
    "/api/v3/trade/place-order": ("40017", "40007"),
}


@pytest_asyncio.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[LocalExchange]:
    async with opened(tmp_path, tls=False) as made:
        yield made


async def told(port: int, head: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Status and body of the reply to those bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"\r\n" + body)
    try:
        reply = await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
    status, _, rest = reply.partition(b"\r\n\r\n")
    return int(status.split(b" ")[1]), rest


def post(path: str, more: bytes, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n".encode()
        + more
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_that_cannot_be_taken(
    exchange: LocalExchange, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers, body = BODIES[kind]
    digests = [house.exchange.ledger.digest() for house in exchange.houses]
    for path, codes in PATHS.items():
        status, answer = await told(exchange.port, post(path, headers, len(body)), body)
        long = kind.startswith("too long")
        assert status == (413 if long else 400), path
        found = orjson.loads(answer)
        assert found["code"] == codes[0 if long else 1], path
        assert found["msg"]
    status, answer = await told(exchange.port, post("/tradewind/advance", headers, len(body)), body)
    assert status == 400
    assert orjson.loads(answer)["error"].startswith(f"the body is {'too long' if long else 'unreadable'}")
    assert [house.exchange.ledger.digest() for house in exchange.houses] == digests
    assert not [r for r in caplog.records if r.exc_info or r.levelno >= logging.ERROR]


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
async def test_a_body_that_is_encoded_as_it_says(exchange: LocalExchange, encoding: str) -> None:
    text = b"symbol=BTCUSDT"
    body = {"gzip": gzip.compress(text), "deflate": zlib.compress(text), "identity": text}[encoding]
    head = post("/api/v3/order", f"Content-Encoding: {encoding}\r\n".encode(), len(body))
    status, answer = await told(exchange.port, head, body)
    assert (status, orjson.loads(answer)["code"]) == (401, -2014)  # read, and asked for a key


@pytest.mark.asyncio
async def test_a_long_address_gets_the_venues_error(exchange: LocalExchange) -> None:
    head = b"GET /api/v3/ping?a=" + b"b" * 20_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    status, answer = await told(exchange.port, head)
    assert (status, orjson.loads(answer)["code"]) == (400, -1104)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nx y: z\r\n",
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n",
        b"GET /api/v3/ping?a=\xff\xfe HTTP/1.1\r\nHost: x\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\nx: " + b"a" * 100_000 + b"\r\n",
    ],
    ids=["header", "length", "address", "long header"],
)
async def test_broken_http_is_told_in_one_line(
    exchange: LocalExchange, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await told(exchange.port, head))[0] == 400
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert "\n" not in record.getMessage()


@pytest.mark.asyncio
async def test_tls_at_the_plain_port_is_not_even_worth_a_line(
    exchange: LocalExchange, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await told(exchange.port, b"\x16\x03\x01\x00\r\n"))[0] == 400
    assert not caplog.records


@pytest.mark.asyncio
async def test_a_client_that_leaves_in_the_middle(
    exchange: LocalExchange, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", exchange.port)
    writer.write(post("/api/v3/order", b"", 50) + b"\r\nabc")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    assert (await told(exchange.port, b"GET /api/v3/ping HTTP/1.0\r\n"))[0] == 200
    assert not caplog.records
