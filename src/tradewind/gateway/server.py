"""Sockets: aiohttp in front of the dialects. One process, one event loop, one port for HTTP and one for TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatch
from typing import Protocol

import structlog
from aiohttp import WSMsgType, web

from tradewind.gateway.door import MAX_BODY, MAX_LINE, CannotListen, body_of, http_log
from tradewind.gateway.house import House
from tradewind.gateway.wire import CUT, Dialect, Line, Reply, Request, Talk

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.05
MAX_WAITING = 10_000  # frames; a client that reads slower than this is cut off, as venues do
UNANSWERED_PINGS = 3
GOODBYE_SECONDS = 2.0  # for a client to read what was sent and to answer a close
Frames = asyncio.Queue[str | tuple[int, str] | None]  # text, (code, reason) of a close, None for a ping


class Dropped(Exception):
    """The connection is to be cut without an answer."""


class Interceptor(Protocol):
    """Where faults come in. The plain one hands everything through."""

    async def request(self, dialect: Dialect, request: Request) -> Reply:
        """The reply to send, late or altered; `Dropped` cuts the connection."""

    def connect(self, dialect: Dialect, line: Line) -> Reply | None:
        """A line is about to open; a reply refuses it."""

    def gone(self, line: Line) -> None:
        """A line that was let in has ended."""

    def hear(self, dialect: Dialect, line: Line, text: str, talk: Talk) -> None:
        """Hand a client's frame to the dialect, or not."""

    def frame(self, dialect: Dialect, line: Line, text: str, send: Callable[[str], None]) -> None:
        """Send a frame: once, twice, later, altered or never."""


class HandThrough:
    """No faults."""

    async def request(self, dialect: Dialect, request: Request) -> Reply:
        return dialect.answer(request)

    def connect(self, dialect: Dialect, line: Line) -> Reply | None:
        return None

    def gone(self, line: Line) -> None:
        pass

    def hear(self, dialect: Dialect, line: Line, text: str, talk: Talk) -> None:
        talk.hear(text)

    def frame(self, dialect: Dialect, line: Line, text: str, send: Callable[[str], None]) -> None:
        send(text)


class Server:
    """Dialects on loopback. `start` returns once clients can connect.

    With a real venue's name in the Host header only that venue's dialects answer; with any other (127.0.0.1)
    the path decides, so one origin serves all.
    """

    def __init__(
        self,
        houses: Sequence[House],
        dialects: Sequence[Dialect],
        *,
        interceptor: Interceptor | None = None,
        extra: dict[str, Callable[[Request], Awaitable[Reply]]] | None = None,
        ping_seconds: float = 20.0,
    ) -> None:
        self.houses = tuple(houses)
        self.dialects = tuple(dialects)
        self.interceptor: Interceptor = interceptor or HandThrough()
        self.extra = extra or {}  # first path segment -> handler, such as the control API
        self._ping_seconds = ping_seconds
        self._runner: web.ServerRunner | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._by_host: dict[str, tuple[Dialect, ...]] = {}
        self.lines: set[Line] = set()

    # --- life

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls_port: int = 0, tls: ssl.SSLContext | None = None
    ) -> tuple[int, int]:
        """The ports that were opened: plain, and TLS (0 without `tls`). `CannotListen` names one that was not."""
        self._runner = web.ServerRunner(
            web.Server(
                self._handle,
                access_log=None,
                keepalive_timeout=75.0,
                logger=http_log,
                auto_decompress=False,
                max_line_size=MAX_LINE,
                max_field_size=MAX_LINE,
            ),
            handle_signals=False,
            shutdown_timeout=1.0,
        )
        await self._runner.setup()
        plain = await self._listen(host, port, None)
        secure = await self._listen(host, tls_port, tls) if tls else 0
        self._ticking = asyncio.create_task(self._tick(), name="gateway tick")
        return plain, secure

    async def _listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        assert self._runner is not None
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        try:
            await site.start()
        except OSError as error:
            raise CannotListen(port, tls is not None, error.strerror or str(error)) from error
        return int(site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]

    async def stop(self) -> None:
        """Close all lines and ports."""
        if self._ticking:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        for line in tuple(self.lines):
            line.close(1001, "server shutdown")
        if self._runner:
            await self._runner.cleanup()

    async def _tick(self) -> None:
        while True:
            self.beat()
            await asyncio.sleep(TICK_SECONDS)

    def beat(self) -> None:
        """Move market time on and let every dialect do what is due."""
        for house in self.houses:
            house.refresh()
        for dialect in self.dialects:
            dialect.tick()

    # --- requests

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        host = raw.host.partition(":")[0].lower()
        if raw.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(raw, host)
        try:
            body, flaw = await body_of(raw)
        except ConnectionResetError:
            return web.Response(status=400)  # never leaves: the client is gone
        request = Request(
            raw.method,
            raw.path,
            raw.raw_path.partition("?")[2],
            body,
            raw.headers,
            raw.remote or "",
            self.houses[0].wire.now_ms(),
            flaw,
        )
        try:
            reply = await self._reply(host, request)
        except Dropped:
            if raw.transport:
                raw.transport.abort()
            return web.Response(status=500)  # never leaves: the connection is gone
        return _response(reply)

    async def _reply(self, host: str, request: Request) -> Reply:
        extra = self.extra.get(request.path.removeprefix("/").partition("/")[0])
        if extra is not None:
            return await extra(request)
        dialects = self._at(host)
        for dialect in dialects:
            if dialect.serves(request.method, request.path):
                return await self.interceptor.request(dialect, request)
        return dialects[0].unknown(request)

    def _at(self, host: str) -> tuple[Dialect, ...]:
        found = self._by_host.get(host)
        if found is None:
            found = tuple(d for d in self.dialects if any(fnmatch(host, h) for h in d.hosts))
            found = self._by_host[host] = found or self.dialects
        return found

    # --- lines

    async def _converse(self, raw: web.BaseRequest, host: str) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False, max_msg_size=MAX_BODY)
        frames: Frames = asyncio.Queue()
        for dialect in self._at(host):
            line = self._line(raw, dialect, frames)
            talk = dialect.talk(line)
            if talk is not None:
                break
        else:
            return web.Response(status=404)
        if isinstance(talk, Reply):
            return _response(talk)
        refused = self.interceptor.connect(dialect, line)
        if refused is not None:
            line.open = False
            talk.ended()
            return _response(refused)
        try:
            await socket.prepare(raw)
            self.lines.add(line)
            writer = asyncio.create_task(self._write(raw, socket, frames), name="gateway line")
            pinger = asyncio.create_task(self._ping(line, frames), name="gateway pings")
            try:
                await self._listen_to(socket, dialect, line, talk)
            finally:
                pinger.cancel()
                if not line.open:  # the good-bye is still on its way
                    await asyncio.wait({writer}, timeout=GOODBYE_SECONDS)
                writer.cancel()
                for task in (pinger, writer):
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
        finally:
            line.open = False
            self.lines.discard(line)
            talk.ended()
            self.interceptor.gone(line)
        return socket

    async def _listen_to(
        self, socket: web.WebSocketResponse, dialect: Dialect, line: Line, talk: Talk
    ) -> None:
        """Hand on what the client says, until it hangs up."""
        async for message in socket:
            if line.frozen:
                continue
            line.heard_at = asyncio.get_running_loop().time()
            if message.type is WSMsgType.TEXT:
                self.interceptor.hear(dialect, line, message.data, talk)
            elif message.type is WSMsgType.BINARY:
                self.interceptor.hear(dialect, line, message.data.decode("utf-8", "replace"), talk)
            elif message.type is WSMsgType.PING:
                await socket.pong(message.data)

    async def _ping(self, line: Line, frames: Frames) -> None:
        """Ping every so often; whoever leaves three unanswered is gone."""
        loop = asyncio.get_running_loop()
        line.heard_at = loop.time()
        while True:
            await asyncio.sleep(self._ping_seconds)
            if line.frozen:
                continue
            if loop.time() - line.heard_at > UNANSWERED_PINGS * self._ping_seconds + 1:
                line.close(1008, "no pong")
            frames.put_nowait(None)

    def _line(self, raw: web.BaseRequest, dialect: Dialect, frames: Frames) -> Line:
        def put(text: str) -> None:
            if frames.qsize() < MAX_WAITING:
                frames.put_nowait(text)
            else:
                log.warning("slow client cut off", address=line.address, path=line.path)
                line.close(1008, "too slow")

        def send(text: str) -> None:
            self.interceptor.frame(dialect, line, text, put)

        def cut() -> None:
            if raw.transport:
                raw.transport.abort()

        def close(code: int, reason: str) -> None:
            frames.put_nowait((code, reason))
            asyncio.get_running_loop().call_later(GOODBYE_SECONDS, cut)  # it may never read that far

        line = Line(
            raw.path,
            raw.raw_path.partition("?")[2],
            raw.headers,
            raw.remote or "",
            self.houses[0].wire.now_ms(),
            send,
            close,
        )
        return line

    async def _write(self, raw: web.BaseRequest, socket: web.WebSocketResponse, frames: Frames) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                frame = await frames.get()
                if frame is None:
                    await socket.ping()
                elif isinstance(frame, str):
                    await socket.send_str(frame)
                elif frame[0] == CUT:
                    if raw.transport:
                        raw.transport.abort()
                    return
                else:
                    await socket.close(code=frame[0], message=frame[1].encode())
                    return


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
