"""A gateway with faults and a control panel in front of it, and the smallest dialect that has lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.gateway.here import house
from tradewind.gateway import Dialect, House, Line, Reply, Request, Server, Talk, json_reply
from tradewind.gateway.binance.spot import BinanceSpot
from tradewind.gateway.control import ControlApi, ControlClient
from tradewind.gateway.faults import Faults


class Parrot:
    """A dialect whose line says what the test lets it say, and answers every word."""

    name = "binance-parrot"
    hosts = ("parrot.test",)

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.heard: list[Any] = []
        self.asked = 0

    def serves(self, method: str, path: str) -> bool:
        return path.startswith("/parrot")

    def answer(self, request: Request) -> Reply:
        self.asked += 1
        return json_reply({"asked": self.asked, "path": request.path})

    def unknown(self, request: Request) -> Reply:
        return json_reply({}, 404)

    def talk(self, line: Line) -> Talk | None:
        if not line.path.startswith("/parrot"):
            return None
        self.lines.append(line)
        return Parroting(self, line)

    def tick(self) -> None:
        pass

    def say(self, message: Any) -> None:
        for line in self.lines:
            line.send_json(message)


@dataclass
class Parroting:
    parrot: Parrot
    line: Line

    def hear(self, text: str) -> None:
        said = orjson.loads(text)
        self.parrot.heard.append(said)
        self.line.send_json({"result": None, "id": said.get("id")})

    def ended(self) -> None:
        self.parrot.lines.remove(self.line)


@dataclass
class Faulty:
    server: Server
    house: House
    faults: Faults
    parrot: Parrot
    api: ControlApi
    control: ControlClient
    origin: str


@asynccontextmanager
async def faulty(found: House | None = None, more: Sequence[Dialect] = ()) -> AsyncIterator[Faulty]:
    found = found or house(limits=0)
    parrot = Parrot()
    faults = Faults([found])
    api = ControlApi([found], faults)
    dialects = [BinanceSpot(found), parrot, *more]
    server = Server([found], dialects, interceptor=faults, extra={"tradewind": api}, ping_seconds=0.2)
    api.desk.beat = server.beat
    port, _ = await server.start()
    origin = f"http://127.0.0.1:{port}"
    try:
        async with ControlClient(origin) as control:
            yield Faulty(server, found, faults, parrot, api, control, origin)
    finally:
        faults.clear()
        await server.stop()
