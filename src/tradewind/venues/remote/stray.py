"""Errors of a client's lines that nobody awaits: ccxt answers pings and closes sockets in tasks that it forgets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import ccxt

_BREAKS = (OSError, aiohttp.ClientError, ccxt.NetworkError, ccxt.ExchangeClosedByUser)
_LONGEST = 200

log = logging.getLogger(__name__)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """For the running loop: of a line that broke one line is logged. All else is told whole, as asyncio does."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(_tell)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if not isinstance(error, _BREAKS):
        loop.default_exception_handler(context)
        return
    where = context.get("task") or context.get("future")
    work = where.get_coro() if isinstance(where, asyncio.Task) else None
    what = getattr(work, "__qualname__", "a line")
    log.warning(
        "a line broke under %s: %s: %s", what, type(error).__name__, " ".join(str(error).split())[:_LONGEST]
    )
