"""What stands between the wire and the dialects: ports, bodies as they were meant, and a log that stays short."""

from __future__ import annotations

import logging
import zlib

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from tradewind.gateway.wire import Flaw

MAX_BODY = 1 << 20
MAX_LINE = 1 << 16  # of an address or of one header: beyond it clients get a bare 400
_GZIP, _ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
_ENCODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}


class CannotListen(Exception):
    """A port that cannot be opened, and why. `secure`: it was to be the one with TLS."""

    def __init__(self, port: int, secure: bool, reason: str) -> None:
        super().__init__(f"port {port}: {reason}")
        self.port = port
        self.secure = secure
        self.reason = reason


class _OneLine(logging.Filter):
    """A client's broken HTTP is told in one line: there is nothing to trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            sentence = " ".join(error.message.split())
            record.msg, record.args = f"{record.getMessage()}: {sentence}", ()
            record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
        return True


http_log = logging.getLogger("tradewind.gateway.http")
http_log.addFilter(_OneLine())


async def body_of(raw: web.BaseRequest) -> tuple[bytes, Flaw | None]:
    """The body as it was before it was encoded, or nothing and what is wrong with it.

    `ConnectionResetError` when the client goes away before its end.
    """
    if not raw.can_read_body:
        return b"", None
    try:
        body = await raw.read()
    except web.HTTPRequestEntityTooLarge:
        return b"", Flaw.TOO_LONG
    except web.RequestPayloadError:
        return b"", Flaw.UNREADABLE
    encoding = raw.headers.get("Content-Encoding", "identity").strip().lower()
    return (body, None) if encoding in ("", "identity") else _decoded(body, encoding)


def _decoded(body: bytes, encoding: str) -> tuple[bytes, Flaw | None]:
    if encoding not in _ENCODINGS:
        return b"", Flaw.UNREADABLE
    unpacker = zlib.decompressobj(_ENCODINGS[encoding])
    try:
        found = unpacker.decompress(body, MAX_BODY + 1)
    except zlib.error:
        return b"", Flaw.UNREADABLE
    if len(found) > MAX_BODY:
        return b"", Flaw.TOO_LONG
    return (found, None) if unpacker.eof else (b"", Flaw.UNREADABLE)
