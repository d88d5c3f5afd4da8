"""Tells every request of a ccxt client and what came back, with all that is secret taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from tradewind.clients.answers import answer_of
from tradewind.market import Clock
from tradewind.trading.journal.redaction import Redactor
from tradewind.trading.terms.api_call import ApiCall

OnRequest = Callable[[ApiCall], None]

_WEIGHTS = ("x-mbx-used-weight-1m", "x-mbx-used-weight")
_LONGEST = 200


def redactor_of(client: Any) -> Redactor:
    """Knows the key, secret and passphrase that the client signs with now."""
    return Redactor(*(str(getattr(client, name, None) or "") for name in ("apiKey", "secret", "password")))


def tell_requests(client: Any, clock: Clock, on_request: OnRequest) -> None:
    """From now on `on_request` hears of each request of the client, after its end. It must not wait."""
    fetch, on_reply = client.fetch, client.on_rest_response
    seen: ContextVar[list[tuple[int, Mapping[str, Any], str]]] = ContextVar("tradewind_reply")

    def note(
        code: int, reason: str, url: str, method: str, headers: Mapping[str, Any], body: str, *rest: Any
    ) -> Any:
        seen.get([]).append((code, headers, body))
        return on_reply(code, reason, url, method, headers, body, *rest)

    async def told(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        replies: list[tuple[int, Mapping[str, Any], str]] = []
        before = seen.set(replies)
        at, began, failure = clock.now_ms(), perf_counter(), ""
        try:
            return await fetch(url, method, headers, body)
        except BaseException as error:
            failure = "" if answer_of(error) else type(error).__name__
            raise
        finally:
            seen.reset(before)
            status, heads, said = replies[-1] if replies else (0, {}, "")
            latency, clean = (perf_counter() - began) * 1000, redactor_of(client)
            on_request(
                ApiCall(
                    at,
                    method,
                    clean.text(urlsplit(url).path),
                    _parameters(url, body, clean),
                    status,
                    clean.text(_code(said)),
                    latency,
                    _weight(heads),
                    failure,
                )
            )

    client.on_rest_response, client.fetch = note, told


def _parameters(url: str, body: Any, clean: Redactor) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    if isinstance(body, str | bytes) and body:
        pairs += _of_body(body)
    told: dict[str, str] = clean.value(dict(pairs))
    return {name: value[:_LONGEST] for name, value in told.items()}


def _of_body(body: str | bytes) -> list[tuple[str, str]]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return parse_qsl(body if isinstance(body, str) else body.decode(), keep_blank_values=True)
    if isinstance(found, Mapping):
        return [(str(name), str(value)) for name, value in found.items()]
    return [("body", str(found))]


def _code(body: str) -> str:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("code", "")) if isinstance(found, Mapping) else ""


def _weight(headers: Mapping[str, Any]) -> int | None:
    for name, value in headers.items():
        if str(name).lower() in _WEIGHTS and str(value).isdecimal():
            return int(value)
    return None
