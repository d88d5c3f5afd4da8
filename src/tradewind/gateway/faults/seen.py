"""What a rule can look at, of a request or of a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tradewind.gateway.faults.kinds import Kind, kind_of_frame, kind_of_request, kind_of_word, payload_of
from tradewind.gateway.wire import Line, Request

_CLIENT_IDS = (
    "newClientOrderId",
    "origClientOrderId",
    "clientAlgoId",
    "clientOid",
    "clientOrderId",
    "newClientOid",
)


@dataclass(slots=True)
class Seen:
    """`symbol` is the venue's id, `fields` are parameters as text."""

    dialect: str
    method: str
    path: str
    kind: Kind
    key: str = ""
    account: str = ""
    symbol: str = ""
    stream: str = ""
    event: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    message: Any = None  # of a frame, parsed

    @property
    def venue(self) -> str:
        return self.dialect.partition("-")[0]

    @property
    def client_id(self) -> str:
        return next((self.fields[name] for name in _CLIENT_IDS if self.fields.get(name)), "")

    @property
    def side(self) -> str:
        return self.fields.get("side", "").lower()

    @property
    def quantity(self) -> str:
        """As sent: base or, for some market orders, quote."""
        return next(
            (self.fields[n] for n in ("quantity", "quoteOrderQty", "size", "qty") if self.fields.get(n)), ""
        )


def fields_of(request: Request) -> dict[str, str]:
    """Parameters of query and body (a form, or JSON) by name; what cannot be read is left out."""
    found = dict(parse_qsl(request.query, keep_blank_values=True))
    body = request.body
    if not body:
        return found
    if body.lstrip()[:1] in (b"{", b"["):
        return found | _flat(parsed(body))
    return found | dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))


def see_request(dialect: str, request: Request) -> Seen:
    fields = fields_of(request)
    key = request.headers.get("X-MBX-APIKEY") or request.headers.get("ACCESS-KEY") or ""
    return Seen(
        dialect,
        request.method,
        request.path,
        kind_of_request(request.method, request.path),
        key,
        symbol=fields.get("symbol", ""),
        fields=fields,
    )


def see_word(dialect: str, line: Line, text: str, key: str) -> Seen:
    """A frame from a client; `key` is who logged in on the line, as far as is known."""
    message = parsed(text)
    fields: dict[str, str] = {}
    stream = event = ""
    if isinstance(message, dict):
        event = str(message.get("method") or message.get("topic") or message.get("op") or "")
        params = message.get("params", message.get("args"))
        if isinstance(params, list):
            stream = ",".join(_stream(p) for p in params)
            params = params[0] if params and isinstance(params[0], dict) else {}
        fields = _flat(params)
    key = fields.get("apiKey", key)
    symbol = fields.get("symbol") or fields.get("instId", "")
    return Seen(
        dialect, "WS", line.path, kind_of_word(message), key, "", symbol, stream, event, fields, message
    )


def see_frame(dialect: str, line: Line, text: str, key: str) -> Seen:
    """A frame to a client."""
    message = parsed(text)
    payload = payload_of(message)
    stream: Any = ""
    symbol: Any = payload.get("s", payload.get("instId", ""))
    event: Any = payload.get("e", "")
    if isinstance(payload.get("o"), dict):
        symbol = payload["o"].get("s", symbol)
    if isinstance(message, dict):
        stream = message.get("stream", "")
        arg = message.get("arg")
        if isinstance(arg, dict):
            event = stream = arg.get("channel", arg.get("topic", ""))
            symbol = arg.get("instId", arg.get("symbol", symbol))
    return Seen(
        dialect,
        "WS",
        line.path,
        kind_of_frame(message),
        key,
        "",
        symbol if isinstance(symbol, str) else "",
        stream if isinstance(stream, str) else "",
        event if isinstance(event, str) else "",
        {},
        message,
    )


def parsed(text: str | bytes) -> Any:
    """JSON, or None for what is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _flat(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k): v if isinstance(v, str) else str(v) for k, v in value.items() if not isinstance(v, dict)}


def _stream(param: Any) -> str:
    if isinstance(param, dict):
        return (
            f"{param.get('channel', param.get('topic', ''))}:{param.get('instId', param.get('symbol', ''))}"
        )
    return str(param)
