"""A client of the control API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

import aiohttp
import orjson

from tradewind.market import TradewindError


class ControlRefused(TradewindError):
    """The control API said no; the text is its sentence."""


class ControlClient:
    """`async with ControlClient(origin) as control`; `origin` is such as http://127.0.0.1:8800."""

    def __init__(self, origin: str) -> None:
        self._base = f"{origin.rstrip('/')}/tradewind/"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ControlClient:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, name: str, /, **values: Any) -> Any:
        """What a command that only tells answers."""
        return orjson.loads(await self._send("GET", name, params={k: str(v) for k, v in values.items()}))

    async def do(self, name: str, /, **values: Any) -> Any:
        """Run a command that changes something; `ControlRefused` changes nothing."""
        return orjson.loads(await self._send("POST", name, data=orjson.dumps(values)))

    async def rows(self, name: str, /, **values: Any) -> AsyncIterator[dict[str, Any]]:
        """All rows of `ledger` or `traffic`, page by page."""
        since = int(values.pop("since", 0))
        while True:
            params = {k: str(v) for k, v in (values | {"since": since}).items()}
            body = await self._send("GET", name, params=params)
            page = [orjson.loads(line) for line in body.splitlines()]
            for row in page:
                yield row
            if not page:
                return
            since = page[-1]["seq"]

    async def fault(self, do: str, **rule: Any) -> int:
        """Add a rule; its id. `match` and `when` are dicts, everything else belongs to what is done."""
        added = await self.do("faults/add", do=do, **rule)
        return int(added["id"])

    async def snapshot(self, **values: Any) -> bytes:
        """The state of a venue, as `Exchange.restore` takes it."""
        return await self._send("GET", "snapshot", params=values)

    async def step(self, ms: int) -> dict[str, Any]:
        """Move market time on."""
        state: dict[str, Any] = await self.do("clock", step_ms=ms)
        return state

    async def _send(self, method: str, name: str, **options: Any) -> bytes:
        if self._session is None:
            raise ControlRefused("the client is not open: use it with `async with`")
        async with self._session.request(method, self._base + name, **options) as reply:
            body = await reply.read()
        if reply.status != 200:
            raise ControlRefused(orjson.loads(body)["error"])
        return body
