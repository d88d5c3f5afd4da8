"""The control API: commands by HTTP under /tradewind, from this machine only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tradewind.exchange import Refused
from tradewind.gateway.control import accounts, fault_commands, venue
from tradewind.gateway.control.commands import Command
from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.door import MAX_BODY
from tradewind.gateway.faults import Faults
from tradewind.gateway.house import House
from tradewind.gateway.wire import Reply, Request, json_reply
from tradewind.market import ConfigError, TradewindError
from tradewind.market.suggestions import suggestion

PREFIX = "tradewind"
COMMANDS: dict[str, Command] = {
    command.name: command for command in chain(venue.commands, accounts.commands, fault_commands.commands)
}
_NUMBERS = {"since", "limit"}


class ControlApi:
    """What `Server(extra={"tradewind": ...})` calls. `beat` is the server's, once there is one."""

    def __init__(
        self, houses: Sequence[House], faults: Faults, beat: Callable[[], None] | None = None
    ) -> None:
        def refresh() -> None:
            for house in houses:
                house.refresh()

        self.desk = ControlDesk({house.venue: house for house in houses}, faults, beat or refresh)

    async def __call__(self, request: Request) -> Reply:
        """The reply: 200 with JSON or JSON lines, 400, 403, 404 or 405 with one sentence as `error`."""
        refused = _refused(request)
        if refused is not None:
            return refused
        if request.flaw is not None:
            return _error(
                400, f"the body is {request.flaw}: send JSON of at most {MAX_BODY:,} bytes, not compressed"
            )
        name = request.path.strip("/").partition("/")[2]
        command = COMMANDS.get(name)
        if command is None:
            return _error(404, f"there is no {request.path}: {suggestion(name, COMMANDS, f'/{PREFIX}/')}")
        if request.method != command.method:
            return _error(405, f"{request.path} is asked with {command.method}, not with {request.method}")
        try:
            return _reply(command, self.run(name, _given(request)))
        except (TradewindError, Refused) as error:
            return _error(400, str(error))

    def run(self, name: str, given: Mapping[str, Any]) -> Any:
        """What a command returns; `ConfigError` for bad input, `Refused` when the exchange says no."""
        command = COMMANDS.get(name)
        if command is None:
            raise ConfigError(f"there is no command {name!r}: {suggestion(name, COMMANDS)}")
        act = command.given(given)
        for house in self.desk.houses.values():
            house.refresh()
        return act(self.desk)


def _refused(request: Request) -> Reply | None:
    try:
        near = ip_address(request.address).is_loopback
    except ValueError:
        near = False
    if not near:
        return _error(403, "the control API answers to this machine only")
    if request.headers.get("Origin") or request.headers.get("Sec-Fetch-Site", "none") not in ("none", ""):
        return _error(403, "the control API does not answer to web pages")
    return None


def _given(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        pairs = parse_qsl(request.query, keep_blank_values=True)
        return {k: int(v) if k in _NUMBERS and v.isdecimal() else v for k, v in pairs}
    if not request.body:
        return {}
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"the body is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise ConfigError("the body must be a JSON object of named values")
    return given


def _reply(command: Command, result: Any) -> Reply:
    if command.lines:
        body = b"".join(orjson.dumps(row) + b"\n" for row in result)
        return Reply(200, body, {"Content-Type": "application/x-ndjson"})
    if isinstance(result, bytes):
        return Reply(200, result)
    return json_reply({"ok": True} if result is None else result)


def _error(status: int, sentence: str) -> Reply:
    return json_reply({"error": sentence}, status)
